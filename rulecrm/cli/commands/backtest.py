"""`rulecrm backtest`: what would have been sent, to whom, at what cost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.progress import progress
from rulecrm.cli.report import reporting
from rulecrm.cli.shop import open_shop

__all__ = ["command"]


def _prices(ctx: click.Context, option: click.Parameter, words: tuple[str, ...]) -> dict[str, Decimal]:
    prices: dict[str, Decimal] = {}
    for word in words:
        channel, sign, amount = word.partition("=")
        try:
            prices[channel.strip()] = Decimal(amount)
        except InvalidOperation:
            sign = ""
        if not sign or not channel.strip() or not prices[channel.strip()].is_finite():
            raise click.BadParameter(f"{word!r} is not CHANNEL=PRICE, such as sms=0.045", ctx=ctx, param=option)
    return prices


@click.command("backtest")
@options.rules_file
@options.facts
@options.settings
@click.option("--start", required=True, callback=options.instant, metavar="INSTANT", help="Where the clock begins.")
@click.option("--end", required=True, callback=options.instant, metavar="INSTANT", help="Where it stops.")
@click.option("--seed", default="rulecrm", show_default=True, help="Seed of control groups, holdout and splits.")
@click.option(
    "--price",
    "prices",
    multiple=True,
    callback=_prices,
    metavar="CHANNEL=PRICE",
    help="What one message costs in the reporting currency, such as sms=0.045. May be repeated.",
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    metavar="DIR",
    help="Write decisions.parquet, journeys.parquet and days.svg into this folder.",
)
def command(
    *,
    file: Path,
    folder: Path,
    settings: dict[str, str],
    start: dt.date,
    end: dt.date,
    seed: str,
    prices: dict[str, Decimal],
    form: str,
    out: Path | None,
) -> None:
    """Replay history through the campaigns of a rules file; nothing is sent, no ledger is touched."""
    from rulecrm.cli import replay

    with reporting(json=form == "json"):
        rules, facts = open_shop(file, folder, settings)
        with progress() as moved:
            done = rules.backtest(facts, start, end, seed=seed, prices=prices, progress=moved)
    click.echo(replay.to_json(done) if form == "json" else replay.to_text(done, title=file.name))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        done.decisions.write_parquet(out / "decisions.parquet")
        done.journeys.write_parquet(out / "journeys.parquet")
        (out / "days.svg").write_text(replay.to_svg(done, title=file.name), encoding="utf-8")
        click.echo(f"wrote {out / 'decisions.parquet'}, journeys.parquet, days.svg", err=True)

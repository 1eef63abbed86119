"""`rulecrm kpi`: the kpis of a rules file, period by period."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.progress import progress
from rulecrm.cli.report import reporting
from rulecrm.cli.shop import open_shop

__all__ = ["command"]


@click.command("kpi")
@options.rules_file
@options.facts
@options.as_of
@options.settings
@click.option("--only", multiple=True, metavar="NAME", help="Report this kpi alone. May be repeated.")
@click.option("--start", callback=options.instant_or_none, metavar="INSTANT", help="An instant of the first period.")
@click.option("--end", callback=options.instant_or_none, metavar="INSTANT", help="The first instant not reported.")
@click.option("--periods", type=int, metavar="N", help="How many periods; 12 where nothing is said.")
@click.option(
    "--every",
    type=click.Choice(["day", "week", "month", "quarter", "year"]),
    help="Report all kpis by this unit, whatever the file says.",
)
@click.option("--alerts", is_flag=True, help="Print only what gives an alarm; the status is 1 where anything does.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@click.option("--shards", type=click.IntRange(min=1), metavar="N", help="Cut the subjects into N parts to save memory.")
def command(
    *,
    file: Path,
    folder: Path,
    as_of: dt.date,
    settings: dict[str, str],
    only: tuple[str, ...],
    start: dt.date | None,
    end: dt.date | None,
    periods: int | None,
    every: str | None,
    alerts: bool,
    form: str,
    shards: int | None,
) -> int:
    """Report the kpis of a rules file over a folder of facts, period by period."""
    from rulecrm.cli import reported
    from rulecrm.cli.summary import moment
    from rulecrm.model.instants import instant_of

    with reporting(json=form == "json"):
        rules, facts = open_shop(file, folder, settings)
        with progress() as moved:
            frame = rules.kpis(
                facts, as_of, start=start, end=end, periods=periods, every=every, only=only or None, shards=shards,
                progress=moved,
            )  # fmt: skip
        if alerts:
            frame = frame.filter("alert")
    if form == "json":
        click.echo(reported.to_json(frame))
    elif form == "csv":
        click.echo(frame.write_csv(), nl=False)
    else:
        zone = rules.program.zone
        click.echo(reported.to_table(frame, rules, title=f"{file.name} {moment(instant_of(as_of, zone), zone)}"))
    return 1 if alerts and frame.height else 0

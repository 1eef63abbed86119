"""`rulecrm advance`: do everything that is to be done up to an instant."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from rulecrm.cli import options
from rulecrm.cli.progress import progress
from rulecrm.cli.report import reporting
from rulecrm.cli.shop import open_shop

__all__ = ["command"]


@click.command("advance")
@options.rules_file
@options.facts
@options.state
@options.settings
@click.option("--to", callback=options.instant, metavar="INSTANT", help="The new clock; the present if not given.")
@click.option(
    "--start",
    callback=options.instant_or_none,
    metavar="INSTANT",
    help="Where the clock of a new ledger begins; before the first fact if not given.",
)
@click.option("--seed", default="rulecrm", show_default=True, help="Seed of control groups, holdout and splits.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    *,
    file: Path,
    folder: Path,
    url: str,
    settings: dict[str, str],
    to: dt.date,
    start: dt.date | None,
    seed: str,
    form: str,
) -> None:
    """Move everyone through lifecycles and campaigns, decide every message, and write it into the ledger."""
    from rulecrm import Engine

    with reporting(json=form == "json"):
        rules, facts = open_shop(file, folder, settings)
        with Engine(rules, facts, state=url, start=start, seed=seed) as engine, progress() as moved:
            done = engine.advance(to, progress=moved)
    if form == "json":
        report = {
            "since": None if done.since is None else done.since.isoformat(),
            "to": done.to.isoformat(),
            "entered": done.entered,
            "ended": done.ended,
            "decided": done.decided,
            "settled": done.settled,
            "outcomes": dict(done.outcomes),
        }
        click.echo(json.dumps(report, indent=2))
        return
    zone = rules.program.zone
    click.echo(f"the clock is at {done.to.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}")
    click.echo(f"journeys: {done.entered:,} begun, {done.ended:,} ended; decisions: {done.decided:,}")
    for outcome, count in done.outcomes.items():
        click.echo(f"  {outcome}: {count:,}")

"""`rulecrm audience`: an audience at a provider, kept like a segment."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rulecrm.cli import options
from rulecrm.cli.report import draw, reporting
from rulecrm.cli.shop import open_shop

if TYPE_CHECKING:
    from rulecrm.dispatch import Synced

__all__ = ["command"]


@click.command("audience")
@options.rules_file
@click.argument("segment")
@options.facts
@options.state
@options.routes
@options.route
@click.option("--audience", default="", metavar="ID", help="The provider's name of it; that of the route's settings.")
@options.as_of
@options.settings
@click.option("--dry-run", "dry", is_flag=True, help="Only say how many would come and go.")
@click.option("--seed", default="rulecrm", show_default=True, help="The ledger's seed.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    *,
    file: Path,
    segment: str,
    folder: Path,
    url: str,
    file_of_routes: Path,
    route: str,
    audience: str,
    as_of: dt.date,
    settings: dict[str, str],
    dry: bool,
    seed: str,
    form: str,
) -> int:
    """Make an audience at a provider what SEGMENT is.

    Customers of the segment are added who may have marketing by the route's channel; who is no more one of them is
    taken out. The status is 1 where it was broken off; what is left is done the next time.
    """
    from rulecrm import Engine
    from rulecrm.dispatch import Routes

    with reporting(json=form == "json"):
        rules, facts = open_shop(file, folder, settings)
        found = Routes.load(file_of_routes)
        draw(found.warnings, {})
        with Engine(rules, facts, state=url, seed=seed, routes=found) as engine:
            done = engine.sync_audience(segment, route=route, audience=audience, as_of=as_of, dry_run=dry)
    _report(done, form)
    return 1 if done.stopped else 0


def _report(done: Synced, form: str) -> None:
    if form == "json":
        from attrs import asdict

        click.echo(json.dumps({**asdict(done), "as_of": done.as_of.isoformat()}, ensure_ascii=False, indent=2))
        return
    click.echo(f"{done.segment}: {done.members:,} may be in the audience")
    for what, counts in (("to add", done.added), ("to take out", done.removed), ("left out", done.left_out)):
        if counts:
            click.echo(f"{what}: {_counted(counts)}")
    if done.unreachable:
        click.echo(f"to take out, and nobody knows their address any more: {done.unreachable:,}")
    if done.stopped:
        click.echo(f"broken off: {done.stopped}")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{outcome} {count:,}" for outcome, count in counts.items())

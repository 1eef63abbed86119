"""`rulecrm store`: what is in a fact store, and its upkeep."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click

from rulecrm.cli.report import reporting

__all__ = ["command"]

_folder = click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")


@click.group("store")
def command() -> None:
    """Look at a fact store, and keep it in order."""


@command.command("show")
@_folder
def show(*, folder: Path) -> None:
    """Say what is in the store, when it last learnt something, and where reading goes on."""
    import polars as pl

    from rulecrm.lake import FactStore

    with reporting():
        store = FactStore.open(folder)
        commits = store.commits()
        at = commits.get_column("at").max() if commits.height else None
        said = f"{at:%Y-%m-%d %H:%M:%S} UTC" if isinstance(at, dt.datetime) else "never"
        click.echo(f"commit {store.version:,}, the last at {said}")
        for frame in store.frames():
            scan = store.scan(frame)
            assert scan is not None
            click.echo(f"  {frame}: {scan.select(pl.len()).collect().item():,}")
        away = store.quarantine().group_by("frame", "reason").len().sort("len", "frame", descending=True).collect()
        for frame, reason, count in away.iter_rows():
            click.echo(f"  in quarantine, {frame}: {count:,} where {reason}")
        for name in sorted(_origins(commits)):
            click.echo(f"  {name}: reading goes on from {json.dumps(store.cursor(name), ensure_ascii=False)}")


def _origins(commits: object) -> set[str]:
    import polars as pl

    assert isinstance(commits, pl.DataFrame)
    cursors = commits.get_column("cursors").to_list()
    return set(json.loads(cursors[-1])) if cursors else set()


@command.command("quarantine")
@_folder
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Rows to show.")
def quarantine(*, folder: Path, limit: int) -> None:
    """Show rows that could not be understood, the newest first, as they came."""
    from rulecrm.lake import FactStore

    with reporting():
        away = FactStore.open(folder).quarantine().sort("learnt_at", descending=True).head(limit).collect()
    for row in away.iter_rows(named=True):
        place = f", {row['place']}" if row["place"] else ""
        click.echo(f"{row['origin']}, {row['frame']}{place}: {row['reason']}\n  {row['original']}")
    if away.is_empty():
        click.echo("nothing is in quarantine")


@command.command("index")
@_folder
@click.option(
    "--rules",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Make one for these rules. May be repeated.",
)
def index(*, folder: Path, files: tuple[Path, ...]) -> int:
    """Keep an index beside the tables, so that rules are evaluated without reading all rows.

    For the rules of the files; without any, those indexes that there are are brought up to date, which `rulecrm sync`
    and `rulecrm import` do by themselves. The status is 1 where none could be kept.
    """
    from rulecrm.cli.shop import open_shop
    from rulecrm.planning import make_plan
    from rulecrm.runtime import keep_store, open_store, refresh_index

    with reporting():
        if not files:
            click.echo(f"{refresh_index(folder):,} up to date")
            return 0
        done = True
        for file in files:
            rules, facts = open_shop(file, folder, {})
            program = rules.program
            store = open_store(facts, program.schema, program.currency, program.zone)
            store.prepare(make_plan(program, (*rules.names(), *rules.lifecycles)).needs)
            done = _told(file, kept=keep_store(facts, store)) and done
    return 0 if done else 1


def _told(file: Path, *, kept: bool) -> bool:
    why = "" if kept else ": this is no store alone, some of its rows were put away, or it cannot be written"
    click.echo(f"{file.name}: {'kept' if kept else 'not kept'}{why}")
    return kept


@command.command("erase")
@_folder
@click.argument("customers", nargs=-1, required=True, metavar="CUSTOMER...")
@click.confirmation_option(prompt="This cannot be undone. Erase?")
def erase(*, folder: Path, customers: tuple[str, ...]) -> None:
    """Erase what tells who customers are, in every version; their facts stay. See also `rulecrm erase`."""
    from rulecrm.lake import FactStore

    with reporting():
        store = FactStore.open(folder)
        scan = store.scan("customers")
        known = set() if scan is None else set(scan.select("customer").collect().to_series())
        store.erase(customers, dt.datetime.now(dt.UTC))
    for name in customers:
        if name not in known:
            click.echo(f"{name}: no such customer; keys begin with the name of the account: north:8841", err=True)
    click.echo("done")


@command.command("compact")
@_folder
def compact(*, folder: Path) -> None:
    """Write what was learnt in small parts as one; nothing that is known changes."""
    from rulecrm.lake import FactStore

    with reporting():
        FactStore.open(folder).compact()
    click.echo("done")


@command.command("vacuum")
@_folder
@click.option("--keep-hours", type=click.IntRange(min=0), default=168, show_default=True, help="Spares open readers.")
def vacuum(*, folder: Path, keep_hours: int) -> None:
    """Remove files that no commit refers to any more; what was known on a day stays known."""
    from rulecrm.lake import FactStore

    with reporting():
        FactStore.open(folder).vacuum(keep=dt.timedelta(hours=keep_hours))
    click.echo("done")

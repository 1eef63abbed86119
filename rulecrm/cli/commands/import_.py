"""`rulecrm import`: files that sellers download, into the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rulecrm.cli.report import reporting
from rulecrm.cli.tallies import tally_lines

if TYPE_CHECKING:
    from rulecrm.intake.files import Imported

__all__ = ["command"]


@click.command("import")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--into", "store", metavar="DIR", type=click.Path(path_type=Path), help="The fact store.")
@click.option("--as", "form", metavar="FORMAT", help="What the files are, where it cannot be seen.")
@click.option("--shop", metavar="NAME", help="The account they are of; the platform's name if not given.")
@click.option("--zone", metavar="ZONE", help="IANA zone of their times, where they do not tell: Asia/Bangkok.")
@click.option("--currency", metavar="CODE", help="ISO 4217 code of their amounts, where they do not tell: THB.")
@click.option("--encoding", metavar="NAME", help="Of text files, where it cannot be seen: gb18030.")
@click.option("--dry-run", "dry", is_flag=True, help="Read and sum up, and keep nothing.")
def command(
    *,
    files: tuple[Path, ...],
    store: Path | None,
    form: str | None,
    shop: str | None,
    zone: str | None,
    currency: str | None,
    encoding: str | None,
    dry: bool,
) -> int:
    """Bring files that sellers download by hand into the store.

    What each file is, is seen by its columns, and said. Importing a file twice does no harm. The status is 1 where rows
    were put into quarantine.
    """
    if store is None and not dry:
        raise click.UsageError("say where: --into DIR, or --dry-run")
    from rulecrm.intake.files import import_files, open_file
    from rulecrm.sheets import lines_of, summary

    with reporting():
        opened = [
            open_file(path, form=form, shop=shop, zone=zone, currency=currency, encoding=encoding) for path in files
        ]
        if store is None:
            for one in opened:
                _tell(one.path.name, one.form.name, one.recognised.why, lines_of(summary(one.batches(), one.zone)))
            return 0
        with _progress() as progress:
            done = import_files(opened, store, now=dt.datetime.now(dt.UTC), progress=progress, told=_report)
    return 1 if any(tally.quarantined for one in done for tally in one.tallies.values()) else 0


def _tell(name: str, form: str, why: str, lines: Iterable[str]) -> None:
    click.echo(f"{name}: {form}")
    for line in (why, *lines):
        click.echo(f"  {line}")


def _report(done: Imported) -> None:
    """Say what became of a file."""
    from rulecrm.sheets import lines_of

    _tell(done.path.name, done.form, done.why, (*lines_of(done.summary), *tally_lines(done.tallies)))
    if any(tally.quarantined for tally in done.tallies.values()):
        click.echo("  rows in quarantine are shown by `rulecrm store quarantine`")
    click.echo(f"  kept as the shop `{done.shop}`")


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None] | None]:
    from rulecrm.cli.progress import progress

    with progress() as move:
        yield None if move is None else lambda name, rows: move(rows, rows, name)

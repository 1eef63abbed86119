"""`rulecrm import`: files that sellers download, into the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rulecrm.cli.report import reporting

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

    away = 0
    with reporting():
        for path in files:
            opened = open_file(path, form=form, shop=shop, zone=zone, currency=currency, encoding=encoding)
            click.echo(f"{path.name}: {opened.form.name}\n  {opened.recognised.why}")
            if store is None:
                _tell(lines_of(summary(opened.batches(), opened.zone)))
                continue
            with _progress() as progress:
                (done,) = import_files([opened], store, now=dt.datetime.now(dt.UTC), progress=progress)
            _tell(lines_of(done.summary))
            away += _report(done)
    return 1 if away else 0


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(f"  {line}")


def _report(done: Imported) -> int:
    """Say what became of the rows; how many went into quarantine."""
    for frame, tally in done.tallies.items():
        click.echo(
            f"  {frame}: {tally.received:,} received = {tally.stored:,} stored + {tally.unchanged:,} unchanged"
            f" + {tally.quarantined:,} quarantined"
        )
    away = sum(tally.quarantined for tally in done.tallies.values())
    if away:
        click.echo("  rows in quarantine are shown by `rulecrm store quarantine`")
    click.echo(f"  kept as the shop `{done.shop}`")
    return away


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None] | None]:
    from rulecrm.cli.progress import progress

    with progress() as move:
        yield None if move is None else lambda name, rows: move(rows, rows, name)

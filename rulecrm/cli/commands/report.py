"""`rulecrm report`: insights as one page."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rulecrm.cli import options
from rulecrm.cli.progress import progress
from rulecrm.cli.report import reporting
from rulecrm.cli.shop import open_shop

if TYPE_CHECKING:
    from rulecrm.insight import Language

__all__ = ["command"]


@click.command("report")
@options.rules_file
@options.facts
@options.settings
@options.as_of
@click.option("--state", "--ledger", "url", metavar="URL", help="The ledger; with it, campaigns are looked at.")
@click.option("--campaign", "campaigns", multiple=True, metavar="NAME", help="Only this campaign. May be repeated.")
@click.option("--since", default="3mo", show_default=True, metavar="LENGTH", help="How far back migrations begin.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Shown first.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    required=True,
    metavar="FILE",
    help="The page: monday.html.",
)
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    metavar="DIR",
    help="Write every picture into this folder, too, as SVG and PNG.",
)
def command(
    *,
    file: Path,
    folder: Path,
    settings: dict[str, str],
    as_of: dt.date,
    url: str | None,
    campaigns: tuple[str, ...],
    since: str,
    language: Language,
    out: Path,
    pictures: Path | None,
) -> None:
    """Write what happened, who is who, who comes back and what worked as one page that opens from disk."""
    from rulecrm.insight import Shop
    from rulecrm.report import write_report

    with reporting(), ExitStack() as stack:
        rules, facts = open_shop(file, folder, settings)
        engine = None
        if url is not None:
            import rulecrm
            from rulecrm.state import Ledger

            with Ledger.open(url, create=False):
                pass  # a ledger that is not there is said, and none is made
            engine = stack.enter_context(rulecrm.Engine(rules, facts, state=url))
        shop = Shop.of(rules, facts, as_of=as_of, engine=engine)
        moved = stack.enter_context(progress())
        write_report(
            shop, out, language=language, campaigns=campaigns or None, since=since, pictures=pictures, progress=moved
        )
    click.echo(f"wrote {out}" + (f" and {pictures}" if pictures is not None else ""), err=True)

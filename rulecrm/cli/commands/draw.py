"""`rulecrm draw`: a lifecycle or a campaign as a picture, with live counts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.report import reporting

__all__ = ["command"]


@click.command("draw")
@options.rules_file
@click.argument("name", required=False)
@options.settings
@click.option(
    "--facts",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the facts; with it, the states of a lifecycle show how many customers are in them.",
)
@options.as_of
@click.option("--state", "url", metavar="URL", help="Ledger; with it, the steps of a campaign show who rests there.")
@click.option("--format", "form", type=click.Choice(["svg", "mermaid"]), default="svg", show_default=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write to this file instead of the standard output.",
)
def command(
    *,
    file: Path,
    name: str | None,
    settings: dict[str, str],
    folder: Path | None,
    as_of: dt.date,
    url: str | None,
    form: str,
    out: Path | None,
) -> None:
    """Draw the lifecycle or the campaign NAME of a rules file; the first there is where no name is given."""
    import rulecrm
    from rulecrm.draw import to_mermaid, to_svg

    with reporting():
        rules = rulecrm.load(file, params=settings)
        facts = None
        if folder is not None:
            facts = rulecrm.Facts.open(folder, schema=rules.program.schema, zone=rules.program.zone)
        diagram = rules.diagram(name, facts=facts, as_of=as_of, state=url)
    text = to_svg(diagram) if form == "svg" else to_mermaid(diagram)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"wrote {out}", err=True)

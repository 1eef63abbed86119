"""`rulecrm eval`: who is in which segment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.progress import progress
from rulecrm.cli.report import reporting
from rulecrm.cli.shop import open_shop

__all__ = ["command"]


@click.command("eval")
@options.rules_file
@options.facts
@options.as_of
@options.settings
@click.option("--only", multiple=True, metavar="NAME", help="Evaluate this definition alone. May be repeated.")
@click.option("--members", metavar="SEGMENT", help="Print the keys of a segment's members, one a line, and no table.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write customers × metrics, segments and labels to this Parquet file.",
)
@click.option("--shards", type=click.IntRange(min=1), metavar="N", help="Cut the subjects into N parts to save memory.")
def command(
    *,
    file: Path,
    folder: Path,
    as_of: dt.date,
    settings: dict[str, str],
    only: tuple[str, ...],
    members: str | None,
    form: str,
    out: Path | None,
    shards: int | None,
) -> None:
    """Evaluate a rules file over a folder of facts, and say how large each segment is."""
    from rulecrm.cli import summary

    wanted = list(only)
    if members is not None and (only or out is None):
        wanted.append(members)  # nothing else is asked for
    with reporting(json=form == "json"):
        rules, facts = open_shop(file, folder, settings)
        with progress() as moved:
            result = rules.evaluate(facts, as_of=as_of, only=wanted or None, shards=shards, progress=moved)
            keys = None if members is None else result.segment(members).to_series(0).to_list()
            lines = summary.summarize(result) if keys is None else ()
            if out is not None:
                result.write_parquet(out)
    if keys is not None:
        click.echo("".join(f"{key}\n" for key in keys), nl=False)
    elif form == "json":
        click.echo(summary.to_json(result.as_of, lines))
    elif form == "csv":
        click.echo(summary.to_csv(lines), nl=False)
    else:
        click.echo(summary.to_table(f"{file.name} {summary.moment(result.as_of, rules.program.zone)}", lines))
    if out is not None:
        click.echo(f"wrote {out}", err=True)

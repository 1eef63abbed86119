"""`rulecrm explain`: why a customer is, or is not, in a segment."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.report import in_colour, reporting
from rulecrm.cli.shop import open_shop

__all__ = ["command"]


@click.command("explain")
@options.rules_file
@options.facts
@click.option("--customer", required=True, metavar="ID", help="Key of the customer, or of another subject.")
@click.option("--segment", required=True, metavar="NAME", help="Segment, classification or metric to explain.")
@options.as_of
@options.settings
@click.option("--format", "form", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
def command(
    *,
    file: Path,
    folder: Path,
    customer: str,
    segment: str,
    as_of: dt.date,
    settings: dict[str, str],
    form: str,
) -> None:
    """Say why a customer is, or is not, in a segment, clause by clause with the values found."""
    with reporting(json=form == "json"):
        rules, facts = open_shop(file, folder, settings)
        why = rules.explain(facts, customer=customer, segment=segment, as_of=as_of)
        if form == "json":
            click.echo(why.to_json())
        elif form == "html":
            click.echo(why.html())
        else:
            click.echo(why.text(color=in_colour(sys.stdout)))

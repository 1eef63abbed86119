"""`rulecrm history`: everything that was decided about one customer, and why."""

from __future__ import annotations

import json

import click

from rulecrm.cli import options
from rulecrm.cli.report import reporting

__all__ = ["command"]


@click.command("history")
@click.argument("customer")
@options.state
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, customer: str, url: str, form: str) -> None:
    """Tell everything that was decided about CUSTOMER, in the order of time; as JSON, all that the ledger holds."""
    from rulecrm.state import Ledger

    with reporting(json=form == "json"), Ledger.open(url, create=False) as ledger:
        if form == "json":
            click.echo(json.dumps(ledger.export(customer), ensure_ascii=False, indent=2))
        else:
            click.echo(str(ledger.history(customer)).rstrip())

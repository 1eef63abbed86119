"""`rulecrm erase`: take a customer out of the ledger."""

from __future__ import annotations

import click

from rulecrm.cli import options
from rulecrm.cli.report import reporting

__all__ = ["command"]


@click.command("erase")
@click.argument("customer")
@options.state
@click.confirmation_option(prompt="This cannot be undone. Erase?")
def command(*, customer: str, url: str) -> None:
    """Take CUSTOMER out of the ledger for good: no table holds the key then, and all counts stay what they are."""
    from rulecrm.state import Ledger

    with reporting(), Ledger.open(url, create=False) as ledger:
        rows = ledger.erase(customer)
    click.echo(f"{rows:,} rows were the customer's and are nobody's now")

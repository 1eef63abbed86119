"""`rulecrm coupons`: pools of codes that are given away once each."""

from __future__ import annotations

from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.report import reporting

__all__ = ["command"]


@click.group("coupons")
def command() -> None:
    """Put codes into a pool, and count those that are left."""


@command.command("add")
@click.argument("pool")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.state
def add(*, pool: str, file: Path, url: str) -> None:
    """Put the codes of FILE, one a line, into POOL; those that are there already are left as they are."""
    from rulecrm.state import Ledger

    codes = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    with reporting(), Ledger.open(url) as ledger:
        count = ledger.coupons.add(pool, codes)
    click.echo(f"new: {count:,} of {len(codes):,}")


@command.command("list")
@options.state
def list_(*, url: str) -> None:
    """Count the codes that are left in each pool."""
    from rulecrm.state import Ledger

    with reporting(), Ledger.open(url, create=False) as ledger:
        found = ledger.coupons.free()
    for pool, count in sorted(found.items()):
        click.echo(f"{pool}: {count:,}")
    if not found:
        click.echo("no codes are left")

"""`rulecrm link`: who is one person in several shops."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from rulecrm.cli.report import reporting

if TYPE_CHECKING:
    from rulecrm.intake.identity import By

__all__ = ["command"]


@click.command("link")
@click.argument("customers", nargs=-1, metavar="[ONE OTHER]")
@click.option(
    "--store", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The fact store."
)
@click.option("--undo", is_flag=True, help="The two are not one person; everything is then as before.")
@click.option(
    "--match",
    "by",
    multiple=True,
    type=click.Choice(["phone", "email"]),
    help="Link all customers who have the same. May be repeated.",
)
@click.option("--region", metavar="CC", help="Country of phone numbers without a country code, such as CN.")
def command(*, customers: tuple[str, ...], folder: Path, undo: bool, by: tuple[str, ...], region: str | None) -> None:
    """Say that two customers are one person, or find those who are; without any of it, list them.

    Customers go by the name of their account and the platform's own key: north:8841.
    """
    if len(customers) not in (0, 2) or (customers and by) or (undo and not customers):
        raise click.UsageError("name two customers, or say what to --match, or neither")
    from rulecrm.intake import identity
    from rulecrm.lake import FactStore

    now = dt.datetime.now(dt.UTC)
    with reporting():
        store = FactStore.open(folder)
        if by:
            found = identity.match(store, cast("tuple[By, ...]", by), now=now, region=region)
            click.echo(f"new links: {found.made:,}, known: {found.kept:,}")
            if found.undone:
                click.echo(f"{found.undone:,} pairs stay apart, for they were parted by hand")
            if found.crowded:
                click.echo(f"{found.crowded:,} numbers or addresses are shared by too many to be one person's")
        elif customers:
            one, other = customers
            done = (identity.unlink if undo else identity.link)(store, one, other, now=now)
            word = "parted" if undo else "one person"
            click.echo(f"{one} and {other}: {word}" + ("" if done else " already"))
        else:
            persons = store.persons().sort("person", "customer")
            for person, group in persons.group_by("person", maintain_order=True):
                click.echo(f"{person[0]}: {', '.join(group.get_column('customer'))}")
            if persons.is_empty():
                click.echo("nobody is linked")

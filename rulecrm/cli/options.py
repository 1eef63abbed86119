"""Options that several commands share.

In: words of the command line. Out: paths, params, instants.
Invariant: what is wrong with the words alone is a usage error (status 2), never a diagnostic.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

__all__ = [
    "as_of", "facts", "instant", "instant_or_none", "pairs", "route", "routes", "rules_file", "rules_files", "settings",
    "state",
]  # fmt: skip


def pairs(ctx: click.Context, option: click.Parameter, words: tuple[str, ...]) -> dict[str, str]:
    """Words like NAME=VALUE, by name."""
    found: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"{word!r} is not NAME=VALUE", ctx=ctx, param=option)
        found[name.strip()] = value.strip()
    return found


def instant_or_none(ctx: click.Context, option: click.Parameter, word: str | None) -> dt.date | None:
    """As `instant`; None where nothing is said."""
    return None if word is None else instant(ctx, option, word)


def instant(ctx: click.Context, option: click.Parameter, word: str | None) -> dt.date:
    """A date or an instant, the present where nothing is said; without a zone, in that of the rules."""
    if word is None:
        return dt.datetime.now(tz=dt.UTC)
    try:
        return dt.date.fromisoformat(word)
    except ValueError:
        pass
    try:
        return dt.datetime.fromisoformat(word)
    except ValueError:
        message = f"{word!r} is no instant; write 2025-11-12, 2025-11-12T08:00 or 2025-11-12T08:00Z"
        raise click.BadParameter(message, ctx=ctx, param=option) from None


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

rules_file = click.argument("file", type=_FILE)
rules_files = click.argument("files", type=_FILE, nargs=-1, required=True, metavar="FILE...")
facts = click.option(
    "--facts",
    "--shop",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the facts: orders.parquet, customers.csv, ….",
)
as_of = click.option(
    "--as-of",
    callback=instant,
    metavar="INSTANT",
    help="2025-11-12, or 2025-11-12T10:00, in the zone of the rules; the present where it is not given.",
)
settings = click.option(
    "--set",
    "settings",
    multiple=True,
    callback=pairs,
    metavar="NAME=VALUE",
    help="Set a param, such as active_within=50d. May be repeated.",
)
state = click.option(
    "--state",
    "--ledger",
    "url",
    required=True,
    metavar="URL",
    help="The ledger: sqlite:///crm.db, postgresql://user@host/database.",
)
routes = click.option(
    "--settings",
    "file_of_routes",
    required=True,
    type=_FILE,
    metavar="FILE",
    help="By which routes messages go: sending.toml.",
)
route = click.option("--route", required=True, metavar="NAME", help="Of the settings: [routes.NAME].")

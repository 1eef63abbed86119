"""Where a ledger is.

In: a URL as a user wrote it. Out: an `Address`, or a `RulesError`.
Invariant: neither the address drawn nor any error about it shows a password, wherever in the URL it stood.
"""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.diagnostics.suggest import nearest
from rulecrm.state.refusals import refusal

__all__ = ["Address", "address_of"]

_SCHEMES = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql",
    "postgresql+psycopg": "postgresql",
}
_WRITE = "write sqlite:///crm.db, sqlite:// (in memory) or postgresql://user@host/database"


@frozen
class Address:
    """A database.

    Attributes:
        shown: the URL without what is secret.
        dialect: `sqlite` or `postgresql`.
        path: file of SQLite; None in memory, and for PostgreSQL.
        url: for the driver, password included.
        secret: the password, so that messages of others can be freed from it.
    """

    shown: str
    dialect: str
    path: Path | None = None
    url: sa.URL | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


def address_of(url: str) -> Address:
    """Read a URL.

    Raises:
        RulesError: R450, it is no URL of a database that can hold a ledger.
    """
    scheme, there, _ = url.partition("://")
    if not there or not re.fullmatch(r"[A-Za-z][\w+.-]*", scheme):
        raise refusal("R450", "the address of the ledger is no URL", fix=_WRITE)
    dialect = _SCHEMES.get(scheme.lower())
    if dialect is None:
        near = nearest(scheme.lower(), ("sqlite", "postgresql"))
        near = "postgresql" if scheme.lower() in ("postgres", "pg", "psql") else near
        help_ = _WRITE if near is None else f"write {near}://…"
        raise refusal("R450", f"no ledger is kept in a database of scheme `{scheme}`", fix=help_)
    parsed = _parsed(url)
    if parsed is None:
        raise refusal("R450", f"the address of the ledger, {scheme}://…, cannot be read", fix=_WRITE)
    return _sqlite(parsed) if dialect == "sqlite" else _postgresql(parsed)


def _parsed(url: str) -> sa.URL | None:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        return None  # their message holds the whole URL


def _sqlite(url: sa.URL) -> Address:
    if url.host or url.query or url.username:
        where = "a path after three slashes: sqlite:///crm.db, or four where it is absolute"
        raise refusal("R450", "the address of a ledger in SQLite has only a path", fix=f"write {where}")
    if url.database in (None, "", ":memory:"):
        return Address("sqlite://", "sqlite")
    path = Path(str(url.database))
    return Address(f"sqlite:///{path.as_posix()}", "sqlite", path)


def _postgresql(url: sa.URL) -> Address:
    password = url.query.get("password")
    secret = url.password or (password if isinstance(password, str) else None)
    shown = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()
    return Address(shown, "postgresql", url=url.set(drivername="postgresql+psycopg"), secret=secret)

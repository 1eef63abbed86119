"""Opening a ledger: found, made, or brought to this version's schema.

In: an engine and an address. Out: a database whose schema is `migrations.MIGRATIONS`' last.
Invariant: a database that is refused is left as it was; one that is migrated is either as before or wholly new.
"""

from __future__ import annotations

import datetime as dt
import time

import sqlalchemy as sa

from rulecrm.diagnostics.model import RulesError
from rulecrm.state.address import Address
from rulecrm.state.connecting import outside, transaction
from rulecrm.state.migrations import MIGRATIONS, migrate
from rulecrm.state.refusals import refusal, translated
from rulecrm.state.tables import clock, meta

__all__ = ["prepare"]

_LOCK = 0x72756C65
"""Of PostgreSQL's advisory lock while tables are made: no row is there yet that could be locked."""


def prepare(engine: sa.Engine, address: Address, wait: float, *, create: bool) -> None:
    """See that the ledger is there, and of this schema.

    Raises:
        RulesError: R452, R453, R454, R457 or R460.
    """
    if address.path is not None:
        try:
            _see_path(address, create=create)
        except OSError as error:  # a folder on the way that may not be looked into
            raise refusal("R452", f"the ledger {address.shown} cannot be reached: {error.strerror}") from None
    with translated(address.shown, address.secret), transaction(engine, write=False) as connection:
        version = _version(connection, address)
    if version == len(MIGRATIONS):
        return
    if not version and not create:
        raise _absent(address)
    with translated(address.shown, address.secret):
        if address.path is not None:
            _write_ahead(engine, wait)
        with transaction(engine, write=True) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            version = _version(connection, address)  # another engine may have come before
            migrate(connection, version)
            if not version:
                now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
                connection.execute(sa.insert(meta).values(name="created", value=now))


def _see_path(address: Address, *, create: bool) -> None:
    assert address.path is not None
    if address.path.is_dir():
        raise refusal("R452", f"the ledger {address.shown} is a folder", fix="name a file in it")
    if not create and not address.path.exists():
        raise _absent(address)
    if not address.path.parent.is_dir():
        raise refusal(
            "R452", f"the ledger {address.shown} would be in a folder that is not there", fix="make the folder"
        )


def _absent(address: Address) -> RulesError:
    return refusal("R460", f"there is no ledger at {address.shown}", fix="the first advance makes one")


def _version(connection: sa.Connection, address: Address) -> int:
    """The schema's version; 0 where there is no ledger yet."""
    names = sa.inspect(connection).get_table_names()
    if meta.name not in names:
        if names and address.dialect == "sqlite":
            raise _not_ours(address, f"it has the tables {', '.join(sorted(names)[:5])}")
        return 0
    found = connection.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar_one_or_none()
    if found is None or not str(found).isdigit() or clock.name not in names:
        raise _not_ours(address, "its schema has no version")
    if int(found) > len(MIGRATIONS):
        message = f"the ledger {address.shown} has schema {found}, this version of rulecrm knows {len(MIGRATIONS)}"
        help_ = "use a version of rulecrm that is not older than the one that made it"
        raise refusal("R454", message, fix=help_, data={"schema": int(found), "known": len(MIGRATIONS)})
    return int(found)


def _not_ours(address: Address, why: str) -> RulesError:
    return refusal("R453", f"{address.shown} is no ledger: {why}", fix="name another file")


def _write_ahead(engine: sa.Engine, wait: float) -> None:
    """Readers and the one writer of a file do not wait for one another. SQLite refuses at once where others look."""
    until = time.monotonic() + wait
    while True:
        try:
            with outside(engine) as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except sa.exc.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return

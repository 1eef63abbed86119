"""Connections, and the transactions that a ledger is read and written in.

In: an address. Out: an SQLAlchemy engine, and `transaction`.
Invariant: a writing transaction holds the lock from its first statement to its end; one engine writes at a time.

| | SQLite | PostgreSQL |
| --- | --- | --- |
| lock | BEGIN IMMEDIATE | the row of the clock, FOR UPDATE |
| waits | `busy_timeout` | `lock_timeout` |
| survives power loss | WAL, synchronous=FULL | synchronous_commit=on |
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from rulecrm.state.address import Address
from rulecrm.state.refusals import refusal
from rulecrm.state.tables import clock

__all__ = ["Transaction", "engine_of", "locked", "outside", "take_lock", "transaction"]

Transaction = Callable[..., AbstractContextManager[sa.Connection]]
"""`Ledger._transaction`: opens a transaction; `write=True` for one that may write."""

Query = TypeVar("Query", bound=sa.Select[Any])

_WRITES = "BEGIN IMMEDIATE"

_TURN = 0.01
"""Seconds for which SQLite is let wait for the lock at a time."""

_CONNECT = 10
"""Seconds that a server has to answer in."""


def engine_of(address: Address, wait: float, *, create: bool) -> sa.Engine:
    """An engine; nothing is connected to yet.

    Args:
        address: where.
        wait: seconds to wait for another engine's lock.
        create: whether a file that is not there is made.

    Raises:
        RulesError: R451, the driver is not installed.
    """
    if address.dialect == "sqlite":
        return _sqlite(address, wait, create=create)
    assert address.url is not None
    try:
        engine = sa.create_engine(address.url, pool_pre_ping=True, connect_args={"connect_timeout": _CONNECT})
    except ImportError as error:
        how = 'pip install "rulecrm[postgres]"'
        raise refusal("R451", f"the driver of PostgreSQL is not installed: {error}", fix=how) from None

    def settings(connection: sa.Connection) -> None:
        local = "" if connection.get_execution_options()["rulecrm_begin"] is None else "LOCAL"
        connection.exec_driver_sql(f"SET {local} lock_timeout = {max(1, int(wait * 1000))}")
        connection.exec_driver_sql(f"SET {local} synchronous_commit = on")
        # What is streamed is read to its end; a plan that is quick with the first tenth of it may never end with all.
        connection.exec_driver_sql(f"SET {local} cursor_tuple_fraction = 1")

    sa.event.listen(engine, "begin", settings)
    return engine


@contextmanager
def transaction(engine: sa.Engine, *, write: bool) -> Iterator[sa.Connection]:
    """A transaction: kept if the block ends, gone if it raises or the process dies."""
    with engine.execution_options(rulecrm_begin=_WRITES if write else "BEGIN").begin() as connection:
        yield connection


@contextmanager
def outside(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection in no transaction, for what can only be said there."""
    with engine.execution_options(rulecrm_begin=None, isolation_level="AUTOCOMMIT").connect() as connection:
        yield connection


def take_lock(connection: sa.Connection) -> int | None:
    """Hold the lock till the transaction ends; the clock as it is now, in microseconds."""
    query = locked(connection, sa.select(clock.c.clock).where(clock.c.one == 1))
    now: int | None = connection.execute(query).scalar_one()
    return now


def locked(connection: sa.Connection, query: Query, *, of: sa.TableClause | None = None, wait: bool = True) -> Query:
    """The query, its rows locked till the transaction ends; SQLite has one writer, and needs no locks.

    Args:
        connection: in a writing transaction.
        query: of rows.
        of: the table whose rows are locked; of all tables of the query where nothing is said.
        wait: whether rows that somebody else has locked are waited for; otherwise they are passed over.
    """
    if connection.dialect.name == "postgresql":
        return query.with_for_update(of=of, skip_locked=not wait)
    return query


def _sqlite(address: Address, wait: float, *, create: bool) -> sa.Engine:
    if address.path is None:
        # One connection is the database. Giving it back must not end a transaction that somebody else has open in it.
        engine = sa.create_engine(
            "sqlite://", creator=lambda: _connect(":memory:", wait), poolclass=StaticPool, pool_reset_on_return=None
        )
    else:
        name = f"file:{quote(str(address.path.absolute()))}?mode={'rwc' if create else 'rw'}"
        engine = sa.create_engine("sqlite://", creator=lambda: _connect(name, wait), poolclass=sa.QueuePool)

    def begin(connection: sa.Connection) -> None:
        how = connection.get_execution_options()["rulecrm_begin"]
        if how == _WRITES:
            _begin_writing(connection, wait)
        elif how is not None:
            connection.exec_driver_sql(how)

    def prepare(raw: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        # Of a file that is made now; another stays as it is. Rows of a ledger are long: pages of the usual 4096 bytes
        # have room for fifteen decisions, and are split, moved and written to the log all the time.
        raw.execute("PRAGMA page_size = 8192")
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA temp_store = MEMORY")
        raw.execute("PRAGMA cache_size = -65536")  # 64 MB: keys are text, and come in any order

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", begin)
    return engine


def _begin_writing(connection: sa.Connection, wait: float) -> None:
    """Begin a transaction that holds the lock.

    SQLite has no queue: whoever waits looks now and then, at first after a millisecond, in the end ten times a second.
    Between two transactions of somebody who writes all the time it would seldom look, and could miss them for longer
    than anybody waits. Asked anew each time, it goes on looking often.
    """
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    until = time.monotonic() + wait
    raw.execute(f"PRAGMA busy_timeout = {int(min(_TURN, wait) * 1000)}")
    try:
        while time.monotonic() < until:
            try:
                raw.execute(_WRITES)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            else:
                return
        connection.exec_driver_sql(_WRITES)  # so that what is wrong is told as it is elsewhere
    finally:
        raw.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")


def _connect(name: str, wait: float) -> sqlite3.Connection:
    # Without an isolation level the driver begins nothing by itself: `begin` above does.
    return sqlite3.connect(
        name, timeout=wait, isolation_level=None, check_same_thread=False, uri=name.startswith("file:")
    )

"""How fast a ledger takes decisions and gives journeys, on SQLite and on PostgreSQL.

In: the setup. Out: a table; "by hand" writes the same rows into the same tables with the bare driver, as fast as it can
be done with one transaction and the same care for the disk.
Invariant: both ways leave equally many rows, and read the same ones.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl
import psycopg

from rulecrm.model.decisions import JOURNEYS
from rulecrm.state import Ledger
from tests.benchmarks.setup import Setup
from tests.benchmarks.table import OURS, Line, Table, lines
from tests.benchmarks.timing import alternate
from tests.state.postgres import Server, running
from tests.state.rows import DAY, RULES, SETTINGS, T0, Row, decision, decisions, journey, journeys

__all__ = ["run"]

Write = Callable[[pl.DataFrame], None]


def run(setup: Setup) -> Table:
    """SQLite in a file, then a server that waits for the disk."""
    found: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        hand, relaxed = (f"sqlite:///{folder}/{name}.db" for name in ("hand", "relaxed"))
        ways = {
            "by hand": (hand, lambda frame: _into_sqlite(Path(folder, "hand.db"), frame, "FULL")),
            "by hand, synchronous=NORMAL": (
                relaxed,
                lambda frame: _into_sqlite(Path(folder, "relaxed.db"), frame, "NORMAL"),
            ),
        }
        found += _measure(
            setup, "SQLite", f"sqlite:///{folder}/ours.db", ways, lambda: _from_sqlite(Path(folder, "hand.db"))
        )
    with running(safe=True) as server, server.schema() as ours, server.schema() as url:
        by_hand = {"by hand": (url, lambda frame: _into_postgresql(_conninfo(server, url), frame))}
        found += _measure(setup, "PostgreSQL", ours, by_hand, lambda: _from_postgresql(_conninfo(server, url)))
    return Table("ledger", f"one advance of {setup.decisions:,} decisions", tuple(found))


def _measure(
    setup: Setup, name: str, ours: str, by_hand: Mapping[str, tuple[str, Write]], read: Callable[[], pl.DataFrame]
) -> list[Line]:
    entered = [journey(f"c{number * 7919 % setup.decisions}", entered=T0 + number) for number in range(setup.decisions)]
    turns = {turn: _decided(turn, entered) for turn in range(1, setup.repeat + 1)}
    for url in (ours, *(url for url, _ in by_hand.values())):
        with Ledger.open(url) as ledger:
            ledger.claim(SETTINGS)
            with ledger.advance(T0 + DAY, expected_clock=T0) as advance:
                advance.write(journeys=journeys(entered))
                advance.finish(RULES)
    with Ledger.open(ours) as ledger:

        def ours_takes(turn: int) -> None:
            with ledger.advance(T0 + DAY + turn, expected_clock=ledger.clock()) as advance:
                advance.write(decisions=turns[turn])
                advance.finish(RULES)

        def ours_gives(_: int) -> pl.DataFrame:
            with ledger.advance(T0 + 2 * DAY, expected_clock=ledger.clock()) as advance:
                found = advance.journeys()
                advance.finish(RULES)
            return found

        hands = {way: _taking(write, turns) for way, (_, write) in by_hand.items()}
        taken = alternate({OURS: ours_takes, **hands}, setup.repeat)
        given = alternate({OURS: ours_gives, "polars.read_database": lambda _: read()}, setup.repeat)
        same = ours_gives(0).sort("journey").equals(read().select(field.name for field in JOURNEYS).sort("journey"))
        assert same, f"{name}: other journeys"
        written = ledger.decisions().height
    for url, _ in by_hand.values():
        with Ledger.open(url) as other:
            assert other.decisions().height == written, f"{name}: other decisions"
    return [*lines(f"decisions taken, {name}", taken), *lines(f"live journeys read, {name}", given)]


def _decided(turn: int, entered: Sequence[Row]) -> pl.DataFrame:
    """What is sent at a step of a campaign, to each so many days after the entry."""
    instants = [T0 + number + turn * DAY for number in range(len(entered))]
    return decisions(decision(row, step=str(turn), at=at, due=at) for row, at in zip(entered, instants, strict=True))


def _taking(write: Write, turns: Mapping[int, pl.DataFrame]) -> Callable[[int], None]:
    return lambda turn: write(turns[turn])


def _insert(frame: pl.DataFrame) -> str:
    return ", ".join(f'"{name}"' for name in frame.columns)


def _into_sqlite(path: Path, frame: pl.DataFrame, synchronous: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN IMMEDIATE")
    for table, part in _both(frame):
        marks = ", ".join("?" * part.width)
        connection.executemany(f"INSERT INTO {table} ({_insert(part)}) VALUES ({marks})", part.rows())
    connection.execute("COMMIT")
    connection.close()


def _into_postgresql(conninfo: str, frame: pl.DataFrame) -> None:
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        for table, part in _both(frame):
            with cursor.copy(f"COPY {table} ({_insert(part)}) FROM STDIN".encode()) as copy:
                for row in part.rows():
                    copy.write_row(row)
        connection.commit()


def _both(frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """The rows of both tables, in the order of their keys; here every decision is queued."""
    frame = frame.sort("decision").with_columns(granted=1)
    names = ["decision", "customer", "due", "choice", "channel", "template", "via"]
    waiting = frame.select(*names, state=pl.lit("waiting"), not_before="due")
    return [("rulecrm_decisions", frame), ("rulecrm_outbox", waiting)]


_LIVE = "SELECT * FROM rulecrm_journeys WHERE ended IS NULL"


def _from_sqlite(path: Path) -> pl.DataFrame:
    connection = sqlite3.connect(path)
    try:
        return _typed(pl.read_database(_LIVE, connection, infer_schema_length=None))
    finally:
        connection.close()


def _from_postgresql(conninfo: str) -> pl.DataFrame:
    with psycopg.connect(conninfo) as connection:
        return _typed(pl.read_database(_LIVE, connection, infer_schema_length=None))


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of nothing but nulls have no type."""
    return frame.cast(dict(journeys([]).schema))


def _conninfo(server: Server, url: str) -> str:
    schema = url.rpartition("%3D")[2]
    return (
        f"host=127.0.0.1 port={server.port} user=ledger password={server.password} dbname=postgres "
        f"options='-csearch_path={schema}'"
    )

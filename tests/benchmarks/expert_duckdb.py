"""The fifty segments by hand, in DuckDB.

In: the shop's Parquet files, T. Out: a table `answers` in the connection, customer → fifty Booleans.
Invariant: the query is `fifty.sql`, one statement; loading is not part of it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import polars as pl

from tests.benchmarks.shop import CATEGORIES, KINDS

__all__ = ["answer", "connect", "fetch"]

_ROUNDED_MEAN = """
create macro rounded_mean(total, number) as
  (total // number + (total % number * 2 > number or (total % number * 2 = number and total // number % 2 = 1))::bigint)
"""
"""total / number as an integer, halves to even."""

_SQL = Path(__file__).with_name("fifty.sql")


def connect(folder: Path, *, in_memory: bool = True, by_customer: bool = False) -> duckdb.DuckDBPyConnection:
    """A database over the files: tables of its own, or, not `in_memory`, views that read Parquet again each time."""
    connection = duckdb.connect()
    for name, words in (("category", CATEGORIES), ("kind", KINDS)):
        connection.execute(f"create type {name} as enum ({', '.join(repr(word) for word in words)})")
    connection.execute(_ROUNDED_MEAN)
    what = "table" if in_memory else "view"
    orders, events = ("order by customer, paid_at", 'order by customer, "at"') if by_customer else ("", "")
    connection.execute(f"create {what} customers as from '{folder / 'customers.parquet'}'")
    connection.execute(
        f"create {what} orders as "
        f"select * replace (category::category as category) from '{folder / 'orders.parquet'}' {orders}"
    )
    connection.execute(
        f"create {what} events as select * replace (kind::kind as kind) from '{folder / 'events.parquet'}' {events}"
    )
    return connection


def answer(connection: duckdb.DuckDBPyConnection, as_of: dt.datetime) -> None:
    """Work the table `answers` out."""
    sql = _SQL.read_text(encoding="utf-8")
    instants = {f"ago_{days}": as_of - dt.timedelta(days=days) for days in (3, 10, 23, 30, 90, 180, 365, 730)}
    instants |= {"now": as_of, "sale": dt.datetime(2024, 11, 11, tzinfo=as_of.tzinfo)}
    # A view of constants would hide them from the planner: they are written into the text, longest name first.
    for name in sorted(instants, key=len, reverse=True):
        sql = sql.replace(f"${name}", str(int(instants[name].timestamp()) * 1_000_000))
    connection.execute(f"create or replace temp table answers as {sql}")


def fetch(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The table `answers` as a frame."""
    return pl.DataFrame(connection.execute("from answers").fetchnumpy())

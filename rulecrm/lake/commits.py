"""Commits: what a store is as of each, and which is the last.

In: a folder with a table `commits`. Out: `Head`, all that a reader has to know to read the store as of one commit.
Invariant: a row of `commits` is written after everything it speaks of, in one go; it is what makes a commit.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

import polars as pl
from attrs import field, frozen

from rulecrm.lake.findings import refusal
from rulecrm.lake.keeping import COMMITS
from rulecrm.lake.tables import Tables

__all__ = ["FORMAT", "Head", "begin", "everything", "last", "note", "one"]

FORMAT = 1
"""Of the layout of a store. A store of a greater one was written by a later version, and is left alone."""

_SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "number": pl.Int64,
    "at": pl.Datetime("us", "UTC"),
    "format": pl.Int32,
    "what": pl.String,
    "tables": pl.String,
    "cursors": pl.String,
    "counts": pl.String,
}


@frozen
class Head:
    """A commit.

    Attributes:
        number: from 1; 0 is the store before its first.
        at: when it was made, in UTC; None before the first.
        tables: the version of each table, by name.
        cursors: the cursors of all origins, by origin.
        what: what it did: `put`, `compact`, `merge`, `erase`, `purge`, `vacuum`.
    """

    number: int = 0
    at: dt.datetime | None = None
    tables: Mapping[str, int] = field(factory=dict)
    cursors: Mapping[str, Mapping[str, object]] = field(factory=dict)
    what: str = ""


def begin(tables: Tables) -> None:
    """Make the table of commits, with none in it."""
    tables.create(COMMITS, pl.DataFrame(schema=_SCHEMA), ("number",), layered=False)


def last(tables: Tables) -> Head:
    """The last commit.

    Raises:
        RulesError: R702 a later version of rulecrm wrote it; R706 it cannot be read.
    """
    files = tables.files(COMMITS)
    if files.is_empty() or not files["num_records"].sum():
        return Head()
    newest = files.filter(pl.col("max.number") == pl.col("max.number").max())["path"].to_list()
    rows = pl.scan_parquet([tables.path / COMMITS / name for name in newest])
    return _read(rows.filter(pl.col("number") == pl.col("number").max()), tables)


def one(tables: Tables, number: int) -> Head | None:
    """The commit of a number; None where there is none.

    Raises:
        RulesError: as `last`.
    """
    rows = tables.scan(COMMITS, tables.version(COMMITS)).filter(pl.col("number") == number).collect()
    return None if rows.is_empty() else _read(rows.lazy(), tables)


def _read(latest: pl.LazyFrame, tables: Tables) -> Head:
    format_, number = latest.select("format", "number").collect().row(0)
    if format_ > FORMAT:
        message = f"the store {tables.path} has format {format_}; this version of rulecrm knows {FORMAT}"
        raise refusal("R702", message, fix="use the version of rulecrm that wrote it, or a later one")
    row = latest.select("at", "tables", "cursors", "what").collect().row(0, named=True)
    return Head(int(number), row["at"], json.loads(row["tables"]), json.loads(row["cursors"]), row["what"])


def note(tables: Tables, head: Head, counts: object) -> None:
    """Write a commit: from here on it is what everybody reads."""
    row = {
        "number": head.number,
        "at": head.at,
        "format": FORMAT,
        "what": head.what,
        "tables": json.dumps(dict(sorted(head.tables.items()))),
        "cursors": json.dumps(dict(sorted(head.cursors.items())), ensure_ascii=False),
        "counts": json.dumps(counts, ensure_ascii=False),
    }
    tables.append(COMMITS, pl.DataFrame([row], schema=_SCHEMA))


def everything(tables: Tables, head: Head) -> pl.DataFrame:
    """All commits up to one, in their order."""
    rows = tables.scan(COMMITS, tables.version(COMMITS))
    return rows.filter(pl.col("number") <= head.number).select(list(_SCHEMA)).sort("number").collect()

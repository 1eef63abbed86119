"""Frames into tables and out of them, a hundred thousand rows at a time.

In: a connection in a transaction, and a Polars frame or a query. Out: rows in the database, or a frame.
Invariant: what is written is what the frame holds, checked before the first row of it is; rows go in chunks, so that
memory follows the size of a chunk.

SQLite takes them by `executemany`, PostgreSQL by COPY. What changes rows goes through a temporary table and is then one
statement. Handing values over one by one is most of what a row costs, so that PostgreSQL is given a chunk as one text,
and SQLite is told a value that a whole chunk has in the statement.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO

import polars as pl
import sqlalchemy as sa

from rulecrm.model.decisions import Field
from rulecrm.model.types import INSTANT, TEXT

__all__ = [
    "CHUNK",
    "Watch",
    "admitted",
    "among",
    "at_the_door",
    "fetch",
    "insert",
    "known",
    "many",
    "physical",
    "staged",
]

CHUNK = 20_000
"""Rows in memory as Python objects at a time."""

_LONGEST = 2_000
"""Letters of a value that is written into a statement; SQLite takes a million in all."""

Watch = Callable[[str], None]
"""Called with the name of each write just before it is made."""


def physical(fields: Sequence[Field]) -> pl.Schema:
    """The types of these columns inside: text, and integers; instants are microseconds."""
    return pl.Schema({field.name: pl.String() if field.type == TEXT else pl.Int64() for field in fields})


def at_the_door(frame: pl.DataFrame, fields: Sequence[Field]) -> pl.DataFrame:
    """The frame with its instants as Datetime("us", "UTC")."""
    instants = [field.name for field in fields if field.type == INSTANT and field.name in frame.columns]
    return frame.with_columns(pl.from_epoch(pl.col(instants), "us").dt.replace_time_zone("UTC"))


def admitted(frame: pl.DataFrame, fields: Sequence[Field], what: str) -> pl.DataFrame:
    """The frame in the order and the types of the columns; columns that are not among them are left out.

    Raises:
        ValueError: a column lacks, is of another type, or holds nulls where it must not. That is a mistake of the
            caller, not of a user.
    """
    lacking = [field.name for field in fields if field.name not in frame.columns]
    if lacking:
        raise ValueError(f"{what} lack the columns {', '.join(lacking)}")
    instants = [field.name for field in fields if frame.schema[field.name] == pl.Datetime("us", "UTC")]
    frame = frame.select(field.name for field in fields).with_columns(pl.col(instants).to_physical())
    try:
        frame = frame.cast(physical(fields))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{what} cannot be read: {str(error).splitlines()[0]}") from None
    empty = [field.name for field in fields if not field.nullable and frame.get_column(field.name).null_count()]
    if empty:
        raise ValueError(f"{what} have nulls in {', '.join(empty)}")
    return frame


def insert(connection: sa.Connection, table: sa.TableClause, frame: pl.DataFrame, watch: Watch) -> None:
    """Add every row of the frame to the columns of the same names.

    The first column is the key. In its order, rows that lie side by side in the index are written one after the other,
    which halves the time.
    """
    frame = frame.sort(frame.columns[0])
    # What is missing everywhere is missing by itself, and is not handed over.
    frame = frame.drop(name for name in frame.columns[1:] if frame.get_column(name).is_null().all())
    names = ", ".join(f'"{name}"' for name in frame.columns)
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        try:
            with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy, _ahead(frame) as texts:
                for _, text in zip(_chunks(frame, table.name, watch), texts, strict=True):
                    copy.write(text.result())
        finally:
            cursor.close()
        return
    for part in _chunks(frame, table.name, watch):
        shared = _shared(part)
        marks = ", ".join(shared.get(name, "?") for name in part.columns)
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608
        connection.exec_driver_sql(statement, part.drop(shared).rows())


def many(connection: sa.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run a statement for each row; `?` stands for its values, in their order.

    Thousands of small statements would spend more time in being compiled than in being run.
    """
    if rows:
        if connection.dialect.name == "postgresql":
            statement = statement.replace("?", "%s")
        connection.exec_driver_sql(statement, list(rows))


def among(
    connection: sa.Connection, column: sa.ColumnElement[object], values: Collection[str]
) -> sa.ColumnElement[bool]:
    """Whether a column of texts has one of these values; one parameter, however many they are."""
    if connection.dialect.name == "postgresql":
        return column == sa.func.any(sa.cast(list(values), sa.ARRAY(sa.Text)))
    each = sa.func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(sa.select(each.c.value))


@contextmanager
def staged(connection: sa.Connection, table: sa.TableClause, frame: pl.DataFrame) -> Iterator[sa.TableClause]:
    """A temporary table of these rows, its columns typed as those of `table`."""
    names = ", ".join(f'"{name}"' for name in frame.columns)
    stage = sa.table(f"staged_{table.name}", *(sa.column(name) for name in frame.columns))
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {stage.name} AS SELECT {names} FROM {table.name} LIMIT 0")  # noqa: S608
    insert(connection, stage, frame, lambda _: None)
    yield stage
    # Where the block raises, the whole transaction goes, and this table with it.
    connection.exec_driver_sql(f"DROP TABLE {stage.name}")


def known(connection: sa.Connection, table: sa.TableClause) -> None:
    """Have PostgreSQL look at a temporary table before it plans what is joined with it.

    It looks at no temporary table by itself, and takes a key of one that it knows nothing of for one of two hundred.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def fetch(connection: sa.Connection, query: sa.Select[tuple[object, ...]], schema: pl.Schema) -> pl.DataFrame:
    """The answer to a query whose columns are those of the schema, in its order."""
    streamed = connection.execute(query, execution_options={"yield_per": CHUNK})
    parts = [
        pl.DataFrame(
            [pl.Series(name, values, dtype) for (name, dtype), values in zip(schema.items(), columns, strict=True)]
        )
        for columns in (tuple(zip(*rows, strict=True)) for rows in streamed.partitions())
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def _chunks(frame: pl.DataFrame, name: str, watch: Watch) -> Iterator[pl.DataFrame]:
    for part in frame.iter_slices(CHUNK):
        watch(f"{name}: {part.height} rows")
        yield part


def _shared(frame: pl.DataFrame) -> dict[str, str]:
    """Columns of one value, but for the key, with the value as SQL says it."""
    names = frame.columns[1:]
    if frame.is_empty() or not names:
        return {}
    same = frame.select(pl.col(name).eq_missing(pl.col(name).first()).all() for name in names).row(0)
    values = dict(zip(names, frame.select(names).row(0), strict=True))
    said = {name: _said(values[name]) for name, shared in zip(names, same, strict=True) if shared}
    return {name: text for name, text in said.items() if text is not None}


def _said(value: object) -> str | None:
    """A value as a literal of SQLite; None for what is better handed over as a parameter."""
    match value:
        case None:
            return "NULL"
        case int():
            return str(value)
        case str() if len(value) <= _LONGEST and "\0" not in value:
            return "'" + value.replace("'", "''") + "'"
    return None


@contextmanager
def _ahead(frame: pl.DataFrame) -> Iterator[Iterator[Future[bytes]]]:
    """The chunks as text, in order; the next one is made while this one is on its way to the server."""

    def texts() -> Iterator[Future[bytes]]:
        made = deque[Future[bytes]]()
        for part in frame.iter_slices(CHUNK):
            made.append(worker.submit(_lines, part))
            if len(made) > 1:
                yield made.popleft()
        yield from made

    with ThreadPoolExecutor(1, thread_name_prefix="rulecrm-copy") as worker:
        yield texts()


def _lines(frame: pl.DataFrame) -> bytes:
    """Rows as PostgreSQL's COPY reads them: tabs between values, a backslash before what would be read as more."""
    escaped = pl.selectors.string().str.replace_many(_ESCAPES)
    text = BytesIO()
    frame.with_columns(escaped).write_csv(
        text, include_header=False, separator="\t", quote_style="never", null_value="\\N"
    )
    return text.getvalue()


_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}

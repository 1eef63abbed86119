"""New decisions, and the messages among them into the outbox.

In: a connection in a transaction; new decisions, or a condition on those that are there. Out: rows in both tables.
Invariant: a decision that is `queued` has its place in the outbox in the same transaction, and no other has one.
"""

from __future__ import annotations

import polars as pl
import sqlalchemy as sa

from rulecrm.state import bulk
from rulecrm.state.bulk import Watch
from rulecrm.state.tables import decisions, journeys, outbox

__all__ = ["last", "queue", "without_journey", "write"]

_CHANNEL = "staff"
"""Of a message that names none."""


def write(connection: sa.Connection, frame: pl.DataFrame, watch: Watch) -> None:
    """Add decisions, the columns of `DECISIONS`, and put those that are `queued` into the outbox."""
    queued = pl.col("outcome") == "queued"
    frame = frame.sort("decision").with_columns(granted=queued.cast(pl.Int64))  # in the order that both tables want
    messages = frame.filter(queued)
    if connection.dialect.name == "sqlite":
        # Rows are numbered as they are written: those behind the last one are these, and need not be handed over twice.
        before = last(connection)
        bulk.insert(connection, decisions, frame, watch)
        if messages.height:
            queue(connection, sa.and_(before < _NUMBER, decisions.c.outcome == "queued"), messages.height, watch)
        return
    bulk.insert(connection, decisions, frame, watch)
    if messages.height:
        waiting = messages.select(
            "decision", "customer", "due", pl.col("choice").fill_null(0), pl.col("channel").fill_null(_CHANNEL),
            "template", "via", state=pl.lit("waiting"), not_before=pl.col("due"),
        )  # fmt: skip
        bulk.insert(connection, outbox, waiting, watch)


def queue(connection: sa.Connection, which: sa.ColumnElement[bool], rows: int, watch: Watch) -> None:
    """Put decisions that are there already, so many, into the outbox."""
    watch(f"{outbox.name}: {rows} rows")
    columns = decisions.c
    places: dict[str, sa.ColumnElement[object]] = {
        "decision": columns.decision,
        "customer": columns.customer,
        "due": columns.due,
        "choice": sa.func.coalesce(columns.choice, 0),
        "channel": sa.func.coalesce(columns.channel, _CHANNEL),
        "template": columns.template,
        "via": columns.via,
        "state": sa.literal("waiting"),
        "not_before": columns.due,
    }
    connection.execute(sa.insert(outbox).from_select(list(places), sa.select(*places.values()).where(which)))


def last(connection: sa.Connection) -> int:
    """SQLite's number of the last decision there is; 0 where none is there, or rows have no numbers."""
    if connection.dialect.name != "sqlite":
        return 0
    number: int | None = connection.execute(sa.select(sa.func.max(_NUMBER)).select_from(decisions)).scalar_one()
    return number or 0


def without_journey(connection: sa.Connection, before: int, needed: pl.DataFrame) -> int:
    """How many journeys that decisions belong to are not there.

    Args:
        connection: in the transaction that has written the decisions.
        before: what `last` was before they were written.
        needed: `journey`, the journeys of these decisions that have to be looked for.
    """
    if connection.dialect.name == "sqlite":
        there = sa.exists(sa.select(journeys.c.journey).where(journeys.c.journey == decisions.c.journey))
        query = sa.select(sa.func.count(decisions.c.journey.distinct())).where(before < _NUMBER, ~there)
        return connection.execute(query).scalar_one()
    with bulk.staged(connection, journeys, needed) as stage:
        there = sa.exists(sa.select(journeys.c.journey).where(journeys.c.journey == stage.c.journey))
        return connection.execute(sa.select(sa.func.count()).select_from(stage).where(~there)).scalar_one()


_NUMBER: sa.ColumnElement[int] = sa.literal_column(f"{decisions.name}.rowid", sa.BigInteger)
"""SQLite's own number of a decision."""

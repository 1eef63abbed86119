"""Which message a receipt is about.

In: keys and providers' ids. Out: the messages that were handed over with them.
Invariant: a provider's id says something only about messages that went through that provider's route.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.state import tables

__all__ = ["Found", "Messages", "parts", "told_about"]

_PART = 500
"""Parameters of one question."""


@frozen
class Found:
    """A message that was handed over: of which decision, by which channel, to whom."""

    decision: str
    customer: str
    channel: str
    key: str | None
    erased: int


@frozen
class Messages:
    """Messages by their keys, and by route and provider's id."""

    keyed: Mapping[str, Found] = field(factory=dict)
    provided: Mapping[tuple[str, str], Found] = field(factory=dict)

    def of(self, route: str, key: str | None, provider_id: str | None) -> Found | None:
        """The message with this key, else that with this id; None where neither is known."""
        found = None if key is None else self.keyed.get(key)
        return self.provided.get((route, provider_id)) if found is None and provider_id is not None else found


def told_about(connection: sa.Connection, keys: Collection[str], provider_ids: Collection[str]) -> Messages:
    """The messages that were handed over with these keys, or were given these ids."""
    keyed: dict[str, Found] = {}
    provided: dict[tuple[str, str], Found] = {}
    for table in (tables.outbox, tables.attempts):  # what was tried says more: it may not have been the last message
        for query in _asked(table, table.c.key, keys):
            keyed |= {row.key: _found(row) for row in connection.execute(query)}
        for query in _asked(table, table.c.provider_id, provider_ids):
            provided |= {(row.route, row.provider_id): _found(row) for row in connection.execute(query)}
    return Messages(keyed, provided)


def parts(values: Collection[str]) -> Iterator[Sequence[str]]:
    """Values in order, as many at a time as one question takes."""
    ordered = sorted(values)
    for start in range(0, len(ordered), _PART):
        yield ordered[start : start + _PART]


def _asked(
    table: sa.TableClause, column: sa.ColumnElement[str], values: Collection[str]
) -> Iterator[sa.Select[tuple[object, ...]]]:
    mine, held = table.c, tables.outbox.c
    chosen = (held.decision, held.customer, held.erased, mine.channel, mine.route, mine.key, mine.provider_id)
    query = sa.select(*chosen)
    if table is not tables.outbox:
        query = query.join_from(tables.outbox, table, held.decision == mine.decision)
    for part in parts(values):
        yield query.where(column.in_(part)).order_by(mine.key)


def _found(row: sa.Row[tuple[object, ...]]) -> Found:
    held = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping
    return Found(held["decision"], held["customer"], held["channel"], held["key"], held["erased"])

"""Rates and pauses of routes, shared by all workers of a ledger.

In: how many messages somebody would send, and at which rate. Out: how many may go, and from when on.
Invariant: between two messages of a bucket lies at least the time that the rate gives each, whoever sends them:
messages that are reserved are spread from their instant on, one after the other.

A bucket holds one token at most, so that nothing is saved up in quiet times and any stretch of `seconds` has `count`
messages at most. It may be overdrawn: whoever comes next is told from when on the tokens are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.state.connecting import Transaction, locked
from rulecrm.state.tables import buckets

__all__ = ["Buckets", "Granted"]


@frozen
class Granted:
    """What may be sent.

    Attributes:
        count: how many messages; 0 where it would be too late for the first.
        start: the instant of the first, microseconds.
        gap: between two, microseconds.
    """

    count: int
    start: int
    gap: float


@frozen(eq=False)
class Buckets:
    """The buckets of a ledger; every method is a transaction of its own."""

    transaction: Transaction = field(repr=False)

    def reserve(self, route: str, rates: Sequence[tuple[int, float]], count: int, now: int, patience: int) -> Granted:
        """Take tokens for messages that go now, or before long.

        Args:
            route: its name.
            rates: (messages, seconds); all of them hold.
            count: at most so many messages.
            now: the instant, microseconds.
            patience: how far ahead the last of them may lie, microseconds.
        """
        slowest = max((seconds * 1e6 / most for most, seconds in rates), default=0.0)
        names = [f"{route}|{most}/{seconds:g}" for most, seconds in rates] or [f"{route}|"]
        with self.transaction(write=True) as connection:
            held = self._held(connection, [f"{route}|", *names])
            start, free = now, count
            for row in held.values():
                start = max(start, row[2])
            levels: dict[str, tuple[float, float]] = {}
            for name, (most, seconds) in zip(names, rates, strict=False):
                gap = seconds * 1e6 / most
                level, at, _ = held[name]
                level = min(1.0, level + max(0, now - at) / gap)
                levels[name] = (level, gap)
                start = max(start, now + ceil(max(0.0, 1.0 - level) * gap - 1e-3))
            if start - now > patience:
                return Granted(0, start, slowest)
            if slowest:
                free = min(count, int((now + patience - start) / slowest) + 1)
            for name, (level, _) in levels.items():
                connection.execute(
                    sa.update(buckets)
                    .where(buckets.c.bucket == name)
                    .values(level=level - free, at=max(now, held[name][1]))
                )
        return Granted(free, start, slowest)

    def pause(self, route: str, until: int) -> None:
        """Let nothing through a route before an instant."""
        columns = buckets.c
        with self.transaction(write=True) as connection:
            self._held(connection, [f"{route}|"])
            earlier = sa.and_(columns.bucket == f"{route}|", columns.not_before < until)
            connection.execute(sa.update(buckets).where(earlier).values(not_before=until))

    def paused(self, route: str) -> int:
        """Before which instant nothing goes through a route, microseconds; 0 where nothing holds it up."""
        query = sa.select(buckets.c.not_before).where(buckets.c.bucket == f"{route}|")
        with self.transaction(write=False) as connection:
            return connection.execute(query).scalar_one_or_none() or 0

    def _held(self, connection: sa.Connection, names: Sequence[str]) -> dict[str, tuple[float, int, int]]:
        """Level, instant and pause of each bucket, locked; those that are not there yet are made, full."""
        columns, found = buckets.c, {}
        for name in sorted(set(names)):  # always in one order, so that two workers do not wait for each other
            query = sa.select(columns.level, columns.at, columns.not_before).where(columns.bucket == name)
            if connection.dialect.name == "postgresql":
                new = "INSERT INTO rulecrm_buckets (bucket, level, at, not_before) VALUES (%s, 1, 0, 0)"
                connection.exec_driver_sql(f"{new} ON CONFLICT DO NOTHING", (name,))
            row = connection.execute(locked(connection, query)).first()
            if row is None:
                connection.execute(sa.insert(buckets).values(bucket=name, level=1.0, at=0, not_before=0))
                found[name] = (1.0, 0, 0)
            else:
                found[name] = (row.level, row.at, row.not_before)
        return found

"""Coupons: codes that are given away once each.

In: codes by pool; decisions that a code is drawn for. Out: a code for each, or none where the pool is empty.
Invariant: a code belongs to one decision for ever, and a decision has one code of a pool, however often it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.state.bulk import among
from rulecrm.state.connecting import Transaction, locked
from rulecrm.state.tables import coupons

__all__ = ["Coupons"]


@frozen(eq=False)
class Coupons:
    """The coupons of a ledger; every method is a transaction of its own."""

    transaction: Transaction = field(repr=False)

    def add(self, pool: str, codes: Iterable[str]) -> int:
        """Put codes into a pool; those that are there already, given away or not, are left. How many are new.

        Raises:
            ValueError: a code is empty.
        """
        new = list(dict.fromkeys(code.strip() for code in codes))
        if not pool or not all(new):
            raise ValueError("a pool has a name, and a code has characters")
        if not new:
            return 0
        columns = coupons.c
        with self.transaction(write=True) as connection:
            there = sa.select(columns.code).where(columns.pool == pool, among(connection, columns.code, new))
            known = set(connection.execute(there).scalars())
            rows = [{"pool": pool, "code": code} for code in new if code not in known]
            if rows:
                connection.execute(sa.insert(coupons), rows)
        return len(rows)

    def draw(self, pool: str, decisions: Sequence[str], now: int) -> Mapping[str, str]:
        """The code of each decision: the one it has, or a free one, which is its own from now on.

        Decisions that are not in the answer have none: the pool is empty.
        """
        columns = coupons.c
        with self.transaction(write=True) as connection:
            mine = sa.select(columns.decision, columns.code).where(columns.pool == pool)
            found = {
                row.decision: row.code
                for row in connection.execute(mine.where(among(connection, columns.decision, decisions)))
            }
            wanting = [one for one in decisions if one not in found]
            if not wanting:
                return found
            query = sa.select(columns.code).where(columns.pool == pool, columns.decision.is_(None)).limit(len(wanting))
            free = connection.execute(locked(connection, query, wait=False)).scalars()
            drawn = dict(zip(wanting, free, strict=False))
            if drawn:
                connection.execute(
                    sa.update(coupons)
                    .where(columns.pool == pool, columns.code == sa.bindparam("of"), columns.decision.is_(None))
                    .values(decision=sa.bindparam("whose"), drawn=now),
                    [{"of": code, "whose": decision} for decision, code in drawn.items()],
                )
        return {**found, **drawn}

    def free(self) -> Mapping[str, int]:
        """How many codes each pool has left."""
        query = sa.select(coupons.c.pool, sa.func.count()).where(coupons.c.decision.is_(None)).group_by(coupons.c.pool)
        with self.transaction(write=False) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

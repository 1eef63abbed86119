"""What people have told of a channel that forbids it: asked by the gate, and once more before a message is handed over.

In: a connection in a transaction; customers and their addresses. Out: what each has told, and when.
Invariant: what is in the ledger counts, whether it is known whose address it came from, or not yet.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from rulecrm.model.sending import Received
from rulecrm.state.bulk import among
from rulecrm.state.receipts import hashed_address
from rulecrm.state.tables import meta, receipts

__all__ = ["Heard", "heard_of"]

Heard = frozenset[tuple[str, int]]
"""What was told (`unsubscribed`, `complained`, or `bounced` for good), and the last instant of each, microseconds."""


def heard_of(connection: sa.Connection, channel: str, people: Collection[tuple[str, str]]) -> dict[str, Heard]:
    """What each of these (customer, address) has told of a channel; those who have told nothing are left out."""
    columns = receipts.c
    hard = sa.and_(columns.what == Received.BOUNCED.value, columns.reason == "hard")
    final = sa.or_(columns.what.in_([Received.UNSUBSCRIBED.value, Received.COMPLAINED.value]), hard)
    query = sa.select(columns.customer, columns.what, sa.func.max(columns.at))
    query = query.where(final, columns.channel == channel).group_by(columns.customer, columns.what)
    found: dict[str, dict[str, int]] = {}
    for customer, what, at in connection.execute(
        query.where(among(connection, columns.customer, sorted({customer for customer, _ in people})))
    ):
        found.setdefault(customer, {})[what] = at
    # Of some no more than an address is known; whose it is may be found out long after this run.
    strange = sa.select(columns.address, columns.what, columns.at)
    strange = strange.where(columns.address.is_not(None), final, columns.channel == channel)
    strangers: dict[str, list[tuple[str, int]]] = {}
    for address, what, at in connection.execute(strange):
        strangers.setdefault(address, []).append((what, at))
    if strangers:
        salt = str(connection.execute(sa.select(meta.c.value).where(meta.c.name == "salt")).scalar_one())
        for customer, address in people:
            for what, at in strangers.get(hashed_address(salt, address), ()):
                mine = found.setdefault(customer, {})
                mine[what] = max(at, mine.get(what, at))
    return {customer: frozenset(told.items()) for customer, told in found.items()}

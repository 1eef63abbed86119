"""Marking messages that are about to be handed over, and those whose answer was lost.

In: a connection in a writing transaction; marks. Out: rows of the outbox and of attempts.
Invariant: only what the worker still holds is marked, and nobody has told anything since the gate was asked; what its
provider would take for a new message is not handed over again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from rulecrm.state import bulk
from rulecrm.state.bulk import among
from rulecrm.state.connecting import locked
from rulecrm.state.tables import attempts, decisions, outbox
from rulecrm.state.unwelcome import heard_of
from rulecrm.state.waiting import FREE, Mark

__all__ = ["in_order", "lose", "mark"]


def mark(
    connection: sa.Connection, worker: str, marks: Sequence[Mark], *, route: str, now: int, until: int, remembers: int
) -> frozenset[str]:
    """Mark what the worker still holds, up to `until`; which decisions were. See `outbox.Outbox.turn`."""
    columns = outbox.c
    mine = sa.and_(columns.state == "claimed", columns.worker == worker)
    query = sa.select(columns.decision, columns.attempts)
    query = query.where(among(connection, columns.decision, [one.decision for one in marks]), mine)
    there = {row.decision: row.attempts for row in connection.execute(in_order(connection, query))}
    held = [one for one in marks if there.get(one.decision) == one.number - 1]
    told = _told_since(connection, held)
    forgotten = _forgotten(connection, held, route=route, since=now - remembers)
    if told:
        again = among(connection, columns.decision, told - forgotten)
        connection.execute(sa.update(outbox).where(again).values(FREE))
    if forgotten:
        lose(connection, sorted(forgotten), ())
    rows = [one for one in held if one.decision not in told | forgotten]
    bulk.many(
        connection,
        """UPDATE rulecrm_outbox SET state = 'sending', attempts = ?, key = ?, route = ?, leased_until = ?,
        provider_id = NULL WHERE decision = ?""",
        [(one.number, one.key, route, until, one.decision) for one in rows],
    )
    bulk.many(
        connection,
        """INSERT INTO rulecrm_attempts (decision, number, choice, channel, key, route, worker, begun)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        [(one.decision, one.number, one.choice, one.channel, one.key, route, worker, now) for one in rows],
    )
    return frozenset(one.decision for one in rows)


def _told_since(connection: sa.Connection, marks: Sequence[Mark]) -> frozenset[str]:
    """Messages to people who have told something of the channel that the gate did not know."""
    found: set[str] = set()
    for channel in {one.channel for one in marks}:
        mine = [one for one in marks if one.channel == channel and one.customer is not None]
        heard = heard_of(connection, channel, {(one.customer or "", one.address) for one in mine}) if mine else {}
        found.update(one.decision for one in mine if heard.get(one.customer or "", frozenset()) - one.heard)
    return frozenset(found)


def _forgotten(connection: sa.Connection, marks: Sequence[Mark], *, route: str, since: int) -> frozenset[str]:
    """Messages that wait because their answer was lost, and that the provider would take for new ones by now."""
    again = [one.decision for one in marks if one.number > 1]
    if not again:
        return frozenset()
    last, lost = sa.alias(attempts, "last"), sa.or_(attempts.c.outcome.is_(None), attempts.c.outcome == "unknown")
    columns = outbox.c
    query = (
        sa.select(columns.decision)
        .join_from(outbox, last, sa.and_(last.c.decision == columns.decision, last.c.number == columns.attempts))
        .join(attempts, sa.and_(attempts.c.decision == columns.decision, attempts.c.key == last.c.key, lost))
        .where(among(connection, columns.decision, again), columns.tries > 0)
        .where(sa.or_(last.c.outcome.is_(None), last.c.outcome == "unknown"))
        .where(sa.or_(attempts.c.begun <= since, attempts.c.route != route))
    )
    return frozenset(connection.execute(query).scalars())


def lose(connection: sa.Connection, lost: Sequence[str], erased: Sequence[str]) -> None:
    """Nobody knows what became of these; of the erased nobody can be asked any more."""
    columns, reason = outbox.c, "the answer of the channel was lost"
    connection.execute(
        sa.update(outbox)
        .where(among(connection, columns.decision, lost))
        .values(state="unknown", reason=reason, worker=None, leased_until=None)
    )
    told = sa.and_(among(connection, decisions.c.decision, lost), decisions.c.outcome == "queued")
    connection.execute(sa.update(decisions).where(told).values(outcome="unknown", reason=reason))
    if erased:
        connection.execute(
            sa.update(outbox).where(among(connection, columns.decision, erased)).values(state="done")
        )  # fmt: skip


def in_order(connection: sa.Connection, query: sa.Select[Any]) -> sa.Select[Any]:
    """The rows, locked: always those of the outbox first and in one order, so that no two wait for each other."""
    return locked(connection, query.order_by(outbox.c.decision), of=outbox)

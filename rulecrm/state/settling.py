"""What receipts make of the outcome of a message.

In: decisions that receipts have come for. Out: outcomes, and messages that need not be asked about any more.
Invariant: an outcome only ever goes forward (unknown, sent, dead address, delivered), and depends on which receipts
there are, not on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from rulecrm.model.sending import Received
from rulecrm.state import tables
from rulecrm.state.connecting import locked
from rulecrm.state.matching import parts

__all__ = ["settle"]

_ARRIVED = frozenset(set(Received) - {Received.BOUNCED})
"""What nobody could do or tell of a message that did not arrive."""

_ANSWERED = ("sent", "unknown")
"""Outcomes of a message of which nothing final is known."""

_AT_REST = ("done", "unknown", "held")
"""States in which no worker is about to write what became of a message."""


class _Told(NamedTuple):
    what: str
    at: int
    receipt: str
    key: str | None
    reason: str | None


class _Known(NamedTuple):
    """A decision and its place in the outbox."""

    decision: str
    outcome: str
    reason: str | None
    state: str
    key: str | None
    sent_at: int | None


class _Change(NamedTuple):
    """What a message is from now on; its place in the outbox is `done`."""

    outcome: str
    reason: str | None
    sent_at: int | None


def settle(connection: sa.Connection, decisions: Collection[str]) -> int:
    """Bring outcomes up to what receipts tell; how many decisions have a receipt that waits for more.

    A row that somebody else is writing at this moment is passed over, so that nobody waits for anybody; it is settled
    the next time.
    """
    left = 0
    for part in parts(decisions):
        left += _settle(connection, part)
    return left


def _settle(connection: sa.Connection, decisions: Sequence[str]) -> int:
    told, held, tried = tables.decisions, tables.outbox, tables.attempts
    query = (
        sa.select(told.c.decision, told.c.outcome, told.c.reason, held.c.state, held.c.key, held.c.sent_at)
        .join_from(told, held, told.c.decision == held.c.decision)
        .where(told.c.decision.in_(decisions))
    )
    known = [_Known(*row) for row in connection.execute(locked(connection, query, wait=False))]
    mine = [one.decision for one in known]
    begun: dict[str, dict[str | None, int]] = {one: {} for one in mine}
    handed_over = sa.select(tried.c.decision, tried.c.key, tried.c.begun).where(tried.c.decision.in_(mine))
    for decision, key, at in connection.execute(handed_over.order_by(tried.c.begun)):
        begun[decision].setdefault(key, at)
    receipts: dict[str, list[_Told]] = {one: [] for one in mine}
    columns = tables.receipts.c
    chosen = (columns.decision, columns.what, columns.at, columns.receipt, columns.key, columns.reason)
    for decision, *row in connection.execute(sa.select(*chosen).where(columns.decision.in_(mine))):
        receipts[decision].append(_Told(*row))
    changes = {one.decision: _changed(one, receipts[one.decision], begun[one.decision]) for one in known}
    _write(connection, {decision: change for decision, change in changes.items() if change is not None})
    done = [one.decision for one in known if changes[one.decision] is not None or one.state == "done"]
    connection.execute(
        sa.update(tables.receipts).where(columns.decision.in_(done), columns.settled == 0).values(settled=1)
    )
    return len(decisions) - len(done)


def _changed(known: _Known, receipts: Sequence[_Told], begun: dict[str | None, int]) -> _Change | None:
    """What becomes of a message; None where it stays as it is."""
    tried = [one for one in receipts if one.key is None or one.key in begun or one.key == known.key]
    arrived = [one for one in tried if one.what in _ARRIVED]
    if arrived:
        if known.outcome == Received.DELIVERED and known.state == "done":
            return None
        first = min(arrived, key=lambda one: (one.at, one.receipt))
        taken = begun.get(first.key, first.at)
        return _Change("delivered", None, taken if known.sent_at is None else known.sent_at)
    # What came back was the message that it is at now: another one has been sent in the place of any before.
    back = [one for one in tried if one.what == Received.BOUNCED and one.key in (None, known.key)]
    lost = known.state in ("unknown", "held") and known.outcome in ("queued", "unknown")
    if not back or known.state not in _AT_REST or not (known.outcome in _ANSWERED or lost):
        return None
    hard = [one for one in back if one.reason == "hard"]
    last = max(hard or back, key=lambda one: (one.at, one.receipt))
    outcome, reason = ("dead address" if hard else "sent"), f"bounced: {last.reason or 'no reason given'}"
    sent_at = known.sent_at if known.sent_at is not None else begun.get(known.key, last.at)
    change = _Change(outcome, reason, sent_at)
    same = known.state == "done" and change == _Change(known.outcome, known.reason, known.sent_at)
    return None if same else change


def _write(connection: sa.Connection, changes: Mapping[str, _Change]) -> None:
    if not changes:
        return
    told, held = tables.decisions, tables.outbox
    outcome: dict[str, object] = {"outcome": sa.bindparam("new_outcome"), "reason": sa.bindparam("new_reason")}
    place: dict[str, object] = {
        "state": "done", "sent_at": sa.bindparam("new_sent_at"), "reason": sa.bindparam("new_reason"), "worker": None,
        "leased_until": None,
    }  # fmt: skip
    rows = [
        {"of": decision, "new_outcome": change.outcome, "new_reason": change.reason, "new_sent_at": change.sent_at}
        for decision, change in changes.items()
    ]
    connection.execute(sa.update(told).where(told.c.decision == sa.bindparam("of")).values(outcome), rows)
    connection.execute(sa.update(held).where(held.c.decision == sa.bindparam("of")).values(place), rows)

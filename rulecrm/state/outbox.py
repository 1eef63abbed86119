"""The outbox: messages that wait, who has claimed them, and what became of each.

In: a ledger's transactions; claims, marks, outcomes. Out: rows, each of which one worker holds.
Invariant: before a message is handed to a channel it is `sending`, and is so on disk; what is `sending` is never
claimed again, and a message that a worker did not hold any more is not marked.

Several workers may use one outbox. In PostgreSQL a claim passes over rows that somebody else is claiming (`SKIP
LOCKED`); in SQLite each claim is a writing transaction, and there is only one of those at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from attrs import evolve, field, frozen

from rulecrm.state.bulk import Watch, among
from rulecrm.state.connecting import Transaction, locked
from rulecrm.state.marking import lose, mark
from rulecrm.state.recording import record
from rulecrm.state.tables import attempts, decisions, outbox
from rulecrm.state.waiting import FREE, LOST, UNDER_WAY, WAITING, Claimed, Mark, Outcome, Waiting, Way, Ways

__all__ = ["Outbox"]


@frozen(eq=False)
class Outbox:
    """The outbox of a ledger; every method is a transaction of its own.

    Attributes:
        transaction: opens one.
        watch: called with the name of each write just before it is made, and after it was kept.
    """

    transaction: Transaction = field(repr=False)
    watch: Watch = field(repr=False)

    # --- claiming -------------------------------------------------------------------------------------------------

    def claim(self, worker: str, now: int, *, ways: Ways, limit: int, lease: int, alone: bool = False) -> list[Claimed]:
        """Claim messages that are due; those that have waited longest first.

        Args:
            worker: who claims them.
            now: the instant, microseconds.
            ways: which.
            limit: at most so many.
            lease: for how long, microseconds.
            alone: whether a customer may have one message under way at a time, as caps want it.
        """
        columns = outbox.c
        query = _due(now, ways, limit)
        with self.transaction(write=True) as connection:
            if alone:
                _one_at_a_time(connection)
                busy = sa.alias(outbox, "busy")
                other = sa.select(sa.literal(1)).select_from(busy)
                other = other.where(busy.c.customer == columns.customer, busy.c.state.in_(UNDER_WAY))
                query = query.where(~sa.exists(other.correlate(outbox)))
            rows = connection.execute(locked(connection, query, of=outbox, wait=False)).all()
            if alone:
                rows = list({row.customer: row for row in reversed(rows)}.values())[::-1]
            if not rows:
                return []
            self.watch("claim")
            connection.execute(
                sa.update(outbox)
                .where(among(connection, columns.decision, [row.decision for row in rows]))
                .values(state="claimed", worker=worker, leased_until=now + lease)
            )
        self.watch("claimed")
        return [_claimed(row) for row in rows]

    def peek(self, now: int, *, ways: Ways, limit: int) -> list[Claimed]:
        """What a claim would claim; nothing is."""
        with self.transaction(write=False) as connection:
            return [_claimed(row) for row in connection.execute(_due(now, ways, limit))]

    def release(self, now: int) -> tuple[int, int]:
        """Take over what other workers have left behind: claims that ran out, and messages whose answer never came.

        Args:
            now: the instant, microseconds.

        Returns:
            How many wait again, and how many are `unknown` now.
        """
        columns = outbox.c
        ran_out = columns.leased_until <= now
        with self.transaction(write=True) as connection:
            self.watch("release")
            claimed = sa.and_(columns.state.in_(UNDER_WAY), columns.state == "claimed", ran_out)
            again = self._free(connection, claimed)
            query = sa.select(columns.decision, columns.erased)
            query = query.where(columns.state.in_(UNDER_WAY), columns.state == "sending", ran_out)
            lost = connection.execute(locked(connection, query, wait=False)).all()
            if lost:
                lose(connection, [row.decision for row in lost], [row.decision for row in lost if row.erased])
        return again, len(lost)

    def give_back(self, worker: str) -> int:
        """Let whatever a worker has claimed and not handed over wait again; how many there were."""
        columns = outbox.c
        claimed = sa.and_(columns.state.in_(UNDER_WAY), columns.state == "claimed", columns.worker == worker)
        with self.transaction(write=True) as connection:
            return self._free(connection, claimed)

    def _free(self, connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
        """Let claims wait again; those that somebody else is writing at this moment are passed over."""
        if connection.dialect.name == "postgresql":
            query = sa.select(outbox.c.decision).where(which).order_by(outbox.c.decision)
            found = list(connection.execute(locked(connection, query, wait=False)).scalars())
            which = among(connection, outbox.c.decision, found)
        return connection.execute(sa.update(outbox).where(which).values(FREE)).rowcount

    def expire(self, due: int, reason: str) -> int:
        """End messages that wait although they were due at an instant or before; how many there were."""
        columns = outbox.c
        query = sa.select(columns.decision).where(columns.state == WAITING, columns.due <= due)
        with self.transaction(write=True) as connection:
            old = list(connection.execute(locked(connection, query, wait=False)).scalars())
            if old:
                self.watch("expire")
                _end(connection, old, "expired", reason)
        return len(old)

    # --- handing over ---------------------------------------------------------------------------------------------

    def turn(
        self,
        worker: str,
        outcomes: Sequence[Outcome],
        marks: Sequence[Mark],
        *,
        route: str,
        now: int,
        lease: int,
        remembers: int = 0,
    ) -> frozenset[str]:
        """Write what became of messages, and mark those that are handed over next, in one transaction.

        A message whose customer has told something since the gate was asked is not marked: it waits, so that the gate
        is asked again. Nor is one that was lost before and that its provider would not know again.

        Args:
            worker: who holds them.
            outcomes: of messages that the worker had claimed or handed over.
            marks: messages that the worker has claimed.
            route: through which they go.
            now: the instant, microseconds.
            lease: how long an answer may take, microseconds.
            remembers: for how long the provider knows a message by its key, microseconds.

        Returns:
            The decisions that were marked: only these may be handed over.
        """
        with self.transaction(write=True) as connection:
            if outcomes:
                self.watch("record")
                record(connection, worker, outcomes)
            marked = frozenset[str]()
            if marks:
                self.watch("mark")
                marked = mark(connection, worker, marks, route=route, now=now, until=now + lease, remembers=remembers)
        if outcomes:
            self.watch("recorded")
        if marks:
            self.watch("marked")
        return marked

    # --- looking --------------------------------------------------------------------------------------------------

    def waiting(self) -> list[Waiting]:
        """What waits, by reason."""
        columns = outbox.c
        query = sa.select(sa.func.count(), sa.func.min(columns.not_before), columns.reason)
        query = query.where(columns.state == WAITING).group_by(columns.reason).order_by(columns.reason)
        with self.transaction(write=False) as connection:
            return [Waiting(*row) for row in connection.execute(query)]

    def due(self, now: int) -> int:
        """How many messages are due."""
        columns = outbox.c
        query = sa.select(sa.func.count()).where(columns.state == WAITING, columns.not_before <= now)
        with self.transaction(write=False) as connection:
            return connection.execute(query).scalar_one()

    def lost(self, route: str, limit: int) -> list[tuple[Claimed, str, int, str | None]]:
        """Messages whose answer was lost on a route: each with its key, when it was handed over, the provider's id."""
        columns, tried = outbox.c, attempts.c
        query = (
            sa.select(*_OUTBOX, *_DECISION, columns.key, tried.begun, columns.provider_id)
            .join_from(outbox, decisions, columns.decision == decisions.c.decision)
            .join(attempts, sa.and_(tried.decision == columns.decision, tried.number == columns.attempts))
            .where(columns.state.in_(LOST), columns.state == "unknown", columns.route == route, columns.erased == 0)
            .order_by(tried.begun)
            .limit(limit)
        )
        with self.transaction(write=False) as connection:
            rows = connection.execute(query).all()
        # As they were when they were claimed: what is told of them now is told of that attempt.
        return [(evolve(_claimed(row), attempts=row.attempts - 1), row.key, row.begun, row.provider_id) for row in rows]

    def hold(self, lost: Collection[str], reason: str) -> None:
        """Messages whose answer was lost wait for a person; their outcome stays `unknown`."""
        columns = outbox.c
        with self.transaction(write=True) as connection:
            unknown = sa.and_(among(connection, columns.decision, lost), columns.state == "unknown")
            connection.execute(sa.update(outbox).where(unknown).values(state="held", reason=reason))
            told = sa.and_(among(connection, decisions.c.decision, lost), decisions.c.outcome == "unknown")
            connection.execute(sa.update(decisions).where(told).values(reason=reason))

    def resend(self, lost: Collection[str], now: int, reason: str) -> None:
        """Messages whose answer was lost go to the same provider again, with the same key."""
        columns = outbox.c
        with self.transaction(write=True) as connection:
            query = sa.select(columns.decision)
            query = query.where(among(connection, columns.decision, lost), columns.state == "unknown")
            again = list(connection.execute(query).scalars())
            connection.execute(
                sa.update(outbox)
                .where(among(connection, columns.decision, again))
                .values(state="waiting", not_before=now, tries=columns.tries + 1, reason=reason)
            )
            told = among(connection, decisions.c.decision, again)
            connection.execute(sa.update(decisions).where(told).values(outcome="queued", reason=reason))

    def doubtful(self) -> int:
        """How many messages there are whose answer was lost, or that are held for a person."""
        query = sa.select(sa.func.count()).where(outbox.c.state.in_(LOST))
        with self.transaction(write=False) as connection:
            return connection.execute(query).scalar_one()

    def counts(self) -> Mapping[str, int]:
        """How many messages are in each state."""
        query = sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)
        with self.transaction(write=False) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


_OUTBOX = [
    outbox.c[name]
    for name in (
        "decision", "customer", "due", "choice", "channel", "template", "via", "attempts", "tries", "refused", "reason",
    )
]  # fmt: skip
_DECISION = [
    decisions.c[name]
    for name in (
        "campaign", "journey", "step", "wave", "action", "at", "values", "messages", "text", "version", "rules",
    )
]  # fmt: skip


def _due(now: int, ways: Ways, limit: int) -> sa.Select[tuple[Any, ...]]:
    """Messages that wait no longer; those that have waited longest first."""
    columns = outbox.c
    query = sa.select(*_OUTBOX, *_DECISION).join_from(outbox, decisions, columns.decision == decisions.c.decision)
    query = query.where(columns.state == WAITING, columns.not_before <= now, ways.clause())
    return query.order_by(columns.not_before).limit(limit)


def _claimed(row: sa.Row[*tuple[Any, ...]]) -> Claimed:
    """A row that begins with `_OUTBOX` and `_DECISION`."""
    (
        decision, customer, due, choice, channel, template, via, attempts_, tries, refused, reason,
        campaign, journey, step, wave, action, at, values, messages, text, version, rules, *_,
    ) = row  # fmt: skip
    way = Way(choice, channel, template, via, values)
    return Claimed(
        decision, customer, due, way, attempts_, tries, refused, reason, campaign, journey, step, wave, action, at,
        messages, text, version, rules,
    )  # fmt: skip


def _one_at_a_time(connection: sa.Connection) -> None:
    """Two claims at one moment would not see each other's rows; SQLite has one writer anyhow."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock('rulecrm_outbox'::regclass::oid::bigint)")


def _end(connection: sa.Connection, ended: Sequence[str], outcome: str, reason: str) -> None:
    connection.execute(
        sa.update(outbox)
        .where(among(connection, outbox.c.decision, ended))
        .values(state="done", reason=reason, worker=None, leased_until=None)
    )
    told = among(connection, decisions.c.decision, ended)
    connection.execute(sa.update(decisions).where(told).values(outcome=outcome, reason=reason))

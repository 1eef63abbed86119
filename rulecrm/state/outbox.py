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

from rulecrm.model.sending import Answer, Answered
from rulecrm.state import bulk
from rulecrm.state.bulk import Watch, among
from rulecrm.state.connecting import Transaction, locked
from rulecrm.state.tables import attempts, decisions, outbox
from rulecrm.state.unwelcome import Heard, heard_of

__all__ = ["Claimed", "Mark", "Outbox", "Outcome", "Waiting", "Way", "Ways"]

Words = tuple[sa.ColumnElement[str], ...]

_WAITING: sa.ColumnElement[str] = sa.literal_column("'waiting'")
"""Written out, for an index over a part of the rows is not used where the part is named by a parameter."""

UNDER_WAY: Words = (sa.literal_column("'claimed'"), sa.literal_column("'sending'"))
LOST: Words = (sa.literal_column("'unknown'"), sa.literal_column("'held'"))
"""States written out, too."""


@frozen
class Way:
    """One of the messages of a decision: which it is, and by what."""

    choice: int
    channel: str
    template: str | None = None
    via: str | None = None
    values: str | None = None


@frozen
class Claimed:
    """A message that a worker has claimed.

    Attributes:
        way: which of its messages it is at.
        attempts: how often it was handed over before.
        tries: how many of those count against this way.
        refused: the outcome of its first way, where that could not be sent.
        entered: the journey's id.
    """

    decision: str
    customer: str
    due: int
    way: Way
    attempts: int
    tries: int
    refused: str | None
    reason: str | None
    campaign: str
    journey: str
    step: str
    wave: int | None
    action: str
    at: int
    messages: str | None
    text: str | None
    version: str
    rules: str

    @property
    def number(self) -> int:
        """The number of its next attempt."""
        return self.attempts + 1


@frozen
class Ways:
    """Which messages somebody can send: by channel, and by what was said after `via` (None where nothing was).

    Attributes:
        pairs: (channel, via).
        others: the messages that are *not* among the pairs are meant.
    """

    pairs: frozenset[tuple[str, str | None]]
    others: bool = False

    def clause(self) -> sa.ColumnElement[bool]:
        """As a condition on the outbox."""
        columns = outbox.c
        found: list[sa.ColumnElement[bool]] = []
        for channel in sorted({channel for channel, _ in self.pairs}):
            names = sorted(via for word, via in self.pairs if word == channel and via is not None)
            how: list[sa.ColumnElement[bool]] = [columns.via.in_(names)] if names else []
            if (channel, None) in self.pairs:
                how.append(columns.via.is_(None))
            found.append(sa.and_(columns.channel == channel, sa.or_(*how)))
        clause = sa.or_(*found) if found else sa.false()
        return sa.not_(clause) if self.others else clause


@frozen
class Mark:
    """A message that is about to be handed over.

    Attributes:
        number: of the attempt.
        customer: whom it goes to; None where it is for the staff.
        address: where it goes.
        heard: what the gate knew that the customer had told of the channel.
    """

    decision: str
    number: int
    choice: int
    channel: str
    key: str
    customer: str | None = None
    address: str = field(default="", repr=False)
    heard: Heard = frozenset()


@frozen
class Outcome:
    """What becomes of a claimed message.

    Attributes:
        claimed: the message.
        state: where it goes: `waiting`, `unknown`, `held` or `done`.
        way: which of its messages it is about from now on.
        outcome: what the decision is told; None where it stays `queued`.
        reason: why, in words.
        not_before: of `waiting`: until when, microseconds.
        tries: how many attempts count against the way.
        refused: the outcome of its first way, where that could not be sent.
        sent_at: when a provider took it, microseconds.
        answer: what the channel answered; None where it was not asked.
        answered: when, microseconds.
    """

    claimed: Claimed
    state: str
    way: Way
    outcome: str | None = None
    reason: str | None = None
    not_before: int = 0
    tries: int = 0
    refused: str | None = None
    sent_at: int | None = None
    answer: Answer | None = None
    answered: int | None = None


@frozen
class Waiting:
    """What waits: how many messages, until when the first of them does, and why."""

    count: int
    until: int | None
    reason: str | None


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
                _lose(connection, [row.decision for row in lost], [row.decision for row in lost if row.erased])
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
        return connection.execute(sa.update(outbox).where(which).values(_FREE)).rowcount

    def expire(self, due: int, reason: str) -> int:
        """End messages that wait although they were due at an instant or before; how many there were."""
        columns = outbox.c
        query = sa.select(columns.decision).where(columns.state == _WAITING, columns.due <= due)
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
                _record(connection, worker, outcomes)
            marked = frozenset[str]()
            if marks:
                self.watch("mark")
                marked = _mark(connection, worker, marks, route=route, now=now, until=now + lease, remembers=remembers)
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
        query = query.where(columns.state == _WAITING).group_by(columns.reason).order_by(columns.reason)
        with self.transaction(write=False) as connection:
            return [Waiting(*row) for row in connection.execute(query)]

    def due(self, now: int) -> int:
        """How many messages are due."""
        columns = outbox.c
        query = sa.select(sa.func.count()).where(columns.state == _WAITING, columns.not_before <= now)
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


_FREE = {"state": "waiting", "worker": None, "leased_until": None}
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
    query = query.where(columns.state == _WAITING, columns.not_before <= now, ways.clause())
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


def _mark(
    connection: sa.Connection, worker: str, marks: Sequence[Mark], *, route: str, now: int, until: int, remembers: int
) -> frozenset[str]:
    columns = outbox.c
    mine = sa.and_(columns.state == "claimed", columns.worker == worker)
    query = sa.select(columns.decision, columns.attempts)
    query = query.where(among(connection, columns.decision, [one.decision for one in marks]), mine)
    there = {row.decision: row.attempts for row in connection.execute(_held(connection, query))}
    held = [one for one in marks if there.get(one.decision) == one.number - 1]
    told = _told_since(connection, held)
    forgotten = _forgotten(connection, held, route=route, since=now - remembers)
    if told:
        again = among(connection, columns.decision, told - forgotten)
        connection.execute(sa.update(outbox).where(again).values(_FREE))
    if forgotten:
        _lose(connection, sorted(forgotten), ())
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


def _held(connection: sa.Connection, query: sa.Select[Any]) -> sa.Select[Any]:
    """The rows, locked: always those of the outbox first and in one order, so that no two wait for each other."""
    return locked(connection, query.order_by(outbox.c.decision), of=outbox)


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


_TAKEN = (Answered.ACCEPTED, Answered.DELIVERED)


def _record(connection: sa.Connection, worker: str, outcomes: Sequence[Outcome]) -> None:
    """Answers are kept whoever holds the message by now; its outcome is settled by whoever handed it over last.

    That a provider has taken a message is true whenever it is heard, of whichever attempt: it is not handed over again.
    """
    outcomes = sorted(outcomes, key=lambda one: one.claimed.decision)
    if connection.dialect.name == "postgresql":
        decided = among(connection, outbox.c.decision, [one.claimed.decision for one in outcomes])
        connection.execute(_held(connection, sa.select(outbox.c.decision).where(decided))).all()
    asked = [one for one in outcomes if one.answer is None]
    taken = [one for one in outcomes if one.answer is not None and one.answer.outcome in _TAKEN]
    others = [one for one in outcomes if one.answer is not None and one.answer.outcome not in _TAKEN]
    for rows, first in ((taken, ""), (others, " AND (outcome IS NULL OR outcome = 'unknown')")):
        bulk.many(
            connection,
            f"""UPDATE rulecrm_attempts SET answered = ?, outcome = ?, provider_id = ?, code = ?, detail = ?, units = ?,
            price = ?, currency = ? WHERE decision = ? AND number = ?{first}""",  # noqa: S608
            [_answer(one) for one in rows],
        )
    for rows, whose, still in (
        (asked, worker, "attempts = ? AND state = 'claimed' AND worker = ?"),
        (others, None, "attempts = ? AND state IN ('sending', 'unknown', 'held') AND CAST(? AS TEXT) IS NULL"),
        (taken, None, "attempts >= ? AND state <> 'done' AND CAST(? AS TEXT) IS NULL"),
    ):
        # The decision first: whether it is still this worker's to settle is said by the outbox as it was.
        bulk.many(
            connection,
            f"""UPDATE rulecrm_decisions SET outcome = ?, reason = ?, choice = ?, channel = ?, template = ?, via = ?,
            "values" = ? WHERE decision = ? AND outcome IN ('queued', 'unknown') AND EXISTS
            (SELECT 1 FROM rulecrm_outbox WHERE decision = ? AND {still})""",  # noqa: S608
            [(*_told(one), *_of(one), whose) for one in rows],
        )
        bulk.many(
            connection,
            f"""UPDATE rulecrm_outbox SET state = ?, choice = ?, channel = ?, template = ?, via = ?, not_before = ?,
            tries = ?, reason = ?, refused = ?, sent_at = ?, provider_id = ?, worker = NULL, leased_until = NULL
            WHERE decision = ? AND {still}""",  # noqa: S608
            [(*_moved(one), *_of(one), whose) for one in rows],
        )


def _answer(one: Outcome) -> tuple[object, ...]:
    answer = one.answer
    assert answer is not None
    price = (None, None) if answer.price is None else (str(answer.price.amount), answer.price.currency)
    told = (one.answered, answer.outcome.value, answer.provider_id, answer.code, answer.detail, answer.units)
    return (*told, *price, one.claimed.decision, one.claimed.number)


def _told(one: Outcome) -> tuple[object, ...]:
    way, send = one.way, one.claimed.action == "send"
    told = (one.outcome or "queued", one.reason, way.choice if send else None)
    return (*told, way.channel, way.template, way.via, way.values, one.claimed.decision)


def _moved(one: Outcome) -> tuple[object, ...]:
    way, not_before = one.way, one.not_before or one.claimed.due
    provider_id = None if one.answer is None else one.answer.provider_id
    told = (one.tries, one.reason, one.refused, one.sent_at, provider_id)
    return (one.state, way.choice, way.channel, way.template, way.via, not_before, *told)


def _of(one: Outcome) -> tuple[object, ...]:
    """Which message it is, and after how many attempts."""
    return (one.claimed.decision, one.claimed.attempts if one.answer is None else one.claimed.number)


def _lose(connection: sa.Connection, lost: Sequence[str], erased: Sequence[str]) -> None:
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


def _end(connection: sa.Connection, ended: Sequence[str], outcome: str, reason: str) -> None:
    connection.execute(
        sa.update(outbox)
        .where(among(connection, outbox.c.decision, ended))
        .values(state="done", reason=reason, worker=None, leased_until=None)
    )
    told = among(connection, decisions.c.decision, ended)
    connection.execute(sa.update(decisions).where(told).values(outcome=outcome, reason=reason))

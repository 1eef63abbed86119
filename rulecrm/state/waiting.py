"""Messages of the outbox as workers hold them: claimed, marked, and what became of each.

In: nothing. Out: the values that `outbox.Outbox` gives and takes.
Invariant: none of them changes; what is in the outbox is what counts.
"""

from __future__ import annotations

import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.model.sending import Answer
from rulecrm.state.tables import outbox
from rulecrm.state.unwelcome import Heard

__all__ = ["FREE", "LOST", "UNDER_WAY", "WAITING", "Claimed", "Mark", "Outcome", "Waiting", "Way", "Ways"]

Words = tuple[sa.ColumnElement[str], ...]

WAITING: sa.ColumnElement[str] = sa.literal_column("'waiting'")
"""Written out, for an index over a part of the rows is not used where the part is named by a parameter."""

UNDER_WAY: Words = (sa.literal_column("'claimed'"), sa.literal_column("'sending'"))
LOST: Words = (sa.literal_column("'unknown'"), sa.literal_column("'held'"))
"""States written out, too."""

FREE = {"state": "waiting", "worker": None, "leased_until": None}
"""What a claim that is given up leaves."""


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
        reason: why it waited last, in words.
        at: when it was decided, microseconds.
        messages: all messages of its decision, as JSON; None where there is no other.
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

"""Dead letters: messages that were not sent, or may have been; what a person can do about them.

In: decisions. Out: `Letter`s; rows that wait again, or are settled.
Invariant: a person says what becomes of a message whose answer was lost; nothing else sends it a second time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.diagnostics.model import RulesError
from rulecrm.model.instants import from_microseconds
from rulecrm.state.bulk import among
from rulecrm.state.connecting import Transaction, locked
from rulecrm.state.refusals import refusal
from rulecrm.state.tables import attempts, decisions, outbox

__all__ = ["Letter", "Letters", "Tried"]


@frozen
class Tried:
    """One time that a message was handed to a channel; `answered` and what follows are missing where no answer came."""

    number: int
    channel: str
    route: str
    worker: str
    begun: dt.datetime
    answered: dt.datetime | None
    outcome: str | None
    code: str | None
    detail: str | None


@frozen
class Letter:
    """A message that was not sent, or of which nobody knows.

    Attributes:
        decision: its id.
        outcome: `unknown` or `failed`.
        state: `unknown` while its provider may still be asked, `held` for a person, `done`.
        reason: why, in words.
        tried: every time that it was handed over, the first one first.
    """

    decision: str
    customer: str = field(repr=False)
    campaign: str
    step: str
    channel: str
    template: str | None
    route: str | None
    due: dt.datetime
    outcome: str
    state: str
    reason: str | None
    tried: tuple[Tried, ...] = ()


@frozen(eq=False)
class Letters:
    """The dead letters of a ledger; every method is a transaction of its own."""

    transaction: Transaction = field(repr=False)

    def all(self, decision: str | None = None) -> list[Letter]:
        """Dead letters, the oldest first; or whatever is known of one message, dead or not."""
        columns, told = outbox.c, decisions.c
        names = ("decision", "customer", "channel", "template", "route", "due", "state")
        query = sa.select(
            *(columns[name] for name in names), told.campaign, told.step, told.outcome,
            sa.func.coalesce(told.reason, columns.reason).label("reason"),
        ).join_from(outbox, decisions, columns.decision == told.decision)  # fmt: skip
        query = query.where(_DEAD) if decision is None else query.where(columns.decision == decision)
        with self.transaction(write=False) as connection:
            rows = connection.execute(query.order_by(columns.due, columns.decision)).mappings().all()
            tried = self._tried(connection, [row["decision"] for row in rows])
        return [
            Letter(**{**row, "due": from_microseconds(row["due"])}, tried=tuple(tried.get(row["decision"], ())))
            for row in rows
        ]

    def retry(self, chosen: Collection[str], now: int) -> int:
        """Let dead letters wait to be sent again; how many.

        Raises:
            RulesError: R486, one of them is no dead letter; nothing was changed.
        """
        with self.transaction(write=True) as connection:
            _check(connection, chosen)
            connection.execute(
                sa.update(outbox)
                .where(among(connection, outbox.c.decision, chosen))
                .values(state="waiting", not_before=now, due=now, tries=0, reason=None, worker=None, leased_until=None)
            )
            told = among(connection, decisions.c.decision, chosen)
            connection.execute(sa.update(decisions).where(told).values(outcome="queued", reason="sent again by hand"))
        return len(set(chosen))

    def resolve(self, chosen: Collection[str], outcome: str, now: int) -> int:
        """Say what became of dead letters: `sent` or `failed`; how many.

        Raises:
            RulesError: R486, one of them is no dead letter; nothing was changed.
            ValueError: another outcome.
        """
        if outcome not in ("sent", "failed"):
            raise ValueError("a person says that a message was `sent`, or that it `failed`")
        with self.transaction(write=True) as connection:
            _check(connection, chosen)
            values: dict[str, object] = {"state": "done", "worker": None, "leased_until": None}
            if outcome == "sent":
                values["sent_at"] = sa.func.coalesce(outbox.c.sent_at, now)
            connection.execute(sa.update(outbox).where(among(connection, outbox.c.decision, chosen)).values(values))
            told = among(connection, decisions.c.decision, chosen)
            connection.execute(sa.update(decisions).where(told).values(outcome=outcome, reason="said by hand"))
        return len(set(chosen))

    def _tried(self, connection: sa.Connection, chosen: Sequence[str]) -> dict[str, list[Tried]]:
        columns = attempts.c
        names = ("number", "channel", "route", "worker", "begun", "answered", "outcome", "code", "detail")
        query = sa.select(columns.decision, *(columns[name] for name in names))
        found: dict[str, list[Tried]] = {}
        rows = connection.execute(query.where(among(connection, columns.decision, chosen)).order_by(columns.number))
        for row in rows.mappings():
            one = {**row, "begun": from_microseconds(row["begun"])}
            one["answered"] = None if row["answered"] is None else from_microseconds(row["answered"])
            found.setdefault(one.pop("decision"), []).append(Tried(**one))
        return found


_DEAD = sa.and_(
    outbox.c.erased == 0,
    sa.or_(
        outbox.c.state.in_((sa.literal_column("'unknown'"), sa.literal_column("'held'"))),
        sa.and_(outbox.c.state == "done", decisions.c.outcome.in_(("failed", "unknown"))),
    ),
)


def _check(connection: sa.Connection, chosen: Collection[str]) -> None:
    query = sa.select(outbox.c.decision).join_from(outbox, decisions, outbox.c.decision == decisions.c.decision)
    query = locked(connection, query.order_by(outbox.c.decision), of=outbox)  # nobody makes anything else of them now
    dead = set(connection.execute(query.where(among(connection, outbox.c.decision, chosen), _DEAD)).scalars())
    other = sorted(set(chosen) - dead)
    if other:
        raise _no_letter(other[0])


def _no_letter(decision: str) -> RulesError:
    fix = "`rulecrm letters list` shows those there are"
    return refusal("R486", f"`{decision}` is no message that was lost, held or has failed", fix=fix)

"""Recording what became of messages: answers, outcomes, and where each goes from there.

In: a connection in a writing transaction; outcomes. Out: rows of attempts, decisions and the outbox.
Invariant: answers are kept whoever holds the message by now, and a message that a provider has taken is not handed over
again.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from rulecrm.model.sending import Answered
from rulecrm.state import bulk
from rulecrm.state.bulk import among
from rulecrm.state.marking import in_order
from rulecrm.state.tables import outbox
from rulecrm.state.waiting import Outcome

__all__ = ["record"]

_TAKEN = (Answered.ACCEPTED, Answered.DELIVERED)


def record(connection: sa.Connection, worker: str, outcomes: Sequence[Outcome]) -> None:
    """Answers are kept whoever holds the message by now; its outcome is settled by whoever handed it over last.

    That a provider has taken a message is true whenever it is heard, of whichever attempt: it is not handed over again.
    """
    outcomes = sorted(outcomes, key=lambda one: one.claimed.decision)
    if connection.dialect.name == "postgresql":
        decided = among(connection, outbox.c.decision, [one.claimed.decision for one in outcomes])
        connection.execute(in_order(connection, sa.select(outbox.c.decision).where(decided))).all()
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
        (asked, (worker,), "attempts = ? AND state = 'claimed' AND worker = ?"),
        (others, (), "attempts = ? AND state IN ('sending', 'unknown', 'held')"),
        (taken, (), "attempts >= ? AND state <> 'done'"),
    ):
        # The decision first: whether it is still this worker's to settle is said by the outbox as it was.
        bulk.many(
            connection,
            f"""UPDATE rulecrm_decisions SET outcome = ?, reason = ?, choice = ?, channel = ?, template = ?, via = ?,
            "values" = ? WHERE decision = ? AND outcome IN ('queued', 'unknown') AND EXISTS
            (SELECT 1 FROM rulecrm_outbox WHERE decision = ? AND {still})""",  # noqa: S608
            [(*_told(one), *_of(one), *whose) for one in rows],
        )
        bulk.many(
            connection,
            f"""UPDATE rulecrm_outbox SET state = ?, choice = ?, channel = ?, template = ?, via = ?, not_before = ?,
            tries = ?, reason = ?, refused = ?, sent_at = ?, provider_id = ?, worker = NULL, leased_until = NULL
            WHERE decision = ? AND {still}""",  # noqa: S608
            [(*_moved(one), *_of(one), *whose) for one in rows],
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

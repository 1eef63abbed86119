"""The outbox, where workers are slow, suspended, or of another opinion about the time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from attrs import evolve

from rulecrm.model.sending import Answer, Answered, key_of
from rulecrm.state import Claimed, Ledger, Mark, Outcome, Ways, tables
from tests.state.outbox import outcomes, send_to
from tests.state.rows import DAY, T0

NOW = T0 + 2 * DAY
MINUTE = 60_000_000
SMS = Ways(frozenset({("sms", None)}))


def claim(ledger: Ledger, worker: str, now: int = NOW) -> list[Claimed]:
    return ledger.outbox.claim(worker, now, ways=SMS, limit=10, lease=5 * MINUTE)


def mark(ledger: Ledger, worker: str, claimed: Sequence[Claimed], now: int = NOW, route: str = "sms") -> frozenset[str]:
    marks = [Mark(one.decision, one.number, 0, "sms", key_of(one.decision, 0), one.customer) for one in claimed]
    return ledger.outbox.turn(worker, [], marks, route=route, now=now, lease=MINUTE, remembers=60 * MINUTE)


def tell(ledger: Ledger, worker: str, one: Claimed, answered: Answered, now: int = NOW) -> None:
    taken = answered is Answered.ACCEPTED
    outcome = Outcome(
        one, "done" if taken else "waiting", one.way, "sent" if taken else None, None, not_before=now,
        sent_at=now if taken else None, answer=Answer(answered), answered=now,
    )  # fmt: skip
    ledger.outbox.turn(worker, [outcome], [], route="sms", now=now, lease=MINUTE)


def state(ledger: Ledger) -> str:
    (found,) = ledger.outbox.counts()
    return found


@pytest.fixture
def decision(ledger: Ledger) -> str:
    (found,) = send_to(ledger, "alice")
    return found


@pytest.mark.parametrize("by", ["person", "provider"])
@pytest.mark.parametrize("claimed_again", [False, True])
def test_an_answer_that_comes_late_keeps_a_message_from_being_sent_again(
    ledger: Ledger, decision: str, by: str, claimed_again: bool
) -> None:
    (one,) = claim(ledger, "slow")
    assert mark(ledger, "slow", [one]) == {decision}
    assert ledger.outbox.release(NOW + 2 * MINUTE) == (0, 1)  # suspended
    if by == "person":
        assert ledger.letters.retry([decision], NOW + 2 * MINUTE) == 1
    else:
        ledger.outbox.resend([decision], NOW + 2 * MINUTE, "lost")
    second = claim(ledger, "second", NOW + 3 * MINUTE) if claimed_again else []
    tell(ledger, "slow", one, Answered.ACCEPTED, NOW + 4 * MINUTE)
    assert outcomes(ledger) == {"alice": ("sent", None)}
    assert state(ledger) == "done"
    assert mark(ledger, "second", second, NOW + 4 * MINUTE) == frozenset()
    assert claim(ledger, "third", NOW + DAY) == []


def test_an_answer_that_comes_late_settles_what_was_held_for_a_person(ledger: Ledger, decision: str) -> None:
    (one,) = claim(ledger, "slow")
    mark(ledger, "slow", [one])
    ledger.outbox.release(NOW + 2 * MINUTE)
    ledger.outbox.hold([decision], "a person has to look")
    tell(ledger, "slow", one, Answered.ACCEPTED, NOW + 3 * MINUTE)
    assert state(ledger) == "done"
    assert ledger.letters.all() == []


def test_that_a_message_was_not_taken_is_late_where_it_was_handed_over_again(ledger: Ledger, decision: str) -> None:
    (one,) = claim(ledger, "slow")
    mark(ledger, "slow", [one])
    ledger.outbox.release(NOW + 2 * MINUTE)
    ledger.outbox.resend([decision], NOW + 2 * MINUTE, "lost")
    (again,) = claim(ledger, "second", NOW + 2 * MINUTE)
    assert mark(ledger, "second", [again], NOW + 2 * MINUTE) == {decision}
    tell(ledger, "slow", one, Answered.RETRY, NOW + 2 * MINUTE)
    assert state(ledger) == "sending"
    tell(ledger, "second", again, Answered.ACCEPTED, NOW + 2 * MINUTE)
    assert outcomes(ledger)["alice"][0] == "sent"


def test_a_claim_of_long_ago_marks_nothing_even_under_the_same_name(ledger: Ledger, decision: str) -> None:
    (old,) = claim(ledger, "w")
    ledger.outbox.release(NOW + 6 * MINUTE)
    (new,) = claim(ledger, "w", NOW + 6 * MINUTE)
    assert mark(ledger, "w", [new], NOW + 6 * MINUTE) == {decision}
    tell(ledger, "w", new, Answered.RETRY, NOW + 6 * MINUTE)
    (newest,) = claim(ledger, "w", NOW + 6 * MINUTE)
    assert newest.number == 2
    assert mark(ledger, "w", [old], NOW + 6 * MINUTE) == frozenset()
    assert mark(ledger, "w", [newest], NOW + 6 * MINUTE) == {decision}


@pytest.mark.parametrize(("after", "route", "goes"), [(1, "sms", True), (61, "sms", False), (1, "other", False)])
def test_a_lost_message_goes_again_only_to_who_remembers_it(
    ledger: Ledger, decision: str, after: int, route: str, goes: bool
) -> None:
    (one,) = claim(ledger, "w")
    mark(ledger, "w", [one])
    ledger.outbox.release(NOW + MINUTE)
    ledger.outbox.resend([decision], NOW, "lost")
    (again,) = claim(ledger, "w", NOW + after * MINUTE)
    assert mark(ledger, "w", [again], NOW + after * MINUTE, route) == ({decision} if goes else frozenset())
    assert state(ledger) == ("sending" if goes else "unknown")
    assert outcomes(ledger)["alice"][0] == ("queued" if goes else "unknown")


def test_what_was_said_between_two_attempts_of_a_sure_answer_is_no_doubt(ledger: Ledger, decision: str) -> None:
    (one,) = claim(ledger, "w")
    mark(ledger, "w", [one])
    tell(ledger, "w", evolve(one, tries=0), Answered.RETRY)
    (again,) = claim(ledger, "w", NOW + DAY)
    assert mark(ledger, "w", [again], NOW + DAY) == {decision}


def test_who_is_erased_leaves_nothing_that_waits_for_a_person(ledger: Ledger, decision: str) -> None:
    (one,) = claim(ledger, "w")
    mark(ledger, "w", [one])
    ledger.outbox.release(NOW + 2 * MINUTE)
    assert state(ledger) == "unknown"
    ledger.erase("alice")
    assert state(ledger) == "done"
    with ledger._transaction(write=False) as connection:
        assert connection.execute(sa.select(tables.outbox.c.erased)).scalars().all() == [1]

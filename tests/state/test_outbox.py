"""The outbox, where workers are slow, suspended, or of another opinion about the time."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from random import Random

import pytest
import sqlalchemy as sa
from attrs import evolve

from rulecrm.model.sending import Answer, Answered, key_of
from rulecrm.state import Claimed, Ledger, Mark, Outcome, Ways, tables
from tests.state.outbox import outcomes, send_to
from tests.state.rows import DAY, RULES, SETTINGS, T0

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


def test_a_server_on_this_machine_is_not_ahead_of_it(ledger: Ledger) -> None:
    assert abs(ledger.ahead()) < dt.timedelta(seconds=1)


RATE = ((10, 1.0),)
PATIENCE = 60_000_000


def sends(ledger: Ledger, *, rounds: int, sleeps: Mapping[int, int]) -> list[int]:
    """Workers reserve one after the other, as many as they like; when each message goes."""
    went: list[int] = []
    time, random = NOW, Random(5)
    for number in range(rounds):
        granted = ledger.buckets.reserve("sms", RATE, random.randrange(1, 8), time, PATIENCE)
        went += [granted.start + int(granted.gap * each) for each in range(granted.count)]
        time += sleeps.get(number, random.randrange(0, 900_000))
    return sorted(went)


def most_in(went: Sequence[int], window: int) -> int:
    """The most messages in any stretch of so long, its end left out."""
    return max(bisect_left(went, start + window) - number for number, start in enumerate(went))


@pytest.mark.parametrize("sleeps", [{}, {20: 3_600_000_000, 50: 86_400_000_000}])
def test_workers_keep_one_rate_over_any_stretch_and_save_up_nothing(ledger: Ledger, sleeps: Mapping[int, int]) -> None:
    went = sends(ledger, rounds=80, sleeps=sleeps)
    assert len(went) > 150
    # Instants are whole microseconds, so that a stretch may hold one more than its share at either end.
    for seconds in (1, 2, 7):
        assert most_in(went, seconds * 1_000_000) <= 10 * seconds + 1
    assert most_in(went, 90_000) <= 1


def test_an_engine_that_advances_keeps_no_worker_from_opening(ledger: Ledger, url: str) -> None:
    with ledger.advance(NOW, expected_clock=ledger.clock()) as book:
        with Ledger.open(url, wait=0.2) as other:
            assert other.claim(SETTINGS).seed == SETTINGS.seed
        book.finish(RULES)

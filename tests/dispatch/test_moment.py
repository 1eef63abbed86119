"""What happens between the gate and the provider: nobody gets what they have refused meanwhile, nor anything twice."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence

import polars as pl
import pytest

import rulecrm
from rulecrm.model.sending import Answer, Answered, Message, Rate, Receipt, Received
from rulecrm.testing.clocks import FakeClock
from tests.dispatch.world import ACCEPTED, HOUR, NOON, SMS, Channel, Clock, customers, engine, outcomes, states

SECOND = dt.timedelta(seconds=1)
SLOW = (Rate(1, 1.0),)
"""One message a second: a claim of twenty waits for its turn."""


class Meanwhile(Channel):
    """Somebody does something while a message is being sent."""

    def __init__(self, after: int, what: Callable[[rulecrm.Engine], object], **traits: object) -> None:
        super().__init__("sms", **traits)
        self.after, self.what = after, what
        self.made: rulecrm.Engine | None = None

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        answers = await super().send(batch)
        if self.made is not None and len(self.got) >= self.after:
            made, self.made = self.made, None
            await asyncio.to_thread(self.what, made)
        return answers


def told(what: Received, customer: str = "c8", **other: str) -> Callable[[rulecrm.Engine], object]:
    """A receipt about a customer whom the application knows."""
    receipt = Receipt("r", what, NOON, address="+49", **other)
    return lambda made: made._ledger.receipts.write([receipt], route="x", channel="sms", customers=lambda _: [customer])


def stop_by_phone(made: rulecrm.Engine) -> None:
    """A receipt of which nothing but the number is known."""
    receipt = Receipt("r", Received.UNSUBSCRIBED, NOON, address="0049 12 00000008")
    made._ledger.receipts.write([receipt], route="sms", channel="sms")


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        (told(Received.UNSUBSCRIBED), "no consent"),
        (told(Received.COMPLAINED), "suppressed"),
        (told(Received.BOUNCED, reason="hard"), "suppressed"),
        (stop_by_phone, "no consent"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", [False, True])
def test_what_is_told_after_the_gate_was_asked_counts(
    what: Callable[[rulecrm.Engine], object], outcome: str, file: bool, tmp_path: object
) -> None:
    channel = Meanwhile(2, what, rates=SLOW)
    state = f"sqlite:///{tmp_path}/crm.db" if file else "sqlite://"
    with engine(SMS, {"sms": channel}, people=customers(10), state=state) as made:
        channel.made = made
        done = made.dispatch(clock=Clock())
        assert done.outcomes == {"sent": 9, outcome: 1}
        assert outcomes(made) == {f"c{number}": "sent" if number != 8 else outcome for number in range(10)}
        assert states(made) == {"done": 10}
    assert "c8" not in channel.whom
    assert len(channel.got) == 9


def test_a_soft_bounce_forbids_nothing() -> None:
    channel = Meanwhile(2, told(Received.BOUNCED, reason="soft"), rates=SLOW)
    with engine(SMS, {"sms": channel}, people=customers(10)) as made:
        channel.made = made
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 10}


def test_who_is_erased_after_the_gate_was_asked_gets_nothing() -> None:
    channel = Meanwhile(2, lambda made: made.erase("c8"), rates=SLOW)
    with engine(SMS, {"sms": channel}, people=customers(10)) as made:
        channel.made = made
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 9}
        assert states(made) == {"done": 10}
    assert "c8" not in channel.whom


def test_what_another_purpose_may_be_sent_still_is() -> None:
    rules = SMS.replace('sms "Hello"', 'sms as service "Hello"')
    channel = Meanwhile(2, told(Received.UNSUBSCRIBED), rates=SLOW)
    with engine(rules, {"sms": channel}, people=customers(10)) as made:
        channel.made = made
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 10}
    assert sorted(channel.whom) == [f"c{number}" for number in range(10)]


def test_quiet_hours_that_begin_while_a_rate_is_waited_for_are_kept() -> None:
    rules = SMS + "policy { quiet 22:00 .. 08:00 }\n"
    clock = Clock(NOON + 10 * HOUR - 10 * SECOND)
    channel = Channel("sms", clock=clock, rates=SLOW)
    with engine(rules, {"sms": channel}, people=customers(20), to=NOON + 9 * HOUR) as made:
        done = made.dispatch(clock=clock)
        assert done.waiting == 20 - len(channel.got)
    assert 5 <= len(channel.got) <= 16
    assert max(channel.times) <= NOON + 10 * HOUR + 5 * SECOND


class Hanging(Meanwhile):
    """One call takes half a minute; calls behind it wait for a place."""

    def __init__(self, clock: FakeClock, what: Callable[[rulecrm.Engine], object]) -> None:
        super().__init__(40, what, clock=clock, concurrency=1)

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        answers = await super().send(batch)
        if len(self.got) == 40:
            assert self.clock is not None
            await self.clock.sleep(30)
        return answers


def test_what_waits_behind_a_call_that_hangs_is_not_sent_on_old_permission() -> None:
    clock = Clock()
    whom = {f"c{number}" for number in range(400)}
    left: set[str] = set()

    def all_others_leave(made: rulecrm.Engine) -> None:
        left.update(whom - set(channel.whom))
        receipts = [Receipt(one, Received.UNSUBSCRIBED, NOON, address=one) for one in sorted(left)]
        made._ledger.receipts.write(receipts, route="x", channel="sms", customers=lambda one: [one])

    channel = Hanging(clock, all_others_leave)
    with engine(SMS, {"sms": channel}, people=customers(400)) as made:
        channel.made = made
        made.dispatch(clock=clock)
        assert states(made) == {"done": 400}
        assert outcomes(made) == {one: "no consent" if one in left else "sent" for one in whom}
    assert len(left) == 360
    assert len(channel.got) == 40


class Cancels(Channel):
    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        self.calls.append(list(batch))
        raise asyncio.CancelledError


def test_a_channel_that_cancels_itself_holds_nobody_up() -> None:
    channel = Cancels("sms")
    with engine(SMS, {"sms": channel}, people=customers(3)) as made:
        done = made.dispatch(clock=Clock())
        assert done.outcomes == {"unknown": 3}
        assert [one.code for one in done.diagnostics] == ["R487"]
        assert states(made) == {"unknown": 3}
        made.dispatch(clock=Clock())
    assert len(channel.got) == 3


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(Answered.ACCEPTED, provider_id="a\0b", code="\ud800", detail="x" * 10_000), "sent"),
        (Answer(Answered.ACCEPTED, provider_id=7, units="2", price="free"), "sent"),  # type: ignore[arg-type]
        (Answer(Answered.ACCEPTED, units=1 << 70), "sent"),
        (Answer(Answered.RETRY, not_before=dt.datetime(2025, 1, 1)), "unknown"),
        (Answer("gone"), "unknown"),  # type: ignore[arg-type]
    ],
)
def test_whatever_a_channel_answers_the_run_goes_on(answer: Answer, outcome: str) -> None:
    channel = Channel("sms", lambda message, _: answer if message.customer == "c1" else ACCEPTED)
    with engine(SMS, {"sms": channel}, people=customers(3)) as made:
        assert made.dispatch(clock=Clock()).outcomes in ({"sent": 3}, {"sent": 2, outcome: 1})
        assert outcomes(made) == {"c0": "sent", "c1": outcome, "c2": "sent"}


def test_a_key_that_the_provider_has_forgotten_is_not_used_again() -> None:
    rules = SMS + "policy { quiet 22:00 .. 08:00 }\n"
    channel = Channel("sms", lambda _, __: Answer(Answered.UNKNOWN), idempotent=True, remembers=2 * HOUR)
    with engine(rules, {"sms": channel}, to=NOON) as made:
        evening = NOON + 9 * HOUR + 59 * dt.timedelta(minutes=1)
        assert made.dispatch(clock=Clock(evening)).outcomes == {"unknown": 1}
        made.dispatch(clock=Clock(evening + 2 * dt.timedelta(minutes=1)))  # asked for again, but it is quiet now
        assert states(made) == {"waiting": 1}
        made.dispatch(clock=Clock(evening + 12 * HOUR))
        assert len(channel.got) == 1
        made.dispatch(clock=Clock(evening + 12 * HOUR))
        assert states(made) == {"held": 1}
        (letter,) = made.dead_letters()
        assert letter.outcome == "unknown"
        made.retry(letter.decision, now=evening + 12 * HOUR)  # a person may
        made.dispatch(clock=Clock(evening + 12 * HOUR))
    assert len(channel.got) == 2


def test_within_its_memory_it_is() -> None:
    channel = Channel("sms", lambda _, seen: ACCEPTED if seen else Answer(Answered.UNKNOWN), idempotent=True)
    with engine(SMS, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
        assert made.dispatch(clock=Clock(NOON + HOUR)).outcomes == {"sent": 1}
    assert len({message.key for message in channel.got}) == 1
    assert len(channel.got) == 2


def test_an_address_may_be_a_number() -> None:
    people = customers(2).with_columns(mobile=pl.Series([4912, None], dtype=pl.Int64))
    rules = SMS.replace("template hello", "attribute mobile: int\ntemplate hello")
    channel = Channel("sms", address="mobile")
    with engine(rules, {"sms": channel}, people=people) as made:
        made.dispatch(clock=Clock())
        assert outcomes(made) == {"c0": "sent", "c1": "no address"}
    assert [message.address for message in channel.got] == ["4912"]


ODD = ["a'b", 'a"b', "a\nb", "a|b", "a#b", "🙂", "a\\b", "a\tb", "%s", "?", ":x", "\u202ex", "a b ", "{}"]


def test_odd_keys_are_only_keys() -> None:
    people = customers(len(ODD)).with_columns(customer=pl.Series(ODD))
    channel = Meanwhile(1, told(Received.UNSUBSCRIBED, "a#b"), rates=SLOW)
    with engine(SMS, {"sms": channel}, people=people) as made:
        channel.made = made
        made.dispatch(clock=Clock())
        assert states(made) == {"done": len(ODD)}
        said = outcomes(made)
        assert {one for one, outcome in said.items() if outcome == "sent"} == set(channel.whom)
        assert set(said) == set(ODD)
    assert len(channel.whom) == len(set(channel.whom))

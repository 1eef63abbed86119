"""Law 7, for sending: every message that was decided ends in one outcome, with a reason; nothing vanishes on the way."""

from __future__ import annotations

import asyncio
import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from rulecrm.model.sending import Answer, Answered, Message, key_of
from tests.dispatch.world import EITHER, HOUR, NOON, Asked, Channel, Clock, customers, engine
from tests.strategies import fewer

SENT = ("sent", "delivered")
"""Outcomes that are their own reason."""

FINAL = {*SENT, "dead address", "opted out", "refused", "failed", "expired", "unknown"}


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Whatever a provider may say."""
    outcome = draw(st.sampled_from(Answered))
    wait = draw(st.none() | st.integers(1, 48).map(lambda hours: NOON + hours * HOUR))
    later = outcome in (Answered.RETRY, Answered.WAIT_QUOTA)
    return Answer(outcome, not_before=wait if later else None, route=later and draw(st.booleans()))


@given(
    st.lists(answers(), min_size=1, max_size=6),
    st.lists(answers(), min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
)
@fewer(20)
def test_every_message_has_one_outcome_whatever_providers_say(
    said: list[Answer], told: list[Answer], asks: bool, idempotent: bool
) -> None:
    counted: list[int] = []

    def script(message: Message, before: int) -> Answer:
        counted.append(before)
        return said[(int(message.customer[1:]) + len(counted)) % len(said)]

    made_of = {"idempotent": idempotent, "batch": 2, "concurrency": 2}
    sms: Channel = Asked("sms", script, told[0], **made_of) if asks else Channel("sms", script, **made_of)
    mails = Channel("email", lambda _, before: told[min(before, len(told) - 1)])
    with engine(EITHER, {"sms": sms, "email": mails}, people=customers(6)) as made:
        clock = Clock()
        total = 0
        for hours in (0, 1, 2, 5, 13, 26, 40, 60, 73, 100, 120):
            clock.instant = max(clock.instant, NOON + hours * HOUR)
            total += sum(made.dispatch(clock=clock).outcomes.values())
        decisions = made.decisions()
        counts = made._ledger.outbox.counts()
        letters = made.dead_letters()
        tried = {letter.decision: letter.tried for name in decisions["decision"] for letter in made.dead_letters(name)}
    assert decisions.height == 6
    assert set(counts) <= {"done", "unknown", "held"}
    outcomes = dict(decisions.select("decision", "outcome").iter_rows())
    assert set(outcomes.values()) <= FINAL
    reasons = dict(decisions.select("decision", "reason").iter_rows())
    assert all(reasons[name] or outcomes[name] in SENT for name in outcomes)
    assert {letter.decision for letter in letters} == {
        name for name, outcome in outcomes.items() if outcome in ("unknown", "failed")
    }
    for name, outcome in outcomes.items():
        answered = [one.outcome for one in tried[name]]
        assert None not in answered
        # Once it was taken, nothing was tried any more.
        assert not {"accepted", "delivered"} & set(answered[:-1])
        assert (outcome in SENT) == (bool(answered) and answered[-1] in ("accepted", "delivered"))
        # And what may have been taken went again only to a provider that knows keys, or said that it has nothing.
        for number, answer in enumerate(answered[:-1]):
            if answer == "unknown" and answered[number + 1] is not None:
                assert idempotent or asks or tried[name][number].channel == "email"
    assert total >= 6
    assert {message.key for message in sms.got} <= {key_of(name, 0) for name in outcomes}
    assert {message.key for message in mails.got} <= {key_of(name, 1) for name in outcomes}


def test_a_run_that_is_cancelled_keeps_the_answers_that_were_under_way() -> None:
    class Slow(Channel):
        called = asyncio.Event()

        async def send(self, batch: list[Message]) -> list[Answer]:  # type: ignore[override]
            await asyncio.sleep(0.2)
            answers = list(await super().send(batch))
            self.called.set()
            return answers

    channel = Slow("sms", concurrency=2)
    with engine(EITHER, {"sms": channel}, people=customers(20)) as made:

        async def broken_off() -> None:
            run = asyncio.create_task(made.adispatch(clock=Clock()))
            await channel.called.wait()
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

        asyncio.run(broken_off())
        counts = made._ledger.outbox.counts()
        assert counts["done"] == len(channel.got) < 20
        assert counts["waiting"] == 20 - len(channel.got)
        assert set(counts) == {"done", "waiting"}
        made.dispatch(clock=Clock(NOON + dt.timedelta(minutes=1)))
    assert len(channel.got) == len(set(channel.whom)) == 20

"""What becomes of a message, by what its channel answers."""

from __future__ import annotations

import asyncio
import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from rulecrm.model.sending import Answer, Answered, Message, Price, Rate, key_of
from tests.dispatch.world import (
    ACCEPTED,
    EITHER,
    HOUR,
    NOON,
    SMS,
    Asked,
    Channel,
    Clock,
    customers,
    engine,
    outcomes,
    states,
)


def answering(*answers: Answer) -> Channel:
    """One answer after the other; the last one for ever."""
    return Channel("sms", lambda _, before: answers[min(before, len(answers) - 1)])


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answered.ACCEPTED, "sent"), (Answered.DELIVERED, "delivered"), (Answered.DEAD_ADDRESS, "dead address"),
        (Answered.OPTED_OUT, "opted out"), (Answered.POLICY, "refused"), (Answered.UNKNOWN, "unknown"),
    ],
)  # fmt: skip
def test_an_answer_is_an_outcome(answer: Answered, outcome: str) -> None:
    channel = answering(Answer(answer, code="E1", detail="as it is"))
    with engine(SMS, {"sms": channel}) as made:
        done = made.dispatch(clock=Clock())
        assert done.outcomes == {outcome: 1}
        assert done.waiting == 0
        assert outcomes(made) == {"c0": outcome}
        assert made.dispatch(clock=Clock()).outcomes == {}
    assert len(channel.got) == 1


def test_a_message_is_what_was_decided() -> None:
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
        (decision,) = made.decisions()["decision"]
    (message,) = channel.got
    assert message.key == key_of(decision, 0)
    assert (message.channel, message.customer, message.address) == ("sms", "c0", "+491200000000")
    assert (message.campaign, message.step, message.wave, message.template) == ("care", "1", 1, "hello")
    assert message.content.text == "Hello"
    assert message.expires == dt.datetime(2025, 3, 5, tzinfo=dt.UTC)


def test_what_a_provider_answers_is_kept() -> None:
    price = Price(Decimal("0.045"), "CNY")
    channel = answering(Answer(Answered.ACCEPTED, provider_id="p1", units=2, price=price))
    with engine(SMS, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
        exported = made.export("c0")
    (attempt,) = exported["attempts"]
    assert (attempt["outcome"], attempt["provider_id"], attempt["units"], attempt["price"], attempt["currency"]) == (
        "accepted", "p1", 2, "0.045", "CNY",
    )  # fmt: skip
    assert attempt["begun"] == attempt["answered"] == "2025-03-02T12:00:00.000000Z"


def test_a_retry_waits_at_least_as_long_as_the_provider_says() -> None:
    later = NOON + HOUR
    channel = answering(Answer(Answered.RETRY, not_before=later), ACCEPTED)
    with engine(SMS, {"sms": channel}) as made:
        done = made.dispatch(clock=Clock())
        assert (done.outcomes, done.waiting, done.until) == ({}, 1, later)
        assert outcomes(made) == {"c0": "queued"}
        assert made.dispatch(clock=Clock(later - dt.timedelta(seconds=1))).outcomes == {}
        assert made.dispatch(clock=Clock(later)).outcomes == {"sent": 1}


def test_retries_wait_longer_and_longer_and_end() -> None:
    channel = answering(Answer(Answered.RETRY, code="busy"))
    clock = Clock()
    with engine(SMS, {"sms": channel}) as made:
        waits = []
        for _ in range(6):
            done = made.dispatch(clock=clock)
            if done.until is not None:
                waits.append((done.until - clock.instant).total_seconds())
                clock.instant = done.until
        assert len(waits) == 5
        assert all(0 <= wait <= 30 * 2**number for number, wait in enumerate(waits))
        assert outcomes(made) == {"c0": "failed"}
        assert made.decisions()["reason"].to_list() == ["given up after 6 attempts (busy)"]
        (letter,) = made.dead_letters()
        assert [one.outcome for one in letter.tried] == ["retry"] * 6
        assert made.retry(letter.decision, now=clock.instant) == 1
        channel.script = lambda _, __: ACCEPTED
        assert made.dispatch(clock=clock).outcomes == {"sent": 1}
        assert made.dead_letters() == []


def test_a_quota_is_there_again_at_the_providers_midnight() -> None:
    channel = Channel(
        "sms", lambda _, before: ACCEPTED if before else Answer(Answered.WAIT_QUOTA), day_zone="Asia/Shanghai"
    )
    with engine(SMS, {"sms": channel}) as made:
        done = made.dispatch(clock=Clock())  # noon in UTC is eight in the evening
        assert done.until == dt.datetime(2025, 3, 2, 16, tzinfo=dt.UTC)
        assert made.dispatch(clock=Clock(done.until)).outcomes == {"sent": 1}


def test_a_quota_of_the_account_holds_everything_up() -> None:
    until = NOON + HOUR

    def script(message: Message, before: int) -> Answer:
        return ACCEPTED if before else Answer(Answered.WAIT_QUOTA, not_before=until, route=True)

    channel = Channel("sms", script, concurrency=1)
    with engine(SMS, {"sms": channel}, people=customers(5)) as made:
        done = made.dispatch(clock=Clock())
        assert len(channel.got) == 1
        assert (done.waiting, done.until) == (5, until)
        # Another worker comes later, and does not know; the ledger does.
        assert made.dispatch(clock=Clock(NOON + HOUR / 2)).outcomes == {}
        assert len(channel.got) == 1
        channel.script = lambda _, __: ACCEPTED
        assert made.dispatch(clock=Clock(until)).outcomes == {"sent": 5}


def test_a_wrong_setting_stops_a_route_and_costs_its_messages_nothing() -> None:
    channel = Channel("sms", lambda _, __: Answer(Answered.CONFIG, code="401", detail="no such key"), concurrency=1)
    mails = Channel("email")
    rules = SMS + "campaign news { enter on purchase  send email letter }\n"
    with engine(rules, {"sms": channel, "email": mails}, people=customers(3)) as made:
        for _ in range(8):
            done = made.dispatch(clock=Clock())
        assert len(channel.got) == 8
        assert done.stopped == {"sms": "the route `sms` (`fake-sms`) is set up wrongly: 401: no such key"}
        assert [one.code for one in done.diagnostics] == ["R484"]
        assert len(mails.got) == 3
        channel.script = lambda _, __: ACCEPTED
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 3}


def test_the_next_message_is_sent_where_the_first_cannot_be() -> None:
    sms, mails = answering(Answer(Answered.DEAD_ADDRESS)), Channel("email")
    with engine(EITHER, {"sms": sms, "email": mails}) as made:
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 1}
        row = made.decisions().row(0, named=True)
        assert (row["choice"], row["channel"], row["template"], row["outcome"]) == (1, "email", "letter", "sent")
    assert mails.got[0].key == key_of(row["decision"], 1) != sms.got[0].key


def test_where_no_message_can_be_sent_the_outcome_is_that_of_the_first() -> None:
    sms, mails = answering(Answer(Answered.OPTED_OUT)), Channel("email", lambda _, __: Answer(Answered.DEAD_ADDRESS))
    with engine(EITHER, {"sms": sms, "email": mails}) as made:
        assert made.dispatch(clock=Clock()).outcomes == {"opted out": 1}
        row = made.decisions().row(0, named=True)
        assert (row["choice"], row["channel"], row["outcome"]) == (0, "sms", "opted out")
        assert row["reason"] == "opted out by sms; dead address by email"


def test_a_lost_answer_is_never_sent_again_blindly() -> None:
    channel = answering(Answer(Answered.UNKNOWN), ACCEPTED)
    with engine(SMS, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
        done = made.dispatch(clock=Clock(NOON + 10 * HOUR))
        assert (done.outcomes, done.unknown) == ({}, 1)
        assert states(made) == {"held": 1}
        assert len(channel.got) == 1
        (letter,) = made.dead_letters()
        made.resolve(letter.decision, "sent")
        assert outcomes(made) == {"c0": "sent"}
        assert made.dead_letters() == []


def test_a_provider_that_can_be_asked_is_asked() -> None:
    channel = Asked("sms", lambda _, __: Answer(Answered.UNKNOWN))
    with engine(SMS, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
        assert made.dispatch(clock=Clock(NOON + HOUR)).outcomes == {"sent": 1}
    (sent,) = channel.asked
    assert (sent.key, sent.address, sent.at) == (channel.got[0].key, "+491200000000", NOON)
    assert len(channel.got) == 1


def test_what_a_provider_certainly_does_not_have_is_sent_again() -> None:
    channel = Asked("sms", lambda _, before: ACCEPTED if before else Answer(Answered.UNKNOWN), Answer(Answered.RETRY))
    with engine(SMS, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
        made.dispatch(clock=Clock(NOON + HOUR))
        assert made.dispatch(clock=Clock(NOON + 2 * HOUR)).outcomes in ({}, {"sent": 1})
        assert outcomes(made) == {"c0": "sent"}
    assert len(channel.got) == 2


def test_what_a_provider_cannot_tell_either_is_asked_again_and_held_in_the_end() -> None:
    channel = Asked("sms", lambda _, __: Answer(Answered.UNKNOWN), Answer(Answered.UNKNOWN))
    with engine(SMS, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
        made.dispatch(clock=Clock(NOON + HOUR))
        assert states(made) == {"unknown": 1}
        made.dispatch(clock=Clock(NOON + 25 * HOUR))
        assert states(made) == {"held": 1}
    assert len(channel.got) == 1
    assert len(channel.asked) == 2


def test_a_provider_that_knows_keys_is_sent_the_same_key() -> None:
    channel = Channel("sms", lambda _, before: ACCEPTED if before else Answer(Answered.UNKNOWN), idempotent=True)
    with engine(SMS, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
        assert made.dispatch(clock=Clock(NOON + HOUR)).outcomes == {"sent": 1}
    assert list(channel.seen.values()) == [2]


def test_a_key_that_the_provider_has_forgotten_is_not_sent_again() -> None:
    channel = answering(Answer(Answered.UNKNOWN))
    channel.traits = Channel("sms", idempotent=True, remembers=HOUR).traits
    with engine(SMS, {"sms": channel}) as made:
        made.dispatch(clock=Clock())
        made.dispatch(clock=Clock(NOON + HOUR))
        assert states(made) == {"held": 1}
    assert len(channel.got) == 1


@pytest.mark.parametrize("wrong", ["raises", "too few", "too many", "strange"])
def test_a_channel_that_breaks_its_contract_takes_nobody_down(wrong: str) -> None:
    class Broken(Channel):
        async def send(self, batch: list[Message]) -> list[Answer]:  # type: ignore[override]
            answers = list(await super().send(batch))
            match wrong:
                case "raises":
                    raise KeyError("a secret")
                case "too few":
                    return answers[1:]
                case "too many":
                    return [*answers, ACCEPTED]
            return ["ok" for _ in answers]  # type: ignore[misc]

    sms, mails = Broken("sms"), Channel("email")
    rules = SMS + "campaign news { enter on purchase  send email letter }\n"
    with engine(rules, {"sms": sms, "email": mails}, people=customers(2)) as made:
        done = made.dispatch(clock=Clock())
        assert done.outcomes == {"sent": 2, "unknown": 2}
        (told,) = done.diagnostics
        assert told.code == "R487"
        assert "fake-sms" in told.message
        assert "a secret" not in told.message
        assert made.dispatch(clock=Clock()).outcomes == {}
    assert len(sms.got) == 2


def test_a_channel_that_never_answers_is_not_waited_for() -> None:
    from rulecrm.dispatch import Routes, Sending

    class Silent(Channel):
        async def send(self, batch: list[Message]) -> list[Answer]:  # type: ignore[override]
            await asyncio.Event().wait()
            return []

    made = engine(SMS, {})
    with made:
        made._desk.routes = Routes.of({"sms": Silent("sms")}, sending=Sending(timeout_seconds=0.05))
        assert made.dispatch(clock=Clock()).outcomes == {"unknown": 1}


def test_batches_are_as_large_as_the_channel_takes_them() -> None:
    channel = Channel("sms", batch=4)
    with engine(SMS, {"sms": channel}, people=customers(10)) as made:
        made.dispatch(clock=Clock())
    assert sorted(map(len, channel.calls)) == [2, 4, 4]


def test_messages_of_one_call_have_one_text_where_the_provider_takes_but_one() -> None:
    rules = SMS + 'template bye for sms "Bye"\ncampaign other { enter on purchase  send sms bye }\n'
    channel = Channel("sms", batch=10, together=True)
    with engine(rules, {"sms": channel}, people=customers(3)) as made:
        made.dispatch(clock=Clock())
    assert sorted([message.content.text for message in call] for call in channel.calls) == [["Bye"] * 3, ["Hello"] * 3]


def test_a_rate_is_kept_exactly() -> None:
    clock = Clock()
    channel = Channel("sms", clock=clock, rates=(Rate(10, 1.0),))
    with engine(SMS, {"sms": channel}, people=customers(40)) as made:
        assert made.dispatch(clock=clock).outcomes == {"sent": 40}
    first = channel.times[0]
    seconds = [(at - first).total_seconds() for at in channel.times]
    assert all(sum(at <= other < at + 1 for other in seconds) <= 10 for at in seconds)
    assert seconds[-1] == pytest.approx(3.9, abs=0.2)


def test_what_a_rate_lets_through_much_later_goes_back() -> None:
    clock = Clock()
    channel = Channel("sms", clock=clock, rates=(Rate(1, 3600.0),))
    with engine(SMS, {"sms": channel}, people=customers(3)) as made:
        done = made.dispatch(clock=clock)
        assert (done.outcomes, done.waiting) == ({"sent": 1}, 2)
        assert made.dispatch(clock=clock).outcomes == {}
        clock.instant = NOON + HOUR
        assert made.dispatch(clock=clock).outcomes == {"sent": 1}


def test_a_limit_is_a_limit() -> None:
    channel = Channel("sms", batch=3)
    with engine(SMS, {"sms": channel}, people=customers(10)) as made:
        assert made.dispatch(clock=Clock(), limit=4).outcomes == {"sent": 4}
        assert states(made) == {"done": 4, "waiting": 6}
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 6}


def test_what_was_due_too_long_ago_expires() -> None:
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}) as made:
        assert made.dispatch(clock=Clock(NOON + 72 * HOUR)).outcomes == {"expired": 1}
        assert outcomes(made) == {"c0": "expired"}
    assert channel.got == []


def test_messages_that_no_route_serves_wait_and_somebody_is_told() -> None:
    with engine(SMS, {"email": Channel("email")}) as made:
        done = made.dispatch(clock=Clock())
        assert (done.outcomes, done.waiting) == ({}, 1)
        assert [one.code for one in done.diagnostics] == ["R483"]


def test_the_staff_are_told_through_their_own_route() -> None:
    rules = SMS.replace("send sms hello", 'notify staff "call them"')
    channel = Channel("staff")
    with engine(rules, {"staff": channel}) as made:
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 1}
    (message,) = channel.got
    assert (message.channel, message.content.text, message.customer) == ("staff", "call them", "c0")


def test_inside_a_running_loop_it_is_awaited() -> None:
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}) as made:

        async def inside() -> None:
            with pytest.raises(RuntimeError, match="adispatch"):
                made.dispatch(clock=Clock())
            assert (await made.adispatch(clock=Clock())).outcomes == {"sent": 1}

        asyncio.run(inside())


def test_decisions_are_looked_at_in_one_frame() -> None:
    with engine(SMS, {"sms": Channel("sms")}, people=customers(2)) as made:
        made.dispatch(clock=Clock())
        assert made.decisions().group_by("outcome").len().rows() == [("sent", 2)]
        assert made.decisions().filter(pl.col("reason").is_not_null()).height == 0

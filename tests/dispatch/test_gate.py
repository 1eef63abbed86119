"""The gate: asked at the moment of sending, whatever was decided before."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import rulecrm
from rulecrm.model.sending import Answer, Answered, Hours, Message, Rate, Receipt, Received
from rulecrm.plugin import ALLOWED, Permission, PlatformType, Registry
from tests.dispatch.world import (
    BOUGHT,
    DAY,
    EITHER,
    HOUR,
    NOON,
    SMS,
    START,
    Channel,
    Clock,
    customers,
    engine,
    facts,
    outcomes,
    states,
)


def told(engine: rulecrm.Engine, what: Received, at: dt.datetime, *, customer: str = "c0", **more: str) -> None:
    """A receipt about a customer by address, as somebody sends STOP."""
    receipt = Receipt(f"{what}{at}", what, at, address="+491200000000", **more)
    engine._ledger.receipts.write([receipt], route="sms", channel="sms", customers=lambda _: [customer])


def test_who_unsubscribes_between_decision_and_sending_gets_nothing() -> None:
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}, people=customers(2)) as made:
        told(made, Received.UNSUBSCRIBED, NOON)
        assert made.dispatch(clock=Clock(NOON + HOUR)).outcomes == {"no consent": 1, "sent": 1}
        assert outcomes(made) == {"c0": "no consent", "c1": "sent"}
    assert channel.whom == ["c1"]


@pytest.mark.parametrize("purpose", ["", " as service"])
def test_who_unsubscribes_while_others_are_sent_to_gets_nothing(purpose: str) -> None:
    class Talkative(Channel):
        async def send(self, batch: list[Message]) -> list[Answer]:  # type: ignore[override]
            if not self.got:
                told(made, Received.UNSUBSCRIBED, NOON, customer="c1")
            return list(await super().send(batch))

    channel = Talkative("sms", concurrency=1)
    made = engine(SMS.replace("for sms", f"for sms{purpose}"), {"sms": channel}, people=customers(3))
    with made:
        made.dispatch(clock=Clock(NOON + HOUR))
        assert outcomes(made)["c1"] == ("sent" if purpose else "no consent")
        assert sorted(outcomes(made).values()) == sorted(["sent", "sent", "sent" if purpose else "no consent"])
    assert len(set(channel.whom)) == len(channel.got) == (3 if purpose else 2)


def test_an_address_that_says_stop_is_its_customers() -> None:
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}, people=customers(2)) as made:
        receipt = Receipt("stop", Received.UNSUBSCRIBED, NOON, address="+491200000001")
        made._ledger.receipts.write([receipt], route="sms", channel="sms")
        made.dispatch(clock=Clock(NOON + HOUR))
    assert channel.whom == ["c0"]


def test_facts_that_say_so_meanwhile_count_too() -> None:
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}) as made:
        left = pl.DataFrame({"customer": ["c0"], "at": [NOON], "channel": ["sms"]})
        made.facts = facts(unsubscribe=left)
        assert made.dispatch(clock=Clock(NOON + HOUR)).outcomes == {"no consent": 1}
    assert channel.got == []


def test_who_agrees_anew_gets_messages_again() -> None:
    people = customers(1, sms_consent_at=[NOON + HOUR])
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}, people=people) as made:
        told(made, Received.UNSUBSCRIBED, NOON)
        assert made.dispatch(clock=Clock(NOON + 2 * HOUR)).outcomes == {"sent": 1}


@pytest.mark.parametrize(
    ("what", "reason", "outcome"),
    [(Received.COMPLAINED, None, "suppressed"), (Received.BOUNCED, "hard", "suppressed"), (Received.BOUNCED, "soft", "sent")],
)  # fmt: skip
def test_a_channel_that_is_dead_or_unwelcome(what: Received, reason: str | None, outcome: str) -> None:
    with engine(SMS, {"sms": Channel("sms")}) as made:
        told(made, what, NOON, **({} if reason is None else {"reason": reason}))
        assert made.dispatch(clock=Clock(NOON + HOUR)).outcomes == {outcome: 1}


def test_another_channel_may_still_be_open() -> None:
    sms, mails = Channel("sms"), Channel("email")
    with engine(EITHER, {"sms": sms, "email": mails}) as made:
        told(made, Received.UNSUBSCRIBED, NOON)
        assert made.dispatch(clock=Clock(NOON + HOUR)).outcomes == {"sent": 1}
    assert (sms.whom, mails.whom) == ([], ["c0"])


def test_no_purpose_but_marketing_asks_for_consent_to_marketing() -> None:
    rules = SMS.replace("for sms", "for sms as service")
    people = customers(3, accepts_sms=[False, False, True], accepts_sms_service=[None, False, None])
    declared = rules.replace('timezone "UTC"', 'timezone "UTC"\nattribute accepts_sms_service: bool')
    channel = Channel("sms")
    with engine(declared, {"sms": channel}, people=people) as made:
        told(made, Received.UNSUBSCRIBED, NOON)
        made.dispatch(clock=Clock(NOON + HOUR))
        assert outcomes(made) == {"c0": "sent", "c1": "no consent", "c2": "sent"}
    assert {message.purpose for message in channel.got} == {"service"}


def test_somebody_without_an_address() -> None:
    people = customers(3).with_columns(phone=pl.Series(["+49120", None, "  "]))
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}, people=people) as made:
        assert made.dispatch(clock=Clock()).outcomes == {"no address": 2, "sent": 1}
    assert [message.address for message in channel.got] == ["+49120"]


def test_a_route_whose_addresses_nobody_has_stops() -> None:
    channel = Channel("sms", address="wecom_id")
    with engine(SMS, {"sms": channel}) as made:
        done = made.dispatch(clock=Clock())
        assert (done.outcomes, done.waiting, list(done.stopped)) == ({}, 1, ["sms"])
        (problem,) = done.diagnostics
        assert problem.code == "R484"
        assert problem.help is not None
        assert "attribute wecom_id: text" in problem.help


def test_a_platform_says_who_may_be_written_to() -> None:
    def may(channel: str, purpose: str) -> Permission:
        return Permission(False, "no marketing to its buyers") if purpose == "marketing" else ALLOWED

    registry = Registry(platforms={"bazaar": PlatformType("bazaar", may)})
    people = customers(3, platform=["bazaar", None, "elsewhere"])
    channel = Channel("sms")
    made = rulecrm.Engine(
        rulecrm.loads(SMS), facts(people), state="sqlite://", start=START, channels={"sms": channel}, registry=registry
    )
    with made:
        made.advance(NOON)
        done = made.dispatch(clock=Clock())
        assert outcomes(made) == {"c0": "not allowed", "c1": "sent", "c2": "sent"}
        assert [(one.code, "elsewhere" in one.message) for one in done.diagnostics] == [("R485", True)]
        reasons = dict(made.decisions().select("customer", "reason").iter_rows())
        assert reasons["c0"] == "bazaar: no marketing to its buyers"


def test_quiet_hours_begin_between_decision_and_sending() -> None:
    rules = SMS + "policy { quiet 21:00..09:00 }\n"
    people = customers(2, zone=["UTC", "Asia/Shanghai"])
    channel = Channel("sms")
    with engine(rules, {"sms": channel}, people=people) as made:
        # Noon in UTC is eight in the evening in Shanghai; an hour and a half later it is quiet there.
        done = made.dispatch(clock=Clock(NOON + 1.5 * HOUR))
        assert done.outcomes == {"sent": 1}
        morning = dt.datetime(2025, 3, 3, 1, tzinfo=dt.UTC)
        assert (done.waiting, done.until) == (1, morning)
        assert outcomes(made) == {"c0": "sent", "c1": "queued"}
        reasons = dict(made.decisions().select("customer", "reason").iter_rows())
        assert reasons["c1"] == "quiet until 2025-03-03 09:00 Asia/Shanghai"
        assert made.dispatch(clock=Clock(morning)).outcomes == {"sent": 1}
    assert channel.whom == ["c0", "c1"]


def test_hours_that_the_law_demands_are_of_marketing_alone() -> None:
    hours = Hours(dt.time(8), dt.time(22), "Asia/Shanghai")
    night = NOON + 3 * HOUR  # eleven in the evening in Shanghai
    for purpose, expected in (("", {}), (" as service", {"sent": 1})):
        with engine(SMS.replace("for sms", f"for sms{purpose}"), {"sms": Channel("sms", hours=hours)}) as made:
            done = made.dispatch(clock=Clock(night))
            assert done.outcomes == expected
            if not expected:
                assert done.until == dt.datetime(2025, 3, 3, 0, tzinfo=dt.UTC)
                assert made.dispatch(clock=Clock(done.until)).outcomes == {"sent": 1}


def test_caps_count_what_was_really_sent() -> None:
    # The policy grants one on the second and one on the ninth; both are sent on the ninth, for nobody sent before.
    rules = (
        SMS.replace("send sms hello", "send sms hello  wait 7d  send sms hello") + "policy { at most 1 sms per 7d }\n"
    )
    channel = Channel("sms")
    with engine(rules, {"sms": channel}, to=BOUGHT + 7 * DAY) as made:
        assert made.decisions()["outcome"].to_list() == ["queued", "queued"]
        clock = Clock(BOUGHT + 2 * DAY)
        assert made.dispatch(clock=clock).outcomes == {"sent": 1}
        assert made.dispatch(clock=Clock(BOUGHT + 7 * DAY)).outcomes == {"capped": 1}
        assert made.decisions()["reason"].to_list() == [None, "cap: at most 1 sms per 7d"]
    assert len(channel.got) == 1


def test_what_may_have_been_sent_counts_for_a_cap() -> None:
    rules = (
        SMS.replace("send sms hello", "send sms hello  wait 7d  send sms hello") + "policy { at most 1 sms per 7d }\n"
    )
    channel = Channel("sms", lambda _, __: Answer(Answered.UNKNOWN))
    with engine(rules, {"sms": channel}, to=BOUGHT + 7 * DAY) as made:
        made.dispatch(clock=Clock(BOUGHT + 2 * DAY))
        made.dispatch(clock=Clock(BOUGHT + 7 * DAY))
        assert sorted(made.decisions()["outcome"].to_list()) == ["capped", "unknown"]


def test_a_message_that_failed_leaves_its_place_to_the_next() -> None:
    rules = (
        SMS.replace("send sms hello", "send sms hello  wait 7d  send sms hello") + "policy { at most 1 sms per 7d }\n"
    )
    channel = Channel(
        "sms", lambda message, _: Answer(Answered.DEAD_ADDRESS if message.step == "1" else Answered.ACCEPTED)
    )
    with engine(rules, {"sms": channel}, to=BOUGHT + 7 * DAY) as made:
        assert made.dispatch(clock=Clock(BOUGHT + 2 * DAY)).outcomes == {"dead address": 1}
        assert made.dispatch(clock=Clock(BOUGHT + 7 * DAY)).outcomes == {"sent": 1}


def test_one_recipient_may_have_only_so_many() -> None:
    rules = SMS + "campaign news { enter on purchase  send sms hello }\n"
    channel = Channel("sms", rates=(Rate(1, 60.0, recipient=True),))
    with engine(rules, {"sms": channel}, people=customers(3)) as made:
        clock = Clock()
        done = made.dispatch(clock=clock)
        assert (done.outcomes, done.waiting) == ({"sent": 3}, 3)
        assert sorted(channel.whom) == ["c0", "c1", "c2"]
        clock.move(dt.timedelta(seconds=60))
        assert made.dispatch(clock=clock).outcomes == {"sent": 3}


def test_who_was_erased_gets_nothing() -> None:
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}, people=customers(2)) as made:
        made.erase("c0")
        assert made.dispatch(clock=Clock()).outcomes == {"sent": 1}
        assert states(made) == {"done": 2}
    assert channel.whom == ["c1"]


def test_customers_may_be_numbers() -> None:
    people = pl.DataFrame({"customer": [7, 8], "phone": ["+4917", "+4918"], "accepts_sms": [True, False]})
    channel = Channel("sms")
    with engine(SMS, {"sms": channel}, people=people) as made:
        made.dispatch(clock=Clock())
    assert [(message.customer, message.address) for message in channel.got] == [("7", "+4917")]

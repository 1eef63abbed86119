"""What people did with a message is a fact like any other: rules see it, late or not, and a backtest agrees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import rulecrm
from rulecrm.model.sending import Answer, Answered, Message, Receipt, Received, Traits
from rulecrm.state import Ledger
from tests.state.outbox import hand_over

DAY = dt.timedelta(days=1)
START = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)

RULES = """
timezone "UTC"
template hello for sms "Hello"
template again for sms "Again"
segment openers of customer = exists(open in last 30d where campaign == "care")
campaign care {
  enter on purchase
  reenter always
  send sms hello
  wait 3d
  if none(open since entry where campaign == "care") {
    send sms again
  }
}
"""

Keys = Callable[[list[str]], pl.Series]
TEXT: Keys = lambda keys: pl.Series("customer", keys, pl.String)  # noqa: E731
NUMBER: Keys = lambda keys: pl.Series("customer", [int(key) for key in keys], pl.Int32)  # noqa: E731


def buy(keys: Keys = TEXT, **frames: pl.DataFrame) -> rulecrm.Facts:
    people = ["7", "8", "9"]
    at = pl.Series("at", [START + DAY] * 3, pl.Datetime("us", "UTC"))
    return rulecrm.Facts.from_frames(purchase=pl.DataFrame([keys(people), at]), **frames)


def events(keys: Keys, *rows: tuple[str, str, int, str | None]) -> pl.DataFrame:
    """Events of the shop's own: kind, customer, day, id."""
    return pl.DataFrame(
        [
            pl.Series("kind", [row[0] for row in rows], pl.Categorical),
            keys([row[1] for row in rows]),
            pl.Series("at", [START + row[2] * DAY for row in rows], pl.Datetime("ms", "Asia/Shanghai")),
            pl.Series("event", [row[3] for row in rows], pl.String),
            pl.Series("campaign", ["care" for _ in rows], pl.Categorical),
        ]
    )


def sent(engine: rulecrm.Engine) -> list[tuple[str, str]]:
    frame = engine.decisions().filter(action="send").sort("customer", "at")
    return frame.select("customer", "template").rows()


def tell(ledger: Ledger, what: Received, customer: str, day: float, name: str = "") -> None:
    """A receipt of the customer's first message, which is handed over if it was not."""
    decision = ledger.decisions(customer=customer).row(0, named=True)["decision"]
    with ledger._transaction(write=False) as connection:
        query = "SELECT key FROM rulecrm_outbox WHERE decision = ?"
        key = connection.exec_driver_sql(query, (decision,)).scalar_one()
    at = START + day * DAY
    key = key or hand_over(ledger, decision, provider_id=f"p{customer}", at=int(at.timestamp() * 1e6))
    ledger.receipts.write([Receipt(name or f"{what}{customer}", what, at, key)], route="aliyun", channel="sms")


@pytest.mark.parametrize("keys", [TEXT, NUMBER], ids=["text", "numbers"])
@pytest.mark.parametrize("own", [False, True], ids=["alone", "beside"])
def test_who_opened_the_first_message_gets_no_second(keys: Keys, own: bool) -> None:
    mine = {"events": events(keys, ("visit", "7", 1, "v"), ("open", "9", 2, "o"))} if own else {}
    rules, facts = rulecrm.loads(RULES), buy(keys, **mine)
    with rulecrm.Engine(rules, facts, state="sqlite://", start=START) as engine:
        engine.advance(START + 1.5 * DAY)
        tell(engine._ledger, Received.OPENED, "8", 2)
        tell(engine._ledger, Received.CLICKED, "7", 2)
        engine.advance(START + 5 * DAY)
        second = [customer for customer, template in sent(engine) if template == "again"]
        assert second == (["7"] if own else ["7", "9"])
        told = engine.receipts()
        assert sorted(told.select("kind", "customer").rows()) == [
            ("click", "7"), ("message", "7"), ("message", "8"), ("open", "8"),
        ]  # fmt: skip
        assert told.filter(kind="open").select("campaign", "channel", "variant", "wave").row(0) == (
            "care",
            "sms",
            "hello",
            "1",
        )
        both = rules.evaluate(engine.facts_with_receipts(), as_of=START + 6 * DAY)
        assert [str(key) for key in both.segment("openers").get_column("customer")] == (["8", "9"] if own else ["8"])
        assert rules.explain(
            engine.facts_with_receipts(), customer=keys(["8"])[0], segment="openers", as_of=START + 6 * DAY
        ).verdict


@pytest.mark.parametrize("keys", [TEXT, NUMBER], ids=["text", "numbers"])
def test_a_backtest_with_the_same_receipts_decides_the_same(keys: Keys) -> None:
    rules = rulecrm.loads(RULES)
    with rulecrm.Engine(rules, buy(keys), state="sqlite://", start=START) as engine:
        engine.advance(START + 1.5 * DAY)
        for number, what in enumerate(Received):
            tell(engine._ledger, what, "8", 2 + number / 10)
        tell(engine._ledger, Received.DELIVERED, "9", 2)
        engine.advance(START + 3 * DAY)
        engine.advance(START + 9 * DAY)
        told, live = engine.receipts(), engine.decisions()
    given = told.with_columns(keys(told.get_column("customer").to_list()))
    replayed = rules.backtest(buy(keys, events=given), START, START + 9 * DAY).decisions
    ours = pl.exclude("decided", "outcome", "reason")  # what was sent has the outcome of its channel
    assert live.height == 5
    assert_frame_equal(live.select(ours).sort("decision"), replayed.select(ours).sort("decision"))
    assert (
        rules.evaluate(buy(keys, events=given).with_events(told), as_of="2025-03-09")
        .table()
        .equals(rules.evaluate(buy(keys, events=given), as_of="2025-03-09").table())
    )


def test_a_late_open_changes_no_decision_that_was_made() -> None:
    with rulecrm.Engine(rulecrm.loads(RULES), buy(), state="sqlite://", start=START) as engine:
        engine.advance(START + 5 * DAY)
        before = engine.decisions().drop("outcome", "reason")
        tell(engine._ledger, Received.OPENED, "8", 2)  # it happened before the clock, and was told after
        engine.advance(START + 6 * DAY)
        assert_frame_equal(engine.decisions().drop("outcome", "reason"), before)
        assert engine.receipts().filter(kind="open").height == 1


def test_an_event_that_the_shop_has_already_is_there_once() -> None:
    rules = rulecrm.loads('timezone "UTC"\nmetric opens of customer = count(open)\n')
    with rulecrm.Engine(rulecrm.loads(RULES), buy(), state="sqlite://", start=START) as engine:
        engine.advance(START + 1.5 * DAY)
        tell(engine._ledger, Received.OPENED, "8", 2)
        tell(engine._ledger, Received.OPENED, "8", 2.5, "another")
        told = engine.receipts().filter(kind="open")
    first = events(TEXT, ("open", "8", 2, told.get_column("event")[0]), ("open", "8", 2, None))
    table = rules.evaluate(buy(events=first).with_events(told), as_of="2025-03-09").table()
    assert table.filter(customer="8").get_column("opens").to_list() == [3]


def test_who_is_no_key_of_the_shop_is_nobody() -> None:
    told = pl.DataFrame(
        {"kind": ["open"] * 4, "event": ["a", "b", "c", "d"], "at": [START] * 4, "customer": ["7", "07", "erased-1", "9" * 30],
         **dict.fromkeys(("channel", "campaign", "wave", "variant", "reason", "text"), ["x"] * 4)},
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )  # fmt: skip
    rules = rulecrm.loads(
        'timezone "UTC"\nmetric opens of customer = count(open where variant == "x" and device is missing)\n'
    )
    table = rules.evaluate(buy(NUMBER).with_events(told), as_of="2025-03-09").table()
    assert table.select("customer", "opens").rows() == [(7, 1), (8, 0), (9, 0)]


def test_facts_that_have_not_changed_are_not_indexed_anew() -> None:
    with rulecrm.Engine(rulecrm.loads(RULES), buy(), state="sqlite://", start=START) as engine:
        engine.advance(START + 1.5 * DAY)
        assert engine.facts_with_receipts() is engine.facts
        tell(engine._ledger, Received.OPENED, "8", 2)
        both = engine.facts_with_receipts()
        assert both is not engine.facts
        assert engine.facts_with_receipts() is both
        engine.facts = buy()
        assert engine.facts_with_receipts() is not both


def test_an_address_is_recognised_by_the_facts_of_the_engine() -> None:
    people = pl.DataFrame({"customer": ["7", "8"], "phone": ["+86 138 7654 3210", None]})
    with rulecrm.Engine(rulecrm.loads(RULES), buy(customers=people), state="sqlite://", start=START) as engine:
        stop = Receipt("1", Received.UNSUBSCRIBED, START + DAY, address="8613876543210")
        engine._ledger.receipts.write([stop], route="aliyun", channel="sms")
        assert engine.receipts().select("customer", "kind").rows() == [("7", "unsubscribe")]


class Mailbox:
    """A channel that is asked, and has two answers by SMS to tell."""

    traits = Traits(channel="sms", provider="mailbox", address="phone")

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        return [Answer(Answered.ACCEPTED) for _ in batch]

    async def close(self) -> None:
        pass

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        told = [
            Receipt(name, Received.REPLIED, START + DAY, address=name, text="hm") for name in ("+8613876543210", "x")
        ]
        return (told, "2") if cursor is None else ([], cursor)


def test_providers_that_do_not_call_are_asked() -> None:
    people = pl.DataFrame({"customer": ["7", "8"], "phone": ["+86 138 7654 3210", None]})
    rules, channels = rulecrm.loads(RULES), {"sms": Mailbox()}
    with rulecrm.Engine(rules, buy(customers=people), state="sqlite://", start=START, channels=channels) as engine:
        assert (engine.poll(), engine.poll()) == (2, 0)
        assert engine.receipts().select("customer", "kind", "text").rows() == [("7", "reply", "hm")]


class Down(Mailbox):
    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        raise ConnectionError("nobody is there")


def test_a_provider_that_does_not_answer_keeps_no_other_from_being_asked() -> None:
    channels = {"im": Down(), "sms": Mailbox()}
    with rulecrm.Engine(rulecrm.loads(RULES), buy(), state="sqlite://", start=START, channels=channels) as engine:
        with pytest.raises(ExceptionGroup) as caught:
            engine.poll()
        assert [str(error) for error in caught.value.exceptions] == ["nobody is there"]
        assert engine._ledger.receipts.strangers() == {"sms"}

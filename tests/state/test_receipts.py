"""What is told later: once, in any order, early or late, matched to its message, and never backwards."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulecrm.model.sending import Receipt, Received, key_of
from rulecrm.state import TOLD, Ledger
from rulecrm.state.receipts import PATIENCE, normal_address
from tests.state.outbox import ROUTE, answer, change, hand_over, outcomes, rows, send_to
from tests.state.rows import DAY, SETTINGS, T0

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
D, B, O = Received.DELIVERED, Received.BOUNCED, Received.OPENED  # noqa: E741 - as short as the tables below


def instant(micros: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=micros)


def tell(id: str, what: Received = D, day: float = 2, **other: str | None) -> Receipt:
    return Receipt(id, what, instant(T0 + int(day * DAY)), **other)


def write(ledger: Ledger, *receipts: Receipt, route: str = ROUTE, **other: object) -> int:
    return ledger.receipts.write(receipts, route=route, channel="sms", **other)


# --- outcomes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ([(D, None)], ("delivered", None)),
        ([(O, None)], ("delivered", None)),
        ([(Received.REPLIED, None)], ("delivered", None)),
        ([(Received.COMPLAINED, None)], ("delivered", None)),
        ([(B, "soft")], ("sent", "bounced: soft")),
        ([(B, "hard")], ("dead address", "bounced: hard")),
        ([(B, "hard"), (B, "soft")], ("dead address", "bounced: hard")),
        ([(B, "soft"), (B, "hard")], ("dead address", "bounced: hard")),
        ([(D, None), (B, "soft")], ("delivered", None)),
        ([(D, None), (B, "hard")], ("delivered", None)),
        ([(B, "hard"), (D, None)], ("delivered", None)),
    ],
)
def test_a_receipt_settles_the_outcome_and_never_backwards(
    ledger: Ledger, told: Sequence[tuple[Received, str | None]], outcome: tuple[str, str | None]
) -> None:
    (decision,) = send_to(ledger, "li")
    key = hand_over(ledger, decision, provider_id="p1")
    for number, (what, reason) in enumerate(told):
        write(ledger, tell(str(number), what, key=key, reason=reason))
    assert outcomes(ledger) == {"li": outcome}
    assert {row[-2] for row in rows(ledger)} == {1}


@pytest.mark.parametrize("state", ["unknown", "held"])
@pytest.mark.parametrize(
    ("what", "reason", "outcome"), [(D, None, "delivered"), (B, "hard", "dead address"), (B, "soft", "sent")]
)
def test_a_receipt_reconciles_what_nobody_knew(
    ledger: Ledger, state: str, what: Received, reason: str | None, outcome: str
) -> None:
    (decision,) = send_to(ledger, "li")
    key = hand_over(ledger, decision)
    answer(ledger, decision, None, outcome="unknown", state=state)
    write(ledger, tell("1", what, key=key, reason=reason))
    assert outcomes(ledger)["li"][0] == outcome
    sent = ledger.receipts.frame().filter(kind="message")
    assert sent.get_column("at").to_list() == [instant(T0 + DAY)]  # when it was handed over


def test_what_arrived_is_not_sent_again(ledger: Ledger) -> None:
    (decision,) = send_to(ledger, "li")
    key = hand_over(ledger, decision)
    change(ledger, decision, state="waiting")  # the provider was asked, and knew nothing of it
    write(ledger, tell("1", key=key))
    assert outcomes(ledger) == {"li": ("delivered", None)}
    with ledger._transaction(write=False) as connection:
        states = connection.exec_driver_sql("SELECT state, worker FROM rulecrm_outbox").all()
    assert [tuple(row) for row in states] == [("done", None)]


def test_a_message_that_was_never_handed_over_cannot_have_arrived(ledger: Ledger) -> None:
    (decision,) = send_to(ledger, "li")
    write(ledger, tell("1", O, key=key_of(decision, 0)))  # somebody looked at a preview
    assert outcomes(ledger) == {"li": ("queued", None)}
    assert ledger.receipts.reconcile() == 1


def test_a_bounce_of_the_first_way_says_nothing_of_the_second(ledger: Ledger) -> None:
    (decision,) = send_to(ledger, "li")
    first = hand_over(ledger, decision, provider_id="p1")
    hand_over(ledger, decision, provider_id="p2", choice=1, channel="email", route="smtp", number=2)
    write(ledger, tell("1", B, key=first, reason="hard"))
    assert outcomes(ledger) == {"li": ("sent", None)}
    told = ledger.receipts.frame().filter(kind="bounce")
    assert told.select("customer", "channel", "reason").rows() == [("li", "sms", "hard")]
    write(ledger, tell("2", B, provider_id="p2", reason="hard"), route="smtp")
    assert outcomes(ledger) == {"li": ("dead address", "bounced: hard")}


# --- matching ---------------------------------------------------------------------------------------------------------


def test_a_receipt_is_matched_by_key_or_by_the_id_of_its_own_provider(ledger: Ledger) -> None:
    li, wang = send_to(ledger, "li", "wang")
    key = hand_over(ledger, li, provider_id="p1")
    hand_over(ledger, wang, provider_id="p1", route="tencent")
    write(ledger, tell("1", key=key))
    write(ledger, tell("1", provider_id="p1"), route="tencent")
    write(ledger, tell("1", provider_id="p1"), route="another")
    assert outcomes(ledger) == {"li": ("delivered", None), "wang": ("delivered", None)}
    told = ledger.receipts.frame().filter(kind="message_delivered").select("customer", "campaign", "wave", "variant")
    assert sorted(told.rows()) == [("li", "gift", "1", "hello"), ("wang", "gift", "1", "hello")]


def test_a_receipt_that_comes_before_the_answer_is_matched_once_it_is_there(ledger: Ledger) -> None:
    (decision,) = send_to(ledger, "li")
    hand_over(ledger, decision)
    write(ledger, tell("1", provider_id="p1"))
    assert ledger.receipts.frame().height == 0
    assert ledger.receipts.reconcile() == 1
    answer(ledger, decision, "p1")
    assert outcomes(ledger) == {"li": ("sent", None)}
    assert ledger.receipts.reconcile() == 0
    assert outcomes(ledger) == {"li": ("delivered", None)}
    assert ledger.receipts.frame().get_column("kind").to_list() == ["message", "message_delivered"]


def test_a_bounce_before_the_answer_waits_for_it(ledger: Ledger) -> None:
    (decision,) = send_to(ledger, "li")
    key = hand_over(ledger, decision)
    write(ledger, tell("1", B, key=key, reason="hard"))
    assert outcomes(ledger) == {"li": ("queued", None)}  # a worker is about to write what was answered
    assert ledger.receipts.frame().get_column("kind").to_list() == ["bounce"]  # the gate knows already
    answer(ledger, decision, "p1")
    assert ledger.receipts.reconcile() == 0
    assert outcomes(ledger) == {"li": ("dead address", "bounced: hard")}


def test_a_receipt_of_nothing_that_is_known_is_kept_and_given_up_at_last(ledger: Ledger) -> None:
    assert write(ledger, tell("1", key=key_of("nothing", 0)), tell("2", provider_id="p9")) == 2
    assert ledger.receipts.reconcile() == 2
    with ledger._transaction(write=True) as connection:
        connection.exec_driver_sql(f"UPDATE rulecrm_receipts SET learnt = learnt - {PATIENCE + 1}")
    assert ledger.receipts.reconcile() == 0
    assert len(rows(ledger)) == 2


# --- addresses --------------------------------------------------------------------------------------------------------


def test_an_address_tells_whose_it_is_and_is_not_kept(ledger: Ledger) -> None:
    whose = {"+8613800000000": ["wang", "li"]}.get
    stop = tell("1", Received.UNSUBSCRIBED, address="+8613800000000")
    for _ in range(2):
        write(ledger, stop, customers=lambda address: whose(address, []))
    told = ledger.receipts.frame()
    assert told.select("customer", "kind", "channel").rows() == [
        ("li", "unsubscribe", "sms"), ("wang", "unsubscribe", "sms"),
    ]  # fmt: skip
    assert told.get_column("event").n_unique() == 2
    assert "13800000000" not in str(rows(ledger))


def test_an_address_that_nobody_knows_yet_finds_its_customer_later(ledger: Ledger) -> None:
    write(
        ledger, tell("1", Received.UNSUBSCRIBED, address="+86 138-7654-3210"), tell("2", Received.REPLIED, address="x")
    )
    assert "7654" not in str(rows(ledger))
    assert ledger.receipts.frame().height == 0
    assert ledger.receipts.strangers() == {"sms"}
    assert ledger.receipts.recognise("email", {"+8613876543210": ["li"]}) == 0
    assert ledger.receipts.recognise("sms", {"008613876543210": ["li"], "+8613900000000": ["wang"]}) == 1
    assert ledger.receipts.frame().get_column("customer").to_list() == ["li"]
    assert write(ledger, tell("1", Received.UNSUBSCRIBED, address="+8613876543210")) == 0


def test_an_address_that_stays_unknown_is_forgotten(ledger: Ledger) -> None:
    write(ledger, tell("1", Received.REPLIED, address="+8613876543210"), tell("2", provider_id="p9"))
    with ledger._transaction(write=True) as connection:
        connection.exec_driver_sql(f"UPDATE rulecrm_receipts SET learnt = learnt - {PATIENCE + 1}")
    assert ledger.receipts.strangers() == frozenset()
    assert ledger.receipts.recognise("sms", {"+8613876543210": ["li"]}) == 0
    ledger.receipts.reconcile()
    assert {row[9] for row in rows(ledger)} == {None}
    assert len(rows(ledger)) == 2


def test_a_message_that_becomes_known_takes_the_place_of_an_address(ledger: Ledger) -> None:
    (decision,) = send_to(ledger, "li")
    hand_over(ledger, decision)
    early = tell("1", Received.REPLIED, provider_id="p1", address="a@b.cn")
    write(ledger, early, customers=lambda _: ["li", "wang"])
    assert sorted(ledger.receipts.frame().get_column("customer")) == ["li", "wang"]
    answer(ledger, decision, "p1")
    ledger.receipts.reconcile()
    assert ledger.receipts.frame().filter(kind="reply").get_column("customer").to_list() == ["li"]


def test_addresses_are_compared_by_what_they_mean() -> None:
    assert normal_address(" Li@Example.CN ") == "li@example.cn"
    assert {normal_address(one) for one in ("+86 138 0000-0000", "008613800000000", "8613800000000")} == {
        "8613800000000"
    }
    assert normal_address("wx_Li 1") == "wx_Li 1"


# --- once, and in any order -------------------------------------------------------------------------------------------


def test_what_is_told_twice_is_there_once(ledger: Ledger) -> None:
    (decision,) = send_to(ledger, "li")
    key = hand_over(ledger, decision, provider_id="p1")
    assert write(ledger, tell("1", key=key), tell("1", key=key), tell("2", O, key=key)) == 2
    before = rows(ledger)
    assert write(ledger, tell("1", key=key), tell("2", O, key=key)) == 0
    assert write(ledger, tell("1", key=key), route="another") == 1
    assert len(rows(ledger)) == len(before) + 1


def test_two_threads_that_tell_the_same_leave_it_once(ledger: Ledger) -> None:
    decisions = send_to(ledger, *(f"c{number}" for number in range(20)))
    keys = [hand_over(ledger, one, provider_id=f"p{number}") for number, one in enumerate(decisions)]
    told = [tell(key, what, key=key) for key in keys for what in (D,)] + [tell(f"o{key}", O, key=key) for key in keys]
    start, counts, wrong = threading.Barrier(4), [], []

    def run(number: int) -> None:
        start.wait()
        try:
            counts.append(sum(write(ledger, *told[at : at + 5]) for at in range(0, 40, 5)[:: 1 if number % 2 else -1]))
        except BaseException as error:
            wrong.append(error)
            raise

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert len(rows(ledger)) == 40
    assert sum(counts) >= 40
    assert ledger.receipts.reconcile() == 0
    assert set(outcomes(ledger).values()) == {("delivered", None)}


STEPS = [
    0, 1,
    tell("d", D, 3, provider_id="p0"), tell("s", B, 2, provider_id="p0", reason="soft"),
    tell("h", B, 4, provider_id="p1", reason="hard"), tell("t", B, 5, provider_id="p1", reason="soft"),
    tell("o", O, 6, key=key_of("?", 0)), tell("u", Received.UNSUBSCRIBED, 6, address="1380013800"),
    tell("r", Received.REPLIED, 7, provider_id="p1x", address="1380013800"),
]  # fmt: skip


def outcome_of(steps: Sequence[int | Receipt], batches: int, again: bool) -> tuple[object, ...]:
    with Ledger.open("sqlite://") as ledger:
        ledger.claim(SETTINGS)
        decisions = send_to(ledger, "c0", "c1")
        for one in decisions:
            hand_over(ledger, one)
        waiting: list[Receipt] = []
        for which in steps:
            if isinstance(which, int):
                answer(ledger, decisions[which], f"p{which}")
                continue
            waiting.append(which)
            if len(waiting) == batches:
                write(ledger, *waiting, customers=lambda _: ["c1", "c0"])
                waiting = waiting if again else []
                if again and len(waiting) > 3:
                    waiting = []
        write(ledger, *waiting, *(one for one in steps if isinstance(one, Receipt)), customers=lambda _: ["c0", "c1"])
        ledger.receipts.reconcile()
        return rows(ledger), outcomes(ledger), ledger.receipts.frame().rows()


@cache
def in_order() -> tuple[object, ...]:
    return outcome_of(STEPS, 1, again=False)


@settings(max_examples=max(20, settings().max_examples // 4))
@given(st.permutations(STEPS), st.integers(1, 4), st.booleans())
def test_any_order_leaves_the_same_rows_and_outcomes(steps: Sequence[int | Receipt], batches: int, again: bool) -> None:
    told = outcome_of(steps, batches, again)
    assert told == in_order()
    assert told[1] == {"c0": ("delivered", None), "c1": ("dead address", "bounced: hard")}


# --- polling ----------------------------------------------------------------------------------------------------------


class Mailbox:
    """Tells three receipts, two at a time; the cursor is how many were told."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        self.asked.append(cursor)
        told, start = [tell(str(number)) for number in range(3)], int(cursor or 0)
        return told[start : start + 2], str(min(start + 2, 3))


def test_polling_goes_on_where_it_stopped(ledger: Ledger) -> None:
    mailbox = Mailbox()
    assert asyncio.run(ledger.receipts.poll(mailbox, route="mail", word="email")) == 3
    assert mailbox.asked == [None, "2", "3"]
    assert ledger.receipts.cursor("mail") == "3"
    assert asyncio.run(ledger.receipts.poll(mailbox, route="mail", word="email")) == 0
    assert mailbox.asked[3:] == ["3"]
    assert ledger.receipts.cursor("sms") is None


# --- reading, privacy -------------------------------------------------------------------------------------------------


def test_receipts_are_facts_in_the_order_of_time(ledger: Ledger) -> None:
    (decision,) = send_to(ledger, "li")
    key = hand_over(ledger, decision, provider_id="p1")
    write(ledger, *(tell(str(n), what, n + 2, key=key, text="t\0\ud800") for n, what in enumerate(Received)))
    told = ledger.receipts.frame()
    assert told.columns == [field.name for field in TOLD]
    assert told.schema["at"] == pl.Datetime("us", "UTC")
    kinds = ["message", "message_delivered", "open", "click", "bounce", "complaint", "unsubscribe", "reply"]
    assert told.get_column("kind").to_list() == kinds
    assert set(told.get_column("text")) == {None, "t?"}
    assert ledger.receipts.frame("wang").height == 0


def test_the_erased_leave_nothing_in_the_receipts(ledger: Ledger) -> None:
    (decision,) = send_to(ledger, "li.key")
    key = hand_over(ledger, decision, provider_id="p1")
    write(ledger, tell("1", Received.REPLIED, key=key, text="it is me, li.key"))
    write(ledger, tell("2", Received.UNSUBSCRIBED, address="138"), customers=lambda _: ["li.key"])
    assert len(json.loads(json.dumps(ledger.export("li.key")))["receipts"]) == 3
    ledger.erase("li.key")
    write(ledger, tell("3", Received.REPLIED, key=key, text="me again, li.key"))
    write(ledger, tell("4", Received.UNSUBSCRIBED, address="138"), customers=lambda _: ["li.key"])
    assert "li.key" not in str(rows(ledger))
    assert ledger.receipts.frame().height == 0
    assert len(rows(ledger)) == 4


def test_no_address_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with Ledger.open(f"sqlite:///{path}") as ledger:
        write(ledger, tell("8613912345678-1", Received.REPLIED, address="8613912345678"))
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    assert b"13912345678" not in path.read_bytes()

"""What a campaign is measured by: every journey, every message with what was first told of it, every price."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from rulecrm.model.sending import Receipt, Received
from rulecrm.state import Ledger, tables
from tests.state.outbox import ROUTE, hand_over
from tests.state.rows import DAY, T0, advance, decision, journey

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def at(days: float) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=T0 + int(days * DAY))


def tell(ledger: Ledger, name: str, what: Received, days: float, key: str | None) -> None:
    ledger.receipts.write([Receipt(name, what, at(days), key)], route=ROUTE, channel="sms")


def test_a_campaign_is_measured_by_its_own_journeys_messages_and_prices(ledger: Ledger) -> None:
    mine = [journey("a"), journey("b", arm="control"), journey("c")]
    other = journey("a", campaign="care")
    sends = [decision(mine[0]), decision(mine[1], outcome="control"), decision(mine[2]), decision(other)]
    rest = [decision(mine[0], step="2", action="tag", wave=None, outcome="done", channel=None, template=None)]
    advance(ledger, T0 + DAY, new=[*mine, other], made=[*sends, *rest])
    first, second, third = (str(sends[place]["decision"]) for place in (0, 2, 3))
    keys = [hand_over(ledger, one, provider_id=f"p-{one}") for one in (first, second, third)]
    for name, what, days in (
        ("1", Received.OPENED, 5), ("2", Received.OPENED, 3), ("3", Received.CLICKED, 4), ("4", Received.DELIVERED, 2)
    ):  # fmt: skip
        tell(ledger, name, what, days, keys[0])
    tell(ledger, "5", Received.COMPLAINED, 3, keys[2])
    with ledger._transaction(write=True) as connection:
        priced = sa.update(tables.attempts).values(price="0.045", currency="CNY")
        connection.execute(priced.where(tables.attempts.c.decision.in_([first, third])))

    found = ledger.measured("gift")
    assert found.assigned.sort("customer").select("customer", "arm").rows() == [
        ("a", "treated"), ("b", "control"), ("c", "treated")
    ]  # fmt: skip
    rows = {row["customer"]: row for row in found.messaged.iter_rows(named=True)}
    assert found.messaged.height == 3
    assert rows["a"]["outcome"] == "delivered"
    assert [rows["a"][name] for name in ("delivered", "opened", "clicked")] == [at(2), at(3), at(4)]
    assert rows["a"]["replied"] is rows["a"]["complained"] is None
    assert (rows["b"]["outcome"], rows["b"]["sent_at"], rows["b"]["opened"]) == ("control", None, None)
    assert rows["c"]["sent_at"] is not None
    assert found.charged.select("decision", "price", "currency").rows() == [(first, "0.045", "CNY")]
    assert found.erased == 0


def test_who_was_erased_is_counted_and_nothing_else_is_told(ledger: Ledger) -> None:
    mine = [journey("a"), journey("b")]
    advance(ledger, T0 + DAY, new=mine, made=[decision(one) for one in mine])
    ledger.erase("a")
    found = ledger.measured("gift")
    assert found.erased == 1
    assert found.assigned.get_column("customer").to_list() == ["b"]
    assert found.messaged.get_column("customer").to_list() == ["b"]
    assert ledger.measured("nothing").assigned.is_empty()

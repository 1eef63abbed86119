"""What the public strategies draw is allowed, and is of all the kinds that they promise."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import find, given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm.facts import Facts
from rulecrm.model.sending import Message, Receipt, key_of
from rulecrm.testing import strategies

RULES = rulecrm.loads(
    """
    currency CNY
    metric purchases = count(purchase)
    metric spent = sum(purchase.amount) ?? 0 CNY
    segment buyers = purchases >= 1
    segment readers = exists(open where channel == "email")
    """,
    source="drawn.rules",
)


@given(strategies.facts(), strategies.instants())
@settings(max_examples=40, deadline=None)
def test_facts_can_be_evaluated_at_any_instant(facts: Facts, at: dt.datetime) -> None:
    result = RULES.evaluate(facts, as_of=at)
    table = result.table()
    assert table.filter((pl.col("purchases") > 0) != pl.col("buyers")).is_empty()


@given(strategies.frames())
@settings(max_examples=40, deadline=None)
def test_orders_go_through_their_stages(frames: dict[str, pl.DataFrame]) -> None:
    orders = frames["orders"]
    assert orders.filter(pl.col("paid_at") < pl.col("placed_at")).is_empty()
    assert orders.get_column("order").is_unique().all()
    assert set(frames) == {"customers", "orders", "events"}


def test_ties_and_strangers_are_drawn() -> None:
    tied = find(strategies.frames(), lambda drawn: bool(drawn["events"].get_column("at").is_duplicated().any()))
    assert tied["events"].height >= 2
    strange = find(
        strategies.frames(),
        lambda drawn: drawn["orders"].join(drawn["customers"], on="customer", how="anti").height > 0,
    )
    assert strange["orders"].height >= 1


@given(strategies.messages(), strategies.receipts(st.just(key_of("d", 0))))
def test_messages_and_receipts_are_whole(message: Message, receipt: Receipt) -> None:
    assert len(message.key) == 36
    assert 0 < message.number < 2**31
    assert message.address.startswith("+")
    assert receipt.at.tzinfo is not None
    assert receipt.key == key_of("d", 0)

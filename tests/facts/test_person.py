"""Persons: customers of several shops who are one."""

from __future__ import annotations

import datetime as dt

import polars as pl

import rulecrm

RULES = """
timezone "UTC"
currency CNY
metric bought of person = count(purchase)
metric lines of person = count(item)
segment often of person = count(purchase) >= 2
segment often_here = count(purchase) >= 2
"""

ORDERS = pl.DataFrame(
    {
        "order": ["1", "2", "3"],
        "customer": ["north:a", "south:b", "north:c"],
        "amount": ["10", "20", "30"],
        "currency": ["CNY"] * 3,
        "paid_at": [dt.datetime(2025, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)],
    }
)
ITEMS = pl.DataFrame({"order": ["1", "2", "2"], "title": ["x", "y", "z"], "quantity": [1, 1, 2]})
LINKED = ORDERS.with_columns(pl.Series("person", ["north:a", "north:a", "north:c"]))


def _often(orders: pl.DataFrame, name: str) -> list[str]:
    rules = rulecrm.loads(RULES)
    result = rules.evaluate(rulecrm.Facts.from_frames(orders=orders, items=ITEMS), as_of="2025-02-01")
    return result.segment(name).to_series().to_list()


def test_what_customers_of_two_shops_did_one_person_did() -> None:
    assert _often(LINKED, "often") == ["north:a"]
    assert _often(LINKED, "often_here") == []


def test_whom_nobody_has_linked_is_a_person_by_himself() -> None:
    assert _often(ORDERS, "often") == []
    twice = ORDERS.with_columns(customer=pl.lit("north:a"))
    assert _often(twice, "often") == ["north:a"]


def test_items_are_those_of_the_person_of_their_order() -> None:
    rules = rulecrm.loads(RULES)
    for orders, lines in ((LINKED, {"north:a": 3, "north:c": 0}), (ORDERS, {"north:a": 1, "south:b": 2, "north:c": 0})):
        facts = rulecrm.Facts.from_frames(orders=orders, items=ITEMS)
        found = rules.evaluate(facts, as_of="2025-02-01").table("person").select("person", "lines")
        assert dict(found.iter_rows()) == lines

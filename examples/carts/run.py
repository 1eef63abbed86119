"""Sequences of events: who left something in the cart, who hesitates, and why."""

import datetime as dt
from pathlib import Path

import polars as pl

import rulecrm

HERE = Path(__file__).parent


def at(day: int, hour: int) -> dt.datetime:
    return dt.datetime(2025, 3, day, hour, tzinfo=dt.UTC)


events = pl.DataFrame(
    [
        ("ann", "cart", at(1, 9), "shoes", None),
        ("bob", "cart", at(1, 9), "shoes", None),
        ("eve", "view", at(2, 9), "coat", None),
        ("eve", "view", at(2, 10), "coat", None),
        ("eve", "view", at(2, 11), "coat", None),
        ("eve", "inquiry", at(2, 12), "coat", None),
        ("joe", "open", at(3, 8), None, "email"),
    ],
    schema=["customer", "kind", "at", "product", "channel"],
    orient="row",
)
orders = pl.DataFrame(
    {"order": ["1"], "customer": ["ann"], "placed_at": [at(1, 12)], "paid_at": [at(1, 12)], "product": ["shoes"]}
)

rules = rulecrm.load(HERE / "carts.rules")
facts = rulecrm.Facts.from_frames(orders=orders, events=events)
result = rules.evaluate(facts, as_of="2025-03-05")

for name in result.segments:
    print(f"{name}: {', '.join(result.segment(name)['customer'])}")
print()
print(rules.explain(facts, customer="ann", segment="left_in_cart", as_of="2025-03-05"))

"""Operators that read an operand twice do not make nested expressions explode."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

import rulecrm


@pytest.fixture
def facts() -> rulecrm.Facts:
    at = [dt.datetime(2025, 1, day, tzinfo=dt.UTC) for day in (1, 2)]
    amounts = [Decimal(10), Decimal(20)]
    return rulecrm.Facts.from_frames(purchase=pl.DataFrame({"customer": ["a", "a"], "at": at, "amount": amounts}))


def test_a_long_chain_of_products_and_quotients_is_computed(facts: rulecrm.Facts) -> None:
    amount, number = "sum(purchase.amount)", "count(purchase)"
    for _ in range(30):
        amount, number = f"({amount} * 1.1 / 1.1)", f"(1 / (1 + {number}))"
    text = f"currency CNY\nmetric amount = {amount}\nmetric number = {number}\n"
    row = rulecrm.loads(text).evaluate(facts, as_of="2025-02-01").table().row(0, named=True)
    # 1 / (1 + …) goes to the golden ratio's inverse; each product of 30 CNY is exact in ten-thousandths.
    assert row == {"customer": "a", "amount": Decimal(30), "number": pytest.approx((5**0.5 - 1) / 2)}


def test_the_same_holds_for_rows(facts: rulecrm.Facts) -> None:
    chain = "purchase.amount" + " * 3 / 4 * 4 / 3" * 6
    rules = rulecrm.loads(
        f"currency CNY\nmetric m = sum({chain})\nmetric n = count(purchase where {chain[9:]} >= 20 CNY)\n"
    )
    assert rules.evaluate(facts, as_of="2025-02-01").table().row(0) == ("a", Decimal(30), 1)

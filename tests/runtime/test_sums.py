"""Sums and differences of amounts and whole numbers: exact, or refused with R442, and never another number."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import rulecrm
from tests.strategies import fewer

DAY = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
UNIT = Decimal("0.0001")
LARGEST = 2**63 - 1
"""Of ten-thousandths, in which amounts are held."""

amounts = st.one_of(
    st.integers(0, LARGEST),
    st.integers(0, 10**9),
    st.integers(LARGEST // 2 - 2, LARGEST // 2 + 2),
    st.integers(LARGEST - 2, LARGEST),
)

EXPRESSIONS = {
    "max({a} + {b})": lambda a, b: (a + b,),
    "max({a}) + max({b})": lambda a, b: (a + b,),
    "max({a}) - max({b})": lambda a, b: (a - b,),
    "max({a} - {b})": lambda a, b: (a - b,),
    "min(0 CNY - {a} - {b})": lambda a, b: (-a, -a - b),
    "0 CNY - max({a}) - max({b})": lambda a, b: (-a, -a - b),
    "max({a}) + max({b}) - max({b})": lambda a, b: (a + b, a),
    "max({a}) + 0.0001 CNY": lambda a, _: (a + 1,),
    "max({a} + max({b}))": lambda a, b: (a + b,),
    "(max({a}) ?? 1 CNY) + max({b})": lambda a, b: (a + b,),
}
"""What is written, and every sum on the way to what comes out."""


@pytest.mark.parametrize("written", EXPRESSIONS)
@fewer(20)
@given(amounts, amounts)
@example(LARGEST, 0)
@example(LARGEST, 1)
@example(LARGEST // 2, LARGEST // 2)
@example(LARGEST, LARGEST)
def test_a_sum_is_exact_or_refused(written: str, a: int, b: int) -> None:
    text = written.format(a="purchase.amount", b="purchase.discount")
    rules = rulecrm.loads(f"currency CNY\nmetric m = {text}")
    orders = pl.DataFrame(
        {"order": ["1"], "customer": ["ann"], "paid_at": [DAY], "amount": [a * UNIT], "discount": [b * UNIT]},
        schema_overrides={"amount": pl.Decimal(38, 4), "discount": pl.Decimal(38, 4)},
    )
    facts = rulecrm.Facts.from_frames(orders=orders)
    sums = EXPRESSIONS[written](a, b)
    if all(-LARGEST - 1 <= one <= LARGEST for one in sums):
        (row,) = rules.evaluate(facts, as_of="2025-07-01").table().to_dicts()
        assert row["m"] == sums[-1] * UNIT
    else:
        with pytest.raises(rulecrm.RulesError) as caught:
            rules.evaluate(facts, as_of="2025-07-01").table()
        assert [one.code for one in caught.value.diagnostics] == ["R442"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("count(visit) * 4000000000000000000 + 4000000000000000000", None),
        ("count(visit) * 4000000000000000000 + 1223372036854775807", 2**63 - 1),
        ("count(visit) * 4000000000000000000 + 1223372036854775808", None),
        ("0 - count(visit) * 4000000000000000000 - 1223372036854775808", -(2**63)),
        ("0 - count(visit) * 4000000000000000000 - 1223372036854775809", None),
    ],
)
def test_whole_numbers_are_no_different(written: str, value: int | None) -> None:
    visits = pl.DataFrame({"customer": ["ann"] * 2, "at": [DAY] * 2})
    facts = rulecrm.Facts.from_frames(visit=visits)
    rules = rulecrm.loads(f"metric m = {written}")
    if value is not None:
        assert rules.evaluate(facts, as_of="2025-07-01").table().to_dicts() == [{"customer": "ann", "m": value}]
        return
    with pytest.raises(rulecrm.RulesError) as caught:
        rules.evaluate(facts, as_of="2025-07-01").table()
    assert [one.code for one in caught.value.diagnostics] == ["R442"]

"""Distances: a change by that much turns the verdict, and nothing smaller does."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.explain.distance import Measure, between, to_turn
from rulecrm.explain.shown import Door, duration_text, number_text, plural
from rulecrm.model.types import DATE, DURATION, INSTANT, INT, MONEY, NUMBER, Type

DOOR = Door("UTC", "CNY")
OPS = {"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}
HOUR, DAY = 3_600_000_000, 86_400_000_000


@pytest.mark.parametrize(
    ("op", "left", "right", "kind", "text"),
    [
        ("ge", 2, 4, INT, "2 short of 4"),
        ("gt", 4, 4, INT, "1 short of 5"),
        ("lt", 4, 4, INT, "1 over 3"),
        ("eq", 7, 4, INT, "3 over 4"),
        ("ge", 5, 4, INT, "2 from failing"),
        ("gt", 5, 4, INT, "1 from failing"),
        ("ge", 875_000, 1_000_000, MONEY, "CNY 12.50 below"),
        ("gt", 1_000_000, 1_000_000, MONEY, "at the limit"),
        ("lt", 2.5, 2.25, NUMBER, "0.25 above"),
        ("gt", 42 * DAY, 60 * DAY, DURATION, "18 d short"),
        ("le", 61 * DAY + 3 * HOUR, 60 * DAY, DURATION, "1 d 3 h over"),
        ("lt", 17 * DAY, 0, INSTANT, "17 d too late"),
        ("ge", 10, 27, DATE, "17 d too early"),
        ("lt", 10, 10, DATE, "1 d too late"),
        ("ge", None, 4, INT, "missing"),
        ("eq", 4, 4, INT, ""),
    ],
)
def test_words(op: str, left: float | None, right: float, kind: Type, text: str) -> None:
    verdict = left is not None and OPS[op](left, right)
    assert to_turn(op, left, right, verdict=verdict, measure=Measure(DOOR, kind)).text == text


@given(st.sampled_from(sorted(OPS)), st.integers(-9, 9), st.integers(-9, 9))
def test_the_amount_turns_a_whole_number_and_less_does_not(op: str, left: int, right: int) -> None:
    verdict = OPS[op](left, right)
    amount = to_turn(op, left, right, verdict=verdict, measure=Measure(DOOR, INT)).amount
    if amount is None:  # equal, or not: any other value
        assert left == right
        return
    assert isinstance(amount.value, int)
    turned = [change for change in range(-30, 31) if OPS[op](left + change, right) != verdict]
    if not (op == "eq" and verdict) and not (op == "ne" and not verdict):
        assert min(map(abs, turned)) == amount.value


@given(
    st.integers(-9, 9), st.integers(0, 6), st.booleans(), st.booleans(), st.integers(-20, 20)
)  # fmt: skip
def test_into_and_out_of_a_range(low: int, length: int, first: bool, last: bool, left: int) -> None:
    high = low + length + 2

    def inside(value: int) -> bool:
        return (low <= value if first else low < value) and (value <= high if last else value < high)

    verdict = inside(left)
    amount = between((low, high), (first, last), left, verdict=verdict, measure=Measure(DOOR, INT)).amount
    assert amount is not None
    turned = [abs(change) for change in range(-60, 61) if inside(left + change) != verdict]
    assert amount.value == min(turned)


@pytest.mark.parametrize(
    ("micros", "text", "exact"),
    [
        (412 * DAY + 3 * HOUR + 61_000_000, "412 d 3 h", "412 d 3 h 1 m 1 s"),
        (0, "0 s", "0 s"),
        (-DAY, "-1 d", "-1 d"),
        (1_500_000, "1.5 s", "1.5 s"),
        (5 * HOUR + 7_000_000, "5 h 7 s", "5 h 7 s"),
    ],
)
def test_durations(micros: int, text: str, exact: str) -> None:
    assert (duration_text(micros), duration_text(micros, exact=True)) == (text, exact)


def test_numbers_and_counts() -> None:
    assert [number_text(one) for one in (5, 1_234_567, 2.5, 1 / 3, 3.0)] == ["5", "1,234,567", "2.5", "0.333333", "3"]
    counted = [plural(*one) for one in (("purchase", 5), ("purchase", 1), ("reply", 2), ("view", 0), ("live_watch", 2))]
    assert counted == ["5 purchases", "1 purchase", "2 replies", "no view", "2 × live_watch"]


def test_amounts_of_currencies_without_decimals() -> None:
    assert Door("UTC", "JPY").of(12_000_000, MONEY, 0).text == "JPY 1,200"
    assert DOOR.of(12_345, MONEY, 0).text == "CNY 1.2345"

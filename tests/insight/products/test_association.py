"""Lifts, intervals and tails, against slow exact sums and published numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, hypergeom, poisson

from rulecrm.insight.products.association import (
    at_least_so_many,
    at_most_so_many,
    beyond_usual,
    lifts,
    usual_lifts,
)


def counts(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def exact_tail(least: int, most: int, left: int, right: int, total: int) -> Fraction:
    """The probability of from `least` to `most` with both, by counting."""
    ways = sum(
        math.comb(left, k) * math.comb(total - left, right - k)
        for k in range(max(least, 0), min(most, left, right) + 1)
        if right - k <= total - left
    )
    return Fraction(ways, math.comb(total, right))


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    total = draw(st.integers(1, 60))
    left, right = draw(st.integers(1, total)), draw(st.integers(1, total))
    both = draw(st.integers(max(0, left + right - total), min(left, right)))
    return both, left, right, total


@given(tables())
def test_tails_are_those_of_counting(table: tuple[int, int, int, int]) -> None:
    both, left, right, total = table
    one = (counts(both), counts(left), counts(right), total)
    assert at_least_so_many(*one)[0] == pytest.approx(float(exact_tail(both, total, left, right, total)), abs=1e-12)
    assert at_most_so_many(*one)[0] == pytest.approx(float(exact_tail(0, both, left, right, total)), abs=1e-12)


def test_tails_of_a_large_shop() -> None:
    both, left, right = (
        counts(150, 30_500, 1, 4_000),
        counts(10_000, 200_000, 7, 90_000),
        counts(20_000, 450_000, 9, 90_000),
    )
    total = 3_000_000
    found = at_least_so_many(both, left, right, total)
    expected = hypergeom.sf(both - 1, total, left, right)
    assert found == pytest.approx(expected, rel=1e-6)
    assert fisher_exact([[150, 9_850], [19_850, 2_970_150]], "greater").pvalue == pytest.approx(found[0], rel=1e-6)


def test_nothing_is_said_of_nothing() -> None:
    none = counts()
    assert at_least_so_many(none, none, none, 0).size == 0


def test_lift_by_hand() -> None:
    # 10 of 100 orders have both, 20 the one, 25 the other: 5 were to be expected
    found = lifts(counts(10), counts(20), counts(25), 100)
    assert found.lift[0] == pytest.approx(2.0)
    spread = math.sqrt(1 / 10 - 1 / 20 - 1 / 25 + 3 / 100)
    assert found.low[0] == pytest.approx(2 * math.exp(-1.959963984540054 * spread))
    assert found.high[0] == pytest.approx(2 * math.exp(1.959963984540054 * spread))


def test_intervals_of_lift_hold_the_truth_as_often_as_they_say() -> None:
    draw = np.random.Generator(np.random.PCG64(7))
    cells = draw.multinomial(2_000, [0.03, 0.12, 0.07, 0.78], size=4_000).astype(np.int64)
    found = lifts(cells[:, 0], cells[:, 0] + cells[:, 1], cells[:, 0] + cells[:, 2], 2_000)
    truth = 0.03 / (0.15 * 0.10)
    held = float(((found.low <= truth) & (truth <= found.high)).mean())
    assert held == pytest.approx(0.95, abs=0.012)


def test_a_pair_is_measured_by_the_other_pairs() -> None:
    both, expected = counts(40, 12, 18), np.array([10.0, 10.0, 15.0])
    usual = usual_lifts(both, expected, all_both=70, all_expected=35.0)
    assert usual.tolist() == pytest.approx([30 / 25, 58 / 25, 52 / 20])
    alone = usual_lifts(counts(40), np.array([10.0]), all_both=40, all_expected=10.0)
    assert alone.tolist() == [1.0]
    # 100 of 1000 have each, so 10 are expected, and 12 where others have a lift of 1.2
    p = beyond_usual(counts(40, 40), counts(100, 100), counts(100, 100), 1000, np.array([1.2, 0.9]))
    assert p[0] == pytest.approx(poisson.sf(39, 12.0))
    assert p[1] == pytest.approx(hypergeom.sf(39, 1000, 100, 100))

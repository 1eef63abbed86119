"""Arms as large as they were meant to be: a published example, a second opinion, the exact test in full."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from rulecrm.insight.statistics import sample_ratio


def test_the_published_example_is_suspicious() -> None:
    # R. Kohavi, D. Tang, Y. Xu, Trustworthy Online Controlled Experiments, 2020, chapter 21, scenario 1
    found = sample_ratio([821_588, 815_482], [0.5, 0.5])
    assert found.p == pytest.approx(1.8e-6, abs=5e-8)
    assert found.suspicious


@given(st.lists(st.tuples(st.integers(1000, 5000), st.integers(1, 5)), min_size=2, max_size=5))
def test_a_second_package_says_the_same(arms: list[tuple[int, int]]) -> None:
    observed, parts = [count for count, _ in arms], [part for _, part in arms]
    expected = [sum(observed) * part / sum(parts) for part in parts]
    assert sample_ratio(observed, parts).p == pytest.approx(chisquare(observed, expected).pvalue, abs=1e-12)


@given(st.integers(1, 20), st.data())
def test_a_small_arm_is_counted_out(total: int, data: st.DataObject) -> None:
    """All ways in which as many customers can fall on two arms, one in ten in the control."""
    control = data.draw(st.integers(0, total))
    ways = [math.comb(total, k) * 0.1**k * 0.9 ** (total - k) for k in range(total + 1)]
    as_unlike = sum(way for way in ways if way <= ways[control] * (1 + 1e-9))
    assert sample_ratio([total - control, control], [90, 10]).p == pytest.approx(as_unlike)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 5)), min_size=2, max_size=4), st.integers(1, 9))
def test_neither_order_nor_unit_matters(arms: list[tuple[int, int]], unit: int) -> None:
    observed, parts = [count for count, _ in arms], [part for _, part in arms]
    one = sample_ratio(observed, parts)
    other = sample_ratio(observed[::-1], [part * unit / 7 for part in parts[::-1]])
    assert one.suspicious == other.suspicious
    assert one.why == other.why
    assert one.p == (None if other.p is None else pytest.approx(other.p, rel=1e-6))


def test_what_cannot_be_said_is_named() -> None:
    assert sample_ratio([0, 0], [9, 1]).why == "too_few"
    assert sample_ratio([50], [1]).why == "no_control"
    assert sample_ratio([50, 0], [1, 0]).why == "no_control"
    assert sample_ratio([50, 1], [1, 0]).suspicious


@pytest.mark.parametrize(("observed", "expected"), [([1], [1, 1]), ([-1, 2], [1, 1]), ([1, 2], [0, 0]), ([], [])])
def test_what_are_no_arms_is_refused(observed: list[int], expected: list[float]) -> None:
    with pytest.raises(ValueError, match="arms"):
        sample_ratio(observed, expected)

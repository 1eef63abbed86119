"""Means: a published example, a second package, coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from rulecrm.insight.statistics import Compared, compare_means


def compared(one: np.ndarray, two: np.ndarray, level: float = 0.95) -> Compared:
    return compare_means(one.mean(), one.var(ddof=1), len(one), two.mean(), two.var(ddof=1), len(two), level=level)


def test_the_sleep_of_student() -> None:
    # Student, The probable error of a mean, Biometrika 6, 1908; as R's manual tests it: t.test(extra ~ group)
    first = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    second = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    found = compared(first, second)
    assert found.difference == pytest.approx(0.75 - 2.33)
    assert found.p == pytest.approx(0.07939, abs=5e-6)
    assert (found.low, found.high) == (pytest.approx(-3.3654832, abs=5e-8), pytest.approx(0.2054832, abs=5e-8))


values = st.lists(st.floats(-1000, 1000), min_size=2, max_size=30).filter(lambda some: np.ptp(some) > 1e-3)


@given(values, values, st.sampled_from([0.8, 0.95, 0.999]))
def test_second_packages_say_the_same(one: list[float], two: list[float], level: float) -> None:
    found = compared(np.array(one), np.array(two), level)
    test = CompareMeans(DescrStatsW(one), DescrStatsW(two))
    ends = test.tconfint_diff(alpha=1 - level, usevar="unequal")
    assert (found.low, found.high) == pytest.approx(ends, rel=1e-7, abs=1e-7)
    assert found.p == pytest.approx(ttest_ind(one, two, equal_var=False).pvalue, rel=1e-7, abs=1e-12)


def test_the_interval_covers_the_difference() -> None:
    random = np.random.default_rng(5)
    runs = 1200
    covered = 0
    for _ in range(runs):
        found = compared(random.normal(3, 1, 12), random.normal(1, 4, 25))
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 2 <= found.high
    assert covered / runs == pytest.approx(0.95, abs=0.02)  # three standard errors


def test_one_arm_alike_and_the_other_not_is_enough() -> None:
    found = compare_means(5.0, 0.0, 10, 4.0, 2.5, 10)
    assert found.standard_error == pytest.approx(0.5)
    assert found.why is None


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3])
def test_values_all_alike_are_no_evidence_even_when_rounded(value: float) -> None:
    one, two = np.full(7, value), np.full(10, value * 3)
    found = compared(one, two)
    assert found.why == "no_variance"
    assert (found.low, found.high, found.p) == (None, None, None)
    assert found.difference == pytest.approx(-2 * value)


def test_what_cannot_be_said_is_named() -> None:
    assert compare_means(None, None, 0, 1.0, 2.0, 9).why == "empty_arm"
    assert compare_means(1.0, 2.0, 9, None, None, 0).why == "no_control"
    one = compare_means(1.0, None, 1, 3.0, 2.0, 9)
    assert (one.why, one.difference, one.p) == ("too_few", -2.0, None)


@pytest.mark.parametrize("wrong", [None, float("nan"), float("inf"), -1.0])
def test_what_is_no_variance_is_refused(wrong: float | None) -> None:
    with pytest.raises(ValueError, match="no mean and no variance"):
        compare_means(1.0, wrong, 9, 1.0, 1.0, 9)

"""Shares and their differences: published examples, a second package, coverage computed exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats import proportion as second

from rulecrm import RulesError
from rulecrm.insight.statistics import compare_proportions, proportion


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [  # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17, 1998
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_a_share_is_the_published_one(x: int, n: int, low: float, high: float) -> None:
    found = proportion(x, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(
    ("x1", "n1", "x0", "n0", "low", "high"),
    [  # R. G. Newcombe, Statistics in Medicine 17, 1998, pages 873-890, table II, method 10: the examples (a) to (h)
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0000),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    x1: int, n1: int, x0: int, n0: int, low: float, high: float
) -> None:
    found = compare_proportions(x1, n1, x0, n0)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_a_lady_tasting_tea() -> None:
    # R. A. Fisher, The Design of Experiments, 1935: of 70 ways to name four of eight cups, 16 are right in three; with
    # the mirrored ones and the extremes 34 are as unlikely.
    found = compare_proportions(3, 4, 1, 4)
    assert found.method == "fisher"
    assert found.p == pytest.approx(34 / 70)


def test_small_counts_are_counted_out() -> None:
    assert compare_proportions(5, 100, 5, 100).method == "score"  # 5 expected in each arm
    assert compare_proportions(5, 100, 4, 100).method == "fisher"
    assert compare_proportions(95, 100, 96, 100).method == "fisher"
    assert compare_proportions(900, 9000, 3, 40).method == "fisher"


counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_a_second_package_says_the_same(one: tuple[int, int], two: tuple[int, int], level: float) -> None:
    (x1, n1), (x0, n0) = one, two
    alone = proportion(x1, n1, level=level)
    assert (alone.low, alone.high) == pytest.approx(
        second.proportion_confint(x1, n1, alpha=1 - level, method="wilson"), abs=1e-12
    )
    found = compare_proportions(x1, n1, x0, n0, level=level)
    ends = second.confint_proportions_2indep(x1, n1, x0, n0, compare="diff", method="newcomb", alpha=1 - level)
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-12)
    if found.method == "score" and 0 < x1 < n1 and 0 < x0 < n0:  # elsewhere theirs divides by nothing
        test = second.test_proportions_2indep(x1, n1, x0, n0, compare="diff", method="score", correction=False)
        assert found.p == pytest.approx(test.pvalue, abs=1e-12)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.8])
def test_the_interval_of_a_share_covers_it(share: float) -> None:
    lengths = range(40, 80)
    covered = [
        sum(
            float(binom.pmf(x, n, share))
            for x in range(n + 1)
            if (found := proportion(x, n)).low is not None and found.low <= share <= (found.high or 0)
        )
        for n in lengths
    ]
    assert 0.94 < float(np.mean(covered)) < 0.98


def test_the_interval_of_a_difference_covers_it() -> None:
    n1, n0 = 30, 18
    ends = [[compare_proportions(x1, n1, x0, n0) for x0 in range(n0 + 1)] for x1 in range(n1 + 1)]
    low = np.array([[one.low for one in row] for row in ends])
    high = np.array([[one.high for one in row] for row in ends])
    covered = []
    for share1 in np.linspace(0.03, 0.97, 15):
        for share0 in np.linspace(0.03, 0.97, 15):
            weight = np.outer(binom.pmf(range(n1 + 1), n1, share1), binom.pmf(range(n0 + 1), n0, share0))
            holds = (low <= share1 - share0) & (share1 - share0 <= high)
            covered.append(float((weight * holds).sum()))
    assert 0.945 < float(np.mean(covered)) < 0.97
    assert min(covered) > 0.9


def test_nobody_and_everybody_leave_an_interval() -> None:
    nobody = compare_proportions(0, 1000, 0, 100)
    assert (nobody.difference, nobody.p, nobody.why) == (0.0, 1.0, None)
    assert nobody.low is not None
    assert -0.04 < nobody.low < 0
    everybody = compare_proportions(1000, 1000, 100, 100)
    assert everybody.p == 1.0
    assert everybody.low == pytest.approx(-(nobody.high or 0))
    assert everybody.high == pytest.approx(-nobody.low)


def test_an_empty_arm_is_named() -> None:
    assert proportion(0, 0).why == "empty_arm"
    assert compare_proportions(0, 0, 3, 9).why == "empty_arm"
    assert compare_proportions(3, 9, 0, 0).why == "no_control"
    assert compare_proportions(0, 0, 0, 0).difference is None


@pytest.mark.parametrize("level", [95, 0, 1, -0.5, float("nan")])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(RulesError) as error:
        compare_proportions(1, 2, 1, 2, level=level)
    assert error.value.diagnostics[0].code == "R819"


def test_per_cent_are_understood() -> None:
    with pytest.raises(RulesError, match=r"write 95 % as `0\.95`"):
        proportion(1, 2, level=95)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        compare_proportions(3, 2, 1, 2)
    with pytest.raises(ValueError, match="-1 of 2"):
        proportion(-1, 2)

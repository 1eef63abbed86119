"""The pre-period taken out: a second package, no bias, less noise, never a claim that is too sure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.api import OLS

from rulecrm.insight.statistics import Adjusted, always_valid_means, compare_means, cuped


def shop(seed: int, treated: int, control: int, correlation: float, effect: float = 0.5) -> Adjusted:
    """Customers whose spending before and after correlate, compared."""
    random = np.random.default_rng(seed)
    x = random.normal(size=treated + control)
    arms = np.arange(treated + control) < treated
    y = correlation * x + np.sqrt(1 - correlation**2) * random.normal(size=len(x)) + effect * arms
    return cuped(y, x, arms)


def plain(y: np.ndarray, arms: np.ndarray) -> object:
    one, two = y[arms], y[~arms]
    return compare_means(one.mean(), one.var(ddof=1), len(one), two.mean(), two.var(ddof=1), len(two))


def test_with_equal_arms_it_is_analysis_of_covariance() -> None:
    """Residuals of both arms alike and free of the pre-period: the classic analysis then assumes what is true."""
    random = np.random.default_rng(2)
    n = 40
    x = random.normal(size=n)
    noise = random.normal(size=n)
    noise -= noise.mean()
    noise -= (noise @ (x - x.mean())) / ((x - x.mean()) @ (x - x.mean())) * (x - x.mean())
    before = np.concatenate([x + 0.7, x])  # the arms differ in the pre-period, too
    arms = np.arange(2 * n) < n
    y = 1.3 * before + 0.4 * arms + np.concatenate([noise, -noise])
    found = cuped(y, before, arms)
    fitted = OLS(y, np.column_stack([arms.astype(float), before, np.ones(2 * n)])).fit()
    assert found.theta == pytest.approx(fitted.params[1])
    assert found.compared.difference == pytest.approx(fitted.params[0])
    assert found.compared.standard_error == pytest.approx(fitted.bse[0])
    assert found.compared.p == pytest.approx(fitted.pvalues[0])
    assert (found.compared.low, found.compared.high) == pytest.approx(tuple(fitted.conf_int()[0]))


def test_with_unequal_arms_it_is_the_regression_with_a_slope_for_each() -> None:
    random = np.random.default_rng(3)
    arms = np.arange(20_000) < 18_000
    x = random.gamma(2, 1, 20_000)
    y = np.where(arms, 2 + 1.5 * x, 1 + 0.5 * x) + random.normal(size=20_000)
    centred = x - x.mean()
    design = np.column_stack([arms.astype(float), centred, centred * arms, np.ones(20_000)])
    fitted = OLS(y, design).fit().get_robustcov_results("HC2")
    found = cuped(y, x, arms)
    assert found.compared.difference == pytest.approx(fitted.params[0], abs=0.05 * fitted.bse[0])
    # Theirs takes the pre-period as given. That its mean is one of a sample adds (difference of the slopes)² var(x) / n
    # (A. Negi, J. M. Wooldridge, Econometric Reviews 40, 2021).
    error = np.sqrt(fitted.bse[0] ** 2 + fitted.params[2] ** 2 * x.var() / len(x))
    assert found.compared.standard_error == pytest.approx(error, rel=0.005)


def test_it_has_no_bias_and_covers_and_is_narrower() -> None:
    runs = 500
    found = [shop(seed, 180, 20, 0.8) for seed in range(runs)]
    differences = np.array([one.compared.difference for one in found])
    assert differences.mean() == pytest.approx(0.5, abs=4 * differences.std() / np.sqrt(runs))
    covered = [one.compared.low <= 0.5 <= one.compared.high for one in found]  # type: ignore[operator]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)  # three standard errors
    assert np.mean([one.variance_ratio for one in found]) == pytest.approx(1 - 0.8**2, abs=0.03)


@pytest.mark.parametrize("correlation", [-0.9, 0.5, 0.8])
def test_the_interval_is_narrower_by_what_the_pre_period_explains(correlation: float) -> None:
    random = np.random.default_rng(9)
    x = random.normal(size=4000)
    y = correlation * x + np.sqrt(1 - correlation**2) * random.normal(size=4000)
    arms = random.random(4000) < 0.7
    found, without = cuped(y, x, arms), plain(y, arms)
    width = (found.compared.high - found.compared.low) / (without.high - without.low)  # type: ignore[attr-defined, operator]
    assert width == pytest.approx(np.sqrt(1 - correlation**2), rel=0.05)
    assert found.correlation == pytest.approx(correlation, abs=0.03)


@pytest.mark.parametrize(("treated", "control"), [(10, 10), (40, 12)])
def test_few_customers_are_not_flattered(treated: int, control: int) -> None:
    runs = 600
    found = [shop(seed, treated, control, 0.6).compared for seed in range(runs)]
    covered = [one.low <= 0.5 <= one.high for one in found]  # type: ignore[operator]
    assert np.mean(covered) > 0.925  # three standard errors


numbers = arrays(np.float64, 60, elements=st.integers(-1000, 1000).map(float))


@given(numbers, numbers, st.integers(12, 48), st.floats(-3, 3))
@settings(max_examples=20)
def test_a_multiple_of_the_pre_period_changes_nothing(y: np.ndarray, x: np.ndarray, treated: int, times: float) -> None:
    arms = np.arange(60) < treated
    one, two = cuped(y, x, arms), cuped(y + times * x, x * 100, arms)
    if one.theta is None or one.variance_ratio is None or one.variance_ratio < 1e-6 or two.compared.why is not None:
        return
    assert two.compared.method == "cuped"
    assert two.theta == pytest.approx((one.theta + times) / 100, rel=1e-6, abs=1e-9)
    assert two.compared.difference == pytest.approx(one.compared.difference, rel=1e-6, abs=1e-6)
    assert two.compared.standard_error == pytest.approx(one.compared.standard_error, rel=1e-6)


@given(numbers, numbers, st.integers(12, 48))
@settings(max_examples=20)
def test_the_arms_exchanged_change_the_sign(y: np.ndarray, x: np.ndarray, treated: int) -> None:
    arms = np.arange(60) < treated
    one, two = cuped(y, x, arms), cuped(y, x, ~arms)
    assert two.theta == (None if one.theta is None else pytest.approx(one.theta))
    assert one.compared.why == two.compared.why
    if one.compared.low is not None and two.compared.high is not None:
        assert one.compared.low == pytest.approx(-two.compared.high, rel=1e-9, abs=1e-9)


def test_at_any_time_it_is_the_sequential_interval_of_what_is_left() -> None:
    random = np.random.default_rng(12)
    x = random.normal(size=4000)
    y = 2 * x + random.normal(size=4000)
    arms = np.arange(4000) % 10 > 0
    found = cuped(y, x, arms, information=0.5)
    assert found.theta is not None
    left = y - found.theta * x
    one, two = left[arms], left[~arms]
    expected = always_valid_means(
        one.mean(), one.var(ddof=1), len(one), two.mean(), two.var(ddof=1), len(two), information=0.5
    )
    assert found.compared.method == "always_valid"
    assert found.compared.difference == pytest.approx(expected.difference)
    assert found.compared.standard_error == pytest.approx(expected.standard_error, rel=0.005)
    # widened for theta as the fixed one is
    plainly = compare_means(one.mean(), one.var(ddof=1), len(one), two.mean(), two.var(ddof=1), len(two))
    fixed = cuped(y, x, arms).compared.standard_error
    assert fixed is not None
    assert plainly.standard_error is not None
    assert expected.standard_error is not None
    assert fixed > plainly.standard_error
    assert found.compared.standard_error == pytest.approx(
        expected.standard_error * fixed / plainly.standard_error, rel=1e-9
    )
    few = cuped(y[:100], x[:100], arms[:100], information=0.5)
    assert (few.theta, few.compared.why) == (None, "too_few")


def test_what_tells_nothing_leaves_the_plain_comparison() -> None:
    random = np.random.default_rng(4)
    y, arms = random.normal(size=50), np.arange(50) < 30
    for x, few in ((np.zeros(50), 50), (random.normal(size=50), 38)):
        found = cuped(y[:few], x[:few], arms[:few])
        assert found == Adjusted(plain(y[:few], arms[:few]), None, None, None)  # type: ignore[arg-type]
        assert found.compared.method == "welch"


def test_what_cannot_be_said_is_named() -> None:
    x, arms = np.arange(40.0), np.arange(40) % 2 == 0
    exactly = cuped(3 * x + 5 * arms, x, arms)
    assert exactly.compared.why == "no_variance"
    assert exactly.compared.difference == pytest.approx(5)
    rounded = cuped(np.pi * np.sin(x), np.sin(x), arms)
    assert (rounded.compared.why, rounded.variance_ratio) == ("no_variance", pytest.approx(0, abs=1e-12))
    assert cuped(np.ones(40), x, arms).compared.why == "no_variance"
    assert cuped(x, x, arms | True).compared.why == "no_control"
    assert cuped(x, x, arms & False).compared.why == "empty_arm"
    assert cuped(x[:0], x[:0], arms[:0]).compared.why == "empty_arm"
    assert cuped(x[:2], x[:2], arms[:2]).compared.why == "too_few"


def test_what_are_no_values_is_refused() -> None:
    x, arms = np.arange(40.0), np.arange(40) % 2 == 0
    with pytest.raises(ValueError, match="no number"):
        cuped(np.where(arms, np.nan, x), x, arms)
    with pytest.raises(ValueError, match=r"\(39,\)"):
        cuped(x, x[1:], arms)

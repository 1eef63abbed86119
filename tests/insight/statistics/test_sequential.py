"""Looking at any time: the mixture integrated by hand, the published formula, and A/A tests that are always watched."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm

from rulecrm import RulesError
from rulecrm.insight.statistics import (
    always_valid,
    always_valid_means,
    always_valid_proportions,
    compare_means,
    compare_proportions,
)
from rulecrm.insight.statistics.proportions import newcombe
from rulecrm.insight.statistics.sequential import _reaching, critical_ever

# --- the formula --------------------------------------------------------------------------------------------------


@given(st.floats(-4, 4), st.floats(0.01, 20), st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=25)
def test_p_is_one_by_the_mixture_of_likelihood_ratios(z: float, information: float, level: float) -> None:
    """The mean of exp(theta S - theta² V / 2) over a normal prior of theta, with S = z √V and V = the information."""
    spread = math.sqrt(tuned(level))
    mixture, _ = quad(
        lambda theta: (
            math.exp(theta * z * math.sqrt(information) - theta**2 * information / 2 - (theta / spread) ** 2 / 2)
            / (spread * math.sqrt(2 * math.pi))
        ),
        -12 * spread,
        12 * spread,
        limit=200,
        points=[0, z / math.sqrt(information)] if abs(z / math.sqrt(information)) < 12 * spread else [0],
    )
    found = always_valid(z, 1.0, information=information, level=level)
    assert found.p == pytest.approx(min(1, 1 / mixture), rel=1e-5)
    assert found.low is not None
    assert found.high is not None
    assert (found.p < 1 - level) == (found.low > 0 or found.high < 0)


@cache
def tuned(level: float) -> float:
    """The r that makes (1 + r) / r · log((1 + r) / α²) least, tried out."""
    tries = np.linspace(0.01, 60, 600_000)
    return float(tries[np.argmin((1 + tries) / tries * np.log((1 + tries) / (1 - level) ** 2))])


@pytest.mark.parametrize("n", [10, 1000, 54_321])
def test_the_interval_is_the_published_one(n: int) -> None:
    # I. Waudby-Smith and others, Annals of Statistics 52, 2024, theorem 2.2, two-sided at level alpha:
    # mean ± deviation √(2 (t ρ² + 1) / (t² ρ²) · log(√(t ρ² + 1) / alpha))
    alpha, deviation, plan = 0.05, 3.0, 2000
    rho2 = tuned(0.95) / plan
    half = deviation * math.sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha))
    found = always_valid(1.0, deviation / math.sqrt(n), information=n / plan)
    assert found.high == pytest.approx(1 + half, rel=1e-5)
    assert found.low == pytest.approx(1 - half, rel=1e-5)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_it_is_narrowest_when_the_plan_is_fulfilled(level: float) -> None:
    best = critical_ever(1, level=level)
    assert all(critical_ever(other, level=level) > best for other in (0.1, 0.5, 0.9, 1.1, 2, 10))
    assert best > norm.ppf((1 + level) / 2)


# --- always watched -----------------------------------------------------------------------------------------------


def wilson(x: NDArray[np.int64], n: NDArray[np.int64], z: NDArray[np.float64]) -> tuple[np.ndarray, np.ndarray]:
    """For many at once: the roots of (share - w)² = z² w (1 - w) / n."""
    share = x / n
    a, b, c = 1 + z**2 / n, -(2 * share + z**2 / n), share**2
    root = np.sqrt(np.maximum(b**2 - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def intervals(
    x1: np.ndarray, n1: np.ndarray, x0: np.ndarray, n0: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Newcombe's, for many at once."""
    (low1, high1), (low0, high0) = wilson(x1, n1, z), wilson(x0, n0, z)
    share1, share0 = x1 / n1, x0 / n0
    low = share1 - share0 - np.hypot(share1 - low1, high0 - share0)
    return low, share1 - share0 + np.hypot(high1 - share1, share0 - low0)


def watched(
    share1: float, share0: float, control: int, runs: int = 1500
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Customers come one after another, 20,000 in all, one of `control` into the control; 150 looks from the 20th on."""
    random = np.random.default_rng(17)
    looks = np.unique(np.geomspace(20, 20_000, 150).astype(int) // control * control)[1:]
    n0 = looks // control
    n1 = looks - n0
    x1 = random.binomial(np.diff(n1, prepend=0), share1, (runs, len(looks))).cumsum(axis=1)
    x0 = random.binomial(np.diff(n0, prepend=0), share0, (runs, len(looks))).cumsum(axis=1)
    return x1, n1, x0, n0


def ever(low: np.ndarray, high: np.ndarray, truth: float = 0.0) -> float:
    """In how many of the runs the truth is outside at any look."""
    return float(((low > truth) | (high < truth)).any(axis=1).mean())


@pytest.mark.parametrize(("share", "control"), [(0.02, 2), (0.02, 10), (0.3, 10), (0.02, 50)])
def test_watching_an_a_a_test_of_shares_does_not_mislead(share: float, control: int) -> None:
    x1, n1, x0, n0 = watched(share, share, control)
    fixed = np.full(len(n1), norm.ppf(0.975))
    always = np.array([critical_ever(n / 20_000) for n in n1 + n0])
    assert ever(*intervals(x1, n1, x0, n0, fixed)) > 0.3
    assert ever(*intervals(x1, n1, x0, n0, always)) < 0.05


def test_what_is_watched_is_what_is_served() -> None:
    """The intervals for many at once above, and the served ones."""
    x1, n1, x0, n0 = watched(0.02, 0.02, 10, runs=4)
    always = np.array([critical_ever(n / 20_000) for n in n1 + n0])
    for z, look in ((always, "always"), (np.full(len(n1), norm.ppf(0.975)), "fixed")):
        low, high = intervals(x1, n1, x0, n0, z)
        for run in range(4):
            for at in range(0, len(n1), 9):
                counts = (int(x1[run, at]), int(n1[at]), int(x0[run, at]), int(n0[at]))
                found = (
                    always_valid_proportions(*counts, information=(counts[1] + counts[3]) / 20_000)
                    if look == "always"
                    else compare_proportions(*counts)
                )
                assert (found.low, found.high) == pytest.approx((low[run, at], high[run, at]), abs=1e-9)


def test_a_true_difference_is_covered_at_every_look_and_found_in_the_end() -> None:
    x1, n1, x0, n0 = watched(0.04, 0.025, 2)
    low, high = intervals(x1, n1, x0, n0, np.array([critical_ever(n / 20_000) for n in n1 + n0]))
    assert ever(low, high, 0.015) < 0.05
    assert (low[:, -1] > 0).mean() > 0.99
    half_way = int(np.searchsorted(n1 + n0, 10_000))
    assert (low[:, : half_way + 1] > 0).any(axis=1).mean() > 0.9  # nearly all are found half way


@pytest.mark.parametrize(("share", "control"), [(0.03, 5), (0.4, 2)])
def test_watching_the_same_customers_buy_does_not_mislead(share: float, control: int) -> None:
    """All are treated at once, and it is looked on 100 days who has bought so far; the evidence is those who have."""
    random = np.random.default_rng(23)
    runs, days = 1500, 100
    n0 = 5000 // control
    n1 = 5000 - n0
    chances = [share / days] * days + [1 - share]
    x1 = random.multinomial(n1, chances, runs)[:, :-1].cumsum(axis=1)
    x0 = random.multinomial(n0, chances, runs)[:, :-1].cumsum(axis=1)
    information = np.maximum(x1 + x0, 0.5) / (5000 * share)
    each = {value: critical_ever(value) for value in np.unique(information)}
    always = np.vectorize(each.__getitem__)(information)
    one, two = np.array(n1), np.array(n0)
    assert ever(*intervals(x1, one, x0, two, np.full_like(always, norm.ppf(0.975)))) > 0.25
    assert ever(*intervals(x1, one, x0, two, always)) < 0.05


def test_watching_an_a_a_test_of_money_does_not_mislead() -> None:
    """Of 3,000 customers one in twenty buys, for very unlike amounts, and the control is a tenth."""
    random = np.random.default_rng(29)
    runs, n = 500, 3000
    money = random.lognormal(4, 1, (runs, n)) * (random.random((runs, n)) < 0.05)
    treated = np.arange(n) % 10 > 0
    looks = np.arange(300, n + 1, 60)
    n1, n0 = treated.cumsum()[looks - 1], (~treated).cumsum()[looks - 1]
    mean1, mean0 = ((money * arm).cumsum(axis=1)[:, looks - 1] / size for arm, size in ((treated, n1), (~treated, n0)))
    square1, square0 = ((money**2 * arm).cumsum(axis=1)[:, looks - 1] for arm in (treated, ~treated))
    variance1, variance0 = (square1 - n1 * mean1**2) / (n1 - 1), (square0 - n0 * mean0**2) / (n0 - 1)
    misled = {"fixed": 0, "welch": 0, "served": 0}
    for run in range(runs):
        for name in misled:
            misled[name] += any(
                excludes_nothing(name, mean1[run, i], variance1[run, i], n1[i], mean0[run, i], variance0[run, i], n0[i])
                for i in range(0, len(looks), 3)
            )
    assert misled["fixed"] / runs > 0.25
    assert misled["welch"] / runs > 0.08  # why the larger of two standard errors is taken
    assert misled["served"] / runs < 0.05


def excludes_nothing(
    name: str, mean1: float, variance1: float, n1: int, mean0: float, variance0: float, n0: int
) -> bool:
    """Whether an interval leaves out 0, though there is no difference."""
    information = int(n1 + n0) / 3000
    arms = (mean1, variance1, int(n1), mean0, variance0, int(n0))
    if name == "served":
        found = always_valid_means(*arms, information=information)
    elif name == "welch":
        plain = compare_means(*arms)
        if plain.difference is None or plain.standard_error is None:
            return False
        found = always_valid(plain.difference, plain.standard_error, information=information)
    else:
        found = compare_means(*arms)
    return found.low is not None and found.high is not None and (found.low > 0 or found.high < 0)


# --- shares -------------------------------------------------------------------------------------------------------

counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts, st.floats(0.01, 10), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_p_of_shares_agrees_with_their_interval(
    one: tuple[int, int], two: tuple[int, int], information: float, level: float
) -> None:
    found = always_valid_proportions(*one, *two, information=information, level=level)
    assert found.p is not None
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low <= found.difference <= found.high <= 1  # type: ignore[operator]
    if abs(found.p - (1 - level)) > 1e-6:
        assert (found.p < 1 - level) == (found.low > 0 or found.high < 0)


@pytest.mark.parametrize("counts", [(2, 2, 0, 2), (900, 900, 0, 900), (9000, 9000, 0, 3), (0, 5, 90_000, 90_000)])
def test_the_level_at_which_an_interval_reaches_nothing_is_found_however_far(counts: tuple[int, int, int, int]) -> None:
    x1, n1, x0, n0 = counts
    low, high = newcombe(x1, n1, x0, n0, _reaching(x1, n1, x0, n0))
    assert (low if x1 > 0 else high) == pytest.approx(0, abs=1e-9)


def test_with_many_customers_it_is_the_plain_formula() -> None:
    error = math.sqrt(0.03 * 0.97 / 1e8 + 0.029 * 0.971 / 2e7)
    plain = always_valid(0.001, error, information=0.7)
    found = always_valid_proportions(3_000_000, 100_000_000, 580_000, 20_000_000, information=0.7)
    assert found.low == pytest.approx(plain.low, rel=1e-3)
    assert found.high == pytest.approx(plain.high, rel=1e-3)


def test_two_of_two_buyers_are_no_proof() -> None:
    found = always_valid_proportions(2, 2, 0, 2, information=0.001)
    assert found.p is not None
    assert found.p > 0.9
    assert found.low is not None
    assert found.low < -0.4


def test_what_cannot_be_said_is_named() -> None:
    assert always_valid_proportions(0, 0, 1, 2, information=1).why == "empty_arm"
    assert always_valid_proportions(1, 2, 0, 0, information=1).why == "no_control"
    assert always_valid_means(None, None, 0, 1.0, 2.0, 40, information=1).why == "empty_arm"
    assert always_valid_means(1.0, 2.0, 40, None, None, 0, information=1).why == "no_control"
    few = always_valid_means(1.0, 2.0, 400, 3.0, 2.0, 29, information=1)
    assert (few.why, few.difference, few.p) == ("too_few", -2.0, None)
    assert always_valid_means(1.0, 0.0, 400, 3.0, 0.0, 30, information=1).why == "no_variance"


@pytest.mark.parametrize("information", [0, -1, float("nan"), float("inf")])
def test_information_is_above_nothing(information: float) -> None:
    for ask in (
        lambda: always_valid(1, 1, information=information),
        lambda: always_valid_proportions(1, 2, 1, 2, information=information),
        lambda: always_valid_means(1, 1, 2, 1, 1, 2, information=information),
    ):
        with pytest.raises(RulesError, match="R819"):
            ask()


@pytest.mark.parametrize(("difference", "error"), [(float("nan"), 1), (1, 0), (1, -1), (1, float("inf"))])
def test_what_is_no_difference_is_refused(difference: float, error: float) -> None:
    with pytest.raises(ValueError, match="no difference"):
        always_valid(difference, error, information=1)

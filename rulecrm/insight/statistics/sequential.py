"""Looking at any time: confidence sequences, whose intervals hold at every look at once.

In: what a comparison needs, and how much of the planned evidence there is. Out: `Compared`.
Invariant: however often one looks, and whenever one stops, one is misled no more often than 1 - level.

The method. With Z the difference in standard errors, V the evidence so far (it grows in proportion to the number of
customers of each arm) and no true difference, Z √V is a Brownian motion in V as the arms grow. Mixing the likelihood
ratios of all differences over a normal prior gives the martingale (1 + r)^(-1/2) exp(r Z² / (2 (1 + r))) with r in
proportion to V, which by Ville's inequality exceeds 1 / α ever with a probability of at most α. Hence the interval

    difference ± error √((1 + r) / r · log((1 + r) / α²))

at every r: the Gaussian mixture of H. Robbins, Statistical methods related to the law of the iterated logarithm, Annals
of Mathematical Statistics 41, 1970, in the form of the asymptotic confidence sequences of I. Waudby-Smith, D. Arbour,
R. Sinha, E. H. Kennedy and A. Ramdas, Time-uniform central limit theory and asymptotic confidence sequences, Annals of
Statistics 52, 2024 (there r = t ρ²), and equal to the test of R. Johari, P. Koomen, L. Pekelis and D. Walsh, Always
valid inference, Operations Research 70, 2022.

The tuning. Any r in proportion to V is valid, if the proportion is settled before the first look. The interval is
narrowest, for its V, where r = log((1 + r) / α²), that is r = -W(-α² / e) - 1 with the lower branch of Lambert's W
(S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Time-uniform, nonparametric, nonasymptotic confidence sequences,
Annals of Statistics 49, 2021, proposition 3): 8.2 for 0.95. Here r is so many times the information, the evidence so
far by that of the plan, and so the interval is narrowest when the plan is fulfilled.
"""

from __future__ import annotations

import math

from rulecrm.insight.statistics.asked import checked_level, positive
from rulecrm.insight.statistics.means import two_arms
from rulecrm.insight.statistics.proportions import counted, newcombe
from rulecrm.insight.statistics.results import Compared, Why

__all__ = ["LEAST", "always_valid", "always_valid_means", "always_valid_proportions", "critical_ever"]

LEAST = 30
"""Customers that each arm must have before its variance is believed."""


def always_valid(difference: float, standard_error: float, *, information: float, level: float = 0.95) -> Compared:
    """A difference whose interval and p hold however often one looks.

    As good as the standard error is: for shares and means of small controls `always_valid_proportions` and
    `always_valid_means` take more care.

    Args:
        difference: treated less control.
        standard_error: of the difference, above 0; `Compared.standard_error` of a Welch or a CUPED comparison is one.
        information: how much of the planned evidence there is, above 0; may pass 1. Where customers come one after
            another: those whose outcome is known by those planned. Where the same customers are followed for longer:
            those who have done it so far (or their orders) by those expected at the end. The plan is settled before the
            first look and not changed for what was seen.
        level: the confidence.

    Returns:
        The comparison: `p` is below 1 - level exactly where the interval leaves out 0. It holds at this look and at any
        other; the least p of all looks so far is valid, too.

    Raises:
        RulesError: R819 a level that is not between 0 and 1, or an information that is not above 0.
        ValueError: a difference that is no number, or a standard error that is not above 0.
    """
    if not (math.isfinite(difference) and math.isfinite(standard_error) and standard_error > 0):
        raise ValueError(f"{difference} with a standard error of {standard_error} is no difference")
    half = critical_ever(information, level=level) * standard_error
    p = _p(difference / standard_error, information, level)
    return Compared(
        difference, difference - half, difference + half, p, level, "always_valid", standard_error=standard_error
    )


def always_valid_means(  # noqa: PLR0917 - as `compare_means`
    mean1: float | None,
    variance1: float | None,
    n1: int,
    mean0: float | None,
    variance0: float | None,
    n0: int,
    *,
    information: float,
    level: float = 0.95,
) -> Compared:
    """Means compared as by `compare_means`, at any time of looking.

    The standard error is the larger of Welch's and that with the pooled variance. Where few buy, a small control that
    by chance lacks its few large orders has a low mean and a low variance at once, and Welch's error alone makes a
    finding of it sooner or later: in A/A tests with a control of a tenth, 4,000 customers and 5 % who buy, in one of
    five.

    Args:
        mean1: mean of the treated, as `compare_means` takes it.
        variance1: their sample variance.
        n1: treated customers.
        mean0: mean of the control.
        variance0: its sample variance.
        n0: customers of the control.
        information: how much of the planned evidence there is, as `always_valid` takes it.
        level: the confidence.

    Returns:
        The comparison. `too_few` below 30 customers in an arm, for the method rests on means being near normal;
        `empty_arm`, `no_control` and `no_variance` as `compare_means`.

    Raises:
        RulesError: R819 as `always_valid`.
        ValueError: a mean or a variance that is no number, though there are customers.
    """
    checked_level(level)
    positive(information, "information")
    arms = two_arms(mean1, variance1, n1, mean0, variance0, n0)
    few = arms.difference is not None and min(n1, n0) < LEAST
    if few or isinstance(arms.error, str):
        why: Why = arms.error if isinstance(arms.error, str) and not few else "too_few"
        return Compared.unsaid(why, level=level, method="always_valid", difference=arms.difference)
    assert arms.difference is not None
    return always_valid(arms.difference, arms.cautious, information=information, level=level)


def always_valid_proportions(
    x1: int, n1: int, x0: int, n0: int, *, information: float, level: float = 0.95
) -> Compared:
    """Shares compared as by `compare_proportions`, at any time of looking.

    The interval is Newcombe's with the critical value of the confidence sequence in place of the normal one. It is the
    same in the long run, and stays within -1 to 1, says something sensible of nobody and of everybody, and does not
    take the first few buyers for a certainty. `p` is the level at which it just reaches 0.

    Args:
        x1: treated customers who did it.
        n1: treated customers.
        x0: customers of the control who did it.
        n0: customers of the control.
        information: how much of the planned evidence there is, as `always_valid` takes it.
        level: the confidence.

    Returns:
        The comparison; `empty_arm` where nobody was treated, `no_control` where the control is empty.

    Raises:
        RulesError: R819 as `always_valid`.
        ValueError: counts that are impossible.
    """
    checked_level(level)
    positive(information, "information")
    counted(x1, n1)
    counted(x0, n0)
    if min(n1, n0) == 0:
        return Compared.unsaid("empty_arm" if n1 == 0 else "no_control", level=level, method="always_valid")
    low, high = newcombe(x1, n1, x0, n0, critical_ever(information, level=level))
    p = _p(_reaching(x1, n1, x0, n0), information, level)
    return Compared(x1 / n1 - x0 / n0, low, high, p, level, "always_valid")


def critical_ever(information: float, *, level: float = 0.95) -> float:
    """How many standard errors to either side hold at every look: 3.03 at the end of the plan for 0.95.

    Args:
        information: how much of the planned evidence there is, above 0.
        level: the confidence.

    Raises:
        RulesError: R819 a level that is not between 0 and 1, or an information that is not above 0.
    """
    checked_level(level)
    r = _tuned(level) * positive(information, "information")
    return math.sqrt((1 + r) / r * (math.log1p(r) - 2 * math.log1p(-level)))


def _tuned(level: float) -> float:
    """The r of a fulfilled plan, where r = log((1 + r) / α²)."""
    from scipy.special import lambertw

    return float(-lambertw(-((1 - level) ** 2) / math.e, -1).real) - 1


def _p(z: float, information: float, level: float) -> float:
    r = _tuned(level) * information
    return min(1.0, math.exp(math.log1p(r) / 2 - r / (1 + r) * z * z / 2))


def _reaching(x1: int, n1: int, x0: int, n0: int) -> float:
    """The critical value at which Newcombe's interval just reaches 0, found by halving."""
    if x1 * n0 == x0 * n1:
        return 0.0
    near, far = 0.0, 2.0 * math.sqrt(n1 + n0) + 10.0
    for _ in range(50):
        middle = (near + far) / 2
        low, high = newcombe(x1, n1, x0, n0, middle)
        near, far = (near, middle) if low <= 0 <= high else (middle, far)
    return near

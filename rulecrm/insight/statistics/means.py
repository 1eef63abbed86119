"""Means: do two differ.

In: mean, variance and count of each arm. Out: `Compared`.
Invariant: exchanging the arms exchanges the signs; another unit of the values changes no p.
"""

from __future__ import annotations

import math

from attrs import frozen

from rulecrm.insight.statistics.asked import checked_level
from rulecrm.insight.statistics.results import Compared, Method, Why

__all__ = ["Arms", "compare_means", "from_error", "two_arms"]

_NOISE = 1e-12
"""A standard error below this share of the means is what rounding leaves of values that are all alike."""


def compare_means(  # noqa: PLR0917 - three numbers of each arm, in the order of every textbook
    mean1: float | None,
    variance1: float | None,
    n1: int,
    mean0: float | None,
    variance0: float | None,
    n0: int,
    *,
    level: float = 0.95,
) -> Compared:
    """The mean of the treated less the mean of the control, by Welch's t test, which lets the variances differ.

    Degrees of freedom after Welch and Satterthwaite (B. L. Welch, The generalization of “Student's” problem when
    several different population variances are involved, Biometrika 34, 1947).

    It rests on both means being near normal. Money where few buy is far from it, and what makes it wrong is a small
    control: in A/A tests of 4,000 customers, 5 % of whom buy, p is below 0.05 in 5 % with halves, in 9 % with a control
    of a tenth, in 15 % with one of a twentieth.

    Args:
        mean1: mean of the treated; may be None where they are nobody.
        variance1: their sample variance, with n - 1 below; may be None where they are fewer than two.
        n1: treated customers.
        mean0: mean of the control.
        variance0: its sample variance.
        n0: customers of the control.
        level: the confidence.

    Returns:
        The comparison, in the unit of the means. `empty_arm`, `no_control`: an arm is nobody. `too_few`: an arm is one
        customer; `no_variance`: the values of each arm are all alike; of both the difference is said, and no more.

    Raises:
        RulesError: R819 a level that is not between 0 and 1.
        ValueError: a mean or a variance that is no number, though there are customers.
    """
    checked_level(level)
    arms = two_arms(mean1, variance1, n1, mean0, variance0, n0)
    if isinstance(arms.error, str):
        return Compared.unsaid(arms.error, level=level, method="welch", difference=arms.difference)
    assert arms.difference is not None
    return from_error(arms.difference, arms.error, arms.freedom, level=level, method="welch")


@frozen
class Arms:
    """Two arms, as far as they can be compared.

    Attributes:
        difference: of the means; None where an arm is empty.
        error: standard error of the difference, above 0; or why there is none.
        freedom: Welch's and Satterthwaite's degrees of freedom; 0 where there is no error.
        cautious: the larger of `error` and the standard error with the pooled variance; 0 where there is no error.
    """

    difference: float | None
    error: float | Why
    freedom: float = 0.0
    cautious: float = 0.0


def two_arms(  # noqa: PLR0917 - as `compare_means`
    mean1: float | None, variance1: float | None, n1: int, mean0: float | None, variance0: float | None, n0: int
) -> Arms:
    """Difference of the means, its standard error and its degrees of freedom.

    Raises:
        ValueError: a mean or a variance that is no number, though there are customers.
    """
    if min(n1, n0) <= 0:
        return Arms(None, "empty_arm" if n1 <= 0 else "no_control")
    m1, m0 = _number(mean1), _number(mean0)
    difference = m1 - m0
    if min(n1, n0) == 1:
        return Arms(difference, "too_few")
    part1, part0 = _number(variance1, least=0) / n1, _number(variance0, least=0) / n0
    error = math.sqrt(part1 + part0)
    if error <= _NOISE * max(abs(m1), abs(m0)):
        return Arms(difference, "no_variance")
    weight = part1 / (part1 + part0)
    freedom = 1 / (weight**2 / (n1 - 1) + (1 - weight) ** 2 / (n0 - 1))
    pooled = (part1 * n1 * (n1 - 1) + part0 * n0 * (n0 - 1)) / (n1 + n0 - 2) * (1 / n1 + 1 / n0)
    return Arms(difference, error, freedom, max(error, math.sqrt(pooled)))


def from_error(difference: float, error: float, freedom: float, *, level: float, method: Method) -> Compared:
    """A comparison from a difference, its standard error (above 0) and the degrees of freedom of Student's t."""
    from scipy.special import stdtr, stdtrit

    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    p = min(1.0, 2 * float(stdtr(freedom, -abs(difference) / error)))
    return Compared(difference, difference - half, difference + half, p, level, method, standard_error=error)


def _number(value: float | None, least: float = -math.inf) -> float:
    if value is None or not math.isfinite(value) or value < least:
        raise ValueError(f"{value} is no mean and no variance of customers")
    return float(value)

"""CUPED: what customers did before takes noise out of what they did after.

In: a value of each customer, its counterpart from before the treatment, who was treated. Out: `Adjusted`.
Invariant: adding a multiple of the pre-period to the values changes neither the adjusted difference nor its interval;
neither does another unit of the pre-period.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from rulecrm.insight.statistics.asked import checked_level
from rulecrm.insight.statistics.means import Arms, compare_means, from_error, two_arms
from rulecrm.insight.statistics.results import Compared
from rulecrm.insight.statistics.sequential import LEAST, always_valid, always_valid_means

__all__ = ["Adjusted", "cuped"]

_LEAST = 10
"""Customers that each arm must have before a coefficient is estimated from it; at any time of looking, 30."""

_NOISE = 1e-7
"""An adjusted standard error below this share of the plain one is what rounding leaves: the values follow the
pre-period exactly."""


@frozen
class Adjusted:
    """A comparison of means with the pre-period taken out.

    Attributes:
        compared: the comparison; by Welch's test where the pre-period tells nothing (`method` says which).
        theta: how much of the pre-period is taken off, per unit of it; None where nothing is.
        correlation: between the difference of the arms and their difference in the pre-period, -1 to 1: with arms alike
            in size, the correlation of values and pre-period within the arms.
        variance_ratio: variance of the adjusted difference by that of the plain one, 1 - correlation². 0.4 is as good
            as having 2.5 times the customers.
    """

    compared: Compared
    theta: float | None
    correlation: float | None
    variance_ratio: float | None


def cuped(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    treated: NDArray[np.bool_],
    *,
    level: float = 0.95,
    information: float | None = None,
) -> Adjusted:
    """The mean of the treated less the mean of the control, with chance differences of the pre-period taken out.

    The difference is mean(y1) - mean(y0) - theta (mean(x1) - mean(x0)), and theta = cov(dy, dx) / var(dx), covariance
    and variance of the two differences, is the coefficient that leaves the least noise (A. Deng, Y. Xu, R. Kohavi,
    T. Walker, Improving the sensitivity of online controlled experiments by utilizing pre-experiment data, WSDM 2013).
    Both are added up arm by arm, so that arms of unequal size lose nothing: in the long run it is the regression with a
    slope for each arm of W. Lin, Agnostic notes on regression adjustments to experimental data, Annals of Applied
    Statistics 7, 2013; with arms of one size it is the one with a common slope.
    The interval is Welch's over y - theta x, one degree of freedom spent on theta, and widened for theta being an
    estimate as analysis of covariance does: error² (1 + dx² / (degrees of freedom · var(dx))).

    It rests on x being settled before the treatment. What the treatment may have touched must not be x.

    Args:
        y: value of each customer, Float64.
        x: the same customers in the pre-period, in any unit, Float64; 0 for money of those who were not there yet.
        treated: which are treated; the others are the control.
        level: the confidence.
        information: given, the comparison holds at any time of looking; as `always_valid` takes it.

    Returns:
        The adjusted comparison. Where the pre-period is alike for all, or an arm has fewer than 10 customers (30 at any
        time of looking), the plain comparison, with nothing told of theta.

    Raises:
        RulesError: R819 a level that is not between 0 and 1, an information that is not above 0.
        ValueError: arrays of unlike lengths, or values that are no numbers.
    """
    checked_level(level)
    if not y.shape == x.shape == treated.shape or y.ndim != 1:
        raise ValueError(f"values, pre-period and arms of {y.shape}, {x.shape} and {treated.shape}")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("values or pre-period hold what is no number")
    y1, y0, x1, x0 = y[treated], y[~treated], x[treated], x[~treated]
    least = _LEAST if information is None else LEAST
    plain, before = two_arms(*_told(y1), *_told(y0)), two_arms(*_told(x1), *_told(x0))
    if isinstance(plain.error, str) or isinstance(before.error, str) or min(len(y1), len(y0)) < least:
        return Adjusted(_plainly(y1, y0, level, information), None, None, None)
    assert plain.difference is not None
    assert before.difference is not None
    shared = _covariance(y1, x1) / len(y1) + _covariance(y0, x0) / len(y0)
    theta = shared / before.error**2
    correlation = max(-1.0, min(1.0, shared / before.error / plain.error))
    difference = plain.difference - theta * before.difference
    after = two_arms(*_told(y1 - theta * x1), *_told(y0 - theta * x0))
    compared: Compared
    if isinstance(after.error, str) or after.error <= _NOISE * plain.error:
        compared = Compared.unsaid("no_variance", level=level, method="cuped", difference=difference)
    else:
        offset = (before.difference / before.error) ** 2 / after.freedom
        widened = math.sqrt(after.freedom / (after.freedom - 1) * (1 + offset))
        compared = _adjusted(difference, after, widened, level, information)
    return Adjusted(compared, theta, correlation, 1 - correlation**2)


def _plainly(y1: NDArray[np.float64], y0: NDArray[np.float64], level: float, information: float | None) -> Compared:
    if information is None:
        return compare_means(*_told(y1), *_told(y0), level=level)
    return always_valid_means(*_told(y1), *_told(y0), information=information, level=level)


def _adjusted(difference: float, after: Arms, widened: float, level: float, information: float | None) -> Compared:
    if information is None:
        assert not isinstance(after.error, str)
        return from_error(difference, after.error * widened, after.freedom - 1, level=level, method="cuped")
    return always_valid(difference, after.cautious * widened, information=information, level=level)


def _told(values: NDArray[np.float64]) -> tuple[float | None, float | None, int]:
    n = len(values)
    return (
        float(values.mean()) if n > 0 else None,
        float(values.var(ddof=1)) if n > 1 else None,
        n,
    )


def _covariance(y: NDArray[np.float64], x: NDArray[np.float64]) -> float:
    return float(np.dot(y - y.mean(), x - x.mean())) / (len(y) - 1)

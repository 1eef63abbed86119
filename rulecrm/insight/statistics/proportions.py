"""Shares: how sure is one, and do two differ.

In: counts of customers, and of those among them who did something. Out: `Interval`, `Compared`.
Invariant: an interval of a share lies within 0 to 1, one of a difference within -1 to 1; exchanging the arms exchanges
the signs.
"""

from __future__ import annotations

import math

from rulecrm.insight.statistics.asked import checked_level
from rulecrm.insight.statistics.normal import critical, two_sided
from rulecrm.insight.statistics.results import Compared, Interval

__all__ = ["compare_proportions", "counted", "newcombe", "proportion"]

_EXPECTED = 5
"""Below this expected count in a cell the normal approximation of the test is not trusted (W. G. Cochran, Some methods
for strengthening the common χ² tests, Biometrics 10, 1954)."""


def proportion(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Wilson's score interval of a share.

    The shares that the score test would not reject: it keeps to 0 to 1 and says something sensible of 0 of n and of
    n of n. Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22, 1927;
    recommended by L. D. Brown, T. T. Cai and A. DasGupta, Interval estimation for a binomial proportion, Statistical
    Science 16, 2001.

    Args:
        successes: customers who did it.
        n: customers.
        level: the confidence.

    Returns:
        The interval; of nobody there is none (`empty_arm`).

    Raises:
        RulesError: R819 a level that is not between 0 and 1.
        ValueError: more successes than customers, or fewer than none.
    """
    checked_level(level)
    counted(successes, n)
    if n == 0:
        return Interval(None, None, level, "empty_arm")
    return Interval(*_wilson(successes, n, critical(level)), level)


def compare_proportions(x1: int, n1: int, x0: int, n0: int, *, level: float = 0.95) -> Compared:
    """The share among the treated less the share in the control.

    The interval is Newcombe's hybrid score interval (method 10 of R. G. Newcombe, Interval estimation for the
    difference between independent proportions, Statistics in Medicine 17, 1998), made from the Wilson intervals of both
    arms. `p` is that of the score test with the pooled share, without continuity correction (method `score`); where a
    cell of the table is expected to hold fewer than 5, that of Fisher's exact test (method `fisher`). The two do not
    come from one formula, so that near the level one may just hold 0 while the other just does not.

    Args:
        x1: treated customers who did it.
        n1: treated customers.
        x0: customers of the control who did it.
        n0: customers of the control.
        level: the confidence.

    Returns:
        The comparison. Where nobody or everybody did it, the interval still says how large the difference may be, and
        `p` is 1. `empty_arm` where nobody was treated, `no_control` where the control is empty.

    Raises:
        RulesError: R819 a level that is not between 0 and 1.
        ValueError: counts that are impossible.
    """
    checked_level(level)
    counted(x1, n1)
    counted(x0, n0)
    if n1 == 0:
        return Compared.unsaid("empty_arm", level=level, method="score")
    if n0 == 0:
        return Compared.unsaid("no_control", level=level, method="score")
    difference = x1 / n1 - x0 / n0
    low, high = newcombe(x1, n1, x0, n0, critical(level))
    pooled = (x1 + x0) / (n1 + n0)
    exact = min(pooled, 1 - pooled) * min(n1, n0) < _EXPECTED
    p = _fisher(x1, n1, x0, n0) if exact else _score(difference, pooled, n1, n0)
    return Compared(difference, low, high, p, level, "fisher" if exact else "score")


def newcombe(x1: int, n1: int, x0: int, n0: int, z: float) -> tuple[float, float]:
    """Newcombe's interval, z standard errors to either side, of two arms that are not empty."""
    share1, share0 = x1 / n1, x0 / n0
    low1, high1 = _wilson(x1, n1, z)
    low0, high0 = _wilson(x0, n0, z)
    low = share1 - share0 - math.hypot(share1 - low1, high0 - share0)
    high = share1 - share0 + math.hypot(high1 - share1, share0 - low0)
    return low, high


def counted(successes: int, n: int) -> None:
    """See that counts are possible.

    Raises:
        ValueError: they are not.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} customers is no count")


def _wilson(successes: int, n: int, z: float) -> tuple[float, float]:
    share = successes / n
    shrunk = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrunk
    half = z / shrunk * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At 0 of n and n of n an end is the share itself, which rounding must not push past it.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == n else min(1.0, middle + half)
    return low, high


def _score(difference: float, pooled: float, n1: int, n0: int) -> float:
    return two_sided(difference / math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0)))


def _fisher(x1: int, n1: int, x0: int, n0: int) -> float:
    from scipy.stats import fisher_exact

    return min(1.0, float(fisher_exact([[x1, n1 - x1], [x0, n0 - x0]]).pvalue))

"""Whether two things go together more often than chance would have it.

In: counts as arrays. Out: lifts with intervals, and probabilities.
Invariant: no NaN; probabilities are exact sums of hypergeometric terms.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["Lifts", "at_least_so_many", "at_most_so_many", "beyond_usual", "lifts", "usual_lifts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NEGLIGIBLE = 1e-17
_ROUNDING = 1e-9


@frozen(eq=False)
class Lifts:
    """Lifts, and the bounds of their intervals."""

    lift: Floats
    low: Floats
    high: Floats


def lifts(both: Ints, left: Ints, right: Ints, total: int, *, level: float = 0.95) -> Lifts:
    """How many times as often two things are together as two that have nothing to do with each other.

    lift = both · total / (left · right). The interval is that of its logarithm by the delta method under multinomial
    sampling of the four cells: Var(ln lift) = 1/both − 1/left − 1/right + (2·lift − 1)/total.

    Args:
        both: baskets with both, at least 1 each.
        left: baskets with the one.
        right: baskets with the other.
        total: all baskets.
        level: of the interval, between 0 and 1.
    """
    b, m, n = (counts.astype(np.float64) for counts in (both, left, right))
    lift = b / m * (total / n)
    variance = np.maximum(1 / b - 1 / m - 1 / n + (2 * lift - 1) / total, 0.0)
    width = np.exp(NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt(variance))
    return Lifts(lift, lift / width, lift * width)


def at_least_so_many(both: Ints, left: Ints, right: Ints, total: int) -> Floats:
    """The probability of at least so many baskets with both, were they independent: Fisher's exact test, one-sided."""
    above = both.astype(np.float64) * total > left.astype(np.float64) * right.astype(np.float64)
    upward = _tail(both, left, right, total, upward=True)
    under = 1.0 - _tail(both - 1, left, right, total, upward=False)
    return np.clip(np.where(above, upward, under), 0.0, 1.0)


def at_most_so_many(both: Ints, left: Ints, right: Ints, total: int) -> Floats:
    """The probability of at most so many baskets with both, were they independent."""
    below = both.astype(np.float64) * total < left.astype(np.float64) * right.astype(np.float64)
    downward = _tail(both, left, right, total, upward=False)
    over = 1.0 - _tail(both + 1, left, right, total, upward=True)
    return np.clip(np.where(below, downward, over), 0.0, 1.0)


def usual_lifts(both: Ints, expected: Floats, *, all_both: int, all_expected: float) -> Floats:
    """The lift that the other pairs have, taken together; 1 where there are no others.

    Who buys much buys more of everything, so that pairs which have nothing to do with each other are together more
    often than independence has it, by a factor that is the same for all of them.

    Args:
        both: baskets with both things of each pair.
        expected: their number under independence.
        all_both: `both` over all pairs that there are.
        all_expected: `expected` over all pairs that there are.
    """
    rest = all_expected - expected
    others = rest > _ROUNDING * all_expected
    return np.where(others, (all_both - both) / np.where(others, rest, 1.0), 1.0)


def beyond_usual(both: Ints, left: Ints, right: Ints, total: int, usual: Floats) -> Floats:
    """The probability of at least so many baskets with both, were the pair like the others, or independent.

    Where the usual lift is above 1, the number is that of independent baskets with a mean raised by it. Above that mean
    its tail is at most the binomial one (Hoeffding 1956), and that at most Poisson's (Anderson and Samuels 1967), which
    is what is told. Else it is Fisher's exact test.
    """
    from scipy.special import gammainc

    expected = left.astype(np.float64) * right / max(total, 1)
    raised = gammainc(np.maximum(both, 1), np.maximum(usual, 1.0) * expected)
    fisher = at_least_so_many(both, left, right, total)
    return np.where(usual > 1, np.maximum(raised, fisher), fisher)


def _tail(start: Ints, left: Ints, right: Ints, total: int, *, upward: bool) -> Floats:
    """The sum of hypergeometric terms from `start` to the end of its side; each follows from the one before."""
    k, m, n = (counts.astype(np.float64) for counts in (start, left, right))
    first = _term(k, m, n, total)
    term, summed = first.copy(), first.copy()
    going = np.flatnonzero(first > 0)
    while going.size:
        at, a, b = k[going], m[going], n[going]
        if upward:
            ratio = (a - at) * (b - at) / ((at + 1) * (total - a - b + at + 1))
        else:
            ratio = at * (total - a - b + at) / ((a - at + 1) * (b - at + 1))
        term[going] *= ratio
        summed[going] += term[going]
        k[going] += 1 if upward else -1
        # Past the mode terms fall faster and faster, so that what is left out is below the last one kept.
        going = going[(term[going] > _NEGLIGIBLE * summed[going]) | ((ratio >= 1) & (term[going] > 0))]
    return summed


def _term(k: Floats, m: Floats, n: Floats, total: int) -> Floats:
    """The probability of exactly `k` of `m` draws being among `n` of `total`; 0 where that cannot be."""
    from scipy.special import gammaln

    cells = (k, m - k, n - k, total - m - n + k)
    possible = np.minimum.reduce(cells) >= 0
    sure = [np.where(possible, cell, 0.0) for cell in cells]
    logarithm = (
        gammaln(m + 1) + gammaln(n + 1) + gammaln(total - m + 1) + gammaln(total - n + 1) - gammaln(total + 1.0)
    ) - sum(gammaln(cell + 1) for cell in sure)
    return np.where(possible, np.exp(np.minimum(logarithm, 0.0)), 0.0)

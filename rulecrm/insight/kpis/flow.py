"""What each factor contributes to a change: the Shapley value, exactly.

In: how many factors there are, and the value of a formula with any of them changed. Out: weights, contributions.
Invariant: contributions add up to the change without rest, whatever the formula; a factor that moves nothing gets
nothing, and factors that play the same part get the same.

A change from before to now is thought of as one factor changing after another. What a factor contributes is by how much
the formula moves when it changes, averaged over all orders in which the factors may change (L. S. Shapley, "A value for
n-person games", 1953). Orders on whose way the formula has no value (a division by zero, a factor that is missing) are
left out; the average is over the others, and along each of them the steps add up to the whole change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache

__all__ = ["MOST", "Weights", "contributions", "weights_of"]

MOST = 10
"""Factors up to which all orders are averaged over; of more, the written order and its reverse."""

Weights = Mapping[tuple[int, int], Fraction]
"""By (the set of factors that have changed before, the factor): in which share of the orders it is met like that.

A set of factors is a number whose bit i says whether factor i is in it."""

Formula = Callable[[int], Fraction | None]
"""The value with the factors of a set changed; None where it has none."""


def contributions(n: int, value: Formula) -> tuple[Fraction, ...] | None:
    """What each of n factors contributes to `value(all) − value(none)`; None where no order has a value all along."""
    known = cache(value)
    weights = weights_of(n, known)
    if weights is None:
        return None
    found = [Fraction(0)] * n
    for (before, factor), weight in weights.items():
        after, earlier = known(before | 1 << factor), known(before)
        assert after is not None
        assert earlier is not None
        found[factor] += weight * (after - earlier)
    return tuple(found)


def weights_of(n: int, value: Formula) -> Weights | None:
    """How often each factor is met after each set of others, over the orders with a value all along."""
    if n > MOST:
        return _two_ways(n, value)
    full = (1 << n) - 1
    there = [value(which) is not None for which in range(full + 1)]
    # Ways from nothing to a set, and from a set to everything, through sets that have a value.
    up, down = [0] * (full + 1), [0] * (full + 1)
    up[0], down[full] = int(there[0]), int(there[full])
    for which in range(1, full + 1):
        if there[which]:
            up[which] = sum(up[which ^ 1 << factor] for factor in range(n) if which >> factor & 1)
    for which in range(full - 1, -1, -1):
        if there[which]:
            down[which] = sum(down[which | 1 << factor] for factor in range(n) if not which >> factor & 1)
    if not up[full] or not there[0]:
        return None
    return {
        (which, factor): Fraction(up[which] * down[which | 1 << factor], up[full])
        for which in range(full + 1)
        for factor in range(n)
        if not which >> factor & 1 and up[which] and down[which | 1 << factor]
    }


def _two_ways(n: int, value: Formula) -> Weights | None:
    ways = [way for way in (range(n), range(n - 1, -1, -1)) if _is_open(way, value)]
    found: dict[tuple[int, int], Fraction] = {}
    for way in ways:
        which = 0
        for factor in way:
            found[which, factor] = found.get((which, factor), Fraction(0)) + Fraction(1, len(ways))
            which |= 1 << factor
    return found or None


def _is_open(way: Sequence[int], value: Formula) -> bool:
    which = 0
    if value(which) is None:
        return False
    for factor in way:
        which |= 1 << factor
        if value(which) is None:
            return False
    return True

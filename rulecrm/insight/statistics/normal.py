"""The normal distribution, as far as tests need it.

In: a level or a number of standard errors. Out: the other.
Invariant: needs no scipy; tails are exact to the last digits, however far out.
"""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["critical", "two_sided"]

_STANDARD = NormalDist()


def critical(level: float) -> float:
    """How many standard errors to either side hold this share of the normal distribution: 1.96 for 0.95."""
    return -_STANDARD.inv_cdf((1 - level) / 2)


def two_sided(z: float) -> float:
    """The probability of lying at least so many standard errors off, to either side."""
    return math.erfc(abs(z) / math.sqrt(2))

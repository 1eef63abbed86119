"""Are the arms as large as they were meant to be?

In: customers of each arm, shares that were meant. Out: `Mismatch`.
Invariant: the order of the arms and the unit of the shares change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from rulecrm.insight.statistics.results import Why

__all__ = ["Mismatch", "sample_ratio"]

_SUSPICIOUS = 0.001
"""A false alarm is dear, for it says that the whole comparison cannot be trusted: a strict threshold, as in R. Kohavi,
D. Tang, Y. Xu, Trustworthy Online Controlled Experiments, 2020, chapter 21."""

_EXPECTED = 5
"""As of χ² tests everywhere: below this expected count of an arm the exact test is asked."""


@frozen
class Mismatch:
    """How well the sizes of the arms agree with what was meant.

    Attributes:
        p: how often chance alone would make them as unlike; None where it cannot be said.
        suspicious: p is below 0.001: something other than chance made the arms, and no comparison of them can be
            trusted until it is known what.
        why: why there is no p: `no_control` of fewer than two arms, `too_few` of no customers at all.
    """

    p: float | None
    suspicious: bool
    why: Why | None = None


def sample_ratio(observed: Sequence[int], expected: Sequence[float]) -> Mismatch:
    """Whether arms are as large as they were meant to be, by Pearson's χ² test; by the exact one where they are small.

    Args:
        observed: customers of each arm.
        expected: what each was meant to be, in any unit: shares, per cent, or parts such as 9 and 1.

    Returns:
        p, and whether it is suspicious. An arm that was meant to be empty and is not has p = 0.

    Raises:
        ValueError: lists of unlike lengths, counts or shares below 0, no share above 0.
    """
    if len(observed) != len(expected):
        raise ValueError(f"{len(observed)} arms were observed and {len(expected)} expected")
    if any(one < 0 for one in (*observed, *expected)) or not sum(expected) > 0:
        raise ValueError("arms of less than nothing")
    if any(count > 0 and share == 0 for count, share in zip(observed, expected, strict=True)):
        return Mismatch(0.0, suspicious=True)
    arms = [(count, share / sum(expected)) for count, share in zip(observed, expected, strict=True) if share > 0]
    total = sum(observed)
    if len(arms) < 2:
        return Mismatch(None, suspicious=False, why="no_control")
    if total == 0:
        return Mismatch(None, suspicious=False, why="too_few")
    p = _probability(arms, total)
    return Mismatch(p, suspicious=p < _SUSPICIOUS)


def _probability(arms: Sequence[tuple[int, float]], total: int) -> float:
    from scipy.special import chdtrc
    from scipy.stats import binomtest

    if len(arms) == 2 and total * min(share for _, share in arms) < _EXPECTED:
        count, share = arms[0]
        return min(1.0, float(binomtest(count, total, share).pvalue))
    squares = sum((count - total * share) ** 2 / (total * share) for count, share in arms)
    return float(chdtrc(len(arms) - 1, squares))

"""Many questions at once: p values adjusted, so that one is not fooled by the luckiest.

In: p values, None where there is none. Out: adjusted ones at the same places.
Invariant: none falls, none exceeds 1, and their order stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rulecrm.insight.asking import known

__all__ = ["Correction", "adjust"]

Correction = Literal["holm", "benjamini_hochberg"]
"""`holm`: the chance of even one false finding among all stays below the level, whatever the questions have to do with
each other. `benjamini_hochberg`: of what is found, the expected share that is false stays below it; for questions that
are independent or lean the same way."""


def adjust(
    ps: Sequence[float | None], method: Correction = "holm", *, tests: int | None = None
) -> tuple[float | None, ...]:
    """P values of one family, adjusted; each is then compared with 1 - level as if it stood alone.

    Sources: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6,
    1979; Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the Royal Statistical Society B
    57, 1995; as adjusted p values after S. P. Wright, Adjusted p-values for simultaneous inference, Biometrics 48,
    1992.

    Args:
        ps: p values, 0 to 1; None where a question could not be answered, which then does not count.
        method: `holm` or `benjamini_hochberg`.
        tests: how many questions were asked, where only those that found most are told; else as many as have a p.

    Returns:
        The adjusted ones in the same order, None where there was None.

    Raises:
        RulesError: R120 a method that is none; the nearest is offered.
        ValueError: a p that is not from 0 to 1, or fewer tests than have one.
    """
    known(method, _CORRECTIONS, "correction")
    if any(p is not None and not 0 <= p <= 1 for p in ps):
        raise ValueError("a p value is from 0 to 1")
    told = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    asked = len(told) if tests is None else tests
    if asked < len(told):
        raise ValueError(f"{len(told)} p values of {asked} tests")
    adjusted = _CORRECTIONS[method]([p for p, _ in told], asked)
    found: list[float | None] = [None] * len(ps)
    for (_, place), p in zip(told, adjusted, strict=True):
        found[place] = p
    return tuple(found)


def _holm(rising: Sequence[float], tests: int) -> list[float]:
    adjusted, least = [], 0.0
    for rank, p in enumerate(rising):
        least = max(least, min(1.0, (tests - rank) * p))
        adjusted.append(least)
    return adjusted


def _benjamini_hochberg(rising: Sequence[float], tests: int) -> list[float]:
    adjusted, most = [], 1.0
    for rank in range(len(rising), 0, -1):
        most = min(most, tests / rank * rising[rank - 1])
        adjusted.append(most)
    return adjusted[::-1]


_CORRECTIONS = {"holm": _holm, "benjamini_hochberg": _benjamini_hochberg}

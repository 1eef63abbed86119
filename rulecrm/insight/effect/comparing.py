"""One arm against the other, in plain numbers.

In: a measure of customers, by arm. Out: `Line`s.
Invariant: what cannot be said is None, and never a NaN; the sums are exact, only what chance is made of is a float.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen

from rulecrm.insight.effect.outcomes import MONEY, Seen
from rulecrm.insight.effect.trial import ARMS
from rulecrm.insight.statistics import (
    Compared,
    Interval,
    always_valid_means,
    always_valid_proportions,
    compare_means,
    compare_proportions,
    cuped,
    proportion,
)
from rulecrm.model.types import MONEY_SCALE
from rulecrm.runtime.arrays import Floats, Ints

__all__ = ["Arm", "Line", "Way", "compared"]

_UNIT = 10**MONEY_SCALE
_NOBODY = Interval(None, None, 0.0, "empty_arm")


@frozen
class Way:
    """How arms are compared.

    Attributes:
        level: of intervals.
        planned: of somebody who looks again and again, how many customers of both arms are to be counted in the end;
            None where one look is taken, at the end.
        other: the arm that the treated are compared with; None where there is none.
    """

    level: float
    planned: int | None
    other: str | None


@frozen
class Arm:
    """A measure in one arm.

    Attributes:
        customers: how many.
        total: of them did it; or the amount that all come to, in 1/10,000 units of the currency.
        value: the share, or the amount a customer in units of the currency; None where nobody is there.
        interval: of the value.
    """

    customers: int
    total: int
    value: float | None
    interval: Interval


@frozen
class Line:
    """A row of the figure: a measure in a window, of the whole campaign or of a wave.

    Attributes:
        wave: number of the wave; None for the whole campaign.
        window: as rules write it.
        measure: one of `MEASURES`.
        treated: the treated.
        control: those they are compared with; its value is None where the measure means nothing there.
        compared: treated less control; None where the two cannot be compared at all.
        open: how many customers' windows have not passed.
        theta: of CUPED, how much of what was before is taken off.
        paying: of amounts, how many customers came to any, in the arm that has fewer of them; None of all else.
    """

    wave: int | None
    window: str
    measure: str
    treated: Arm
    control: Arm
    compared: Compared | None
    open: int
    theta: float | None = None
    paying: int | None = None


def compared(seen: Seen, measure: str, window: str, wave: int | None, way: Way) -> Line:
    """A line of the figure."""
    treated = seen.value[seen.arm == 0]
    control = treated[:0] if way.other is None else seen.value[seen.arm == ARMS.index(way.other)]
    one, other = _arm(treated, measure, way.level), _arm(control, measure, way.level)
    if measure == "response":  # nobody else was sent anything that could be answered
        return Line(wave, window, measure, one, Arm(other.customers, 0, None, _NOBODY), None, seen.open)
    if way.other is None:
        return Line(wave, window, measure, one, other, None, seen.open)
    if measure not in MONEY:
        found = _shares(one, other, way)
        return Line(wave, window, measure, one, other, found, seen.open)
    paying = int(min(np.count_nonzero(treated), np.count_nonzero(control)))
    if seen.before is not None:
        mine = (seen.arm == 0) | (seen.arm == ARMS.index(way.other))
        y, x, information = _units(seen.value[mine]), _units(seen.before[mine]), _information(int(mine.sum()), way)
        adjusted = cuped(y, x, seen.arm[mine] == 0, level=way.level, information=information)
        return Line(wave, window, measure, one, other, adjusted.compared, seen.open, adjusted.theta, paying)
    found = _means(_units(treated), _units(control), way)
    return Line(wave, window, measure, one, other, found, seen.open, paying=paying)


def _shares(one: Arm, other: Arm, way: Way) -> Compared:
    counts = (one.total, one.customers, other.total, other.customers)
    information = _information(one.customers + other.customers, way)
    if information is None:
        return compare_proportions(*counts, level=way.level)
    return always_valid_proportions(*counts, information=information, level=way.level)


def _means(treated: Floats, control: Floats, way: Way) -> Compared:
    information = _information(len(treated) + len(control), way)
    if information is None:
        return compare_means(*_moments(treated), *_moments(control), level=way.level)
    return always_valid_means(*_moments(treated), *_moments(control), information=information, level=way.level)


def _information(customers: int, way: Way) -> float | None:
    """How much of the planned evidence there is; None where nobody peeks."""
    return None if way.planned is None else max(customers, 1) / way.planned


def _moments(values: Floats) -> tuple[float | None, float | None, int]:
    """Mean, variance and number; None where they cannot be said."""
    n = len(values)
    return (float(values.mean()) if n else None, float(values.var(ddof=1)) if n > 1 else None, n)


def _units(amounts: Ints) -> Floats:
    """Amounts in units of the currency."""
    return amounts / float(_UNIT)


def _arm(values: Ints, measure: str, level: float) -> Arm:
    n, total = len(values), int(values.sum())
    if not n:
        return Arm(0, 0, None, _NOBODY)
    if measure not in MONEY:
        return Arm(n, total, total / n, proportion(total, n, level=level))
    return Arm(n, total, total / (n * _UNIT), _mean_interval(values, total / (n * _UNIT), level))


def _mean_interval(values: Ints, mean: float, level: float) -> Interval:
    """Student's interval of a mean; none of one customer, nor where all are alike."""
    from scipy.special import stdtrit

    n = len(values)
    spread = float(np.var(_units(values), ddof=1)) if n > 1 else 0.0
    if n < 2 or spread == 0:
        return Interval(None, None, level, "too_few" if n < 2 else "no_variance")
    half = float(stdtrit(n - 1, (1 + level) / 2)) * math.sqrt(spread / n)
    return Interval(mean - half, mean + half, level)

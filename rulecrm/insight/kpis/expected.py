"""Where a number was to be expected, from what it has been before: level, weekday, season, and how far off that was.

In: values of consecutive periods, the last first asked about. Out: an expected value and a range around it.
Invariant: what is expected of a period depends on the periods before it alone. Medians only: a sale, or a day without
data, moves no range.

The model, for values y of consecutive periods:

* **Scale.** Where all before are above 0, their logarithms are looked at, so that a range is by so many percent.
* **Level.** The median of the last periods (28 days, 8 weeks, 6 months, 4 quarters, 4 years).
* **Weekday**, of days: the median, over the last eight of the same weekday, of the day less the median of the seven
  days that end with it. It is taken off the days before their level is found, and added again.
* **Season.** The same period a year before (364 days, 52 weeks, 12 months, 4 quarters) less the level that it was
  expected at; the median of up to three years. It is used only where, over eight periods or more for which it could be
  told, it would have come nearer.
* **Range.** Expected ± t · 1.4826 · the median of |errors|, the errors being by how far earlier periods were missed in
  the same way (the last 56 days, 52 weeks, 36 months, …). 1.4826 turns a median deviation into a standard deviation
  (P. J. Huber, "Robust Statistics", 1981); t is Student's quantile with 0.37 n degrees of freedom, because n errors
  tell the deviation by their median only as well as 0.37 n would by their squares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from attrs import frozen

from rulecrm.runtime.arrays import Array

__all__ = ["YEAR", "Expected", "expect"]

YEAR = {"day": 364, "week": 52, "month": 12, "quarter": 4, "year": 0}
"""Periods in a year; none of a year, which has no season."""

_LEVEL = {"day": 28, "week": 8, "month": 6, "quarter": 4, "year": 4}
_ERRORS = {"day": 56, "week": 52, "month": 36, "quarter": 16, "year": 16}
_FEWEST = 8
"""Errors from which on a range is told, and periods from which on a season is believed."""
_WEEKDAYS = 8
_YEARS = 3
_NORMAL = 1.4826
_WORTH = 0.37


@frozen
class Expected:
    """What was to be expected of one period.

    Attributes:
        value: the middle.
        low: of the range.
        high: of the range; all three in the unit of the values.
        seasonal: whether the season is in it.
        errors: on how many earlier periods it stands.
    """

    value: float
    low: float
    high: float
    seasonal: bool
    errors: int


def expect(values: Sequence[float | None], unit: str, asked: Sequence[int], *, level: float) -> list[Expected | None]:
    """What was to be expected of some periods, each from those before it.

    Args:
        values: of consecutive periods in the order of time; None where one is missing.
        unit: of the periods.
        asked: positions of the periods asked about; one may be `len(values)`: the next.
        level: of the ranges, such as 0.95.

    Returns:
        For each, None where too few periods lie before it.
    """
    series = np.array([math.nan if value is None else value for value in values], np.float64)
    plain = _Model(series, unit)
    with np.errstate(invalid="ignore", divide="ignore"):
        logarithms = np.log(series)
    logarithms[~np.isfinite(logarithms)] = math.nan
    scaled = _Model(logarithms, unit)
    # What comes later must not choose the scale: of each period only those before it have a say.
    low = np.flatnonzero(series <= 0)
    positive = int(low[0]) if len(low) else len(series)
    return [
        _ranged(scaled if position <= positive else plain, position, level, logarithms=position <= positive)
        for position in asked
    ]


class _Model:
    """One series, and what would have been expected of each of its periods."""

    def __init__(self, series: Array, unit: str) -> None:
        self.unit = unit
        self._series = series
        n = len(series) + 1
        self._weekday = [self._weekday_at(t) if unit == "day" else 0.0 for t in range(n)]
        self._levels = [self._level_at(t) for t in range(n)]
        self._plain = np.array([self._levels[t] + self._weekday[t] for t in range(n)])
        self._seasons = [self._season_at(t) for t in range(n)]

    def at(self, t: int) -> tuple[float, Array, bool]:
        """What is expected of period t, the errors before it, and whether the season is in it."""
        first = max(0, t - _ERRORS[self.unit])
        plain = self._series[first:t] - self._plain[first:t]
        seasonal = plain - np.array(self._seasons[first:t])
        both = ~np.isnan(plain) & ~np.isnan(seasonal)
        better = int(both.sum()) >= _FEWEST and _off(seasonal[both]) < _off(plain[both])
        if better and not math.isnan(self._seasons[t]):
            return float(self._plain[t]) + self._seasons[t], seasonal[~np.isnan(seasonal)], True
        return float(self._plain[t]), plain[~np.isnan(plain)], False

    def _weekday_at(self, t: int) -> float:
        same = range(t - 7, max(t - 7 * _WEEKDAYS - 1, 5), -7)
        return _median([self._series[s] - _median(self._series[s - 6 : s + 1]) for s in same], 2, otherwise=0.0)

    def _level_at(self, t: int) -> float:
        length = _LEVEL[self.unit]
        recent = [self._series[s] - self._weekday[s] for s in range(max(0, t - length), t)]
        return _median(recent, (length + 1) // 2)

    def _season_at(self, t: int) -> float:
        year = YEAR[self.unit]
        back = [t - year * times for times in range(1, _YEARS + 1)] if year else []
        return _median([self._series[s] - self._plain[s] for s in back if s >= 0], 1)


def _median(values: Sequence[float] | Array, fewest: int = 1, *, otherwise: float = math.nan) -> float:
    """The median of those that are there; `otherwise` where they are fewer."""
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    return float(np.median(known)) if len(known) >= fewest else otherwise


def _off(errors: Array) -> float:
    return float(np.median(np.abs(errors)))


def _ranged(model: _Model, t: int, level: float, *, logarithms: bool) -> Expected | None:
    value, errors, seasonal = model.at(t)
    if math.isnan(value) or len(errors) < _FEWEST:
        return None
    reach = _student((1 + level) / 2, _WORTH * len(errors)) * _NORMAL * _off(errors)
    shown: Callable[[float], float] = math.exp if logarithms else float
    ends = [shown(value - reach), shown(value + reach)]
    return Expected(shown(value), ends[0], ends[1], seasonal, len(errors))


def _student(share: float, freedom: float) -> float:
    """Student's quantile by the expansion of Abramowitz and Stegun, 26.7.5; within 1% from 3 degrees of freedom on."""
    z = NormalDist().inv_cdf(share)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))

"""The clock of a zone as arrays: where its offset changes, and walls moved on it.

In: the IANA name of a zone, a stretch of years. Out: `Clock`.
Invariant: the rule of `runtime.calendar` (that of `zoneinfo` with fold=0): a wall clock that a change skips is read
with the offset before it, one that comes twice is the earlier.

At a change from offset a to offset b at instant u, walls before u + max(a, b) are read with a, and all others with b:
of a gap that is its end, and of an hour that comes twice the end of its first coming.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from attrs import frozen

from rulecrm.model.instants import from_microseconds
from rulecrm.runtime.arrays import Ints

__all__ = ["Clock", "add_months", "clock_of"]

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_YEAR = 365 * _DAY
_MOST_DAYS = 20_000
"""How many days are looked at one by one for changes."""
_MOST_YEARS = 1_900
"""How far from 1970 dates are known to the standard library."""


@frozen(eq=False)
class Clock:
    """Changes of a clock, in order; everything in microseconds.

    Attributes:
        instants: when each change is (since 1970-01-01 UTC).
        walls: the wall clock from which on what is written there is read with the offset after it.
        offsets: before the first change, and after each.
    """

    instants: Ints
    walls: Ints
    offsets: Ints

    def wall(self, instants: Ints) -> Ints:
        """What the clock shows."""
        shown: Ints = instants + self.offsets[np.searchsorted(self.instants, instants, side="right")]
        return shown

    def read(self, walls: Ints) -> Ints:
        """The instants at which the clock shows this."""
        found: Ints = walls - self.offsets[np.searchsorted(self.walls, walls, side="right")]
        return found


def clock_of(zone: str, first: int, last: int) -> Clock | None:
    """The clock of a zone between two instants at least; None where they lie very far apart."""
    years = first // _YEAR - 1, last // _YEAR + 2
    near = (years[1] - years[0]) * 365 <= _MOST_DAYS and min(years) > -_MOST_YEARS and max(years) < _MOST_YEARS
    return _clock(zone, *years) if near else None


@lru_cache(maxsize=64)
def _clock(zone: str, first_year: int, last_year: int) -> Clock:
    place = ZoneInfo(zone)
    days = range(first_year * 365 * 86_400, last_year * 365 * 86_400 + 1, 86_400)
    each = pairwise((day, _offset(place, day)) for day in days)
    changes = [(_change(place, day, before), before, after) for (day, before), (_, after) in each if before != after]
    instants = np.array([instant for instant, _, _ in changes], np.int64)
    walls = np.array([instant + max(before, after) for instant, before, after in changes], np.int64)
    offsets = np.array([_offset(place, days[0]), *(after for _, _, after in changes)], np.int64)
    return Clock(instants * _SECOND, walls * _SECOND, offsets * _SECOND)


def _offset(place: ZoneInfo, second: int) -> int:
    offset = from_microseconds(second * _SECOND).astimezone(place).utcoffset()
    assert offset is not None
    return offset // dt.timedelta(seconds=1)


def _change(place: ZoneInfo, day: int, before: int) -> int:
    """The second of the change within a day."""
    low, high = day, day + 86_400
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(place, middle) == before else (low, middle)
    return high


def add_months(walls: Ints, months: int) -> Ints:
    """Walls a number of months later; a day that the month does not have is its last."""
    days, time = np.divmod(walls, _DAY)
    dates = days.astype("M8[D]")
    month = dates.astype("M8[M]")
    day = (dates - month.astype("M8[D]")).astype(np.int64)
    target = month + np.timedelta64(months, "M")
    begins = target.astype("M8[D]").astype(np.int64)
    length = (target + np.timedelta64(1, "M")).astype("M8[D]").astype(np.int64) - begins
    moved: Ints = (begins + np.minimum(day, length - 1)) * _DAY + time
    return moved

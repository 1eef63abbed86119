"""Since when a predicate holds, by local midnights.

In: points, a predicate, how far back to look. Out: for each point an instant, missing where it does not hold.
Invariant: a midnight is asked about only for those for whom the predicate held at all that were asked about before, so
that the work grows with how long it has held and not with how far one might look back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Ints, expand, masked
from rulecrm.runtime.clock import add_months

if TYPE_CHECKING:
    from rulecrm.runtime.points import Points

__all__ = ["held_since"]

_DAY = 86_400_000_000
_CHUNK = 1 << 21
"""Midnights asked about at once, so that what they need on the way stays small."""


@frozen(eq=False)
class _Calendar:
    """The midnights of days that follow one another.

    Attributes:
        midnights: Int64 instants, in order.
        last: for each point the place of the last midnight not after it.
        oldest: for each point the place of the first midnight that is looked at.
    """

    midnights: Ints
    last: Ints
    oldest: Ints


def held_since(points: Points, predicate: ir.Expr, limit: Duration) -> pl.Series:
    """The value of `ir.HeldSince` at every point: Int64 microseconds."""
    holds = points.mask(predicate)
    since: Ints = np.full(len(points), points.instant, np.int64)
    held = np.flatnonzero(holds)
    if len(held):
        days = _days_before(since[held], limit, points.run.zone)
        known = np.searchsorted(days.midnights, points.known_from()[held])
        begun = _walk_back(points, predicate, held, days, np.maximum(days.oldest, known))
        earlier = begun <= days.last
        since[held[earlier]] = days.midnights[begun[earlier]]
    return masked(since, holds)


def _days_before(instants: Ints, limit: Duration, zone: str) -> _Calendar:
    each, place = np.unique(instants, return_inverse=True)
    ends = pl.DataFrame({"at": each[[0, -1]]}).select(calendar.ordinal("day", pl.col("at"), zone)).to_series()
    # Where a clock is put back over midnight, the day before comes once more after it: the midnight is the next day's.
    first, end = int(_earlier(ends.to_numpy()[:1] - 1, limit)[0]), ends[1] + 2
    days = pl.DataFrame({"day": np.arange(first, end) * _DAY})
    wall = pl.col("day").cast(pl.Datetime("us"))
    midnights = days.select(calendar.from_local(wall, zone)).to_series().to_numpy()
    last = np.searchsorted(midnights, each, side="right") - 1
    return _Calendar(midnights, last[place], (_earlier(last + first, limit) - first)[place])


def _earlier(days: Ints, limit: Duration) -> Ints:
    """Days (since 1970-01-01) moved back by the calendar."""
    moved: Ints = add_months(days * _DAY, -limit.months) // _DAY if limit.months else days
    return moved - limit.days


def _walk_back(points: Points, predicate: ir.Expr, held: Ints, days: _Calendar, stop: Ints) -> Ints:
    """The place of the first midnight from which on it held, for each; one more than the last where it did not then.

    `stop` is the place of the first midnight that may count.
    """
    begun: Ints = days.last + 1
    going = np.flatnonzero(stop < begun)
    width = 1
    while len(going):
        high = begun[going]
        low = np.maximum(high - width, stop[going])
        step = max(_CHUNK // width, 1)
        for start in range(0, len(going), step):
            part = slice(start, start + step)
            which, places = expand(low[part], high[part])
            failed = ~points.elsewhen(held[going[part]][which], days.midnights[places]).mask(predicate)
            broken = low[part].astype(np.int64)
            np.maximum.at(broken, which[failed], places[failed] + 1)
            begun[going[part]] = broken
        going = going[(begun[going] == low) & (low > stop[going])]
        width *= 2
    return begun

"""Quiet hours: until when a message has to wait.

In: instants, the zone of each, quiet hours. Out: for each the instant at which it may go.
Invariant: an instant that lies in no quiet hours stays as it is; what is given back lies in none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from rulecrm.model.machine import Quiet
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Ints

__all__ = ["free_at"]

_DAY = 86_400_000_000


def free_at(instants: Ints, zones: pl.Series, quiet: Sequence[Quiet]) -> Ints:
    """The first instant at or after each that lies in no quiet hours of its zone.

    Args:
        instants: microseconds since 1970-01-01 UTC.
        zones: the IANA zone of each.
        quiet: quiet hours; that they cover the whole day is refused by the checker.
    """
    if not quiet or not len(instants):
        return instants
    moved = instants.copy()
    for zone in zones.unique().to_list():
        here = np.flatnonzero((zones == zone).to_numpy())
        moved[here] = _free(moved[here], zone, quiet)
    return moved


def _free(instants: Ints, zone: str, quiet: Sequence[Quiet]) -> Ints:
    # One stretch may end inside another; each pass leaves at least one behind for good.
    for _ in range(len(quiet) + 1):
        before = instants
        for one in quiet:
            instants = _past(instants, zone, _micros(one.start), _micros(one.end))
        if (instants == before).all():
            break
    return instants


def _past(instants: Ints, zone: str, start: int, end: int) -> Ints:
    """Instants inside one stretch moved to its end."""
    wall = pl.DataFrame({"at": instants}).select(calendar.local(pl.col("at"), zone)).to_series().cast(pl.Int64)
    clock = wall.to_numpy()
    of_day = clock % _DAY
    over_midnight = end <= start
    inside = (of_day >= start) | (of_day < end) if over_midnight else (of_day >= start) & (of_day < end)
    if not inside.any():
        return instants
    later = clock - of_day + end + np.where(over_midnight & (of_day >= start), _DAY, 0)
    back = pl.DataFrame({"wall": later[inside]}).select(
        calendar.from_local(pl.col("wall").cast(pl.Datetime("us")), zone)
    )
    moved = instants.copy()
    # Where the clock is set back the end may come twice, and the first has gone by: then the second is meant.
    ends, left = back.to_series().to_numpy(), (later - clock)[inside]
    moved[inside] = np.where(ends > instants[inside], ends, instants[inside] + left)
    return moved


def _micros(time: dt.time) -> int:
    return ((time.hour * 60 + time.minute) * 60 + time.second) * 1_000_000 + time.microsecond

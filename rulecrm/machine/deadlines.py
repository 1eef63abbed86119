"""When waits end.

In: instants at which stays began, the timers of a rest. Out: instants.
Invariant: a deadline is worked out by the calendar of the rules' zone from the beginning of the stay alone, so that it
is the same at every advance.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from rulecrm.model.durations import Duration
from rulecrm.model.instants import from_microseconds, to_microseconds
from rulecrm.model.machine import Timer, Until
from rulecrm.model.types import TIME
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.physical import to_physical_value

__all__ = ["deadline", "next_round", "occurrences"]


def deadline(timer: Timer, at: Ints, zone: str) -> tuple[Ints, Bools]:
    """When a stay that began `at` is over, and where there is no stay at all. Not for the rounds of loops."""
    if isinstance(timer.due, Duration):
        return calendar.later(at, timer.due, zone), np.zeros(len(at), bool)
    assert isinstance(timer.due, Until)
    if timer.due.instant is not None:
        due = np.maximum(to_microseconds(timer.due.instant), at)
    else:
        assert timer.due.time is not None
        due = _time_of_day(timer.due.time, at, zone)
    return due, due <= at


def next_round(every: Duration, starts: Ints, rounds: Ints, zone: str) -> Ints:
    """When the round after these begins at the earliest: start + rounds · every."""
    due = np.empty_like(starts)
    for number in np.flatnonzero(np.bincount(rounds)).tolist():
        here = rounds == number
        times = Duration(every.months * number, every.days * number, every.micros * number)
        due[here] = calendar.later(starts[here], times, zone)
    return due


def _time_of_day(time: dt.time, at: Ints, zone: str) -> Ints:
    """The first such time of day at or after each instant."""
    micros = to_physical_value(time, TIME)
    assert isinstance(micros, int)
    midnight = calendar.local(pl.col("at"), zone).dt.truncate("1d")
    today, tomorrow = (
        calendar.from_local(midnight + pl.duration(days=days, microseconds=micros), zone) for days in (0, 1)
    )
    due: Ints = (
        pl.DataFrame({"at": at}).select(pl.when(today >= pl.col("at")).then(today).otherwise(tomorrow)).to_series()
    ).to_numpy()
    return due


def occurrences(unit: str, time: dt.time, after: int, to: int, zone: str) -> list[int]:
    """Instants in (after, to] at which a time of day comes, on the first day of every unit."""
    begin = calendar.start_of_scalar(unit, after, zone)
    day = _local_day(begin, zone)
    found: list[int] = []
    while True:
        instant = to_microseconds(dt.datetime.combine(day, time, ZoneInfo(zone)))
        if instant > to:
            return found
        if instant > max([after, *found[-1:]]):  # a day that the zone leaves out is none of its own
            found.append(instant)
        day = _next(unit, day)


def _local_day(instant: int, zone: str) -> dt.date:
    return from_microseconds(instant).astimezone(ZoneInfo(zone)).date()


def _next(unit: str, day: dt.date) -> dt.date:
    match unit:
        case "day":
            return day + dt.timedelta(days=1)
        case "week":
            return day + dt.timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1)

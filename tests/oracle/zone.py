"""Calendar time in one zone, by the standard library alone.

In: instants (aware datetimes) and wall clocks (naive datetimes). Out: the same.
Invariant: wall clocks in a gap are read with the offset before it, ambiguous ones are the earlier (`fold=0`).
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from zoneinfo import ZoneInfo

from attrs import frozen

__all__ = ["ELAPSED_UNITS", "Shift", "Zone"]

ELAPSED_UNITS = {"h": dt.timedelta(hours=1), "m": dt.timedelta(minutes=1), "s": dt.timedelta(seconds=1)}


@frozen
class Shift:
    """A written duration: months, then days, of the wall clock; then elapsed time."""

    months: int = 0
    days: int = 0
    elapsed: dt.timedelta = dt.timedelta(0)

    @classmethod
    def of(cls, parts: tuple[tuple[int, str], ...]) -> Shift:
        """From (count, unit) pairs as they are written."""
        months = days = 0
        elapsed = dt.timedelta(0)
        for count, unit in parts:
            match unit:
                case "y":
                    months += 12 * count
                case "mo":
                    months += count
                case "w":
                    days += 7 * count
                case "d":
                    days += count
                case _:
                    elapsed += count * ELAPSED_UNITS[unit]
        return cls(months, days, elapsed)

    def __neg__(self) -> Shift:
        return Shift(-self.months, -self.days, -self.elapsed)

    def as_elapsed(self) -> dt.timedelta:
        """The length when it is compared with elapsed time: a day is 24 hours."""
        if self.months:
            raise TypeError("a month has no length in hours")
        return dt.timedelta(days=self.days) + self.elapsed


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of the month, months later; the last of the month where there is no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return dt.date(year, month, min(day.day, monthrange(year, month)[1]))


def shift_date(day: dt.date, shift: Shift) -> dt.date:
    """A date moved by months and days."""
    if shift.elapsed:
        raise TypeError("a date moves by whole days")
    return add_months(day, shift.months) + dt.timedelta(days=shift.days)


def start_of(unit: str, day: dt.date) -> dt.date:
    """The first day of the calendar unit that holds `day`; weeks start on Monday."""
    match unit:
        case "day":
            return day
        case "week":
            return day - dt.timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
    raise ValueError(unit)


def next_unit(unit: str, first: dt.date) -> dt.date:
    """The first day of the calendar unit after the one that starts on `first`."""
    match unit:
        case "day":
            return first + dt.timedelta(days=1)
        case "week":
            return first + dt.timedelta(days=7)
        case "month":
            return add_months(first, 1)
        case "quarter":
            return add_months(first, 3)
        case "year":
            return add_months(first, 12)
    raise ValueError(unit)


def calendar_span(which: str, unit: str, today: dt.date) -> tuple[dt.date, dt.date]:
    """First day of `this`, `last` or `next` unit, and the first day after it."""
    this = start_of(unit, today)
    if which == "this":
        return this, next_unit(unit, this)
    if which == "next":
        following = next_unit(unit, this)
        return following, next_unit(unit, following)
    before = start_of(unit, this - dt.timedelta(days=1))
    return before, this


class Zone:
    """One IANA zone."""

    def __init__(self, name: str) -> None:
        self._zone = ZoneInfo(name)

    def wall(self, instant: dt.datetime) -> dt.datetime:
        """What the clock on the wall shows."""
        return instant.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def instant(self, wall: dt.datetime) -> dt.datetime:
        """When the clock on the wall shows that."""
        return wall.replace(tzinfo=self._zone, fold=0).astimezone(dt.UTC)

    def both(self, wall: dt.datetime) -> tuple[dt.datetime, ...]:
        """When the clock on the wall shows that, the second time too where it does so twice."""
        first, second = (wall.replace(tzinfo=self._zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
        return (first, second) if second > first else (first,)

    def day(self, instant: dt.datetime) -> dt.date:
        """The local day."""
        return self.wall(instant).date()

    def start_of_day(self, day: dt.date) -> dt.datetime:
        """00:00 of a local day."""
        return self.instant(dt.datetime.combine(day, dt.time()))

    def shift(self, instant: dt.datetime, shift: Shift) -> dt.datetime:
        """Months and days move the wall clock, then elapsed time passes."""
        if shift.months or shift.days:
            wall = self.wall(instant)
            day = add_months(wall.date(), shift.months) + dt.timedelta(days=shift.days)
            instant = self.instant(dt.datetime.combine(day, wall.time()))
        return instant + shift.elapsed

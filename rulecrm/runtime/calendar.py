"""The calendar: local days and wall clocks of a zone, for single instants and for columns.

In: instants as Int64 microseconds since 1970-01-01 UTC, the IANA name of a zone. Out: the same.
Invariant: both forms follow one rule (that of `zoneinfo` with fold=0): a wall clock that a clock change skips is read
with the offset before the change, one that comes twice is the earlier.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import polars as pl

from rulecrm.model.durations import Duration
from rulecrm.model.instants import from_microseconds, to_microseconds
from rulecrm.runtime.arrays import Ints, masked
from rulecrm.runtime.clock import add_months, clock_of

__all__ = [
    "from_local",
    "is_steady",
    "later",
    "local",
    "ordinal",
    "shift",
    "shift_scalar",
    "start_of",
    "start_of_day_scalar",
    "start_of_scalar",
]

_DAY = 86_400_000_000
_YEAR = 365 * _DAY
_MOST_DAYS = 20_000
"""How many days are looked at one by one to see whether a clock is ever changed."""
_SAFE = 25 * 3_600_000_000
"""Further back than any clock change reaches (the longest skipped a day), so that the offset before it is found."""


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


# --- single instants ----------------------------------------------------------------------------------------------


def shift_scalar(micros: int, by: Duration, zone: str) -> int:
    """The instant moved: months, then days on the wall clock, then elapsed time."""
    if by.months or by.days:
        wall = from_microseconds(micros).astimezone(_zone(zone)).replace(tzinfo=None)
        wall = _add_months(wall, by.months) + dt.timedelta(days=by.days)
        micros = to_microseconds(wall.replace(tzinfo=_zone(zone)))
    return micros + by.micros


def _add_months(wall: dt.datetime, months: int) -> dt.datetime:
    if not months:
        return wall
    index = wall.year * 12 + wall.month - 1 + months
    year, month = divmod(index, 12)
    first_of_next = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - dt.timedelta(days=1)).day
    return wall.replace(year=year, month=month + 1, day=min(wall.day, last))


def start_of_scalar(unit: str, micros: int, zone: str) -> int:
    """The first instant of the day, week (Monday), month, quarter or year that holds the instant."""
    day = from_microseconds(micros).astimezone(_zone(zone)).date()
    match unit:
        case "week":
            day -= dt.timedelta(days=day.weekday())
        case "month":
            day = day.replace(day=1)
        case "quarter":
            day = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            day = day.replace(month=1, day=1)
        case _:
            assert unit == "day", unit
    return start_of_day_scalar(day, zone)


def start_of_day_scalar(day: dt.date, zone: str) -> int:
    """The first instant of a calendar day."""
    return to_microseconds(dt.datetime.combine(day, dt.time(), _zone(zone)))


def is_steady(zone: str, first: int, last: int) -> bool:
    """Whether the zone's clock is never changed between two instants; then a day is 24 hours there."""
    steps = (last - first) // _DAY + 1
    if steps > _MOST_DAYS:
        return False
    start = from_microseconds(first)
    offset = start.astimezone(_zone(zone)).utcoffset()
    days = (min(start + dt.timedelta(days=day), from_microseconds(last)) for day in range(steps + 1))
    return all(day.astimezone(_zone(zone)).utcoffset() == offset for day in days)


# --- columns ------------------------------------------------------------------------------------------------------


def local(instants: pl.Expr, zone: str) -> pl.Expr:
    """Int64 instants → naive Datetime("us") on the wall clock of the zone."""
    return instants.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone).dt.replace_time_zone(None)


def from_local(wall: pl.Expr, zone: str) -> pl.Expr:
    """Naive Datetime("us") on the wall clock of the zone → Int64 instants."""

    def read(clock: pl.Expr) -> pl.Expr:
        aware = clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        return aware.cast(pl.Datetime("us", "UTC")).cast(pl.Int64)

    before = (wall.cast(pl.Int64) - _SAFE).cast(pl.Datetime("us"))
    return pl.coalesce(read(wall), read(before) + _SAFE)


def shift(instants: pl.Expr, by: Duration, zone: str) -> pl.Expr:
    """`shift_scalar` for a column."""
    if by.months:
        return _shift(instants, by, zone)
    if by.days:
        return instants.map_batches(lambda column: _shift_days(column, by, zone), return_dtype=pl.Int64)
    return instants + by.micros if by.micros else instants


def later(instants: Ints, by: Duration, zone: str) -> Ints:
    """`shift_scalar` for an array."""
    if not by.months and not by.days:
        return instants + by.micros
    if not len(instants):
        return instants
    moved = _on_clock(instants, by, zone)
    if moved is None:
        moved = pl.DataFrame({"at": instants}).select(_shift(pl.col("at"), by, zone)).to_series().to_numpy()
    return moved


def _on_clock(instants: Ints, by: Duration, zone: str) -> Ints | None:
    """Moved by the table of the clock's changes; None where the instants lie too far apart for one."""
    span = (by.months * 31 + by.days) * _DAY
    clock = clock_of(zone, int(instants.min()) + min(span, 0), int(instants.max()) + max(span, 0))
    if clock is None:
        return None
    wall = clock.wall(instants)
    wall = add_months(wall, by.months) if by.months else wall
    return clock.read(wall + by.days * _DAY) + by.micros


def _shift_days(column: pl.Series, by: Duration, zone: str) -> pl.Series:
    """Most zones go for years without a clock change, and then a day is 24 hours for the whole column."""
    first, last = column.min(), column.max()
    if isinstance(first, int) and isinstance(last, int):
        step = by.days * _DAY
        if _is_steady(zone, min(first, first + step) // _YEAR - 1, max(last, last + step) // _YEAR + 1):
            return column + (step + by.micros)
        moved = _on_clock(column.fill_null(first).to_numpy(), by, zone)
        if moved is not None:
            return masked(moved, column.is_not_null().to_numpy()).alias(column.name)
    return column.to_frame().select(_shift(pl.all(), by, zone)).to_series()


@lru_cache(maxsize=256)
def _is_steady(zone: str, first_year: int, last_year: int) -> bool:
    return is_steady(zone, first_year * _YEAR, last_year * _YEAR)


def _shift(instants: pl.Expr, by: Duration, zone: str) -> pl.Expr:
    wall = local(instants, zone)
    if by.months:
        wall = wall.dt.offset_by(f"{by.months}mo")
    if by.days:
        wall = (wall.cast(pl.Int64) + by.days * _DAY).cast(pl.Datetime("us"))
    moved = from_local(wall, zone)
    return moved + by.micros if by.micros else moved


def start_of(unit: str, instants: pl.Expr, zone: str) -> pl.Expr:
    """`start_of_scalar` for a column."""
    every = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}[unit]
    return from_local(local(instants, zone).dt.truncate(every), zone)


def ordinal(unit: str, instants: pl.Expr, zone: str) -> pl.Expr:
    """A running number (Int64) of the calendar unit that holds the instant: the next unit has the next number."""
    wall = local(instants, zone)
    match unit:
        case "day":
            return wall.dt.date().cast(pl.Int32).cast(pl.Int64)
        case "week":
            return (wall.dt.date().cast(pl.Int32).cast(pl.Int64) + 3) // 7
        case "month":
            return wall.dt.year().cast(pl.Int64) * 12 + wall.dt.month().cast(pl.Int64)
        case "quarter":
            return wall.dt.year().cast(pl.Int64) * 4 + wall.dt.quarter().cast(pl.Int64)
        case "year":
            return wall.dt.year().cast(pl.Int64)
    raise AssertionError(unit)

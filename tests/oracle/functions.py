"""The plain functions of the language, one value at a time.

In: a function's name and its values. Out: its value; missing where any of them is, unless said otherwise.
Invariant: nothing here knows of rows or subjects.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from tests.oracle.values import Age, Value, compare, is_number
from tests.oracle.zone import Zone, start_of

__all__ = ["CALENDAR", "call"]

CALENDAR = ("weekday", "day", "month", "quarter", "year", "week")
EARTH_KM = 6371.0088


def call(name: str, values: Sequence[Value], now: dt.datetime, zone: Zone) -> Value:
    """The value of a function; a missing argument makes it missing."""
    if any(value is None for value in values):
        return None
    match name, tuple(values):
        case "age", (dt.datetime() as origin,):
            return Age(origin)
        case "age", (dt.date() as day,):
            return Age(zone.start_of_day(day))
        case "hour" | "minute", (dt.datetime() as instant,):
            return int(getattr(zone.wall(instant), name))
        case "hour" | "minute", (dt.time() as time,):
            return int(getattr(time, name))
        case (("weekday" | "day" | "month" | "quarter" | "year" | "week"), (dt.date() as date,)):
            return calendar_part(name, zone.day(date) if isinstance(date, dt.datetime) else date)
        case "date" | "date_of", (dt.datetime() as instant,):
            return zone.day(instant)
        case "time" | "time_of", (dt.datetime() as instant,):
            return zone.wall(instant).time()
        case "anniversary", (dt.date() as date,):
            return anniversary(zone.day(date) if isinstance(date, dt.datetime) else date, zone.day(now))
        case "start_of", (str() as unit, dt.datetime() as instant):
            return zone.start_of_day(start_of(unit, zone.day(instant)))
        case "abs", (value,):
            return abs(value)  # type: ignore[arg-type]
        case "round", (value, *digits):
            return rounded(value, int(digits[0]) if digits else 0)  # type: ignore[call-overload]
        case "floor", (number,):
            return math.floor(number)  # type: ignore[arg-type]
        case "ceil", (number,):
            return math.ceil(number)  # type: ignore[arg-type]
        case "sqrt", (number,):
            return math.sqrt(number) if number >= 0 else None  # type: ignore[arg-type,operator]
        case "ln", (number,):
            return math.log(number) if number > 0 else None  # type: ignore[arg-type,operator]
        case "least" | "greatest", (left, right):
            smaller = compare("<=", left, right, now, zone)
            return left if smaller == (name == "least") else right
        case "lower", (str() as text,):
            return text.lower()
        case "upper", (str() as text,):
            return text.upper()
        case "trim", (str() as text,):
            return text.strip()
        case "domain", (str() as text,):
            return text.rpartition("@")[2].lower() if "@" in text else None
        case "length", (str() | tuple() as value,):
            return len(value)
        case "join", (tuple() as items, str() as separator):
            return separator.join(str(item) for item in items if item is not None)
        case "concat", texts:
            return "".join(str(text) for text in texts)
        case "distance_km", points:
            return distance_km(*(float(value) for value in points))  # type: ignore[arg-type]
        case "bucket", (str() as key, str() as seed):
            digest = hashlib.sha256(seed.encode() + b"\x1f" + key.encode()).digest()
            return int.from_bytes(digest[:8], "big") % 10_000
    raise NotImplementedError(f"{name}{tuple(values)!r}")


def calendar_part(name: str, day: dt.date) -> int:
    """One number of a date."""
    match name:
        case "weekday":
            return day.isoweekday()
        case "week":
            return day.isocalendar().week
        case "quarter":
            return (day.month + 2) // 3
    return int(getattr(day, name))


def anniversary(date: dt.date, today: dt.date) -> dt.date:
    """The first return of a day of the year on or after today; 29 February falls on 1 March in common years."""
    for year in (today.year, today.year + 1):
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        returns = dt.date(year, 3, 1) if (date.month, date.day) == (2, 29) and not leap else date.replace(year=year)
        if returns >= today:
            return returns
    raise AssertionError("next year always has one")


def rounded(value: Value, digits: int) -> Value:
    """To so many digits, halves to even."""
    if isinstance(value, Decimal):
        step = Decimal(1).scaleb(-digits)
        return value.quantize(step, ROUND_HALF_EVEN).quantize(Decimal("0.0001"))
    assert is_number(value)
    return Fraction(round(Fraction(value) * 10**digits)) / 10**digits  # type: ignore[arg-type]


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great circle between two points, by the haversine formula."""
    here, there = math.radians(latitude), math.radians(other_latitude)
    lift = math.sin((there - here) / 2) ** 2
    turn = math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(lift + math.cos(here) * math.cos(there) * turn))

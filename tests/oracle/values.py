"""Values and what may be done with two of them.

| type of the language | Python |
| --- | --- |
| bool, int, text, list, record | bool, int, str, tuple, dict |
| number | Fraction (float only after `sqrt`, `ln`, `stddev`, `distance_km`) |
| money | Decimal with 4 decimals, in the reporting currency |
| instant, date, time | datetime (UTC), date, time |
| duration | `Shift` as written in the text, timedelta when measured |
| age | `Age` |
| missing | None |

Invariant: arithmetic with None is None, a comparison with None is False.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from tests.oracle.zone import Shift, Zone, shift_date

__all__ = ["Age", "Value", "compare", "money", "operate", "round_half_even", "texts"]


@frozen
class Age:
    """Time elapsed since an instant, not yet measured."""

    origin: dt.datetime


Number = int | Fraction | float
Value = (
    None | bool | Number | str | Decimal | dt.datetime | dt.date | dt.time | dt.timedelta | Shift | Age
    | tuple["Value", ...] | dict[str, "Value"]
)  # fmt: skip

MICRO = dt.timedelta(microseconds=1)
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def round_half_even(value: Fraction) -> int:
    """The nearest integer; the even one of two equally near."""
    return round(value)


def money(amount: Fraction | int) -> Decimal:
    """An amount rounded to 4 decimals, halves to even."""
    return Decimal(round_half_even(Fraction(amount) * 10_000)).scaleb(-4)


def elapsed(micros: Fraction | int) -> dt.timedelta:
    """A measured duration from microseconds."""
    return round_half_even(Fraction(micros)) * MICRO


def micros(duration: dt.timedelta) -> int:
    """Microseconds of a measured duration."""
    return duration // MICRO


def is_instant(value: Value) -> bool:
    return isinstance(value, dt.datetime)


def is_date(value: Value) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def is_number(value: Value) -> bool:
    return isinstance(value, int | Fraction | float) and not isinstance(value, bool)


def _sign(operator: str, left: object, right: object) -> bool:
    match operator:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right  # type: ignore[operator]
        case "<=":
            return left <= right  # type: ignore[operator]
        case ">":
            return left > right  # type: ignore[operator]
        case ">=":
            return left >= right  # type: ignore[operator]
    raise ValueError(operator)


def compare(operator: str, left: Value, right: Value, now: dt.datetime, zone: Zone) -> bool:
    """`left operator right` for the six comparisons; false where either is missing."""
    if left is None or right is None:
        return False
    if isinstance(right, Age) and not isinstance(left, Age):
        return compare(FLIPPED[operator], right, left, now, zone)
    if is_date(left) and is_instant(right):
        return compare(FLIPPED[operator], right, left, now, zone)
    if isinstance(left, Age):
        match right:
            case Age(origin):
                return _sign(FLIPPED[operator], left.origin, origin)
            case Shift():  # an age of at most D: the origin is at or after T - D by the calendar
                return _sign(FLIPPED[operator], left.origin, zone.shift(now, -right))
            case _:
                return _sign(operator, now - left.origin, right)
    if isinstance(left, Shift) or isinstance(right, Shift):
        return _sign(operator, _measured(left), _measured(right))
    if isinstance(left, dt.datetime) and is_date(right):
        assert isinstance(right, dt.date)
        start, end = zone.start_of_day(right), zone.start_of_day(right + dt.timedelta(days=1))
        match operator:
            case "<":
                return left < start
            case ">=":
                return left >= start
            case "<=":
                return left < end
            case ">":
                return left >= end
        raise TypeError("an instant is not equal to a date")
    return _sign(operator, left, right)


def _measured(value: Value) -> Value:
    return value.as_elapsed() if isinstance(value, Shift) else value


def operate(operator: str, left: Value, right: Value, now: dt.datetime, zone: Zone) -> Value:
    """`left operator right` for `+ - * /`."""
    if left is None or right is None:
        return None
    if isinstance(left, Age):
        left = now - left.origin
    if isinstance(right, Age):
        right = now - right.origin
    match left, operator, right:
        case dt.datetime(), "+", Shift():
            return zone.shift(left, right)
        case dt.datetime(), "-", Shift():
            return zone.shift(left, -right)
        case dt.datetime(), "-", dt.datetime():
            return left - right
        case dt.datetime(), _, dt.timedelta():
            return left + right if operator == "+" else left - right
        case dt.date(), "+", Shift():
            return shift_date(left, right)
        case dt.date(), "-", Shift():
            return shift_date(left, -right)
        case dt.date(), "-", dt.date():
            return (left - right).days
        case str(), "+", str():
            return left + right
    match left, operator, right:  # durations of the text stay calendar durations as long as only they are combined
        case Shift(), "+", Shift():
            return Shift(left.months + right.months, left.days + right.days, left.elapsed + right.elapsed)
        case Shift(), "-", Shift():
            return operate("+", left, -right, now, zone)
        case (Shift() as shift, "*", int() as times) | (int() as times, "*", Shift() as shift):
            return Shift(shift.months * times, shift.days * times, shift.elapsed * times)
    left, right = _measured(left), _measured(right)
    match left, operator, right:
        case (Decimal(), "+" | "-", Decimal()) | (dt.timedelta(), "+" | "-", dt.timedelta()):
            return left + right if operator == "+" else left - right  # type: ignore[operator]
        case Decimal(), "/", Decimal():
            return Fraction(left) / Fraction(right) if right else None
        case dt.timedelta(), "/", dt.timedelta():
            return Fraction(micros(left), micros(right)) if right else None
        case Decimal(), "*", _ if is_number(right):
            return money(Fraction(left) * Fraction(right))  # type: ignore[arg-type]
        case _, "*", Decimal() if is_number(left):
            return money(Fraction(left) * Fraction(right))  # type: ignore[arg-type]
        case Decimal(), "/", _ if is_number(right):
            return money(Fraction(left) / Fraction(right)) if right else None  # type: ignore[arg-type]
        case dt.timedelta(), "*", _ if is_number(right):
            return elapsed(micros(left) * Fraction(right))  # type: ignore[arg-type]
        case _, "*", dt.timedelta() if is_number(left):
            return elapsed(micros(right) * Fraction(left))  # type: ignore[arg-type]
        case dt.timedelta(), "/", _ if is_number(right):
            return elapsed(micros(left) / Fraction(right)) if right else None  # type: ignore[arg-type]
    if not (is_number(left) and is_number(right)):
        raise TypeError(f"{left!r} {operator} {right!r}")
    assert isinstance(left, int | Fraction | float)
    assert isinstance(right, int | Fraction | float)
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            if not right:
                return None
            return left / right if isinstance(left, float) or isinstance(right, float) else Fraction(left) / right
    raise ValueError(operator)


def texts(operator: str, left: Value, right: Value, *, ignoring_case: bool) -> bool:
    """Comparisons of texts and of lists: `contains`, `contains any`, `matches`, `starts with`, `in`, …."""
    if left is None or right is None:
        return False
    fold = _lower if ignoring_case else _same
    if operator == "in" and isinstance(right, tuple):
        return any(fold(left) == fold(item) for item in right if item is not None)
    if isinstance(left, tuple):
        held = {fold(item) for item in left if item is not None}
        wanted = [fold(item) for item in right] if isinstance(right, tuple) else [fold(right)]
        match operator:
            case "contains" | "contains any":
                return any(item in held for item in wanted)
            case "contains all":
                return all(item in held for item in wanted)
            case "contains none":
                return not any(item in held for item in wanted)
    if isinstance(left, str) and isinstance(right, tuple):
        found = [_lowered(str(item), fold) in _lowered(left, fold) for item in right]
        match operator:
            case "contains any":
                return any(found)
            case "contains all":
                return all(found)
            case "contains none":
                return not any(found)
    if isinstance(left, str) and isinstance(right, str):
        match operator:
            case "contains":
                return _lowered(right, fold) in _lowered(left, fold)
            case "starts with":
                return _lowered(left, fold).startswith(_lowered(right, fold))
            case "ends with":
                return _lowered(left, fold).endswith(_lowered(right, fold))
            case "matches":
                return re.search(right, left, re.IGNORECASE if ignoring_case else 0) is not None
            case "==":
                return fold(left) == fold(right)
            case "!=":
                return fold(left) != fold(right)
    raise TypeError(f"{left!r} {operator} {right!r}")


def _same(value: Value) -> Value:
    return value


def _lower(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else value


def _lowered(value: str, fold: object) -> str:
    return value.lower() if fold is _lower else value

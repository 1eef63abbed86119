"""One value from a list of values, each function as its definition reads.

In: values in the order of their rows, missing ones included. Out: a value.
Invariant: exact arithmetic throughout; rounding only where a definition says so.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from tests.oracle.values import Value, elapsed, micros, money
from tests.oracle.zone import Zone, next_unit, start_of

__all__ = ["gap", "periods", "reduce", "streak"]


def _exact(value: Value) -> Fraction:
    """A value on a line of exact numbers."""
    if isinstance(value, dt.timedelta):
        return Fraction(micros(value))
    return Fraction(value)  # type: ignore[arg-type]


def _like(result: Fraction, sample: Value) -> Value:
    """An exact number as the type that `sample` has; an int gives a number."""
    if isinstance(sample, Decimal):
        return money(result)
    return elapsed(result) if isinstance(sample, dt.timedelta) else result


def reduce(function: str, values: Sequence[Value], argument: Value = None) -> Value:
    """`count sum mean min max median quantile stddev distinct mode first last nth` over rows in order."""
    match function:
        case "first":
            return values[0] if values else None
        case "last":
            return values[-1] if values else None
        case "nth":
            assert isinstance(argument, int)
            index = argument - 1 if argument > 0 else argument
            return values[index] if -len(values) <= index < len(values) else None
    present = [value for value in values if value is not None]
    match function:
        case "count":
            return len(present)
        case "distinct":
            return len(set(present))
    if not present:
        return None
    match function:
        case "mode":
            frequency = {value: present.count(value) for value in present}
            return next(value for value in reversed(present) if frequency[value] == max(frequency.values()))
        case "min":
            return min(present)  # type: ignore[type-var]
        case "max":
            return max(present)  # type: ignore[type-var]
    numbers = [_exact(value) for value in present]
    match function:
        case "sum":
            if isinstance(present[0], int):
                return int(sum(numbers))
            return _like(sum(numbers, Fraction(0)), present[0])
        case "mean":
            return _like(sum(numbers, Fraction(0)) / len(numbers), present[0])
        case "median":
            return _like(quantile(numbers, Fraction(1, 2)), present[0])
        case "quantile":
            return _like(quantile(numbers, Fraction(argument)), present[0])  # type: ignore[arg-type]
        case "stddev":
            return _stddev(numbers, present[0])
    raise ValueError(function)


def quantile(numbers: Sequence[Fraction], q: Fraction) -> Fraction:
    """Linear between the ranks around (n - 1) * q."""
    ordered = sorted(numbers)
    place = (len(ordered) - 1) * q
    low = place.numerator // place.denominator
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _stddev(numbers: Sequence[Fraction], sample: Value) -> Value:
    if len(numbers) < 2:
        return None
    mean = sum(numbers, Fraction(0)) / len(numbers)
    variance = sum(((number - mean) ** 2 for number in numbers), Fraction(0)) / (len(numbers) - 1)
    with localcontext() as context:
        context.prec = 60
        root = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
    return _like(Fraction(root), sample) if isinstance(sample, Decimal | dt.timedelta) else float(root)


def gap(function: str, instants: Sequence[dt.datetime]) -> Value:
    """`mean_gap`, `median_gap`, `max_gap` between one row and the next."""
    gaps: list[Value] = [later - earlier for earlier, later in itertools.pairwise(instants)]
    return reduce(function.removesuffix("_gap"), gaps)


def periods(unit: str, instants: Sequence[dt.datetime], zone: Zone) -> int:
    """Calendar units that have a row."""
    return len({start_of(unit, zone.day(instant)) for instant in instants})


def streak(unit: str, instants: Sequence[dt.datetime], now: dt.datetime, zone: Zone) -> int:
    """Calendar units in a row that have a row, up to the one of `now`, or to the one before it."""
    with_row = {start_of(unit, zone.day(instant)) for instant in instants}
    unit_start = start_of(unit, zone.day(now))
    if unit_start not in with_row:
        unit_start = start_of(unit, unit_start - dt.timedelta(days=1))
    length = 0
    while unit_start in with_row:
        length += 1
        unit_start = start_of(unit, unit_start - dt.timedelta(days=1))
    assert next_unit(unit, unit_start) > unit_start
    return length

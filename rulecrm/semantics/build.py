"""Small makers of typed nodes, and the sums that constants allow at once.

In: checked operands. Out: nodes of the typed model.
Invariant: what only constants decide is a constant in the result; nothing here reports anything.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Apply, Const, Expr, Now
from rulecrm.model.types import AGE, BOOL, DATE, DURATION, INSTANT, INT, NUMBER, TEXT, UNKNOWN, Type

__all__ = [
    "ONE_DAY", "UNITS", "all_of", "any_of", "apply", "conjuncts", "date_of", "day_after", "decimal_of", "duration_of",
    "elapsed", "greater", "int_of", "negated", "number", "predicate_of", "shift", "shift_date", "start_of",
    "start_of_day", "text_of", "unknown",
]  # fmt: skip

ONE_DAY = Duration(days=1)

UNITS = {
    "day": ONE_DAY,
    "week": Duration(days=7),
    "month": Duration(months=1),
    "quarter": Duration(months=3),
    "year": Duration(months=12),
}
"""Calendar units and their lengths."""


def apply(op: str, *args: Expr, gives: Type = BOOL, span: Span = NOWHERE) -> Apply:
    """`Apply` with positional arguments."""
    return Apply(op, args, gives, span=span)


def unknown(span: Span = NOWHERE) -> Const:
    """The value of what has been reported as wrong."""
    return Const(False, UNKNOWN, span=span)


def predicate_of(value: bool, span: Span = NOWHERE) -> Const:  # noqa: FBT001 - the value itself
    """A constant predicate."""
    return Const(value, BOOL, span=span)


def text_of(value: str, span: Span = NOWHERE) -> Const:
    """A constant text."""
    return Const(value, TEXT, span=span)


def int_of(value: int, span: Span = NOWHERE) -> Const:
    """A constant whole number."""
    return Const(value, INT, span=span)


def duration_of(value: Duration, span: Span = NOWHERE) -> Const:
    """A constant duration."""
    return Const(value, DURATION, span=span)


def number(value: Expr) -> Expr:
    """An int as a number; what is a number already, as it is."""
    if value.type != INT:
        return value
    if isinstance(value, Const) and isinstance(value.value, int):
        try:
            return Const(float(value.value), NUMBER, span=value.span)
        except OverflowError:
            return Const(float("inf") if value.value > 0 else float("-inf"), NUMBER, span=value.span)
    return apply("number", value, gives=NUMBER, span=value.span)


def elapsed(value: Expr) -> Expr:
    """An age as the duration that has gone by at T."""
    return apply("elapsed", value, gives=DURATION, span=value.span) if value.type == AGE else value


def shift(instant: Expr, duration: Duration, span: Span = NOWHERE) -> Expr:
    """An instant moved by the calendar."""
    if duration == Duration():
        return instant
    return apply("shift", instant, duration_of(duration, span), gives=INSTANT, span=span)


def shift_date(date: Expr, duration: Duration, span: Span = NOWHERE) -> Expr:
    """A date moved by months and days; whole days of a constant are moved at once."""
    if duration == Duration():
        return date
    if isinstance(date, Const) and isinstance(date.value, dt.date) and not duration.months:
        try:
            return Const(date.value + dt.timedelta(days=duration.days), DATE, span=date.span)
        except OverflowError:
            pass
    return apply("shift_date", date, duration_of(duration, span), gives=DATE, span=span)


def day_after(date: Expr) -> Expr:
    """The next day."""
    return shift_date(date, ONE_DAY, date.span)


def date_of(instant: Expr) -> Expr:
    """The local day of an instant."""
    if isinstance(instant, Apply):
        if instant.op == "start_of_day":
            return instant.args[0]
        if instant.op == "start_of" and instant.args[0] == text_of("day"):
            return date_of(instant.args[1])
    return apply("date_of", instant, gives=DATE, span=instant.span)


def start_of_day(date: Expr) -> Expr:
    """The instant at which a local day begins."""
    return apply("start_of_day", date, gives=INSTANT, span=date.span)


def start_of(unit: str, offset: int, span: Span = NOWHERE) -> Expr:
    """The start of this calendar unit (`offset` 0), of the one before (-1) or after (1).

    T is moved first and then cut, so that a day that begins at 01:00 by a clock change spoils no other day.
    """
    length = UNITS[unit]
    moved = shift(Now(span=span), {-1: -length, 0: Duration(), 1: length}[offset], span)
    return apply("start_of", text_of(unit), moved, gives=INSTANT, span=span)


def negated(predicate: Expr, span: Span = NOWHERE) -> Expr:
    """`not p`; two of them cancel."""
    if isinstance(predicate, Apply) and predicate.op == "not":
        return predicate.args[0]
    return apply("not", predicate, span=span)


def conjuncts(predicate: Expr) -> tuple[Expr, ...]:
    """The operands of an `and`, or the predicate alone."""
    return predicate.args if isinstance(predicate, Apply) and predicate.op == "and" else (predicate,)


def all_of(predicates: tuple[Expr, ...], span: Span = NOWHERE) -> Expr:
    """`and`, flattened; true of none."""
    flat = tuple(part for predicate in predicates for part in conjuncts(predicate))
    if not flat:
        return predicate_of(True, span)
    return flat[0] if len(flat) == 1 else Apply("and", flat, BOOL, span=span)


def any_of(predicates: tuple[Expr, ...], span: Span = NOWHERE) -> Expr:
    """`or`, flattened; false of none."""
    flat: list[Expr] = []
    for predicate in predicates:
        if isinstance(predicate, Apply) and predicate.op == "or":
            flat.extend(predicate.args)
        else:
            flat.append(predicate)
    if not flat:
        return predicate_of(False, span)
    return flat[0] if len(flat) == 1 else Apply("or", tuple(flat), BOOL, span=span)


def greater(left: Const, right: Const) -> bool:
    """Whether a constant is greater than another of its type."""
    return bool(left.value > right.value)  # type: ignore[operator]


def decimal_of(value: object) -> Decimal | None:
    """A constant's number, exactly, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(repr(value)) if isinstance(value, float) else None

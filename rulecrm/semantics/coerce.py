"""Bringing values to the types that operators want.

In: typed operands. Out: the same values, coercions made explicit; None where there is no way.
Invariant: no coercion loses anything: an int becomes a number, a date the instant it begins, a constant duration an
age, an age elapsed time. Nothing becomes text, and nothing becomes money.
"""

from __future__ import annotations

from rulecrm.model.durations import Duration
from rulecrm.model.ir import Const, Expr, Now
from rulecrm.model.types import AGE, DATE, DURATION, INSTANT, INT, NUMBER, TIME, UNKNOWN, Type
from rulecrm.semantics.build import apply, date_of, elapsed, number, shift, start_of_day
from rulecrm.semantics.functions import ANY

__all__ = ["age_of", "fits", "to_type", "unify"]


def fits(value: Type, wanted: Type) -> bool:
    """Whether `to_type` can bring a value of this type to the wanted one."""
    if value in (wanted, UNKNOWN) or wanted == ANY:
        return True
    if wanted.name == "list" and value.name == "list":
        return wanted.item in (ANY, value.item) or value.item is UNKNOWN
    return (value, wanted) in _WAYS


def to_type(value: Expr, wanted: Type) -> Expr:
    """The value brought to a type that it `fits`."""
    if value.type in (wanted, UNKNOWN) or wanted == ANY or wanted.name == "list":
        return value
    match wanted.name:
        case "number":
            return number(value)
        case "duration":
            return elapsed(value)
        case "instant":
            return start_of_day(value)
        case "date":
            return date_of(value)
        case "time":
            return apply("time_of", value, gives=TIME, span=value.span)
    return value


def age_of(duration: Const) -> Expr:
    """A constant duration as an age: that of the instant so long before T."""
    assert isinstance(duration.value, Duration)
    before = shift(Now(span=duration.span), -duration.value, duration.span)
    return apply("age", before, gives=AGE, span=duration.span)


def unify(left: Expr, right: Expr) -> tuple[Expr, Expr] | None:
    """Both values brought to one type, or None where they have none in common."""
    a, b = left.type, right.type
    if a == b or UNKNOWN in (a, b):
        return left, right
    pair = {a, b}
    if pair == {INT, NUMBER}:
        return number(left), number(right)
    if pair == {AGE, DURATION}:
        if isinstance(right, Const):
            return left, age_of(right)
        if isinstance(left, Const):
            return age_of(left), right
        return elapsed(left), elapsed(right)
    if pair == {DATE, INSTANT}:
        return to_type(left, INSTANT), to_type(right, INSTANT)
    return None


_WAYS = frozenset({(INT, NUMBER), (AGE, DURATION), (DATE, INSTANT), (INSTANT, DATE), (INSTANT, TIME)})

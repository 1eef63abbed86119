"""The arithmetic of kpis, exact.

In: the expression of a kpi, and the values of what it reads. Out: its value.
Invariant: nothing is rounded on the way. A number is the decimal that it is written as, so `20%` is one fifth; an
amount is so many units of the reporting currency, a duration so many microseconds.

Because nothing is rounded, a kpi that is made of ratios (visitors × buyers / visitors × …) is what its parts make it,
and what its parts contribute to a change adds up to the change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from rulecrm.model import ir
from rulecrm.model.kpi import is_formula
from rulecrm.model.types import MONEY_SCALE, Type
from rulecrm.runtime.limits import too_large
from rulecrm.runtime.physical import to_physical_value

__all__ = ["Exact", "Reading", "as_exact", "evaluate", "rounded"]

Exact = Fraction | bool | str | int | None
"""A number; the truth of a predicate; what is neither, in its physical form; None where it is missing."""

_UNIT = 10**MONEY_SCALE


@frozen(eq=False)
class Reading:
    """Where the values come from that a formula reads.

    Attributes:
        leaf: the value of what the engine computes.
        kpi: that of another kpi, by symbol.
        local: of the words that mean something in an alert.
    """

    leaf: Callable[[ir.Expr], Exact]
    kpi: Callable[[str], Exact]
    local: Mapping[str, Exact]


def evaluate(expr: ir.Expr, reading: Reading) -> Exact:
    """The value of a formula."""
    match expr:
        case ir.Const(value=value, type=type_) if not isinstance(value, tuple):
            return as_exact(to_physical_value(value, type_), type_)
        case ir.Local(name=name):
            return reading.local[name]
        case ir.Apply(op="kpi", args=(ir.Const(value=str() as symbol),)):
            return reading.kpi(symbol)
        case ir.Apply(op=op, args=args) if is_formula(expr):
            if op == "in":
                return _in(args, reading)
            if op in _LAZY:
                return _LAZY[op](args, reading)
            values: list[Exact] = []
            for arg in args:  # no comprehension: it would be a frame more for every level of the text
                values.append(evaluate(arg, reading))  # noqa: PERF401
            return _applied(op, values)
    return reading.leaf(expr)


def as_exact(value: object, kind: Type) -> Exact:
    """A physical value (`model.types`) as an exact one; a number that is none is missing."""
    match value:
        case None | bool():
            return value
        case int() if kind.name in ("int", "number", "money", "duration"):
            return Fraction(value, _UNIT) if kind.name == "money" else Fraction(value)
        case float():
            # The decimal that it is written as: a share of one fifth is 20%, not the nearest binary fraction.
            return Fraction(Decimal(repr(value))) if math.isfinite(value) else None
        case int() | str():
            return value
    raise AssertionError(f"no value of a kpi: {value!r}")


def rounded(value: Exact, kind: Type) -> float | Decimal | int | None:
    """A number as it is shown: money to 4 decimals and durations to microseconds, halves to even.

    Raises:
        RulesError: R442 it is too large for a number.
    """
    if value is None:
        return None
    assert isinstance(value, Fraction)
    match kind.name:
        case "money":
            return Decimal(round(value * _UNIT)).scaleb(-MONEY_SCALE)
        case "int" | "duration":
            return round(value)
    try:
        return float(value)
    except OverflowError:
        raise too_large() from None


# --- operators ----------------------------------------------------------------------------------------------------


def _if(args: tuple[ir.Expr, ...], reading: Reading) -> Exact:
    return evaluate(args[1] if evaluate(args[0], reading) is True else args[2], reading)


def _coalesce(args: tuple[ir.Expr, ...], reading: Reading) -> Exact:
    value = evaluate(args[0], reading)
    return evaluate(args[1], reading) if value is None else value


def _in(args: tuple[ir.Expr, ...], reading: Reading) -> Exact:
    needle, among = args
    assert isinstance(among, ir.Const)
    assert isinstance(among.value, tuple)
    value = evaluate(needle, reading)
    known = [as_exact(to_physical_value(one, needle.type), needle.type) for one in among.value]
    return value is not None and value in known


def _and(args: tuple[ir.Expr, ...], reading: Reading) -> Exact:
    return all(evaluate(arg, reading) is True for arg in args)


def _or(args: tuple[ir.Expr, ...], reading: Reading) -> Exact:
    return any(evaluate(arg, reading) is True for arg in args)


_LAZY: Mapping[str, Callable[[tuple[ir.Expr, ...], Reading], Exact]] = {
    "if": _if, "coalesce": _coalesce, "and": _and, "or": _or,
}  # fmt: skip


def _applied(op: str, values: list[Exact]) -> Exact:
    """An operator on values; the table in `model.ir` says what each does."""
    match op:
        case "not":
            return values[0] is not True
        case "true":
            return values[0] is True
        case "missing":
            return values[0] is None
    missing = any(value is None for value in values)
    if op in _COMPARED:
        return not missing and _COMPARED[op](values[0], values[1])
    if missing:
        return None
    numbers = [value for value in values if isinstance(value, Fraction)]
    if op == "number":
        return values[0]
    return _NUMBERS[op](*numbers)


_COMPARED: Mapping[str, Callable[[Exact, Exact], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,  # type: ignore[operator]
    "le": lambda a, b: a <= b,  # type: ignore[operator]
    "gt": lambda a, b: a > b,  # type: ignore[operator]
    "ge": lambda a, b: a >= b,  # type: ignore[operator]
}


def _sqrt(a: Fraction) -> Fraction | None:
    return None if a < 0 else Fraction(Decimal(repr(math.sqrt(a))))


def _ln(a: Fraction) -> Fraction | None:
    # Of a fraction with a very small or large part, the float would be 0 or too large.
    return None if a <= 0 else Fraction(Decimal(repr(math.log(a.numerator) - math.log(a.denominator))))


_NUMBERS: Mapping[str, Callable[..., Fraction | None]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b if b else None,
    "neg": lambda a: -a,
    "abs": abs,
    "round": lambda a, digits: Fraction(round(a, int(digits))),
    "floor": lambda a: Fraction(math.floor(a)),
    "ceil": lambda a: Fraction(math.ceil(a)),
    "least": min,
    "greatest": max,
    "sqrt": _sqrt,
    "ln": _ln,
}

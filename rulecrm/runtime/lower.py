"""Operators of the typed model as Polars expressions.

In: an `ir.Expr` and, for whatever is no operator and no constant, a callback that gives its column.
Out: one `pl.Expr` over physical values (`model.types`).
Invariant: every operator does what the table in `model.ir` says, missing values included; no Python runs per row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import polars as pl
from attrs import field, frozen

from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.types import MONEY_SCALE, Type
from rulecrm.runtime import calendar
from rulecrm.runtime.arithmetic import divide, scale
from rulecrm.runtime.hashing import bucket
from rulecrm.runtime.physical import dtype_of, literal, to_physical_value
from rulecrm.runtime.provided import is_provided

__all__ = ["Context", "fold", "lower"]

Leaf = Callable[[ir.Expr], pl.Expr]

_DAY = 86_400_000_000
_EARTH_KM = 6371.0088
"""Mean radius of the Earth by the IUGG."""


@frozen
class Context:
    """What operators need besides their operands.

    The zone, T as a column and (where it is one for all points) as a number, and rates.
    """

    zone: str
    now: pl.Expr
    instant: int | None
    rate: Callable[[str], pl.Expr]
    largest: Callable[[ir.Expr], int | None] = lambda _: None
    """No operand's amount is larger than this; None where that is not known."""
    bound: set[ir.Expr] = field(factory=set)
    """Operands that have been computed as columns of their own."""
    bounds: dict[ir.Expr, int | None] = field(factory=dict)
    """What `largest` has said of leaves, and what follows for operators."""


def lower(expr: ir.Expr, leaf: Leaf, context: Context) -> pl.Expr:
    """`expr` as a Polars expression."""
    if isinstance(expr, ir.Const):
        return literal(expr)
    if not isinstance(expr, ir.Apply) or is_provided(expr):
        return leaf(expr)
    if expr in context.bound:
        return leaf(expr)
    if expr.op in _FOLDED:
        known = fold(expr, context.instant, context.zone)
        if known is not None:
            return pl.lit(known, dtype=pl.Int64)
    if expr.op in _REPEATED:
        # What is written once and read several times is computed first: nested, it would grow exponentially.
        for arg in expr.args:
            if isinstance(arg, ir.Apply):
                leaf(arg)
                context.bound.add(arg)
    special = _SPECIAL.get(expr.op)
    if special is not None:
        return special(expr, leaf, context)
    args = tuple(lower(arg, leaf, context) for arg in expr.args)
    return _PLAIN[expr.op](expr, *args)


def fold(expr: ir.Expr, instant: int | None, zone: str) -> int | None:
    """An instant that follows from T by the calendar alone; None where more than that is needed."""
    match expr:
        case ir.Now():
            return instant
        case ir.Const(value=value, type=type_) if type_.name == "instant":
            moment = to_physical_value(value, type_)
            assert isinstance(moment, int)
            return moment
        case ir.Apply(op="shift", args=(base, ir.Const(value=Duration() as by))):
            start = fold(base, instant, zone)
            return None if start is None else calendar.shift_scalar(start, by, zone)
        case ir.Apply(op="start_of", args=(ir.Const(value=str() as unit), base)):
            start = fold(base, instant, zone)
            return None if start is None else calendar.start_of_scalar(unit, start, zone)
        case ir.Apply(op="start_of_day", args=(ir.Const(value=dt.date() as day),)):
            return calendar.start_of_day_scalar(day, zone)
    return None


_FOLDED = frozenset({"shift", "start_of", "start_of_day"})

_REPEATED = frozenset(
    {"mul", "div", "round", "convert", "shift", "start_of", "start_of_day", "anniversary", "years", "least", "greatest"}
    | {"sqrt", "ln", "distance_km", "in", "has", "has_any", "has_all", "has_none", "hour", "minute"}
)
"""Operators that read an operand more than once."""


# --- truth --------------------------------------------------------------------------------------------------------


def _true(test: pl.Expr) -> pl.Expr:
    return test.fill_null(False)


def _compare(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    left, right = (_comparable(arg, expr.args, leaf, context) for arg in expr.args)
    match expr.op:
        case "eq":
            return _true(left == right)
        case "ne":
            return _true(left != right)
        case "lt":
            return _true(left < right)
        case "le":
            return _true(left <= right)
        case "gt":
            return _true(left > right)
    return _true(left >= right)


def _comparable(arg: ir.Expr, both: tuple[ir.Expr, ...], leaf: Leaf, context: Context) -> pl.Expr:
    """Labels compare as numbers with labels of the same classification, as words with all else."""
    types = [one.type for one in both]
    if arg.type.name == "label" and types[0] != types[1]:
        other = both[1] if arg is both[0] else both[0]
        if not isinstance(other, ir.Const):
            return _words(arg.type, lower(arg, leaf, context))
    if isinstance(arg, ir.Const):
        labels = next((kind for kind in types if kind.name == "label"), None)
        if labels is not None and arg.type.name in ("label", "text"):
            return literal(ir.Const(arg.value, labels))
    if arg.type.name == "text" and any(kind.name == "label" for kind in types):
        return lower(arg, leaf, context).cast(pl.String)
    return lower(arg, leaf, context)


def _words(kind: Type, numbers: pl.Expr) -> pl.Expr:
    return numbers.replace_strict(list(range(len(kind.names))), list(kind.names), return_dtype=pl.String)


def _in(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    needle, haystack = expr.args
    assert isinstance(haystack, ir.Const)
    assert isinstance(haystack.value, tuple)
    values = [to_physical_value(value, needle.type) for value in haystack.value]
    if not values:
        return pl.lit(False) & lower(needle, leaf, context).is_null()
    column = lower(needle, leaf, context)
    if needle.type.name == "text":
        # One test a word keeps categorical columns categorical, whatever their categories are.
        tests = [column == pl.lit(value, dtype=pl.String) for value in values]
        return _true(pl.any_horizontal(tests) if len(tests) > 1 else tests[0])
    return _true(column.is_in(pl.Series(values, dtype=dtype_of(needle.type)).implode()))


def _has_each(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    items, wanted = expr.args
    assert isinstance(wanted, ir.Const)
    assert isinstance(wanted.value, tuple)
    assert items.type.item is not None
    column = lower(items, leaf, context)
    tests = [
        _true(column.list.contains(pl.lit(to_physical_value(value, items.type.item))))
        for value in wanted.value
    ]  # fmt: skip
    match expr.op:
        case "has_any":
            return pl.any_horizontal(tests) if tests else column.is_null() & pl.lit(False)
        case "has_all":
            return column.is_not_null() & (pl.all_horizontal(tests) if tests else pl.lit(True))
    return column.is_not_null() & ~(pl.any_horizontal(tests) if tests else pl.lit(False))


def _matches(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    text, pattern = expr.args
    assert isinstance(pattern, ir.Const)
    return _true(lower(text, leaf, context).cast(pl.String).str.contains(str(pattern.value)))


def _choose(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    *pairs, default = expr.args
    assert isinstance(default, ir.Const)
    if not pairs:
        return literal(ir.Const(default.value, expr.type))
    first, *rest = zip(pairs[::2], pairs[1::2], strict=True)

    def label(const: ir.Expr) -> pl.Expr:
        assert isinstance(const, ir.Const)
        return literal(ir.Const(const.value, expr.type))

    chain = pl.when(lower(first[0], leaf, context)).then(label(first[1]))
    for predicate, name in rest:
        chain = chain.when(lower(predicate, leaf, context)).then(label(name))  # type: ignore[assignment]
    return chain.otherwise(label(default))


# --- time ---------------------------------------------------------------------------------------------------------


def _shift(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    by = _const(expr.args[1])
    assert isinstance(by, Duration)
    return calendar.shift(lower(expr.args[0], leaf, context), by, context.zone)


def _shift_date(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    by = _const(expr.args[1])
    assert isinstance(by, Duration)
    day = lower(expr.args[0], leaf, context)
    if by.months:
        day = day.cast(pl.Int32).cast(pl.Date).dt.offset_by(f"{by.months}mo").cast(pl.Int32)
    return day + by.days


def _start_of(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    return calendar.start_of(str(_const(expr.args[0])), lower(expr.args[1], leaf, context), context.zone)


def _start_of_day(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    midnight = (lower(expr.args[0], leaf, context).cast(pl.Int64) * _DAY).cast(pl.Datetime("us"))
    return calendar.from_local(midnight, context.zone)


def _wall(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    column = lower(expr.args[0], leaf, context)
    wall = calendar.local(column, context.zone)
    match expr.op:
        case "date_of":
            return wall.dt.date().cast(pl.Int32)
        case "time_of":
            return wall.dt.time().cast(pl.Int64) // 1000
    if expr.args[0].type.name == "time":
        return column // {"hour": 3_600_000_000, "minute": 60_000_000}[expr.op] % {"hour": 24, "minute": 60}[expr.op]
    part = wall.dt.hour() if expr.op == "hour" else wall.dt.minute()
    return part.cast(pl.Int64)


def _elapsed(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    return context.now - lower(expr.args[0], leaf, context)


def _day_part(name: str) -> Callable[..., pl.Expr]:
    def part(_: ir.Apply, day: pl.Expr) -> pl.Expr:
        date = day.cast(pl.Int32).cast(pl.Date)
        column: pl.Expr = getattr(date.dt, name)()
        return column.cast(pl.Int64)

    return part


def _anniversary(_: ir.Apply, day: pl.Expr, today: pl.Expr) -> pl.Expr:
    born, now = day.cast(pl.Int32).cast(pl.Date), today.cast(pl.Int32).cast(pl.Date)

    def in_year(year: pl.Expr) -> pl.Expr:
        leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
        moved = (born.dt.month() == 2) & (born.dt.day() == 29) & ~leap
        month = pl.when(moved).then(3).otherwise(born.dt.month())
        date = pl.when(moved).then(1).otherwise(born.dt.day())
        return pl.date(year, month, date)

    this = in_year(now.dt.year())
    following = in_year(now.dt.year() + 1)
    return pl.when(this >= now).then(this).otherwise(following).cast(pl.Int32)


def _years(_: ir.Apply, day: pl.Expr, today: pl.Expr) -> pl.Expr:
    born, now = day.cast(pl.Int32).cast(pl.Date), today.cast(pl.Int32).cast(pl.Date)

    def in_year(date: pl.Expr) -> pl.Expr:
        return date.dt.month().cast(pl.Int32) * 32 + date.dt.day()

    return (now.dt.year() - born.dt.year() - (in_year(now) < in_year(born)).cast(pl.Int32)).cast(pl.Int64)


# --- numbers ------------------------------------------------------------------------------------------------------


def _const(expr: ir.Expr) -> ir.Value:
    assert isinstance(expr, ir.Const), expr
    return expr.value


def _exact(expr: ir.Expr) -> Fraction | None:
    """The number that was written, exactly: 1.1 is eleven tenths, not the float nearest to it."""
    while isinstance(expr, ir.Apply) and expr.op == "number":
        expr = expr.args[0]
    if isinstance(expr, ir.Const) and isinstance(expr.value, int | float | Decimal):
        return Fraction(Decimal(repr(expr.value) if isinstance(expr.value, float) else expr.value))
    return None


def _sum(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    left, right = (lower(arg, leaf, context) for arg in expr.args)
    kind = dtype_of(expr.type)
    if kind == pl.Int64 and expr.args[0].type.name not in ("instant", "date"):
        bound = _bound(expr, context)
        if bound is None or bound >= 2**63:
            # Where a sum may not fit, one that does not is an error, not another number.
            left, right = left.cast(pl.Int128), right.cast(pl.Int128)
            return (left + right if expr.op == "add" else left - right).cast(pl.Int64)
    # Counts may come as Int32: they are widened before anything is done to them that could overflow.
    return left.cast(kind) + right if expr.op == "add" else left.cast(kind) - right


def _bound(expr: ir.Expr, context: Context) -> int | None:
    """No value of a whole number or amount is further from 0 than this; None where that is not known."""
    if expr not in context.bounds:
        context.bounds[expr] = _bound_of(expr, context)
    return context.bounds[expr]


def _bound_of(expr: ir.Expr, context: Context) -> int | None:
    if isinstance(expr, ir.Const):
        value = to_physical_value(expr.value, expr.type)
        return abs(value) if isinstance(value, int) else None
    if isinstance(expr, ir.Apply) and expr not in context.bound and expr.op in ("add", "sub", "coalesce"):
        both = [_bound(arg, context) for arg in expr.args]
        known = [one for one in both if one is not None]
        if len(known) < len(both):
            return None
        return max(known) if expr.op == "coalesce" else sum(known)
    return context.largest(expr)


def _mul(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    left, right = expr.args
    if expr.type.name == "number":
        return lower(left, leaf, context) * lower(right, leaf, context)
    if left.type.name == "number":
        left, right = right, left
    exact = _exact(right)
    amount = lower(left, leaf, context)
    if exact is not None:
        largest = context.largest(left)
        if exact.denominator == 1 and largest is not None and largest * abs(exact.numerator) < 2**63:
            return amount.cast(pl.Int64) * exact.numerator
        return scale(amount, exact)
    whole = right.args[0] if isinstance(right, ir.Apply) and right.op == "number" else right
    if whole.type.name == "int":
        # Two integers multiply exactly; a product that is too large for the column is an error, not another number.
        return (amount.cast(pl.Int128) * lower(whole, leaf, context).cast(pl.Int128)).cast(pl.Int64)
    return (amount * lower(right, leaf, context)).round(0).cast(pl.Int64)


def _div(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    left, right = expr.args
    top = lower(left, leaf, context)
    if expr.type.name in ("money", "duration"):
        exact = _exact(right)
        if exact is not None:
            return scale(top, 1 / exact) if exact else pl.lit(None, dtype=pl.Int64)
        bottom = lower(right, leaf, context)
        return (top / pl.when(bottom != 0).then(bottom)).round(0).cast(pl.Int64)
    bottom = lower(right, leaf, context)
    return top.cast(pl.Float64) / pl.when(bottom != 0).then(bottom).cast(pl.Float64)


def _round(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    column = lower(expr.args[0], leaf, context)
    digits = _const(expr.args[1])
    assert isinstance(digits, int)
    if expr.type.name == "money":
        if digits >= MONEY_SCALE:
            return column
        step = 10 ** (MONEY_SCALE - digits)
        coarse: pl.Expr = divide(column, pl.lit(step)) * step
        return coarse
    rounded: pl.Expr = column.round(digits, mode="half_to_even")
    return rounded


def _horizontal(pick: Callable[..., pl.Expr]) -> Callable[..., pl.Expr]:
    def both(_: ir.Apply, left: pl.Expr, right: pl.Expr) -> pl.Expr:
        return pl.when(left.is_not_null() & right.is_not_null()).then(pick(left, right))

    return both


def _distance(_: ir.Apply, lat1: pl.Expr, lon1: pl.Expr, lat2: pl.Expr, lon2: pl.Expr) -> pl.Expr:
    # The haversine form is exact enough near zero, where people ask.
    a1, b1, a2, b2 = (degrees.radians() for degrees in (lat1, lon1, lat2, lon2))
    half = ((a2 - a1) / 2).sin() ** 2 + a1.cos() * a2.cos() * ((b2 - b1) / 2).sin() ** 2
    return 2 * _EARTH_KM * half.clip(0, 1).sqrt().arcsin()


def _convert(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    rate = context.rate(str(_const(expr.args[1])))
    exact = _exact(expr.args[0])
    # `rate` counts 1e-12 units of the reporting currency; the amount is exact, so the product is rounded once.
    if exact is not None:
        return scale(rate, exact * 10**MONEY_SCALE / 10**12)
    return divide(lower(expr.args[0], leaf, context).cast(pl.Int128) * rate, pl.lit(10**12))


# --- text ---------------------------------------------------------------------------------------------------------


def _length(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    column = lower(expr.args[0], leaf, context)
    size = column.list.len() if expr.args[0].type.name == "list" else column.cast(pl.String).str.len_chars()
    return size.cast(pl.Int64)


def _join(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    return lower(expr.args[0], leaf, context).list.join(str(_const(expr.args[1])))


def _bucket(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    return bucket(lower(expr.args[0], leaf, context), str(_const(expr.args[1])))


def _member(expr: ir.Apply, leaf: Leaf, context: Context) -> pl.Expr:
    return lower(expr.args[0], leaf, context).struct.field(str(_const(expr.args[1])))


def _domain(_: ir.Apply, text: pl.Expr) -> pl.Expr:
    return text.cast(pl.String).str.extract(r"@([^@]*)$", 1).str.to_lowercase()


_SPECIAL: dict[str, Callable[[ir.Apply, Leaf, Context], pl.Expr]] = {
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), _compare),
    **dict.fromkeys(("has_any", "has_all", "has_none"), _has_each),
    **dict.fromkeys(("date_of", "time_of", "hour", "minute"), _wall),
    "in": _in,
    "matches": _matches,
    "choose": _choose,
    "shift": _shift,
    "shift_date": _shift_date,
    "start_of": _start_of,
    "start_of_day": _start_of_day,
    "elapsed": _elapsed,
    "add": _sum,
    "sub": _sum,
    "mul": _mul,
    "div": _div,
    "round": _round,
    "convert": _convert,
    "length": _length,
    "join": _join,
    "bucket": _bucket,
    "member": _member,
}

_PLAIN: dict[str, Callable[..., pl.Expr]] = {
    "and": lambda _, *tests: pl.all_horizontal(tests),
    "or": lambda _, *tests: pl.any_horizontal(tests),
    "not": lambda _, test: ~test,
    "true": lambda _, test: _true(test),
    "missing": lambda _, value: value.is_null(),
    "has": lambda _, items, item: _true(items.list.contains(item)) & item.is_not_null(),
    "contains": lambda _, text, part: _true(text.cast(pl.String).str.contains(part, literal=True)),
    "starts_with": lambda _, text, part: _true(text.cast(pl.String).str.starts_with(part)),
    "ends_with": lambda _, text, part: _true(text.cast(pl.String).str.ends_with(part)),
    "if": lambda _, test, yes, no: pl.when(test).then(yes).otherwise(no),
    "coalesce": lambda _, value, default: pl.coalesce(value, default),
    "neg": lambda expr, value: -value.cast(dtype_of(expr.type)),
    "abs": lambda expr, value: value.cast(dtype_of(expr.type)).abs(),
    "floor": lambda _, value: value.floor().cast(pl.Int64),
    "ceil": lambda _, value: value.ceil().cast(pl.Int64),
    "sqrt": lambda _, value: pl.when(value >= 0).then(value).sqrt(),
    "ln": lambda _, value: pl.when(value > 0).then(value).log(),
    "least": _horizontal(pl.min_horizontal),
    "greatest": _horizontal(pl.max_horizontal),
    "number": lambda _, value: value.cast(pl.Float64),
    "age": lambda _, instant: instant,
    "origin": lambda _, age: age,
    "weekday": _day_part("weekday"),
    "day": _day_part("day"),
    "month": _day_part("month"),
    "quarter": _day_part("quarter"),
    "year": _day_part("year"),
    "week": _day_part("week"),
    "anniversary": _anniversary,
    "years": _years,
    "lower": lambda _, text: text.cast(pl.String).str.to_lowercase(),
    "upper": lambda _, text: text.cast(pl.String).str.to_uppercase(),
    "trim": lambda _, text: text.cast(pl.String).str.strip_chars(),
    "domain": _domain,
    "concat": lambda _, left, right: left.cast(pl.String) + right.cast(pl.String),
    "distance_km": _distance,
}

"""Comparisons and tests, with the values on both sides.

In: a predicate that is no connective. Out: a `Comparison` and its `Distance`; None for a plain yes/no value.
Invariant: values are the engine's. What the checker has taken apart (the two ends of a window or a range, an age as
its instant) is put together again as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rulecrm.explain.asking import Asker
from rulecrm.explain.distance import OTHER, Measure, between, to_turn
from rulecrm.explain.explanation import Comparison, Distance
from rulecrm.explain.shown import Door, Shown, duration_text
from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.types import AGE, BOOL, DURATION

__all__ = ["compare", "grouped", "is_negated_clause", "sides", "together", "unwritten"]

Written = Callable[[ir.Expr], str]

_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_FLIPPED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_TESTS = {
    "in": "in", "has": "contains", "has_any": "contains any", "has_all": "contains all", "has_none": "contains none",
    "contains": "contains", "starts_with": "starts with", "ends_with": "ends with", "matches": "matches",
    "missing": "is missing",
}  # fmt: skip
_LOWER, _UPPER = ("gt", "ge"), ("lt", "le")


# --- what belongs together ----------------------------------------------------------------------------------------


def grouped(args: Sequence[ir.Expr]) -> list[tuple[ir.Expr, ...]]:
    """The parts of an `and`, the two ends of one range or window as one."""
    groups: list[tuple[ir.Expr, ...]] = []
    for arg in args:
        if groups and len(groups[-1]) == 1 and _are_ends(groups[-1][0], arg):
            groups[-1] = (groups[-1][0], arg)
        else:
            groups.append((arg,))
    return groups


def together(group: tuple[ir.Expr, ...]) -> ir.Expr:
    """One part of an `and`: itself, or the two ends as a conjunction of their own."""
    return group[0] if len(group) == 1 else ir.Apply("and", group, BOOL, span=group[0].span)


def is_negated_clause(expr: ir.Apply) -> bool:
    """Whether the `not` is a word of the comparison (`not in`, `is not missing`) and no operator before it."""
    inner = expr.args[0]
    if not isinstance(inner, ir.Apply) or inner.span != expr.span:
        return False
    return inner.op in _SIGNS or inner.op in _TESTS or (inner.op == "and" and len(grouped(inner.args)) == 1)


def sides(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    """The operands of a comparison, of a range the left one first and once."""
    assert isinstance(expr, ir.Apply)
    if expr.op != "and":
        return expr.args
    first, second = _ends_of(expr)
    return (first.args[0], first.args[1], second.args[1])


def unwritten(expr: ir.Expr) -> str:
    """Words for a node that no text wrote."""
    match expr:
        case ir.Ref(symbol=symbol):
            return symbol
        case ir.Attribute(name=name) | ir.Column(name=name) | ir.Item(name=name):
            return name
        case ir.State(lifecycle=lifecycle, part=part):
            return lifecycle if part == "state" else f"{lifecycle}.{part}"
        case ir.Apply(op=op):
            return op
        case ir.Aggregate(function=function, scan=scan):
            return f"{function}({scan.kind})"
        case ir.Elements(function=function, items=items):
            return f"{function}({unwritten(items)})"
    return type(expr).__name__.lower()


# --- comparisons --------------------------------------------------------------------------------------------------


def compare(
    expr: ir.Expr, asker: Asker, door: Door, instant: int, written: Written
) -> tuple[Comparison, Distance] | None:
    """A comparison with its values and its distance from the other verdict."""
    if not isinstance(expr, ir.Apply):
        return None
    side = _Sides(asker, door, instant, written)
    if expr.op in _SIGNS:
        return side.ordered(expr)
    if expr.op == "and":
        return side.within(expr)
    return side.tested(expr) if expr.op in _TESTS else None


class _Sides:
    """The sides of comparisons at one point."""

    def __init__(self, asker: Asker, door: Door, instant: int, written: Written) -> None:
        self._asker, self._door, self._instant, self._written = asker, door, instant, written

    def ordered(self, expr: ir.Apply) -> tuple[Comparison, Distance]:
        """`== != < <= > >=`."""
        left, right = expr.args
        verdict = bool(self._asker.value(expr, self._instant))
        if _is_aged(expr):
            origin, age = self._physical(left), self._age(left)
            limit = self._physical(right)
            measure = Measure(self._door, DURATION)
            passed = None if origin is None else self._instant - origin
            bound = None if limit is None else self._instant - limit
            op = _FLIPPED[expr.op]
            comparison = Comparison(self._exact(age, passed, bound), _SIGNS[op], (self._length(right),))
            return comparison, to_turn(op, passed, bound, verdict=verdict, measure=measure)
        values = [self._shown(side) for side in (left, right)]
        if "%" in (self._written(left)[-1:], self._written(right)[-1:]):
            values = [self._door.percent(value) for value in values]
        named = "label" in (left.type.name, right.type.name)
        sign = {"eq": "is", "ne": "is not"}.get(expr.op, "") if named else _SIGNS[expr.op]
        measure = Measure(self._door, left.type)
        if not measure.measured:
            return Comparison(values[0], sign, (values[1],)), OTHER
        a, b = self._physical(left), self._physical(right)
        if left.type == DURATION:
            values = [self._exact(values[0], a, b), self._exact(values[1], b, a)]
        return Comparison(values[0], sign, (values[1],)), to_turn(expr.op, a, b, verdict=verdict, measure=measure)

    def within(self, expr: ir.Apply) -> tuple[Comparison, Distance]:
        """A range or a window: its two ends are compared with one value."""
        ends = _ends_of(expr)
        left = ends[0].args[0]
        verdict = bool(self._asker.value(expr, self._instant))
        value = self._physical(left)
        if all(_is_aged(end) for end in ends):
            # The end of the instant's stretch that lies further back is the greater age.
            high, low = sorted(ends, key=lambda end: end.op in _UPPER)
            limits = [self._physical(end.args[1]) for end in (low, high)]
            passed = None if value is None else self._instant - value
            bounds = tuple(None if limit is None else self._instant - limit for limit in limits)
            included = (low.op == "le", high.op == "ge")
            right = (self._length(low.args[1]), self._length(high.args[1]))
            measure = Measure(self._door, DURATION)
            shown = self._age(left)
            distance = between((bounds[0], bounds[1]), included, passed, verdict=verdict, measure=measure)
            return Comparison(shown, "in", right, range=included), distance
        low, high = sorted(ends, key=lambda end: end.op in _UPPER)
        included = (low.op == "ge", high.op == "le")
        right = (self._shown(low.args[1]), self._shown(high.args[1]))
        limits = [self._physical(end.args[1]) for end in (low, high)]
        measure = Measure(self._door, left.type)
        distance = between((limits[0], limits[1]), included, value, verdict=verdict, measure=measure)
        return Comparison(self._shown(left), "in", right, range=included), distance

    def tested(self, expr: ir.Apply) -> tuple[Comparison, Distance]:
        """`in`, `contains`, `matches`, `is missing`, …"""
        left = self._shown(expr.args[0])
        right: tuple[Shown, ...] = ()
        if len(expr.args) > 1:
            other = expr.args[1]
            if isinstance(other, ir.Const) and isinstance(other.value, tuple):
                item = other.type.item if other.type.item is not None else other.type
                right = tuple(self._door.constant(ir.Const(one, item)) for one in other.value)
            else:
                right = (self._shown(other),)
        unknown = left.value is None and expr.op != "missing"
        return Comparison(left, _TESTS[expr.op], right), Distance(None, "missing") if unknown else OTHER

    # --- values ---------------------------------------------------------------------------------------------------

    def _shown(self, side: ir.Expr) -> Shown:
        if isinstance(side, ir.Const):
            return self._door.constant(side)
        return self._door.of(self._asker.value(side, self._instant), side.type, self._instant)

    def _physical(self, side: ir.Expr) -> int | float | None:
        value = self._asker.value(side, self._instant)
        assert value is None or isinstance(value, int | float), value
        return value

    def _age(self, origin: ir.Expr) -> Shown:
        return self._door.of(self._asker.value(origin, self._instant), AGE, self._instant)

    def _length(self, limit: ir.Expr) -> Shown:
        """The length that `T moved back by a length` was written as."""
        match limit:
            case ir.Apply(op="shift", args=(_, ir.Const(value=Duration() as back))):
                return self._door.duration(-back)
        return self._door.duration(Duration())

    @staticmethod
    def _exact(shown: Shown, mine: float | None, other: float | None) -> Shown:
        """In full where two different lengths would read alike."""
        if mine is None or other is None or mine == other or duration_text(int(mine)) != duration_text(int(other)):
            return shown
        return Shown(shown.type, shown.value, duration_text(int(mine), exact=True))


def _is_aged(expr: ir.Expr) -> bool:
    """Whether the instants stand for an age and a length: the limit was written with the comparison, not by itself."""
    if not isinstance(expr, ir.Apply) or expr.op not in _SIGNS:
        return False
    left, right = expr.args
    if isinstance(left, ir.Apply) and left.op == "origin":
        return True
    match right:
        case ir.Apply(op="shift", args=(ir.Now(), _)) | ir.Now():
            return right.span == expr.span
    return False


def _are_ends(first: ir.Expr, second: ir.Expr) -> bool:
    """Whether two comparisons are the ends of one range or window."""
    if not isinstance(first, ir.Apply) or not isinstance(second, ir.Apply):
        return False
    if first.span != second.span or {first.op in _LOWER, second.op in _LOWER} != {True, False}:
        return False
    if first.op not in (*_LOWER, *_UPPER) or second.op not in (*_LOWER, *_UPPER):
        return False
    return first.args[0] == second.args[0]


def _ends_of(expr: ir.Apply) -> tuple[ir.Apply, ir.Apply]:
    first, second = expr.args
    assert isinstance(first, ir.Apply)
    assert isinstance(second, ir.Apply)
    return first, second

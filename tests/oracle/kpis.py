"""Kpis by the definition: the arithmetic of fractions over numbers that the oracle finds.

In: parsed rules, a world. Out: the value of a kpi in a period, its change, its alarm.
Invariant: periods are built from the calendar of `tests.oracle.zone`, nothing is rounded on the way.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from rulecrm.syntax import ast, declarations
from tests.oracle.interpreter import Oracle
from tests.oracle.point import Point
from tests.oracle.values import Value
from tests.oracle.world import World
from tests.oracle.zone import next_unit, start_of

__all__ = ["KpiOracle"]

MICRO = dt.timedelta(microseconds=1)


class KpiOracle:
    """Answers questions about the kpis of one file in one world, as of T."""

    def __init__(self, rules: declarations.Rules, world: World, now: dt.datetime) -> None:
        self._oracle = Oracle(rules, world)
        self._now = now
        self.kpis = {one.name.text: one for one in rules.declarations if isinstance(one, declarations.Kpi)}

    def running(self, unit: str) -> dt.date:
        """The first day of the period that holds T."""
        return start_of(unit, self._oracle.zone.day(self._now))

    def before(self, unit: str, first: dt.date) -> dt.date:
        """The first day of the period before."""
        return start_of(unit, first - dt.timedelta(days=1))

    def is_over(self, unit: str, first: dt.date) -> bool:
        """Whether nothing can happen in the period any more."""
        return self._now >= self._ends(unit, first)[1] - MICRO

    def value(self, name: str, unit: str, first: dt.date) -> Fraction | None:
        """A kpi in the period that begins on a day, exactly; durations in microseconds."""
        value = self._evaluate(self.kpis[name].value, unit, first, {})
        return None if value is None else Fraction(value)  # type: ignore[arg-type]

    def change(self, name: str, unit: str, first: dt.date) -> Fraction | None:
        """By how much of its size it differs from the period before."""
        value, previous = self.value(name, unit, first), self.value(name, unit, self.before(unit, first))
        return (value - previous) / abs(previous) if value is not None and previous else None

    def alert(self, name: str, unit: str, first: dt.date) -> bool | None:
        """Whether the kpi's alert says so."""
        node = self.kpis[name].alert
        if node is None:
            return None
        told = {
            "change": self.change(name, unit, first),
            "previous": self.value(name, unit, self.before(unit, first)),
            name: self.value(name, unit, first),
        }
        return self._evaluate(node, unit, first, told) is True

    def _ends(self, unit: str, first: dt.date) -> tuple[dt.datetime, dt.datetime]:
        zone = self._oracle.zone
        return zone.start_of_day(first), zone.start_of_day(next_unit(unit, first))

    def _evaluate(self, node: ast.Expression, unit: str, first: dt.date, told: dict[str, Fraction | None]) -> Value:
        def of(part: ast.Expression) -> Value:
            return self._evaluate(part, unit, first, told)

        match node:
            case ast.Name(text) if text in told:
                return told[text]
            case ast.Name(text) if text in self.kpis:
                return self.value(text, unit, first)
            case ast.Negate(operand):
                value = of(operand)
                return None if value is None else -Fraction(value)  # type: ignore[arg-type]
            case ast.Operate("??", left, right):
                value = of(left)
                return of(right) if value is None else value
            case ast.Operate(operator, left, right):
                return _operate(operator, of(left), of(right))
            case ast.Call(function=ast.Identifier("if"), arguments=(test, then, other)):
                return of(then.value) if of(test.value) is True else of(other.value)
            case ast.Compare(operator="is missing", left=left, negated=negated):
                return (of(left) is None) != negated
            case ast.Compare(operator=operator, left=left, right=right) if not isinstance(right, ast.Window | None):
                one, other = of(left), of(right)
                return one is not None and other is not None and _compare(operator, one, other)
            case ast.Not(operand):
                return of(operand) is not True
            case ast.AllOf(operands):
                return all(of(one) is True for one in operands)
            case ast.AnyOf(operands):
                return any(of(one) is True for one in operands)
        start, end = self._ends(unit, first)
        point = Point("customer", "", min(end - MICRO, self._now), period=(start, end))
        return _exact(self._oracle.evaluate(node, point))


def _exact(value: Value) -> Value:
    match value:
        case bool() | None:
            return value
        case dt.timedelta():
            return Fraction(value // MICRO)
        case int() | Fraction() | Decimal() | float():
            return Fraction(value)
    raise TypeError(value)


def _operate(operator: str, left: Value, right: Value) -> Fraction | None:
    if left is None or right is None:
        return None
    one, other = Fraction(left), Fraction(right)  # type: ignore[arg-type]
    match operator:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
        case "/":
            return one / other if other else None
    raise ValueError(operator)


def _compare(operator: str, left: Value, right: Value) -> bool:
    match operator:
        case "<":
            return left < right  # type: ignore[operator]
        case "<=":
            return left <= right  # type: ignore[operator]
        case ">":
            return left > right  # type: ignore[operator]
        case ">=":
            return left >= right  # type: ignore[operator]
        case "==":
            return left == right
        case "!=":
            return left != right
    raise ValueError(operator)

"""Predicates taken apart: which comparisons with constants they are made of, and what is asked for more than once.

In: expressions of a plan. Out: `Predicate`s, equal expressions the same one.
Invariant: only comparisons of ordered values with something that is the same for all subjects are thresholds; what
stands inside an aggregate is seen by rows, not by subjects, and is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import define, evolve, field, frozen

from rulecrm.model import ir
from rulecrm.planning.walk import is_point_constant

__all__ = ["Parts", "Predicate", "Predicates", "Threshold", "parts_of"]

_ORDERED = frozenset({"int", "number", "money", "duration", "age", "instant", "date", "time"})
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_LOGICAL = frozenset({"and", "or", "not"})
_TRANSPARENT = frozenset({"age", "origin"})
"""Operators that leave the number as it is."""


@frozen(eq=False)
class Threshold:
    """A comparison `operand op constant`."""

    op: str
    operand: ir.Expr
    constant: ir.Expr


@define(eq=False)
class Predicate:
    """A predicate and what it is made of.

    Attributes:
        expr: the predicate.
        op: `and`, `or`, `not`, `threshold`, or `other` for what is not looked into.
        parts: of `and`, `or`, `not`.
        threshold: of a threshold.
        total: of a count or sum over a window that ends at T and begins at one instant for all, compared with a written
            constant: the aggregate without the window's beginning.
        uses: how often it is asked for.
    """

    expr: ir.Expr
    op: str
    parts: tuple[Predicate, ...] = ()
    threshold: Threshold | None = None
    total: ir.Aggregate | None = None
    uses: int = 0


@frozen(eq=False)
class Parts:
    """What some predicates are made of, each once.

    Attributes:
        thresholds: comparisons with constants.
        operands: what is compared.
        constants: with what, those left out that are written as such.
        others: predicates that are not looked into.
    """

    thresholds: tuple[Predicate, ...]
    operands: tuple[ir.Expr, ...]
    constants: tuple[ir.Expr, ...]
    others: tuple[ir.Expr, ...]


@define(eq=False)
class Predicates:
    """The predicates of a plan."""

    _known: dict[ir.Expr, Predicate] = field(factory=dict)
    _thresholds: dict[ir.Expr, list[Threshold]] = field(factory=dict)
    _totals: dict[ir.Aggregate, ir.Aggregate] = field(factory=dict)
    _parts: dict[tuple[ir.Expr, ...], Parts] = field(factory=dict)

    def add(self, values: Iterable[ir.Expr]) -> None:
        """Take the values of definitions apart; each is asked for once here."""
        for value in values:
            self.of(value)

    def of(self, expr: ir.Expr) -> Predicate:
        """The predicate that an expression is."""
        known = self._known.get(expr)
        if known is None:
            known = self._known[expr] = self._made(expr)
        known.uses += 1
        return known

    def known(self, expr: ir.Expr) -> Predicate:
        """The same, without counting it as asked for once more."""
        return self._known.get(expr) or self.of(expr)

    def parts(self, exprs: tuple[ir.Expr, ...]) -> Parts:
        """What expressions are made of; worked out once."""
        found = self._parts.get(exprs)
        if found is None:
            found = self._parts[exprs] = parts_of(map(self.known, exprs))
        return found

    def thresholds(self, operand: ir.Expr) -> tuple[Threshold, ...]:
        """Everything that an operand is compared with."""
        return tuple(self._thresholds.get(operand, ()))

    def _made(self, expr: ir.Expr) -> Predicate:
        if isinstance(expr, ir.Apply) and expr.op in _LOGICAL:
            return Predicate(expr, expr.op, tuple(map(self.of, expr.args)))
        threshold = _threshold(expr)
        if threshold is None:
            return Predicate(expr, "other")
        self._thresholds.setdefault(threshold.operand, []).append(threshold)
        total = _total(threshold)
        shared = None if total is None else self._totals.setdefault(total, total)
        return Predicate(expr, "threshold", threshold=threshold, total=shared)


def parts_of(predicates: Iterable[Predicate], known: Collection[Predicate] = ()) -> Parts:
    """What predicates are made of; those known, and what only they are made of, left out."""
    thresholds: list[Predicate] = []
    operands: dict[ir.Expr, None] = {}
    constants: dict[ir.Expr, None] = {}
    others: list[ir.Expr] = []
    seen: set[Predicate] = set()
    stack = list(predicates)[::-1]
    while stack:
        node = stack.pop()
        if node in seen or node in known:
            continue
        seen.add(node)
        stack.extend(reversed(node.parts))
        if node.threshold is not None:
            thresholds.append(node)
            operands[node.threshold.operand] = None
            if not isinstance(node.threshold.constant, ir.Const):
                constants[node.threshold.constant] = None
        elif node.op == "other":
            others.append(node.expr)
    return Parts(tuple(thresholds), tuple(operands), tuple(constants), tuple(others))


def _threshold(expr: ir.Expr) -> Threshold | None:
    if not isinstance(expr, ir.Apply) or expr.op not in _MIRRORED:
        return None
    left, right = expr.args
    if left.type.name not in _ORDERED or right.type.name not in _ORDERED:
        return None
    op = expr.op
    if is_point_constant(left):
        left, right, op = right, left, _MIRRORED[op]
    if not is_point_constant(right) or is_point_constant(left):
        return None
    while isinstance(left, ir.Apply) and left.op in _TRANSPARENT:
        left = left.args[0]
    return Threshold(op, left, right)


def _total(threshold: Threshold) -> ir.Aggregate | None:
    node = threshold.operand
    if not isinstance(node, ir.Aggregate) or not isinstance(threshold.constant, ir.Const):
        return None
    lower = node.scan.lower
    if lower is None or node.scan.upper is not None or not is_point_constant(lower.at):
        return None
    adds_up = node.function == "sum" or (node.function == "count" and node.value is None)
    if not adds_up or threshold.op in ("eq", "ne"):
        return None
    return evolve(node, scan=evolve(node.scan, lower=None))

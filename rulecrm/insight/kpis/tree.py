"""A kpi taken apart: which of its factors moved it, and which of theirs moved those.

In: values of kpis before and now. Out: `Node`s, each with what it contributes.
Invariant: what the children of a node contribute adds up to the change of the node, and what all leaves contribute to
the root adds up to the change of the root: as fractions, without rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache

from attrs import evolve, field, frozen

from rulecrm.insight.kpis.flow import weights_of
from rulecrm.model import ir
from rulecrm.model.kpi import Kpi, is_formula, is_kpi
from rulecrm.model.types import Type
from rulecrm.model.walk import children
from rulecrm.runtime.formula import Exact, Reading, evaluate

__all__ = ["Factor", "Node", "Sides", "factors_of", "grow"]

_LEVELS = 24
"""Levels that a tree has at most; a chain of kpis that is longer ends there."""

_DEAREST = 20_000
"""Values of formulas that one contribution to the root may cost; below that the tree is told level by level alone."""


@frozen
class Factor:
    """What a kpi is made of: another kpi, or an expression that is none.

    Attributes:
        expr: the reference to the kpi, or the expression.
        symbol: of the kpi; None of an expression.
        type: of its value.
    """

    expr: ir.Expr
    symbol: str | None
    type: Type


@frozen(eq=False)
class Node:
    """A kpi, or a factor of one, before and now.

    Attributes:
        name: symbol of the kpi, or the text of the expression.
        title: its title in the file, if it has one.
        type: of its value: INT, NUMBER, MONEY (units of the reporting currency) or DURATION (microseconds).
        before: the value that it is compared with; None where it is missing.
        now: its value.
        contribution: to the change of the node above, in that one's unit; of the root its change. None where it cannot
            be said.
        total: to the change of the root, in its unit.
        children: its factors; none where it is not made of others, or where no order of their changing has a value.
        stuck: whether it is made of others, and no order of their changing has a value all along.
    """

    name: str
    title: str | None
    type: Type
    before: Fraction | None
    now: Fraction | None
    contribution: Fraction | None = None
    total: Fraction | None = None
    children: tuple[Node, ...] = ()
    stuck: bool = False

    @property
    def change(self) -> Fraction | None:
        """Now less before; None where either is missing."""
        return None if self.now is None or self.before is None else self.now - self.before

    def walk(self, level: int = 0) -> Iterator[tuple[int, Node]]:
        """This node and all below it with their levels, each before its factors."""
        yield level, self
        for child in self.children:
            yield from child.walk(level + 1)


@frozen(eq=False)
class Sides:
    """Values before and now.

    Attributes:
        before: of a factor; None where it is missing.
        now: the same.
        open: whether a kpi is to be taken apart further.
    """

    before: Callable[[Factor], Exact]
    now: Callable[[Factor], Exact]
    open: Callable[[str], bool] = field(default=lambda _: True)


def factors_of(kpi: Kpi) -> tuple[Factor, ...]:
    """What a kpi is made of, each once, in the order of the text; nothing where it is one expression and no more."""
    found: dict[ir.Expr, Factor] = {}
    stack = [kpi.value]
    while stack:
        node = stack.pop()
        if is_kpi(node):
            assert isinstance(node, ir.Apply)
            assert isinstance(node.args[0], ir.Const)
            found.setdefault(node, Factor(node, str(node.args[0].value), node.type))
        elif is_formula(node):
            stack.extend(reversed(children(node)))
        elif not isinstance(node, ir.Const):
            found.setdefault(node, Factor(node, None, node.type))
    factors = tuple(sorted(found.values(), key=lambda factor: factor.expr.span.start))
    return () if len(factors) == 1 and factors[0].symbol is None else factors


def grow(root: Kpi, kpis: Mapping[str, Kpi], sides: Sides, name: Callable[[ir.Expr], str]) -> Node:
    """The tree of a kpi; `name` tells the text of an expression that is no kpi."""
    whole = Factor(ir.Apply("kpi", (), root.type), root.symbol, root.type)
    return _grown(whole, _Growing(kpis, sides, name), _Place(lambda value: value))


@frozen(eq=False)
class _Growing:
    kpis: Mapping[str, Kpi]
    sides: Sides
    name: Callable[[ir.Expr], str]


_Carry = Callable[[Fraction | None], Fraction | None]
"""What the root is, on average over the orders, where a node has a value."""


@frozen(eq=False)
class _Place:
    """Where a node stands.

    Attributes:
        carry: what the root is where the node has a value; None where that is not told any more.
        level: 0 of the root.
        cost: how many values of formulas `carry` costs.
        contribution: to the change of the node above.
    """

    carry: _Carry | None
    level: int = 0
    cost: int = 1
    contribution: Fraction | None = None


def _grown(factor: Factor, growing: _Growing, place: _Place) -> Node:
    before, now = _number(growing.sides.before(factor)), _number(growing.sides.now(factor))
    kpi = None if factor.symbol is None else growing.kpis[factor.symbol]
    title = None if kpi is None else kpi.title
    node = Node(factor.symbol or growing.name(factor.expr), title, factor.type, before, now)
    total = None
    if place.carry is not None:
        one, other = place.carry(now), place.carry(before)
        total = None if one is None or other is None else one - other
    node = evolve(node, contribution=place.contribution if place.level else node.change, total=total)
    if kpi is None or before is None or now is None or place.level == _LEVELS:
        return node
    if not growing.sides.open(kpi.symbol) or not factors_of(kpi):
        return node
    return _opened(node, kpi, growing, place)


def _opened(node: Node, kpi: Kpi, growing: _Growing, place: _Place) -> Node:
    """The node with its factors."""
    below = factors_of(kpi)
    before = [growing.sides.before(factor) for factor in below]
    now = [growing.sides.now(factor) for factor in below]

    @cache
    def value(which: int, special: int = -1, given: Exact = None) -> Fraction | None:
        """The kpi with the factors of a set as they are now, and perhaps one of them with a value of its own."""
        values = {
            factor.expr: given if index == special else now[index] if which >> index & 1 else before[index]
            for index, factor in enumerate(below)
        }
        by_symbol = {factor.symbol: values[factor.expr] for factor in below if factor.symbol is not None}
        return _number(evaluate(kpi.value, Reading(values.__getitem__, by_symbol.__getitem__, {})))

    weights = weights_of(len(below), value)
    if weights is None:
        return evolve(node, stuck=True)
    cost = place.cost * max(1, len(weights) // len(below))
    grown = []
    for index, factor in enumerate(below):
        own = {which: weight for (which, other), weight in weights.items() if other == index}
        moved = (weight * _difference(value(which | 1 << index), value(which)) for which, weight in own.items())
        onward = None if place.carry is None or cost > _DEAREST else _carry(own, index, value, place.carry)
        grown.append(_grown(factor, growing, _Place(onward, place.level + 1, cost, sum(moved, Fraction(0)))))
    return evolve(node, children=tuple(grown))


def _carry(
    own: Mapping[int, Fraction], index: int, value: Callable[[int, int, Exact], Fraction | None], carry: _Carry
) -> _Carry:
    """What the root is where this factor has a value: the average over what has changed before it."""

    @cache
    def carried(given: Fraction | None) -> Fraction | None:
        total = Fraction(0)
        for which, weight in own.items():
            above = carry(value(which, index, given))
            if above is None:
                return None
            total += weight * above
        return total

    return carried


def _difference(one: Fraction | None, other: Fraction | None) -> Fraction:
    assert one is not None
    assert other is not None
    return one - other


def _number(value: Exact) -> Fraction | None:
    return value if isinstance(value, Fraction) else None

"""Kpis of a checked file: one number for the shop in each calendar period.

In: built by `semantics`. Out: read by `runtime.kpis`, `api` and `insight`.
Invariant: a kpi is the same for all subjects, and none is made of itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.model import ir
from rulecrm.model.node import Node
from rulecrm.model.types import BOOL, Type
from rulecrm.model.walk import children, walk

__all__ = ["Kpi", "is_formula", "is_kpi", "leaves", "mentions_kpi", "parts_of"]

_LOGIC = frozenset({"and", "or", "not", "true", "missing", "eq", "ne", "lt", "le", "gt", "ge", "in"})
_NUMERIC = frozenset({"int", "number", "money", "duration"})
_ARITHMETIC = frozenset({
    "if", "coalesce", "add", "sub", "mul", "div", "neg", "abs", "round", "floor", "ceil", "least", "greatest", "number",
    "sqrt", "ln",
})  # fmt: skip


@frozen(eq=False, repr=False)
class Kpi(Node):
    """One number for the shop in each period.

    Attributes:
        symbol: unique name; of an imported one with a prefix `prefix.name`.
        value: its expression, evaluated as of the last instant of a period; `ir.Period` are the ends of that period,
            `Apply("kpi", …)` is another kpi over the same period.
        type: INT, NUMBER, MONEY or DURATION.
        every: the calendar unit of its periods: `day week month quarter year`. Where the file does not say it, that of
            the kpis it is made of, else of those made of it, else `month`.
        alert: a predicate on `ir.Local`s: `change`, `previous`, and the kpi's own name; None where there is none.
        parts: symbols of the kpis that it is made of, in the order of the text.
        span: where its name stands.
    """

    symbol: str
    value: ir.Expr
    type: Type
    every: str
    alert: ir.Expr | None = None
    parts: tuple[str, ...] = ()
    title: str | None = None
    doc: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False, kw_only=True)


def is_kpi(node: ir.Expr) -> bool:
    """Whether a node is the value of another kpi."""
    return isinstance(node, ir.Apply) and node.op == "kpi"


def parts_of(expr: ir.Expr) -> tuple[str, ...]:
    """The kpis that an expression reads, each once, in the order of the text."""
    names = (node.args[0] for node in walk(expr) if isinstance(node, ir.Apply) and node.op == "kpi")
    return tuple(dict.fromkeys(str(name.value) for name in names if isinstance(name, ir.Const)))


def mentions_kpi(expr: ir.Expr) -> bool:
    """Whether an expression reads another kpi, or what an alert is told."""
    return any(is_kpi(node) or isinstance(node, ir.Local) for node in walk(expr))


def is_formula(node: ir.Expr) -> bool:
    """Whether a node is part of a kpi's own arithmetic; everything else in it the engine computes, as a whole."""
    if not isinstance(node, ir.Apply):
        return False
    if node.type.name in _NUMERIC and node.op in _ARITHMETIC:
        return True
    return node.type == BOOL and node.op in _LOGIC and mentions_kpi(node)


def leaves(expr: ir.Expr) -> Iterator[ir.Expr]:
    """What the engine has to compute for a kpi, in the order of the text, each as often as it stands there."""
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, ir.Const | ir.Local) or is_kpi(node):
            continue
        if is_formula(node):
            stack.extend(reversed(children(node)))
        else:
            yield node

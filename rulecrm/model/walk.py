"""Walks over expressions of the typed model.

In: an `ir.Expr`. Out: its parts.
Invariant: the one place that knows which parts a node has; a node it does not know is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulecrm.model import ir

__all__ = ["children", "reads_item", "refs", "walk"]


def children(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    """The expressions directly inside `expr`, row-level ones of its scans included."""
    match expr:
        case ir.Const() | ir.Now() | ir.Key() | ir.Local() | ir.Period() | ir.Attribute() | ir.Column():
            return ()
        case ir.Ref() | ir.State() | ir.Item():
            return ()
        case ir.Apply(args=args):
            return args
        case ir.Aggregate(scan=scan, value=value, args=args):
            return (*scan.where, *_bounds(scan.lower, scan.upper), *_present(value), *args)
        case ir.SequenceOf(steps=steps, lower=lower, upper=upper):
            return (*(part for step in steps for part in step.where), *_bounds(lower, upper))
        case ir.PopulationOf(value=value, among=among, args=args) | ir.Standing(value=value, among=among, args=args):
            return (value, *_present(among), *args)
        case ir.AsOf(value=value, instant=instant):
            return (value, instant)
        case ir.Elements(items=items, where=where):
            return (items, *where)
        case ir.HeldSince(value=value):
            return (value,)
    raise AssertionError(f"no such expression: {expr!r}")


def _bounds(lower: ir.Bound | None, upper: ir.Bound | None) -> tuple[ir.Expr, ...]:
    return tuple(bound.at for bound in (lower, upper) if bound is not None)


def _present(expr: ir.Expr | None) -> tuple[ir.Expr, ...]:
    return () if expr is None else (expr,)


def walk(expr: ir.Expr) -> Iterator[ir.Expr]:
    """`expr` and everything inside it, each before its parts."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def reads_item(expr: ir.Expr) -> bool:
    """Whether `expr` reads a field of a record that an `Elements` around it looks at."""
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, ir.Item):
            return True
        stack.extend((node.items,) if isinstance(node, ir.Elements) else children(node))
    return False


def refs(expr: ir.Expr) -> frozenset[str]:
    """Symbols of the definitions that `expr` refers to."""
    return frozenset(node.symbol for node in walk(expr) if isinstance(node, ir.Ref))

"""Walks over expressions of the typed model.

In: an `ir.Expr`. Out: its parts, and what kind of thing it depends on.
Invariant: the one place that knows which parts a node has; a node it does not know is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulecrm.model import ir
from rulecrm.model.schema import Schema

__all__ = ["children", "is_point_constant", "is_row_static", "refs", "walk"]


def children(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    """The expressions directly inside `expr`, row-level ones of its scans included."""
    match expr:
        case ir.Const() | ir.Now() | ir.Key() | ir.Period() | ir.Attribute() | ir.Column() | ir.Ref() | ir.State():
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


def refs(expr: ir.Expr) -> frozenset[str]:
    """Symbols of the definitions that `expr` refers to."""
    return frozenset(node.symbol for node in walk(expr) if isinstance(node, ir.Ref))


def is_row_static(expr: ir.Expr, schema: Schema) -> bool:
    """Whether a row-level expression has one value for its row, from whatever point it is seen.

    False as soon as T, the subject, another definition or a stage that time may still bring plays a part.
    """
    match expr:
        case ir.Const():
            return True
        case ir.Column(kind=kind, name=name):
            kind_schema = schema.kinds[kind]
            column = kind_schema.columns.get(name)
            return column is None or column.stage is None or column.stage == kind_schema.at
        case ir.Apply(op=op, args=args):
            return op not in ("elapsed", "convert") and all(is_row_static(arg, schema) for arg in args)
    return False


def is_point_constant(expr: ir.Expr) -> bool:
    """Whether a point-level expression has one value for all subjects at one T."""
    match expr:
        case ir.Const() | ir.Now() | ir.Period() | ir.PopulationOf():
            return True
        case ir.Apply(args=args):
            return all(is_point_constant(arg) for arg in args)
        case ir.AsOf(value=value, instant=instant):
            return is_point_constant(value) and is_point_constant(instant)
    return False

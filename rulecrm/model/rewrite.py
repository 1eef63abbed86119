"""Rewriting expressions, parts first.

In: an expression and a function that may put another node in a node's place. Out: the expression rewritten.
Invariant: a node whose parts stay the same stays the same object, so that what was shared remains shared.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from rulecrm.model import ir
from rulecrm.model.walk import children

__all__ = ["Rewrite", "rewrite"]

Rewrite = Callable[[ir.Expr], ir.Expr]


def rewrite(expr: ir.Expr, change: Rewrite, done: dict[ir.Expr, ir.Expr] | None = None) -> ir.Expr:
    """`change` applied to every node of `expr`, parts before wholes; `done` keeps what was rewritten before."""
    known = {} if done is None else done
    found = known.get(expr)
    if found is None:
        found = known[expr] = change(_parts(expr, change, known))
    return found


def _parts(expr: ir.Expr, change: Rewrite, known: dict[ir.Expr, ir.Expr]) -> ir.Expr:
    def one(part: ir.Expr) -> ir.Expr:
        return rewrite(part, change, known)

    def each(parts: tuple[ir.Expr, ...]) -> tuple[ir.Expr, ...]:
        return tuple(map(one, parts))

    def bound(end: ir.Bound | None) -> ir.Bound | None:
        return None if end is None else ir.Bound(one(end.at), end.closed)

    def maybe(part: ir.Expr | None) -> ir.Expr | None:
        return None if part is None else one(part)

    match expr:
        case ir.Apply(args=args):
            new: ir.Expr = evolve(expr, args=each(args))
        case ir.Aggregate(scan=scan, value=value):
            inner = evolve(scan, where=each(scan.where), lower=bound(scan.lower), upper=bound(scan.upper))
            new = evolve(expr, scan=inner, value=maybe(value))
        case ir.SequenceOf(steps=steps, lower=lower, upper=upper):
            moved = tuple(evolve(step, where=each(step.where)) for step in steps)
            new = evolve(expr, steps=moved, lower=bound(lower), upper=bound(upper))
        case ir.PopulationOf(value=value, among=among) | ir.Standing(value=value, among=among):
            new = evolve(expr, value=one(value), among=maybe(among))
        case ir.AsOf(value=value, instant=instant):
            new = evolve(expr, value=one(value), instant=one(instant))
        case ir.Elements(items=items, where=where):
            new = evolve(expr, items=one(items), where=each(where))
        case ir.HeldSince(value=value):
            new = evolve(expr, value=one(value))
        case _:
            return expr
    same = all(before is after for before, after in zip(children(expr), children(new), strict=True))
    return expr if same else new

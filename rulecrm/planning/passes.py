"""Passes: rewritings that leave every value as it is and make it cheaper to find.

In: an expression of the typed model. Out: an equal one.
Invariant: each pass alone gives the same values as none (tests/planning/test_passes.py holds them to it).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from attrs import evolve

from rulecrm.model import ir
from rulecrm.model.rewrite import Rewrite
from rulecrm.planning.latest import latest_rows
from rulecrm.planning.walk import walk

__all__ = ["PASSES", "Pass", "narrow_windows"]

Pass = Callable[[Collection[ir.Expr]], Rewrite]
"""Given the values of all definitions, the rewriting to be applied to each."""

_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def narrow_windows(expr: ir.Expr) -> ir.Expr:
    """A comparison of `at` with an instant known at the point becomes an end of the window.

    `exists(order where age(at) <= 24h)` asks the same as `exists(order last 24h)` but for the open end, and a window is
    found by position where a filter looks at every row.
    """
    if not isinstance(expr, ir.Aggregate):
        return expr
    scan = expr.scan
    lower, upper = scan.lower, scan.upper
    rest: list[ir.Expr] = []
    for test in scan.where:
        end = _end(test)
        if end is not None and end[0] == "lower" and lower is None:
            lower = end[1]
        elif end is not None and end[0] == "upper" and upper is None:
            upper = end[1]
        else:
            rest.append(test)
    if len(rest) == len(scan.where):
        return expr
    return evolve(expr, scan=evolve(scan, where=tuple(rest), lower=lower, upper=upper))


def _end(test: ir.Expr) -> tuple[str, ir.Bound] | None:
    """Which end of a window a predicate on the row is, if it is one."""
    if not isinstance(test, ir.Apply) or test.op not in _MIRRORED:
        return None
    left, right = test.args
    op = test.op
    if not _is_at(left):
        left, right, op = right, left, _MIRRORED[op]
    if not _is_at(left) or any(isinstance(node, ir.Column) for node in _row_level(right)):
        return None
    closed = op in ("le", "ge")
    return ("lower" if op in ("gt", "ge") else "upper"), ir.Bound(right, closed)


def _is_at(expr: ir.Expr) -> bool:
    return isinstance(expr, ir.Column) and expr.name == "at"


def _row_level(expr: ir.Expr) -> list[ir.Expr]:
    """Nodes that are read from the same row: those outside any aggregate."""
    if isinstance(expr, ir.Apply):
        return [node for part in expr.args for node in _row_level(part)]
    if isinstance(expr, ir.AsOf):
        return list(walk(expr))
    return [expr]


def share(_: Collection[ir.Expr]) -> Rewrite:
    """Equal expressions become the same object, which is then known again without a look inside."""
    known: dict[ir.Expr, ir.Expr] = {}
    return lambda expr: known.setdefault(expr, expr)


def narrow(_: Collection[ir.Expr]) -> Rewrite:
    """`narrow_windows`, whatever the expressions."""
    return narrow_windows


PASSES: tuple[Pass, ...] = (narrow, latest_rows, share)
"""The passes, in the order in which they are applied."""

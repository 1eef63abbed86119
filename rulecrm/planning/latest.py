"""Many windows that end at T over the same rows: how many rows they hold follows from the latest few.

In: the values of a plan's definitions. Out: a rewriting for them.
Invariant: at least k rows lie in a window that ends at T exactly if the k-th latest row lies in it. Windows that only
differ in their beginning are then so many comparisons of one instant, each next to free, where counting would look for
the beginning of each among the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from attrs import evolve, frozen

from rulecrm.model import ir
from rulecrm.model.rewrite import Rewrite
from rulecrm.model.types import BOOL, INSTANT, INT
from rulecrm.planning.walk import is_point_constant, walk

__all__ = ["latest_rows"]

_FEW = 2
"""Windows over the same rows, asked about the same number of them, from which on this pays."""
_MOST_ROWS = 8
"""Each number of rows asked about costs a column of instants: few are worth it."""
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


@frozen
class _Question:
    """Whether a window holds at least so many rows: `wanted` says whether it should."""

    scan: ir.Scan
    rows: int
    wanted: bool = True


def latest_rows(values: Collection[ir.Expr]) -> Rewrite:
    """The rewriting that serves these expressions."""
    asked: Counter[tuple[ir.Scan, int]] = Counter()
    seen: set[ir.Expr] = set()
    for value in values:
        for node in walk(value):
            if node not in seen:
                seen.add(node)
                asked.update((_without_begin(one.scan), one.rows) for one in _questions(node))

    def rewrite(expr: ir.Expr) -> ir.Expr:
        questions = _questions(expr)
        if not questions or any(asked[_without_begin(one.scan), one.rows] < _FEW for one in questions):
            return expr
        parts = tuple(map(_answer, questions))
        whole = parts[0] if len(parts) == 1 else ir.Apply("and", parts, BOOL, span=expr.span)
        if isinstance(expr, ir.Apply) and expr.op == "ne":
            return ir.Apply("not", (whole,), BOOL, span=expr.span)
        return whole

    return rewrite


def _questions(expr: ir.Expr) -> tuple[_Question, ...]:
    """What an expression asks, all of which has to be so (of `ne`: none of it, or only a part)."""
    match expr:
        case ir.Aggregate(function="exists" | "none" as function, scan=scan) if _fits(scan):
            return (_Question(scan, 1, function == "exists"),)
        case ir.Apply(op=op, args=(ir.Aggregate(function="count", scan=scan, value=None), ir.Const(value=int() as k))):
            return _counted(scan, op, k)
        case ir.Apply(op=op, args=(ir.Const(value=int() as k), ir.Aggregate(function="count", scan=scan, value=None))):
            return _counted(scan, _MIRRORED.get(op, op), k)
    return ()


def _counted(scan: ir.Scan, op: str, k: int) -> tuple[_Question, ...]:
    if op in ("gt", "le"):
        k += 1
    if op in ("eq", "ne") and k == 0 and _fits(scan):
        return (_Question(scan, 1, wanted=False),)
    if not _fits(scan) or not 1 <= k <= _MOST_ROWS:
        return ()
    match op:
        case "ge" | "gt":
            return (_Question(scan, k),)
        case "lt" | "le":
            return (_Question(scan, k, wanted=False),)
        case "eq" | "ne":
            return (_Question(scan, k), _Question(scan, k + 1, wanted=False))
    return ()


def _fits(scan: ir.Scan) -> bool:
    """Whether only the beginning of the window is given, and is the same for all subjects."""
    return scan.upper is None and scan.lower is not None and is_point_constant(scan.lower.at)


def _without_begin(scan: ir.Scan) -> ir.Scan:
    return evolve(scan, lower=None)


def _answer(question: _Question) -> ir.Expr:
    begin = question.scan.lower
    assert begin is not None
    value = ir.Column(question.scan.kind, "at", INSTANT)
    scan = _without_begin(question.scan)
    if question.rows == 1:
        row = ir.Aggregate("last", scan, value, (), INSTANT)
    else:
        row = ir.Aggregate("nth", scan, value, (ir.Const(-question.rows, INT),), INSTANT)
    reached = ir.Apply("ge" if begin.closed else "gt", (row, begin.at), BOOL)
    return reached if question.wanted else ir.Apply("not", (reached,), BOOL)

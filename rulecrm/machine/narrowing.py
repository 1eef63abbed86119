"""Narrowing: the few customers for whom a condition can hold at an instant at all.

In: a condition, an instant. Out: customers, found without asking the condition; or nothing known.
Invariant: whoever is not among them does not fit. Most that are among them may not fit either: they are asked.

Many conditions want a row: `sum(purchase.amount last 30d) >= 500 EUR` is false for whoever has no purchase in these
thirty days. Rows in the order of time give such customers at once, and everybody else need not be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from attrs import evolve, frozen

from rulecrm.machine.triggers import SUBJECT, Triggers
from rulecrm.model import ir
from rulecrm.model.types import INSTANT
from rulecrm.planning import is_row_static
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.lower import fold
from rulecrm.runtime.points import Points
from rulecrm.runtime.views import View

__all__ = ["Wanted", "candidates", "wanted"]


@frozen
class Near:
    """A row of a kind, fitting what can be said of it by itself, inside all of these windows."""

    kind: str
    where: tuple[ir.Expr, ...]
    lower: tuple[ir.Bound, ...] = ()
    upper: tuple[ir.Bound, ...] = ()


@frozen
class Every:
    """All of these are wanted; one of them is enough to narrow."""

    parts: tuple[Wanted, ...]


@frozen
class Some:
    """One of these is wanted."""

    parts: tuple[Wanted, ...]


Wanted = Near | Every | Some
"""What a condition cannot hold without."""


def wanted(condition: ir.Expr, triggers: Triggers) -> Wanted | None:
    """What a condition cannot hold without; None where nothing is known."""
    match condition:
        case ir.Ref(symbol=symbol):
            return wanted(triggers.run.definition(symbol).value, triggers)
        case ir.Apply(op="true", args=(inner,)):
            return wanted(inner, triggers)
        case ir.Apply(op="and", args=args):
            return _every([*_ranges(args, triggers), *(wanted(arg, triggers) for arg in args)])
        case ir.Apply(op="or", args=args):
            parts = [wanted(arg, triggers) for arg in args]
            known = tuple(part for part in parts if part is not None)
            return Some(known) if len(known) == len(parts) else None
        case ir.Apply(op="eq" | "lt" | "le" | "gt" | "ge", args=(left, right)):
            counted = _counted(condition, triggers)
            return counted or _every([_present(left, triggers), _present(right, triggers)])
        case ir.Aggregate(function="exists"):
            return _near(condition, triggers)
    return None


def _every(parts: Iterable[Wanted | None]) -> Wanted | None:
    known = tuple(part for part in parts if part is not None)
    return None if not known else known[0] if len(known) == 1 else Every(known)


_FLIPPED = {"eq": "eq", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def _counted(condition: ir.Apply, triggers: Triggers) -> Wanted | None:
    """A count of one or more."""
    op, (left, right) = condition.op, condition.args
    if isinstance(left, ir.Const):
        op, left, right = _FLIPPED[op], right, left
    while isinstance(left, ir.Apply) and left.op == "number":
        left = left.args[0]
    if not isinstance(left, ir.Aggregate) or left.function not in _COUNTS or not isinstance(right, ir.Const):
        return None
    least = right.value
    if not isinstance(least, int | float):
        return None
    if (op in ("ge", "eq") and least > 0) or (op == "gt" and least >= 0):
        return _near(left, triggers)
    return None


_NEGATED = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}

_COUNTS = frozenset({"count", "distinct", "periods", "streak"})

_ENDS = frozenset({"min", "max", "first", "last", "nth"})


def _ranges(conditions: tuple[ir.Expr, ...], triggers: Triggers) -> list[Wanted | None]:
    """Conditions that put the instant of one row between two ends: `first(purchase).at` on a day."""
    found: dict[ir.Aggregate, Near] = {}
    for condition in conditions:
        compared = _compared(condition)
        if compared is not None:
            row, op, edge = compared
            found[row] = _bounded(found.get(row) or _near(row, triggers), op, edge)
    # That a row does not lie beyond an end tells something only where there has to be one.
    for condition in conditions:
        compared = _denied(condition)
        if compared is not None and compared[0] in found:
            row, op, edge = compared
            found[row] = _bounded(found[row], _NEGATED[op], edge)
    return list(found.values())


def _compared(condition: ir.Expr) -> tuple[ir.Aggregate, str, ir.Expr] | None:
    """A comparison of the instant of one row: which row, how, with what. That a window has rows is one of the last."""
    if isinstance(condition, ir.Aggregate):
        return _reaches(condition.scan) if condition.function == "exists" else None
    if not isinstance(condition, ir.Apply) or condition.op not in _NEGATED:
        return None
    op, (left, right) = condition.op, condition.args
    if not isinstance(left, ir.Aggregate):
        op, left, right = _FLIPPED[op], right, left
    if not isinstance(left, ir.Aggregate) or left.function not in _ENDS or not _is_instant(left.value):
        return None
    return left, op, right


def _denied(condition: ir.Expr) -> tuple[ir.Aggregate, str, ir.Expr] | None:
    """The comparison that is not to hold."""
    if isinstance(condition, ir.Aggregate):
        return _reaches(condition.scan) if condition.function == "none" else None
    return _compared(condition.args[0]) if isinstance(condition, ir.Apply) and condition.op == "not" else None


def _reaches(scan: ir.Scan) -> tuple[ir.Aggregate, str, ir.Expr] | None:
    """A window up to T has rows exactly if the last of all rows lies in it."""
    if scan.lower is None or scan.upper is not None:
        return None
    last = ir.Aggregate("last", evolve(scan, lower=None), ir.Column(scan.kind, "at", INSTANT), (), INSTANT)
    return last, "ge" if scan.lower.closed else "gt", scan.lower.at


def _bounded(near: Near, op: str, edge: ir.Expr) -> Near:
    bound = ir.Bound(edge, closed=op in ("le", "ge"))
    if op in ("lt", "le"):
        return evolve(near, upper=(*near.upper, bound))
    return evolve(near, lower=(*near.lower, bound))


def _is_instant(value: ir.Expr | None) -> bool:
    return isinstance(value, ir.Column) and value.name == "at"


_STRICT = frozenset(
    {"add", "sub", "mul", "div", "neg", "abs", "round", "floor", "ceil", "number", "shift", "start_of", "start_of_day"}
    | {"date_of", "time_of", "hour", "minute", "weekday", "day", "month", "quarter", "year", "week", "age", "origin"}
    | {"elapsed", "lower", "upper", "trim", "length"}
)
"""Operators without a result where an operand is missing."""


def _present(value: ir.Expr, triggers: Triggers) -> Wanted | None:
    """What is wanted for a value not to be missing."""
    match value:
        case ir.Ref(symbol=symbol):
            return _present(triggers.run.definition(symbol).value, triggers)
        case ir.Apply(op=op, args=args) if op in _STRICT:
            return _every(_present(arg, triggers) for arg in args)
        case ir.Aggregate(function=function) if function not in (*_COUNTS, "exists", "none"):
            return _near(value, triggers)
    return None


def _near(node: ir.Aggregate, triggers: Triggers) -> Near:
    scan = node.scan
    where = tuple(test for test in scan.where if is_row_static(test, triggers.run.schema))
    lower = () if scan.lower is None else (scan.lower,)
    return Near(scan.kind, where, lower, () if scan.upper is None else (scan.upper,))


# --- at an instant ------------------------------------------------------------------------------------------------


def candidates(want: Wanted, triggers: Triggers, instant: int, most: int) -> Ints | None:
    """Codes of all customers that have what is wanted at an instant; None where there may be more than `most`."""
    found = _found(want, triggers, instant)
    if sum(high - low for _, low, high in found) > most:
        return None
    parts = [view.between(low, high) for view, low, high in found]
    codes: Ints = np.sort(np.concatenate([np.zeros(0, np.int32), *parts]))
    distinct: Ints = codes[np.append(True, codes[1:] != codes[:-1])[: len(codes)]]
    return distinct


Stretch = tuple[View, int, int]
"""Rows of a view in the order of time, from one place to another."""


def _found(want: Wanted, triggers: Triggers, instant: int) -> list[Stretch]:
    match want:
        case Near():
            return [_stretch(want, triggers, instant)]
        case Some(parts=parts):
            return [one for part in parts for one in _found(part, triggers, instant)]
        case Every(parts=parts):
            return min((_found(part, triggers, instant) for part in parts), key=_rows)


def _rows(stretches: list[Stretch]) -> int:
    return sum(high - low for _, low, high in stretches)


def _stretch(near: Near, triggers: Triggers, instant: int) -> Stretch:
    run = triggers.run
    view = Points(run, SUBJECT, None, instant).rows.static_view(near.kind, near.where)
    earliest: int | None = None
    latest = instant
    for bound in near.lower:
        at = fold(bound.at, instant, run.zone)
        if at is not None:
            edge = at if bound.closed else at + 1
            earliest = edge if earliest is None else max(earliest, edge)
    for bound in near.upper:
        at = fold(bound.at, instant, run.zone)
        if at is not None:
            latest = min(latest, at if bound.closed else at - 1)
    low = 0 if earliest is None else view.rank(earliest - 1)
    return view, low, max(low, view.rank(latest))

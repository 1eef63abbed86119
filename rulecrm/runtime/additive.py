"""Numbers over all customers that are sums over the rows of a period: found for all periods in one pass over the rows.

In: what a kpi asks, a run, periods. Out: the number of each period, or None where it has to be found in another way.
Invariant: the same numbers as by asking every customer in every period; only rows that everybody sees alike are added
up here.

`population sum(sum(purchase.amount in period))` is the sum over the rows of the period, `population sum(count(…))` is
how many these are, and `population count(exists(…))` how many customers they name.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from rulecrm.model import ir
from rulecrm.planning import is_row_static
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.run import Run

__all__ = ["Stretch", "over_periods"]


@frozen
class Stretch:
    """A period as far as it is seen: rows from `start` on and not after `last` (microseconds since 1970-01-01 UTC)."""

    start: int
    last: int


@frozen
class _Asked:
    """What is added up: `sum`, `count` or `customers`; `zero` where no row gives 0 and not a missing value."""

    function: str
    scan: ir.Scan
    value: ir.Expr | None
    zero: bool


def over_periods(leaf: ir.Expr, run: Run, stretches: Sequence[Stretch]) -> list[int | None] | None:
    """The physical value of `leaf` in each period; None where it is none of these sums."""
    asked = _asked(leaf)
    if asked is None or asked.scan.subject != "customer" or not _is_period(asked.scan):
        return None
    parts = (*asked.scan.where, *(() if asked.value is None else (asked.value,)))
    if not all(is_row_static(part, run.schema) for part in parts):
        return None
    rows = run.points("customer", None, stretches[0].last).rows
    view = rows.static_view(asked.scan.kind, asked.scan.where)
    at, codes, order = view.by_time()
    low = np.searchsorted(at, np.array([one.start for one in stretches]), side="left")
    high = np.searchsorted(at, np.array([one.last for one in stretches]), side="right")
    high = np.maximum(low, high)
    if asked.function == "customers":
        return [int(np.unique(codes[a:b]).size) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
    totals: Ints = high - low
    if asked.value is not None:
        amounts = rows.amounts(view, asked.value, order)
        if amounts is None:
            return None
        running = np.zeros(len(amounts) + 1, np.int64)
        np.cumsum(amounts, out=running[1:])
        totals = running[high] - running[low]
    told: list[int | None] = [int(total) for total in totals]
    for number, one in enumerate(stretches):
        nothing = not asked.zero and low[number] == high[number]
        if nothing or not run.store.exists("customer", one.last).any():
            told[number] = None
    return told


def _asked(leaf: ir.Expr) -> _Asked | None:
    match leaf:
        case ir.PopulationOf(function="sum", value=value, among=None):
            return _summed(value)
        case ir.PopulationOf(function="count", value=ir.Aggregate(function="exists", scan=scan), among=None):
            return _Asked("customers", scan, None, zero=True)
        case ir.PopulationOf(
            function="count",
            value=ir.Apply(
                op="gt" | "ge" as op,
                args=(ir.Aggregate(function="count", scan=scan, value=None), ir.Const(value=int() as limit)),
            ),
            among=None,
        ) if limit == (0 if op == "gt" else 1):
            return _Asked("customers", scan, None, zero=True)
    return None


def _summed(value: ir.Expr) -> _Asked | None:
    match value:
        case ir.Aggregate(function="count", scan=scan, value=None):
            return _Asked("count", scan, None, zero=True)
        case ir.Aggregate(function="sum", scan=scan, value=added) if added is not None:
            return _Asked("sum", scan, added, zero=False)
        case ir.Apply(
            op="coalesce", args=(ir.Aggregate(function="sum", scan=scan, value=added), ir.Const(value=nothing))
        ) if added is not None and nothing == 0:
            return _Asked("sum", scan, added, zero=True)
    return None


def _is_period(scan: ir.Scan) -> bool:
    """Whether its window is the period that is reported, and nothing else."""
    lower, upper = scan.lower, scan.upper
    if lower is None or upper is None or not lower.closed or upper.closed:
        return False
    return lower.at == ir.Period("start") and upper.at == ir.Period("end")

"""Lists of records: which of them fit.

In: an `ir.Elements`, and where its list and whatever is no field of a record come from. Out: a column.
Invariant: the records of all lists are tested together, as one frame; a list that is missing has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rulecrm.model import ir
from rulecrm.model.walk import children, reads_item
from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.lower import lower
from rulecrm.runtime.provided import call, is_provided
from rulecrm.runtime.values import Fixed

if TYPE_CHECKING:
    from rulecrm.runtime.points import Points

__all__ = ["elements"]

Outer = Callable[[ir.Expr], pl.Series]
"""The value of an expression wherever there is a list."""


def elements(node: ir.Elements, outer: Outer, instant: int | Ints, points: Points) -> pl.Series:
    """The answer for each list.

    Args:
        node: what is asked.
        outer: gives the lists, and what the `where` reads besides the fields of a record.
        instant: T, or one for each list.
        points: those of the lists; they know the zone, the rates and the plugins.
    """
    lists = outer(node.items)
    lengths = lists.list.len().fill_null(0).to_numpy()
    which: Ints = np.repeat(np.arange(len(lists)), lengths)
    records = lists.filter(pl.Series(lengths > 0)).explode()
    fits: Bools = records.is_not_null().to_numpy()
    if node.where and len(records):
        seen = _Records(records, which, outer, instant, points)
        for test in node.where:
            fits = fits & seen.column(test).fill_null(False).to_numpy()
    counts = pl.Series(np.bincount(which[fits], minlength=len(lists)).astype(np.int64))
    match node.function:
        case "count":
            return counts
        case "exists":
            return counts > 0
    return counts == 0


class _Records:
    """The records of some lists, one below the other, and the list that each belongs to."""

    def __init__(self, records: pl.Series, which: Ints, outer: Outer, instant: int | Ints, points: Points) -> None:
        self._records = records
        self._which = pl.Series(which)
        self._outer = outer
        self._points = points
        self._instant = instant if isinstance(instant, int) else instant[which]

    def column(self, expr: ir.Expr) -> pl.Series:
        """The value of an expression for each record."""
        if not reads_item(expr):
            return self._outer(expr).gather(self._which)
        if isinstance(expr, ir.Apply) and is_provided(expr):
            value = call(expr, self._points.run.program, self.column)
            assert not isinstance(value, Fixed), "an argument reads a record"
            return value
        columns: dict[str, pl.Series] = {"": self._which}  # so that the frame has a row for each record
        names: dict[ir.Expr, pl.Expr] = {}

        def leaf(node: ir.Expr) -> pl.Expr:
            known = names.get(node)
            if known is None:
                name = f"v{len(columns)}"
                columns[name] = self._leaf(node)
                known = names[node] = pl.col(name)
            return known

        now: pl.Expr
        if isinstance(self._instant, int):
            now = pl.lit(self._instant, dtype=pl.Int64)
        else:
            now = pl.col("now")
            columns["now"] = pl.Series(self._instant)
        context = self._points.context(now)
        context.bound.update(_outside(expr))
        lowered = lower(expr, leaf, context)
        return pl.DataFrame(columns).select(lowered.alias("value")).to_series()

    def _leaf(self, node: ir.Expr) -> pl.Series:
        match node:
            case ir.Item(name=name):
                return self._records.struct.field(name)
            case ir.Elements() if reads_item(node):
                return elements(node, self.column, self._instant, self._points)
        return self.column(node)


def _outside(expr: ir.Expr) -> list[ir.Expr]:
    """The largest operators in an expression that read no field of a record: each list has one value of those."""
    found: list[ir.Expr] = []
    stack = [expr]
    while stack:
        node = stack.pop()
        if not isinstance(node, ir.Apply):
            continue
        if reads_item(node):
            stack.extend(children(node))
        else:
            found.append(node)
    return found

"""Views: the rows of an index that a filter keeps, and where in time they lie.

In: an index and a mask. Out: `View`, a timeline of some of the index's rows.
Invariant: positions in a view count its own rows; `rows` says where they are in the index.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.course import Course
from rulecrm.runtime.index import KindIndex
from rulecrm.runtime.memo import Memo

__all__ = ["View", "make_view"]


@define(eq=False)
class View(Course):
    """Some rows of an index.

    Attributes:
        index: where the rows are.
        rows: their positions in the index; None for all.
        derived: what depends on the rows alone (running totals, orders of values), kept between evaluations.
    """

    index: KindIndex = field(kw_only=True)
    rows: Ints | None = field(kw_only=True, default=None)
    derived: Memo[object, object] = field(factory=Memo, init=False)

    def gather(self, column: pl.Series) -> pl.Series:
        """A column of the index, for the rows of the view."""
        return column if self.rows is None else column.gather(pl.Series(self.rows))


def make_view(index: KindIndex, mask: Bools | None) -> View:
    """The rows of `index` where `mask` is true; None keeps all."""
    if mask is None:
        return View(index.offsets, index.codes, index.at, index=index)
    rows = np.flatnonzero(mask).astype(index.offsets.dtype, copy=False)
    running = np.zeros(len(mask) + 1, index.offsets.dtype)
    np.cumsum(mask, out=running[1:], dtype=index.offsets.dtype)
    return View(running[index.offsets], index.codes[rows], index.at[rows], index=index, rows=rows)

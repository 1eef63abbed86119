"""Views: the rows of an index that a filter keeps, and where in time they lie.

In: an index and a mask. Out: `View`, which turns an instant into positions.
Invariant: `View.upto(t)[c]` is the number of the first row of the view that is not one of subject c at or before t, so
that the rows of a window (a, b] are exactly [upto(a)[c], upto(b)[c]).
"""

from __future__ import annotations

from bisect import bisect_left
from threading import RLock

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.index import KindIndex
from rulecrm.runtime.memo import Memo
from rulecrm.runtime.register import time_order
from rulecrm.runtime.sequences import search

__all__ = ["View", "make_view"]

_SWEEP_AFTER = 6
"""How many instants are asked of a view before ordering its rows by time pays for itself."""


@define(eq=False)
class View:
    """Some rows of an index.

    Attributes:
        index: where the rows are.
        rows: their positions in the index; None for all.
        offsets: as those of the index, counted in rows of the view.
        codes: the subject of each row of the view.
        at: the instant of each.
        derived: what depends on the rows alone (running totals, orders of values), kept between evaluations.
    """

    index: KindIndex
    rows: Ints | None
    offsets: Ints
    codes: Ints
    at: Ints
    derived: Memo[object, object] = field(factory=Memo)
    _lock: RLock = field(factory=RLock)
    _known: dict[int, Ints] = field(factory=dict)
    _ranks: list[int] = field(factory=list)
    _by_rank: dict[int, Ints] = field(factory=dict)
    _asked: int = 0
    _time: tuple[Ints, Ints] | None = None
    _span: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.at)

    def gather(self, column: pl.Series) -> pl.Series:
        """A column of the index, for the rows of the view."""
        return column if self.rows is None else column.gather(pl.Series(self.rows))

    def span(self) -> tuple[int, int]:
        """The earliest and the latest instant (of an empty view: 1 and 0)."""
        if self._span is None:
            self._span = (int(self.at.min()), int(self.at.max())) if len(self.at) else (1, 0)
        return self._span

    def upto(self, instant: int) -> Ints:
        """For every subject the position just past its rows at or before one instant."""
        with self._lock:
            known = self._known.get(instant)
            if known is None:
                known = self._known[instant] = self._upto(instant)
            return known

    def _upto(self, instant: int) -> Ints:
        first, last = self.span()
        if instant >= last:
            return self.offsets[1:]
        if instant < first:
            return self.offsets[:-1]
        self._asked += 1
        if self._time is None and self._asked <= _SWEEP_AFTER:
            running = np.zeros(len(self.at) + 1, self.offsets.dtype)
            np.cumsum(self.at <= instant, out=running[1:], dtype=self.offsets.dtype)
            before = running[self.offsets]
            return self.offsets[:-1] + (before[1:] - before[:-1])
        return self._sweep(instant)

    def _sweep(self, instant: int) -> Ints:
        """Start from the nearest instant already known and step over the rows in between."""
        at, codes = self._by_time()
        rank = int(np.searchsorted(at, instant, side="right"))
        if not self._ranks:
            self._ranks = [0, len(at)]
            self._by_rank = {0: self.offsets[:-1], len(at): self.offsets[1:]}
        place = bisect_left(self._ranks, rank)
        around = self._ranks[max(place - 1, 0) : place + 1]
        nearest = min(around, key=lambda one: abs(one - rank))
        if nearest == rank:
            return self._by_rank[rank]
        low, high = sorted((nearest, rank))
        sign = 1 if rank > nearest else -1
        positions = self._by_rank[nearest].copy()
        if (high - low) * 8 < len(positions):
            np.add.at(positions, codes[low:high], positions.dtype.type(sign))
        else:
            step = np.bincount(codes[low:high], minlength=len(positions)).astype(positions.dtype)
            positions += step if sign > 0 else -step
        self._ranks.insert(place, rank)
        self._by_rank[rank] = positions
        return positions

    def _by_time(self) -> tuple[Ints, Ints]:
        if self._time is None:
            order = _exact_time_order(self.at)
            self._time = (self.at[order], self.codes[order])
        return self._time

    def upto_each(self, subjects: Ints, instants: Ints) -> Ints:
        """For each (subject, instant) the position just past that subject's rows at or before it."""
        return search(self.offsets, self.at, subjects, instants)

    def upto_own(self, instants: Ints) -> Ints:
        """For every subject the position just past its rows at or before an instant of its own.

        Where histories are short, one look at every row costs less than a search for every subject.
        """
        if len(self.at) > 8 * len(instants):
            return self.upto_each(np.arange(len(instants)), instants)
        limit = np.repeat(instants, np.diff(self.offsets))
        running = np.zeros(len(self.at) + 1, self.offsets.dtype)
        np.cumsum(self.at <= limit, out=running[1:], dtype=self.offsets.dtype)
        before = running[self.offsets]
        return self.offsets[:-1] + (before[1:] - before[:-1])

    def forget(self) -> None:
        """Drop positions of single instants; the rows in time order stay."""
        self._known.clear()
        self._ranks.clear()
        self._by_rank.clear()


def _exact_time_order(at: Ints) -> Ints:
    """Positions in the order of time."""
    order = time_order(at)
    moved = at[order]
    wrong = np.flatnonzero(moved[1:] < moved[:-1])
    if len(wrong):
        # Only rows within an instant's reach of one another are swapped: each such cluster is put right by itself.
        cluster = np.cumsum(np.concatenate(([True], moved[1:] - np.maximum.accumulate(moved)[:-1] > _REACH)))
        mixed = np.isin(cluster, cluster[wrong])
        spots = np.flatnonzero(mixed)
        order[spots] = order[spots][np.lexsort((moved[spots], cluster[spots]))]
    return order


_REACH = 1 << 20
"""Further (in microseconds) than `time_order` ever puts two rows in the wrong order."""


def make_view(index: KindIndex, mask: Bools | None) -> View:
    """The rows of `index` where `mask` is true; None keeps all."""
    if mask is None:
        return View(index, None, index.offsets, index.codes, index.at)
    rows = np.flatnonzero(mask).astype(index.offsets.dtype, copy=False)
    running = np.zeros(len(mask) + 1, index.offsets.dtype)
    np.cumsum(mask, out=running[1:], dtype=index.offsets.dtype)
    return View(index, rows, running[index.offsets], index.codes[rows], index.at[rows])

"""Courses: where in time the rows of each subject lie.

In: rows sorted by subject and time. Out: positions, for one instant or many.
Invariant: `upto(t)[c]` is the number of the first row that is not one of subject c at or before t, so that the rows of
a window (a, b] are exactly [upto(a)[c], upto(b)[c]).
"""

from __future__ import annotations

from bisect import bisect_left
from threading import RLock

import numpy as np
from attrs import define, field, frozen

from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.ordering import time_order

__all__ = ["Course", "search"]

_SWEEP_AFTER = 2
"""How many instants long past are asked of a course before ordering all its rows by time pays for itself."""
_RECENT = 8
"""One row of so many, the last, counts as recent."""
_SAMPLE = 4096
"""Rows looked at to find since when."""
_BLOCK = 1 << 16
"""Subjects looked at together: few enough for what is made on the way to stay in the cache."""


@frozen(eq=False)
class _Recent:
    """The rows after an instant, in the order of time."""

    since: int
    at: Ints
    codes: Ints


@define(eq=False)
class Course:
    """Rows of subjects in time.

    Attributes:
        offsets: rows of subject c are [offsets[c], offsets[c + 1]).
        codes: the subject of each row.
        at: the instant of each.
    """

    offsets: Ints
    codes: Ints
    at: Ints
    _lock: RLock = field(factory=RLock, init=False)
    _known: dict[int, Ints] = field(factory=dict, init=False)
    _ranks: list[int] = field(factory=list, init=False)
    _by_rank: dict[int, Ints] = field(factory=dict, init=False)
    _asked: int = field(default=0, init=False)
    _time: tuple[Ints, Ints, Ints] | None = field(default=None, init=False)
    _recent: _Recent | None = field(default=None, init=False)
    _span: tuple[int, int] | None = field(default=None, init=False)

    def __len__(self) -> int:
        return len(self.at)

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
        if self._time is None:
            recent = self._recent_rows()
            if instant >= recent.since:
                return self._before(recent, instant)
        self._asked += 1
        if self._time is None and self._asked <= _SWEEP_AFTER:
            running = np.zeros(len(self.at) + 1, self.offsets.dtype)
            np.cumsum(self.at <= instant, out=running[1:], dtype=self.offsets.dtype)
            before = running[self.offsets]
            return self.offsets[:-1] + (before[1:] - before[:-1])
        return self._sweep(instant)

    def _recent_rows(self) -> _Recent:
        """The last rows of all, in the order of time: most that is asked lies near the end."""
        if self._recent is None:
            sample = self.at[:: max(len(self.at) // _SAMPLE, 1)]
            rank = len(sample) - 1 - len(sample) // _RECENT
            since = int(np.partition(sample, rank)[rank])
            rows = np.flatnonzero(self.at > since)
            at = self.at[rows]
            order = np.argsort(at)
            self._recent = _Recent(since, at[order], self.codes[rows[order]])
        return self._recent

    def _before(self, recent: _Recent, instant: int) -> Ints:
        """Start from the last rows of all and step back over those after the instant."""
        later = recent.codes[int(np.searchsorted(recent.at, instant, side="right")) :]
        positions = self.offsets[1:].copy()
        _step(positions, later, forward=False)
        return positions

    def _sweep(self, instant: int) -> Ints:
        """Start from the nearest instant already known and step over the rows in between."""
        at, codes, _ = self.by_time()
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
        positions = self._by_rank[nearest].copy()
        _step(positions, codes[low:high], forward=rank > nearest)
        self._ranks.insert(place, rank)
        self._by_rank[rank] = positions
        return positions

    def by_time(self) -> tuple[Ints, Ints, Ints]:
        """Instants and subjects of the rows in the order of time, and where each stood."""
        with self._lock:
            if self._time is None:
                order = time_order(self.at)
                self._time = (self.at[order], self.codes[order], order.astype(self.offsets.dtype, copy=False))
            return self._time

    def rank(self, instant: int) -> int:
        """How many rows lie at or before an instant."""
        with self._lock:
            return int(np.searchsorted(self.by_time()[0], instant, side="right"))

    def between(self, low: int, high: int) -> Ints:
        """The subjects of the rows that stand, in the order of time, from one place up to another."""
        with self._lock:
            subjects: Ints = self.by_time()[1][low:high]
            return subjects

    def upto_each(self, subjects: Ints, instants: Ints) -> Ints:
        """For each (subject, instant) the position just past that subject's rows at or before it."""
        return search(self.offsets, self.at, subjects, instants)

    def upto_own(self, instants: Ints) -> Ints:
        """For every subject the position just past its rows at or before an instant of its own.

        Where histories are short, one look at every row costs less than a search for every subject.
        """
        if len(self.at) > 8 * len(instants):
            return self.upto_each(np.arange(len(instants)), instants)
        found = np.empty(len(instants), self.offsets.dtype)
        for start in range(0, len(instants), _BLOCK):
            bounds = self.offsets[start : start + _BLOCK + 1]
            first, last = int(bounds[0]), int(bounds[-1])
            limit = np.repeat(instants[start : start + _BLOCK], np.diff(bounds))
            running = np.zeros(last - first + 1, self.offsets.dtype)
            np.cumsum(self.at[first:last] <= limit, out=running[1:], dtype=self.offsets.dtype)
            before = running[bounds - first]
            found[start : start + _BLOCK] = bounds[:-1] + np.diff(before)
        return found

    def forget(self) -> None:
        """Drop positions of single instants; the rows in time order stay."""
        with self._lock:
            self._known.clear()
            self._ranks.clear()
            self._by_rank.clear()


def _step(positions: Ints, codes: Ints, *, forward: bool) -> None:
    """Move positions, in place, over rows of these subjects."""
    if len(codes) * 8 < len(positions):
        np.add.at(positions, codes, positions.dtype.type(1 if forward else -1))
        return
    step = np.bincount(codes, minlength=len(positions)).astype(positions.dtype)
    positions += step if forward else -step


def search(offsets: Ints, at: Ints, groups: Ints, instants: Ints) -> Ints:
    """For each (group, instant) the position just past the group's rows at or before it: a binary search for all.

    Most histories are short, so each round goes on with those that are still open.
    """
    if not len(at):
        return np.zeros(len(groups), np.int64)
    low = offsets[groups].astype(np.int64)
    high = offsets[groups + 1].astype(np.int64)
    open_ = np.flatnonzero(low < high)
    if not len(open_):
        return low
    start, end, sought = low[open_], high[open_], instants[open_]
    while len(open_):
        middle = (start + end) >> 1
        passed = at[middle] <= sought
        start = np.where(passed, middle + 1, start)
        end = np.where(passed, end, middle)
        going = start < end
        if not going.all():
            done = ~going
            low[open_[done]] = start[done]
            open_, start, end, sought = open_[going], start[going], end[going], sought[going]
    return low

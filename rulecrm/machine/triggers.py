"""Triggers: which rows move an instance, which gaps between them let a timer run out, and where the next one is.

In: a run, a horizon, rows and conditions of `model.machine`. Out: for any customer and position, the next that fits.
Invariant: what is said of a row depends on facts at or before it alone, and of a gap on facts at or before its
deadline; nothing is said of rows after the horizon, and nothing asked of points after it.

A position is that of a row in the store's index of (kind, customer); `len(track)` stands for no row, and its instant is
`NEVER`. So "the next fitting row of a customer at or after a position" is one look-up in an array that was filled from
behind, and a comparison with the end of the customer's rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import polars as pl
from attrs import define, field, frozen

from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.machine import Rows
from rulecrm.planning import is_row_static, walk
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Bools, Ints, expand
from rulecrm.runtime.index import KindIndex
from rulecrm.runtime.memo import Memo
from rulecrm.runtime.points import Points
from rulecrm.runtime.register import NEVER
from rulecrm.runtime.run import Run

__all__ = ["NEVER", "SUBJECT", "Gaps", "Locals", "Track", "Trigger", "Triggers", "conjuncts", "reads_locals"]

SUBJECT = "customer"
"""Whom machines move."""

Locals = Mapping[str, pl.Series]
"""Values that journeys bring along, by name: one for each instance asked about."""

_CHUNK = 1 << 22
"""Points asked at once, so that what they need on the way stays small."""


@frozen(eq=False)
class Track:
    """All rows of one kind, by customer.

    Attributes:
        index: the rows.
        at: Int64 instants, and `NEVER` once more at the end.
        begins, ends: where the rows of each customer begin and end (int64).
    """

    index: KindIndex
    at: Ints
    begins: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.at) - 1

    def seek(self, codes: Ints, cursors: Ints, instants: Ints) -> Ints:
        """For each customer the first position, not before its cursor, of a row at or after an instant.

        Where there is none: the end of the customer's rows. Ask with `instants + 1` for rows strictly after them.
        """
        found = cursors.astype(np.int64)
        ends = self.ends[codes]
        open_ = np.flatnonzero((found < ends) & (self.at[found] < instants))
        low, high, sought = found[open_] + 1, ends[open_], instants[open_]
        while len(open_):
            going = low < high
            if not going.all():
                found[open_[~going]] = low[~going]
                open_, low, high, sought = open_[going], low[going], high[going], sought[going]
            middle = (low + high) >> 1
            before = self.at[middle] < sought
            low = np.where(before, middle + 1, low)
            high = np.where(before, high, middle)
        return found


@frozen(eq=False)
class Trigger:
    """Rows of a track that fit.

    Attributes:
        track: all rows of the kind.
        fits: for every row whether it fits, all but what reads locals; None where every row does.
        horizon: no row after it fits, but for the track's own rows where `fits` is None.
        tests: what is left to be asked with the locals of an instance: whether rows fit.
    """

    track: Track
    fits: Bools | None
    horizon: int
    tests: Callable[[Ints, Locals], Bools] | None = None
    _next: Ints | None = field(init=False)

    @_next.default
    def _fill(self) -> Ints | None:
        return None if self.fits is None else _from_behind(self.fits)

    def after(self, codes: Ints, cursors: Ints, locals_: Locals | None = None) -> Ints:
        """For each customer the first fitting row at or after its cursor; `len(track)` where there is none.

        Args:
            codes: of customers.
            cursors: positions not after the end of the customer's rows.
            locals_: values of the instances, where the trigger reads them.
        """
        found = cursors.astype(np.int64) if self._next is None else self._next[cursors].astype(np.int64)
        found[found >= self.track.ends[codes]] = len(self.track)
        return found if self.tests is None else self._opened(codes, found, locals_ or {})

    def _opened(self, codes: Ints, found: Ints, locals_: Locals) -> Ints:
        """The first row that passes the tests: a few rows of each instance are opened, then ever more."""
        assert self.tests is not None
        nowhere = len(self.track)
        result = np.full(len(found), nowhere, np.int64)
        going = np.flatnonzero(found < nowhere)
        low, width = found[going], 1
        while len(going):
            high = np.minimum(low + width, self.track.ends[codes[going]])
            which, rows = expand(low, high)
            asked = self.track.at[rows] <= self.horizon
            if self.fits is not None:
                asked &= self.fits[rows]
            which, rows = which[asked], rows[asked]
            instances = pl.Series(going[which])
            holds = self.tests(rows, {name: column.gather(instances) for name, column in locals_.items()})
            hit, first = np.unique(which[holds], return_index=True)
            result[going[hit]] = rows[holds][first]
            left = high < self.track.ends[codes[going]]
            left[hit] = False
            going, low, width = going[left], high[left], width * 4
        return result


@frozen(eq=False)
class Gaps:
    """Stretches of time without a fitting row: each begins with one and is at least as long as a timer runs.

    Attributes:
        trigger: the rows; it reads no locals.
        deadlines: for every fitting row the instant at which a timer that it starts runs out.
        runs_out: for every row whether it fits, no other comes until its deadline, and what is asked then holds.
    """

    trigger: Trigger
    deadlines: Ints
    runs_out: Bools
    _next: Ints = field(init=False)

    @_next.default
    def _fill(self) -> Ints:
        return _from_behind(self.runs_out)

    def after(self, codes: Ints, rows: Ints) -> Ints:
        """For each customer the first row, at or after a position, whose timer runs out; `len(track)` for none."""
        found = self._next[rows].astype(np.int64)
        track = self.trigger.track
        nowhere = len(track)
        ends = track.ends[codes]
        found[(rows >= ends) | (found >= ends)] = nowhere
        return found


def _from_behind(fits: Bools) -> Ints:
    """For every position the first at or after it that fits; one more at the end. Int32 where that is enough."""
    rows = len(fits)
    small = np.int32 if rows < 2**31 - 1 else np.int64
    filled = np.append(np.where(fits, np.arange(rows, dtype=small), small(rows)), small(rows))
    np.minimum.accumulate(filled[::-1], out=filled[::-1])
    return filled


@define(eq=False)
class Triggers:
    """Triggers and gaps of one run, each worked out once.

    Attributes:
        run: the program and the store, in which every kind asked for is indexed by customer.
        horizon: microseconds since 1970-01-01 UTC.
    """

    run: Run
    horizon: int
    _tracks: Memo[str, Track] = field(factory=Memo)
    _fitting: Memo[tuple[Rows, ir.Expr | None], Trigger] = field(factory=Memo)
    _recent: Memo[tuple[str, int], Ints] = field(factory=Memo)
    _following: Memo[Rows, _Following] = field(factory=Memo)
    _gaps: Memo[tuple[Rows, Duration, ir.Expr | None], Gaps] = field(factory=Memo)

    def track(self, kind: str) -> Track:
        """All rows of a kind by customer."""
        return self._tracks.get(kind, lambda: self._make_track(kind))

    def of(self, rows: Rows, when: ir.Expr | None = None) -> Trigger:
        """Rows that fit: `where` seen from (own customer, own instant), `when` asked of the customer then."""
        return self._fitting.get((rows, when), lambda: self._make(rows, when))

    def gaps(self, rows: Rows, due: Duration, when: ir.Expr | None = None) -> Gaps:
        """Where a timer of length `due` that such rows start anew runs out; `when` is asked at the deadline.

        Neither rows nor `when` may read locals.
        """
        return self._gaps.get((rows, due, when), lambda: self._make_gaps(rows, due, when))

    def holds(self, condition: ir.Expr, codes: Ints, instants: Ints, locals_: Locals | None = None) -> Bools:
        """Where a condition holds of customers, each at an instant of its own, none after the horizon."""
        parts = []
        for start in range(0, len(codes), _CHUNK):
            part = slice(start, start + _CHUNK)
            own = {name: column[part] for name, column in (locals_ or {}).items()}
            parts.append(Points(self.run, SUBJECT, codes[part], instants[part], locals=own).mask(condition))
        return np.concatenate(parts) if parts else np.zeros(0, bool)

    def between(self, kind: str, after: int) -> Ints:
        """Positions of all rows of a kind after an instant and not after the horizon."""

        def find() -> Ints:
            at = self.track(kind).index.at
            return np.flatnonzero((at > after) & (at <= self.horizon))

        return self._recent.get((kind, after), find)

    def among(self, rows: Rows, when: ir.Expr | None, positions: Ints, locals_: Locals | None = None) -> Bools:
        """Which of these rows of `rows.kind` (none after the horizon) fit; locals are given one a row.

        The same as asking `of`, for a few rows out of many: nothing is asked of the others.
        """
        asked = conjuncts(when)
        fits = np.ones(len(positions), bool)
        for part in (_is_light, _is_heavy):
            here = _only(rows.where, part), _only(asked, part)
            if any(here):
                left = np.flatnonzero(fits)
                own = {name: column.gather(pl.Series(left)) for name, column in (locals_ or {}).items()}
                fits[left] = self._hold(rows.kind, *here, positions[left], own)
        return fits

    # --- making ---------------------------------------------------------------------------------------------------

    def _make_track(self, kind: str) -> Track:
        index = self._everyone().rows.static_view(kind, ()).index
        at = np.append(index.at, NEVER)
        offsets = index.offsets.astype(np.int64)
        return Track(index, at, offsets[:-1], offsets[1:])

    def _everyone(self) -> Points:
        return self.run.points(SUBJECT, None, self.horizon)

    def _make(self, rows: Rows, when: ir.Expr | None) -> Trigger:
        track = self.track(rows.kind)
        asked = conjuncts(when)
        brought = _only(rows.where, reads_locals), _only(asked, reads_locals)
        tests = partial(self._hold, rows.kind, *brought) if any(brought) else None
        static = [test for test in rows.where if is_row_static(test, self.run.schema)]
        moving = [test for test in rows.where if test not in static and test not in brought[0]]
        asked = tuple(test for test in asked if test not in brought[1])
        if not static and not moving and not asked:
            return Trigger(track, None, self.horizon, tests)
        view = self._everyone().rows.static_view(rows.kind, tuple(static))
        left: Ints = np.arange(len(track)) if view.rows is None else view.rows
        left = left[track.at[left] <= self.horizon]
        # What costs nothing is asked first, and what reads facts only of the rows that are left.
        for part in (_is_light, _is_heavy):
            here = _only(moving, part), _only(asked, part)
            if any(here):
                left = left[self._hold(rows.kind, *here, left, {})]
        fits = np.zeros(len(track), bool)
        fits[left] = True
        return Trigger(track, fits, self.horizon, tests)

    def _hold(
        self, kind: str, where: Sequence[ir.Expr], when: Sequence[ir.Expr], positions: Ints, locals_: Locals
    ) -> Bools:
        """Which rows fit conditions on the row, and then on its customer at its instant."""
        index = self.track(kind).index
        parts = []
        for start in range(0, len(positions), _CHUNK):
            part = slice(start, start + _CHUNK)
            rows = positions[part]
            own = {name: column[part] for name, column in locals_.items()}
            points = Points(self.run, SUBJECT, index.codes[rows], index.at[rows], locals=own)
            mask = np.ones(len(rows), bool)
            for test in where:
                mask &= points.rows.one_each(kind, rows, test).fill_null(False).to_numpy()
            for test in when:
                mask &= points.mask(test)
            parts.append(mask)
        return np.concatenate(parts) if parts else np.zeros(0, bool)

    def _make_gaps(self, rows: Rows, due: Duration, when: ir.Expr | None) -> Gaps:
        trigger = self.of(rows)
        assert trigger.tests is None
        assert when is None or not reads_locals(when)
        track = trigger.track
        follows = self._following.get(rows, lambda: _follow(trigger))
        due_at = calendar.later(track.at[:-1] if trigger.fits is None else track.at[follows.rows], due, self.run.zone)
        over = follows.at > due_at
        if when is not None:
            asked = np.flatnonzero(over & (due_at <= self.horizon))
            over = np.zeros(len(over), bool)
            over[asked] = self.holds(when, track.index.codes[follows.rows[asked]], due_at[asked])
        if trigger.fits is None:
            return Gaps(trigger, np.append(due_at, NEVER), over)
        deadlines, runs_out = np.full(len(track) + 1, NEVER), np.zeros(len(track), bool)
        deadlines[follows.rows] = due_at
        runs_out[follows.rows] = over
        return Gaps(trigger, deadlines, runs_out)


@frozen(eq=False)
class _Following:
    """The fitting rows, and for each the instant of the next one of the same customer (`NEVER` where there is none)."""

    rows: Ints
    at: Ints


def _follow(trigger: Trigger) -> _Following:
    track = trigger.track
    codes = track.index.codes
    if trigger.fits is None:
        rows, at = np.arange(len(track)), track.at[1:].copy()
    else:
        rows = np.flatnonzero(trigger.fits)
        codes, at = codes[rows], track.at[np.append(rows[1:], len(track))][: len(rows)]
    at[:-1][codes[1:] != codes[:-1]] = NEVER
    return _Following(rows, at)


def conjuncts(condition: ir.Expr | None) -> tuple[ir.Expr, ...]:
    """The parts that all have to hold."""
    if condition is None:
        return ()
    if isinstance(condition, ir.Apply) and condition.op == "and":
        return tuple(part for arg in condition.args for part in conjuncts(arg))
    return (condition,)


def reads_locals(expr: ir.Expr) -> bool:
    """Whether an expression asks for what a journey brings along."""
    return any(isinstance(node, ir.Local) for node in walk(expr))


_HEAVY = (
    ir.Ref, ir.State, ir.Aggregate, ir.SequenceOf, ir.PopulationOf, ir.Standing, ir.AsOf, ir.HeldSince, ir.Elements,
)  # fmt: skip


def _is_heavy(expr: ir.Expr) -> bool:
    return any(isinstance(node, _HEAVY) for node in walk(expr))


def _is_light(expr: ir.Expr) -> bool:
    return not _is_heavy(expr)


def _only(conditions: Sequence[ir.Expr], test: Callable[[ir.Expr], bool]) -> tuple[ir.Expr, ...]:
    return tuple(one for one in conditions if test(one))

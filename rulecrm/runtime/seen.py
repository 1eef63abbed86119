"""The rows of facts that points see.

In: points, and a scan, a window, a row-level expression. Out: stretches of rows for each point, and values along them.
Invariant: no point sees a row after its instant, or a stage that its instant has not reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import define, evolve, field, frozen

from rulecrm.model import ir
from rulecrm.model.types import BOOL
from rulecrm.planning import is_row_static
from rulecrm.runtime.aggregates import Selection
from rulecrm.runtime.arrays import Bools, Ints, expand, split
from rulecrm.runtime.bands import NOTHING, Band, Timed, sweep
from rulecrm.runtime.elements import elements
from rulecrm.runtime.index import KindIndex
from rulecrm.runtime.limits import furthest
from rulecrm.runtime.lower import Context, fold, lower
from rulecrm.runtime.memo import Memo
from rulecrm.runtime.provided import call, is_provided
from rulecrm.runtime.register import NEVER
from rulecrm.runtime.values import Fixed, Value
from rulecrm.runtime.views import View, make_view

if TYPE_CHECKING:
    from rulecrm.runtime.points import Points  # noqa: TC004 - points have rows, and rows only name their points

__all__ = ["Seen"]


@frozen(eq=False)
class _Rows:
    """Rows that a scan gives to each point: positions in the index (None: the view's own rows) and stretches."""

    view: View
    lower: Ints
    upper: Ints
    rows: Ints | None = None
    which: Ints | None = None

    @property
    def at(self) -> Ints:
        return self.view.at if self.rows is None else self.view.index.at[self.rows]


@define(eq=False)
class Seen:
    """What some points see.

    Attributes:
        points: the points.
    """

    points: Points
    _scans: Memo[ir.Scan, _Rows] = field(factory=Memo)
    _bounds: Memo[object, tuple[Ints, Ints]] = field(factory=Memo)
    _here: Memo[tuple[int, int, int], Memo[object, object]] = field(factory=Memo)
    _own: list[View] = field(factory=list)
    """Views made for these points: kept so that no other view is given the same identity."""

    def selection(self, node: ir.Aggregate) -> Selection:
        """The rows of an aggregate, with its value along them."""
        rows = self._rows(node.scan)
        value = node.value
        alone = rows.rows is not None
        now, zone = self.points.instant, self.points.run.zone
        if value is None:
            keep, key = (Memo(), None) if alone else (rows.view.derived, ())
            return Selection(
                rows.at, rows.lower, rows.upper, None, keep, key, now, zone, self._offsets(rows), here=self._place(rows)
            )
        if not is_row_static(value, self.points.run.schema):
            if not self._worth_whole(rows):
                rows = self._open(rows)
            along = self._along(value, rows)
            return Selection(rows.at, rows.lower, rows.upper, along, Memo(), None, now, zone)
        index = rows.view.index
        column = self._test(index, value)
        if alone:
            return Selection(
                rows.at, rows.lower, rows.upper, column.gather(pl.Series(rows.rows)), Memo(), None, now, zone
            )
        view = rows.view
        kept = view.derived.get(("column", value), lambda: view.gather(column))
        assert isinstance(kept, pl.Series)
        return Selection(
            view.at, rows.lower, rows.upper, kept, view.derived, value, now, zone, self._offsets(rows),
            here=self._place(rows),
        )  # fmt: skip

    def bands(self, node: ir.Aggregate, bands: Sequence[tuple[ir.Bound, str, int]]) -> list[pl.Series] | None:
        """A count or sum over windows that end at T: whether it compares as asked in each window.

        Args:
            node: the aggregate, whatever its own window begins with.
            bands: beginnings that are the same for all subjects, and what the total is compared with.

        Returns:
            A Boolean column for each, or None where totals have to be found in another way.
        """
        schema = self.points.run.schema
        parts = (*node.scan.where, *(() if node.value is None else (node.value,)))
        if not self.points.everyone or not all(is_row_static(part, schema) for part in parts):
            return None
        assert isinstance(self.points.instant, int)
        edges = [self._bound(bound.at) for bound, _, _ in bands]
        if not all(isinstance(edge, Fixed) and isinstance(edge.value, int) for edge in edges):
            return None
        view = self.static_view(node.scan.kind, node.scan.where)
        at, codes, order = view.by_time()
        values: Ints | None = None
        if node.value is not None:
            value = node.value
            kept = view.derived.get(("by time", value), lambda: self.amounts(view, value, order))
            if not isinstance(kept, np.ndarray):
                return None
            values = kept
        asked = [
            Band(edge.value - bound.closed, op, constant)
            for edge, (bound, op, constant) in zip(edges, bands, strict=True)
            if isinstance(edge, Fixed) and isinstance(edge.value, int)
        ]
        return sweep(Timed(at, codes, values, len(self.points)), self.points.instant, asked)

    def amounts(self, view: View, value: ir.Expr, order: Ints) -> Ints | None:
        """Values in the order of time; None where there are some missing, or too large to be added up blindly."""
        amounts = view.gather(self._test(view.index, value))
        if amounts.null_count() or not amounts.dtype.is_integer() or not len(amounts):
            return None
        array: Ints = amounts.cast(pl.Int64).to_numpy()
        if max(-int(array.min()), int(array.max())) * len(array) >= NOTHING:
            return None
        return array[order]

    def _place(self, rows: _Rows) -> Memo[object, object]:
        """A place for what is worked out for these stretches of a view."""
        return self._here.get((id(rows.view), id(rows.lower), id(rows.upper)), Memo)

    def _rows(self, scan: ir.Scan) -> _Rows:
        return self._scans.get(scan, lambda: self._find_rows(scan))

    def _find_rows(self, scan: ir.Scan) -> _Rows:
        static = tuple(test for test in scan.where if is_row_static(test, self.points.run.schema))
        moving = tuple(test for test in scan.where if test not in static)
        view = self.static_view(scan.kind, static)
        rows = _Rows(view, *self.window(view, scan.lower, scan.upper))
        if moving:
            if self._worth_whole(rows):
                # Everyone sees nearly all rows: they are tested where they lie, and what is left is a view by itself.
                seen, mask = self.row_tests(view, moving)
                kept = np.zeros(len(view.index), bool)
                kept[seen[mask]] = True
                view = make_view(view.index, kept)
                rows = _Rows(view, *self.window(view, scan.lower, scan.upper))
                self._own.append(view)
            else:
                opened = self._open(rows)
                assert opened.rows is not None
                assert opened.which is not None
                mask = self._tested(opened, moving)
                which = opened.which[mask]
                counts = (
                    np.bincount(which, minlength=len(self.points))
                    if len(which)
                    else np.zeros(len(self.points), np.int64)
                )
                ends = np.cumsum(counts)
                rows = _Rows(view, ends - counts, ends, opened.rows[mask], which)
        return rows

    def _offsets(self, rows: _Rows) -> Ints | None:
        """Where each point's own rows begin, where points are subjects and rows still those of the view."""
        return rows.view.offsets if self.points.codes is None and rows.rows is None else None

    def _worth_whole(self, rows: _Rows) -> bool:
        """Whether testing all rows of the view costs less than writing out those that the points see."""
        if not self.points.everyone or rows.rows is not None:
            return False
        return int((rows.upper - rows.lower).sum()) * 4 > len(rows.view)

    def static_view(self, kind: str, where: tuple[ir.Expr, ...]) -> View:
        """The rows of a kind that fit row-static predicates."""
        return self.points.run.store.view(kind, self.points.subject, where, self._test)

    def row_tests(self, view: View, tests: tuple[ir.Expr, ...]) -> tuple[Ints, Bools]:
        """Positions in the index of the rows of a view, and which of them fit predicates seen by their own subject.

        Only for the points of everyone. Rows after T are among them, to be left out by their position.
        """
        nowhere = np.zeros(0, np.int64)
        rows = _Rows(view, nowhere, nowhere)
        positions = np.arange(len(view.index)) if view.rows is None else view.rows
        return positions, self._tested(rows, tests)

    def one_each(self, kind: str, positions: Ints, expr: ir.Expr) -> pl.Series:
        """A row-level expression for one row (its position in the index) seen from each point."""
        each = np.arange(len(positions))
        rows = _Rows(self.static_view(kind, ()), each, each + 1, positions, each)
        return self._along(expr, rows)

    def _tested(self, rows: _Rows, tests: tuple[ir.Expr, ...]) -> Bools:
        mask = np.ones(len(rows.at), bool)
        for test in tests:
            mask &= self._along(test, rows).fill_null(False).to_numpy()
        return mask

    def _open(self, rows: _Rows) -> _Rows:
        """The same rows with each point's stretch written out by itself."""
        if rows.rows is not None:
            return rows
        which, positions = expand(rows.lower, rows.upper)
        ends = np.cumsum(rows.upper - rows.lower, dtype=np.int64)
        found = positions if rows.view.rows is None else rows.view.rows[positions]
        return _Rows(rows.view, ends - (rows.upper - rows.lower), ends, found, which)

    def _test(self, index: KindIndex, predicate: ir.Expr) -> pl.Series:
        return index.columns.get(predicate, lambda: self.row_column(index, predicate))

    def row_column(self, index: KindIndex, expr: ir.Expr) -> pl.Series:
        """A row-static expression for all rows of an index."""
        if isinstance(expr, ir.Apply) and is_provided(expr):
            value = call(expr, self.points.run.program, lambda part: self.row_column(index, part))
            return _written_out(value, len(index))
        computed: dict[str, pl.Series] = {}
        names: dict[ir.Expr, str] = {}
        found: dict[ir.Expr, pl.Series] = {}

        def leaf(node: ir.Expr) -> pl.Expr:
            if isinstance(node, ir.Apply):
                name = names.setdefault(node, f"__c{len(names)}")
                if name not in computed:
                    found[node] = computed[name] = self.row_column(index, node)
                return pl.col(name)
            assert isinstance(node, ir.Column), node
            if node.name in index.frame.columns:
                found[node] = index.frame.get_column(node.name)
            return self._field(node, index.frame, pl.col("at"))

        # What is the same for all instants must not read this one.
        timeless = evolve(_measured(self.points.context(pl.lit(None, dtype=pl.Int64)), found), instant=None)
        lowered = lower(expr, leaf, timeless)
        column = index.frame.with_columns(**computed).select(lowered.alias("value")).to_series()
        return column if len(column) == len(index) else column.new_from_index(0, len(index))

    def _along(self, expr: ir.Expr, rows: _Rows) -> pl.Series:
        """A row-level expression for rows, each seen from its point.

        Rows that are still those of the view are seen by their own subject (the points are those of everyone).
        """
        if isinstance(expr, ir.Apply) and is_provided(expr):
            value = call(expr, self.points.run.program, lambda part: self._along(part, rows))
            return _written_out(value, len(rows.at))
        index = rows.view.index
        positions = rows.view.rows if rows.rows is None else rows.rows
        which = rows.view.codes if rows.rows is None else rows.which
        assert which is not None
        picked = None if positions is None else pl.Series(positions)
        columns: dict[str, pl.Series] = {"at": pl.Series(rows.at)}
        names: dict[ir.Expr, pl.Expr] = {}
        found: dict[ir.Expr, pl.Series] = {}
        self.points.settle([expr])

        def records(node: ir.Elements) -> pl.Series:
            instant = self.points.instant
            seen_at = instant if isinstance(instant, int) else instant[which]
            return elements(node, lambda part: self._along(part, rows), seen_at, self.points)

        def leaf(node: ir.Expr) -> pl.Expr:
            if isinstance(node, ir.Column):
                for name in self._fields(node):
                    if name not in columns and name in index.frame.columns:
                        column = index.frame.get_column(name)
                        columns[name] = column if picked is None else column.gather(picked)
                if node.name in columns:
                    found[node] = columns[node.name]
                return self._field(node, index.frame, now)
            known = names.get(node)
            if known is None and isinstance(node, ir.Apply | ir.Elements):
                name = f"__c{len(columns)}"
                column = records(node) if isinstance(node, ir.Elements) else self._along(node, rows)
                found[node] = columns[name] = column
                known = names[node] = pl.col(name)
            if known is None:
                value = self.points.values([node])[0]
                if isinstance(value, Fixed):
                    known = value.expr()
                else:
                    columns[f"p{len(names)}"] = value.gather(pl.Series(which))
                    known = pl.col(f"p{len(names)}")
                names[node] = known
            return known

        now: pl.Expr
        if isinstance(self.points.instant, int):
            now = pl.lit(self.points.instant, dtype=pl.Int64)
        else:
            now = pl.col("__now")
            columns["__now"] = pl.Series(self.points.instant[which])
        lowered = lower(expr, leaf, _measured(self.points.context(now), found))
        column = pl.DataFrame(columns).select(lowered.alias("value")).to_series()
        return column if len(column) == len(rows.at) else column.new_from_index(0, len(rows.at))

    def _fields(self, node: ir.Column) -> tuple[str, ...]:
        schema = self.points.run.schema.kinds[node.kind].columns.get(node.name)
        return (node.name,) if schema is None or schema.stage is None else (node.name, schema.stage)

    def _field(self, node: ir.Column, frame: pl.DataFrame, now: pl.Expr) -> pl.Expr:
        """A field as of `now`: a stage that lies ahead is not there yet."""
        schema = self.points.run.schema.kinds[node.kind].columns.get(node.name)
        if node.name == "at":
            return pl.col("at")
        if schema is None or schema.stage is None:
            return pl.col(node.name)
        kind = self.points.run.schema.kinds[node.kind]
        reached = pl.col(schema.stage).is_not_null() if schema.stage == kind.at else pl.col(schema.stage) <= now
        if schema.type == BOOL and node.name not in frame.columns:
            return reached.fill_null(False)
        return pl.when(reached).then(pl.col(node.name))

    # --- windows --------------------------------------------------------------------------------------------------

    def window(self, view: View, lower_: ir.Bound | None, upper: ir.Bound | None) -> tuple[Ints, Ints]:
        """The stretch of rows of a view that each point sees in a window."""

        def find() -> tuple[Ints, Ints]:
            end = self._position(view, upper, upper=True)
            start = self._start(view) if lower_ is None else self._position(view, lower_, upper=False)
            if lower_ is not None and upper is not None:
                start = np.minimum(start, end)
            return start, end

        return self._bounds.get((id(view), lower_, upper), find)

    def _start(self, view: View) -> Ints:
        view.index.check_reach(None)
        if self.points.codes is None:
            return view.offsets[:-1]
        return np.where(self.points.codes >= 0, view.offsets[self.points.codes], 0)

    def _position(self, view: View, bound: ir.Bound | None, *, upper: bool) -> Ints:
        """The position just past the rows before (or at) a bound, no bound reaching past T."""
        if bound is None:
            return self._upto(view, self.points.instant, checked=not upper)
        value = self._bound(bound.at)
        inclusive = bound.closed == upper
        if isinstance(value, Fixed):
            if value.value is None:
                return self._start(view) if upper else self._upto(view, self.points.instant)
            assert isinstance(value.value, int)
            edge = value.value if inclusive else value.value - 1
            seen = (
                np.minimum(edge, self.points.instant)
                if isinstance(self.points.instant, np.ndarray)
                else min(edge, self.points.instant)
            )
            return self._upto(view, seen, checked=not upper)
        edges, present = split(value.cast(pl.Int64))
        edges = np.minimum(edges if inclusive else edges - 1, self.points.instant)
        positions = self._upto(view, edges, checked=not upper)
        if present is None:
            return positions
        # A window with an end that is missing holds nothing: its start is put at its end.
        return np.where(present, positions, self._start(view) if upper else self._upto(view, self.points.instant))

    def _bound(self, expr: ir.Expr) -> Value:
        known = fold(expr, self.points.instant, self.points.run.zone) if isinstance(self.points.instant, int) else None
        return self.points.values([expr])[0] if known is None else Fixed(known, pl.Int64())

    def edges(self, bound: ir.Bound | None, *, inclusive: bool, lower: bool = False) -> Ints:
        """For each point the last instant up to (or, of a lower bound, just before) a bound, none past T.

        A bound that is missing leaves nothing: the last instant is the first there is, the first the last.
        """
        now = np.broadcast_to(np.asarray(self.points.instant, np.int64), len(self.points))
        if bound is None:
            return now
        value, present = split(self.points.series(bound.at).cast(pl.Int64))
        edges: Ints = np.minimum(value if inclusive else value - 1, now)
        if present is not None:
            nothing = np.iinfo(np.int64)
            edges = np.where(present, edges, nothing.max if lower else nothing.min)
        return edges

    def _upto(self, view: View, instants: int | Ints, *, checked: bool = True) -> Ints:
        # What an upper bound leaves is limited by the lower one, which is checked: `before 2023-09-30` of rows of the
        # last year may lie before all rows that are here, and is empty then, as it ought to be.
        if checked and view.index.since is not None:
            view.index.check_reach(instants if isinstance(instants, int) else int(instants.min(initial=NEVER)))
        if self.points.codes is None and isinstance(instants, int):
            return view.upto(instants)
        if self.points.codes is None and isinstance(instants, np.ndarray):
            return view.upto_own(instants)
        codes = self.points.all_codes()
        each = np.full(len(codes), instants) if isinstance(instants, int) else instants
        found = view.upto_each(np.maximum(codes, 0), each)
        return np.where(codes >= 0, found, 0) if self.points.codes is not None else found


def _measured(context: Context, columns: Mapping[ir.Expr, pl.Series]) -> Context:
    """A context that knows how large the values of these columns are, too."""

    def largest(node: ir.Expr) -> int | None:
        return furthest(columns[node]) if node in columns else context.largest(node)

    return evolve(context, largest=largest)


def _written_out(value: Value, count: int) -> pl.Series:
    """A value as a column of so many rows."""
    if isinstance(value, Fixed):
        return pl.Series([value.value], dtype=value.dtype).new_from_index(0, count)
    return value

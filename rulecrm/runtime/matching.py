"""Sequences seen from points: whether a chain fits the window that each point looks through.

In: an `ir.SequenceOf` and points. Out: a Boolean column.
Invariant: where every step's rows are the same from whatever point they are seen, the matches are found once for the
facts and kept; where not, they are found anew for each instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rulecrm.model import ir
from rulecrm.planning import is_row_static
from rulecrm.runtime.arrays import Bools, Ints, expand
from rulecrm.runtime.sequences import Matches, Run, StepRows, find_matches, group_runs
from rulecrm.runtime.views import View, make_view

if TYPE_CHECKING:
    from rulecrm.runtime.points import Points

__all__ = ["sequence_holds"]


def sequence_holds(node: ir.SequenceOf, points: Points) -> pl.Series:
    """Whether the sequence occurred, for each point."""
    static = all(is_row_static(test, points.run.schema) for step in node.steps for test in step.where)
    if static:
        place = ("sequence", node.subject, node.steps, node.by, node.total)
        matches = points.run.store.derived.get(place, lambda: _find(node, points))
        assert isinstance(matches, Matches)
        return pl.Series(_fits(node, matches, points))
    if points.everyone:
        return pl.Series(_fits(node, _find(node, points), points))
    if isinstance(points.instant, int):
        whole = points.run.points(points.subject, None, points.instant).series(node)
        assert points.codes is not None
        if not len(whole):
            return pl.Series(np.zeros(len(points), bool))
        return pl.Series(whole.to_numpy()[np.maximum(points.codes, 0)] & (points.codes >= 0))
    return points.each_instant(node)


def _find(node: ir.SequenceOf, points: Points) -> Matches:
    views = [_step_view(step, points) for step in node.steps]
    owners: Ints | None = None
    if node.by is None:
        runs = [Run(view.offsets, view.codes, view.at) for view in views]
    else:
        by = node.by
        values = [
            view.gather(view.index.frame.get_column(by)) if len(view) else pl.Series([], dtype=pl.String)
            for view in views
        ]
        runs, owners = group_runs([view.codes for view in views], values, [view.at for view in views])
    steps = [
        StepRows(run, step.negated, step.at_least, step.within) for run, step in zip(runs, node.steps, strict=True)
    ]  # fmt: skip
    subjects = len(points.run.store.register(node.subject))
    return find_matches(steps, node.total, owners, subjects, points.run.zone)


def _step_view(step: ir.StepOf, points: Points) -> View:
    static = tuple(test for test in step.where if is_row_static(test, points.run.schema))
    view = points.rows.static_view(step.kind, static)
    moving = tuple(test for test in step.where if test not in static)
    if not moving:
        return view
    # Rows after T may be among the matches; those matches end after T and are left out by every window.
    seen, mask = points.rows.row_tests(view, moving)
    kept = np.zeros(len(view.index), bool)
    kept[seen[mask]] = True
    return make_view(view.index, kept)


def _fits(node: ir.SequenceOf, matches: Matches, points: Points) -> Bools:
    begin = matches.offsets[:-1] if points.codes is None else matches.offsets[np.maximum(points.codes, 0)]
    latest: Ints | int = points.instant
    if node.upper is not None:
        latest = points.rows.edges(node.upper, inclusive=node.upper.closed)
    end = matches.upto(points.codes, latest)
    earliest = (
        None if node.lower is None else points.rows.edges(node.lower, inclusive=not node.lower.closed, lower=True)
    )
    for step in node.steps:
        reached = None if earliest is None else int(earliest.min(initial=np.iinfo(np.int64).max))
        points.rows.static_view(step.kind, ()).index.check_reach(reached)
    if not matches.breaks:
        found = end > begin
        if earliest is not None and len(matches.best):
            # `earliest` is the last instant that lies before the window.
            found &= matches.best[np.maximum(end - 1, 0)] > earliest
    else:
        found = _unbroken(matches, begin, end, earliest, points)
    if points.codes is not None:
        found &= points.codes >= 0
    return found


def _unbroken(matches: Matches, begin: Ints, end: Ints, earliest: Ints | None, points: Points) -> Bools:
    if matches.ordered:
        # Later ends have later starts and less behind them that could break them: the last is the best.
        begin = np.maximum(end - 1, begin)
    which, rows = expand(begin, np.maximum(end, begin))
    if earliest is not None:
        recent = np.flatnonzero(matches.starts[rows] > earliest[which])
        which, rows = which[recent], rows[recent]
    now = np.broadcast_to(np.asarray(points.instant, np.int64), len(begin))[which]
    groups = matches.groups[rows]
    quiet = np.ones(len(rows), bool)
    for breaks in matches.breaks:
        quiet &= breaks.upto(groups, now) <= breaks.upto(groups, matches.ends[rows])
    found = np.zeros(len(begin), bool)
    found[which[quiet]] = True
    return found

"""Sequences: where in each subject's history a chain of steps is completed, and how late it may have begun.

In: for each step its rows, by group (a subject, or a subject with one value of `by`). Out: `Matches`.
Invariant: matches do not depend on T; one that ends at an instant is judged by rows at or before it alone. For each end
the latest possible start is kept: where any chain with that end fits a window, the one with the latest start does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from attrs import define

from rulecrm.model.durations import Duration
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.course import Course, search

__all__ = ["Matches", "Run", "StepRows", "find_matches", "group_runs"]


@define(eq=False)
class Run:
    """Instants by group: those of group g are `at[offsets[g] : offsets[g + 1]]`, sorted."""

    offsets: Ints
    groups: Ints
    at: Ints

    def upto(self, groups: Ints, instants: Ints) -> Ints:
        """For each (group, instant) the position just past the group's instants at or before it."""
        return search(self.offsets, self.at, groups, instants)


@define(eq=False)
class StepRows:
    """A step and its rows."""

    run: Run
    negated: bool
    at_least: int
    within: Duration | None


@define(eq=False)
class Matches:
    """Ends of chains, sorted by (subject, end).

    Attributes:
        offsets: by subject.
        codes: the subject of each match.
        ends, starts: instants at which the last step is reached, and the latest at which the first row can lie.
        groups: the group of each match.
        breaks: rows that must not follow a match before T (a last `no KIND` without an end), by group.
        best: the latest start among the matches of the subject up to and including each.
        ordered: whether a subject's later matches have later starts (there is one group a subject).
    """

    offsets: Ints
    codes: Ints
    ends: Ints
    starts: Ints
    groups: Ints
    breaks: tuple[Run, ...]
    best: Ints
    ordered: bool = False
    _line: Course | None = None

    @property
    def line(self) -> Course:
        """When the matches of each subject end."""
        if self._line is None:
            self._line = Course(self.offsets, self.codes, self.ends)
        return self._line

    def upto(self, codes: Ints | None, instants: Ints | int) -> Ints:
        """The position just past the matches of each subject that end at or before its instant."""
        if codes is None and isinstance(instants, int):
            return self.line.upto(instants)
        subjects = np.arange(len(self.offsets) - 1) if codes is None else np.maximum(codes, 0)
        each = np.full(len(subjects), instants) if isinstance(instants, int) else instants
        return search(self.offsets, self.ends, subjects, each)

    def forget(self) -> None:
        """Drop what was kept for single instants."""
        self.line.forget()


def group_runs(codes: Sequence[Ints], values: Sequence[pl.Series], at: Sequence[Ints]) -> tuple[list[Run], Ints]:
    """Runs by (subject, value of `by`), rows without a value left out, and the subject of each group."""
    whole = pl.concat([column.cast(pl.String) for column in values])
    numbers = whole.cast(pl.Categorical(pl.Categories.random())).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    subject = np.concatenate(codes).astype(np.int64)
    width = int(numbers.max(initial=0)) + 1
    keyed = subject * width + numbers
    known = np.unique(keyed[numbers >= 0])
    runs = []
    start = 0
    for instants in at:
        part = slice(start, start + len(instants))
        start += len(instants)
        kept = numbers[part] >= 0
        group = np.searchsorted(known, keyed[part][kept])
        moments = instants[kept]
        order = np.lexsort((moments, group))
        runs.append(_run(group[order], moments[order], len(known)))
    return runs, known // width


def _run(groups: Ints, at: Ints, count: int) -> Run:
    sizes = np.bincount(groups, minlength=count) if len(groups) else np.zeros(count, np.int64)
    return Run(np.concatenate(([0], np.cumsum(sizes))), groups, at)


def find_matches(
    steps: Sequence[StepRows], total: Duration | None, owners: Ints | None, subjects: int, zone: str
) -> Matches:
    """Chain the steps.

    Args:
        steps: in order; the first is not negated.
        total: longest time from the first row to the last instant.
        owners: the subject of each group; None where groups are subjects.
        subjects: how many subjects there are.
        zone: the zone of calendar durations.
    """
    reached, starts = _first(steps[0], zone)
    barriers: list[Run] = []
    for step in steps[1:]:
        if step.negated and step.within is None:
            barriers.append(step.run)
            continue
        if step.negated:
            reached, starts = _absent(step, reached, starts, barriers, zone)
        else:
            reached, starts = _next(step, reached, starts, barriers, zone)
        barriers = []
    if total is not None:
        fits = calendar.later(starts, total, zone) >= reached.at
        reached, starts = _keep(reached, starts, fits)
    return _by_subject(reached, starts, tuple(barriers), owners, subjects)


def _first(step: StepRows, zone: str) -> tuple[Run, Ints]:
    run, n = step.run, step.at_least
    if n == 1:
        return run, run.at
    starts, fits = _back(run, n)
    if step.within is not None:
        fits &= calendar.later(starts, step.within, zone) >= run.at
    return _keep(run, starts, fits)


def _back(run: Run, n: int) -> tuple[Ints, Bools]:
    """The instant n − 1 rows before each row, and whether that row is still of the same group."""
    rows = len(run.at)
    if n == 1:
        return run.at, np.ones(rows, bool)
    begin, same = run.at.copy(), np.zeros(rows, bool)
    begin[n - 1 :] = run.at[: max(rows - n + 1, 0)]
    same[n - 1 :] = run.groups[n - 1 :] == run.groups[: max(rows - n + 1, 0)]
    return begin, same


def _absent(step: StepRows, reached: Run, starts: Ints, barriers: Sequence[Run], zone: str) -> tuple[Run, Ints]:
    assert step.within is not None
    until = calendar.later(reached.at, step.within, zone)
    clear = step.run.upto(reached.groups, until) == step.run.upto(reached.groups, reached.at)
    for barrier in barriers:
        clear &= barrier.upto(reached.groups, until - 1) <= barrier.upto(reached.groups, reached.at)
    return _keep(Run(reached.offsets, reached.groups, until), starts, clear)


def _next(step: StepRows, reached: Run, starts: Ints, barriers: Sequence[Run], zone: str) -> tuple[Run, Ints]:
    run = step.run
    if not len(run.at) or not len(reached.at):
        return _keep(run, run.at, np.zeros(len(run.at), bool))
    begin, fits = _back(run, step.at_least)
    before = reached.upto(run.groups, begin - 1) - 1
    fits &= before >= reached.offsets[run.groups]
    before = np.maximum(before, 0)
    if step.within is not None:
        fits &= calendar.later(reached.at, step.within, zone)[before] >= run.at
    for barrier in barriers:
        since = barrier.upto(run.groups, reached.at[before])
        fits &= barrier.upto(run.groups, run.at - 1) <= since
    return _keep(run, starts[before], fits)


def _keep(run: Run, starts: Ints, mask: Bools) -> tuple[Run, Ints]:
    if mask.all():
        return run, starts
    running = np.concatenate(([0], np.cumsum(mask)))
    return Run(running[run.offsets], run.groups[mask], run.at[mask]), starts[mask]


def _by_subject(reached: Run, starts: Ints, barriers: tuple[Run, ...], owners: Ints | None, subjects: int) -> Matches:
    if owners is None:
        # Within one group later ends have later starts, so each match is the best so far.
        return Matches(
            reached.offsets, reached.groups, reached.at, starts, reached.groups, barriers, starts, ordered=True
        )
    owner = owners[reached.groups] if len(reached.groups) else np.zeros(0, np.int64)
    order = np.lexsort((reached.at, owner))
    owner, ends, starts, groups = owner[order], reached.at[order], starts[order], reached.groups[order]
    sizes = np.bincount(owner, minlength=subjects) if len(owner) else np.zeros(subjects, np.int64)
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    ranked = np.sort(starts)
    # A running maximum that begins anew with each subject: the subject's number leads, the rank of the start follows.
    leading = np.maximum.accumulate(owner * (len(starts) + 1) + np.searchsorted(ranked, starts))
    best = ranked[leading - owner * (len(starts) + 1)] if len(starts) else starts
    return Matches(offsets, owner, ends, starts, groups, barriers, best)

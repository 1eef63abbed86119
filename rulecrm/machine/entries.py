"""Entries: who could enter a campaign, when, and by what.

In: the clauses of a campaign, a stretch of time. Out: `Candidates`, in the order in which they are tried.
Invariant: whether somebody is a candidate depends on facts up to the instant alone; whether a candidate is let in is
not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.machine.deadlines import occurrences
from rulecrm.machine.narrowing import candidates, wanted
from rulecrm.machine.triggers import SUBJECT, Triggers
from rulecrm.machine.words import as_text
from rulecrm.model import ir
from rulecrm.model.instants import to_microseconds
from rulecrm.model.machine import Campaign, EnterAt, EnterEvery, EnterOn, EnterOnState, Entry
from rulecrm.model.types import INSTANT, TEXT
from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.physical import dtype_of
from rulecrm.runtime.points import Points

__all__ = [
    "Candidates",
    "StateMoves",
    "Timetable",
    "by_events",
    "carried",
    "joined",
    "reasons",
    "timed",
    "timetable",
    "who_fits",
]

StateMoves = Callable[[str, str], tuple[Ints, Ints, Ints]]
"""For a lifecycle and a state the moves to it in the time looked at: places in the timeline, customers, instants."""


@frozen(eq=False)
class Candidates:
    """Possible entries.

    Attributes:
        code: customers.
        at: instants.
        clause: number of the clause in the campaign.
        row: position of the row in the index of its kind, or the place of the move in its timeline; else 0.
        line: value of the field by which lines are told apart, where there is one.
    """

    code: Ints
    at: Ints
    clause: Ints
    row: Ints
    line: pl.Series

    def __len__(self) -> int:
        return len(self.code)

    def take(self, which: Ints | Bools) -> Candidates:
        """Some of them."""
        line = self.line.filter(pl.Series(which)) if which.dtype == bool else self.line.gather(pl.Series(which))
        return Candidates(self.code[which], self.at[which], self.clause[which], self.row[which], line)


def joined(parts: Sequence[Candidates]) -> Candidates:
    """All of them, as they come."""
    return Candidates(
        np.concatenate([np.zeros(0, np.int64), *(part.code for part in parts)]).astype(np.int64),
        np.concatenate([np.zeros(0, np.int64), *(part.at for part in parts)]),
        np.concatenate([np.zeros(0, np.int32), *(part.clause for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.row for part in parts)]),
        pl.concat([pl.Series([], dtype=pl.String), *(part.line for part in parts)]),
    )


# --- events -------------------------------------------------------------------------------------------------------


def by_events(campaign: Campaign, triggers: Triggers, moves: StateMoves, after: int) -> Candidates:
    """Candidates by rows and by moves of lifecycles, at instants after `after` and not after the horizon."""
    parts = []
    for clause, entry in enumerate(campaign.entries):
        match entry:
            case EnterOn():
                parts.append(_by_rows(entry, clause, campaign.reentry.by, triggers, after))
            case EnterOnState(lifecycle=lifecycle, state=state, when=when):
                places, codes, at = moves(lifecycle, state)
                if when is not None:
                    here = np.flatnonzero(triggers.holds(when, codes, at))
                    places, codes, at = places[here], codes[here], at[here]
                n = len(places)
                parts.append(Candidates(codes, at, np.full(n, clause), places, _no_line(n)))
            case EnterEvery() | EnterAt():
                pass
    return joined(parts)


def _by_rows(entry: EnterOn, clause: int, by: str | None, triggers: Triggers, after: int) -> Candidates:
    index = triggers.track(entry.rows.kind).index
    rows = triggers.between(entry.rows.kind, after)
    rows = rows[triggers.among(entry.rows, entry.when, rows)]
    line = _no_line(len(rows))
    column = None if by is None else _column(entry.rows.kind, by, triggers)
    if column is not None:
        line = as_text(_field(column, rows, triggers), column.type, triggers.run.program.currency)
    return Candidates(index.codes[rows].astype(np.int64), index.at[rows], np.full(len(rows), clause), rows, line)


def _column(kind: str, name: str, triggers: Triggers) -> ir.Column | None:
    """A field of a kind; None where its rows have none of this name."""
    known = triggers.run.schema.kinds[kind].columns.get(name)
    if known is not None:
        return ir.Column(kind, name, known.type)
    if name == "at":
        return ir.Column(kind, name, INSTANT)
    # The key of another subject, which rows may have or not.
    return ir.Column(kind, name, TEXT) if name in triggers.track(kind).index.frame.columns else None


def _field(column: ir.Column, rows: Ints, triggers: Triggers) -> pl.Series:
    """A field of rows as of their own instants."""
    index = triggers.track(column.kind).index
    points = Points(triggers.run, SUBJECT, index.codes[rows], index.at[rows])
    return points.rows.one_each(column.kind, rows, column)


def _no_line(n: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, n)


def carried(campaign: Campaign, triggers: Triggers, candidates: Candidates) -> pl.DataFrame:
    """The fields of the rows entered on that the campaign's steps read."""
    n = len(candidates)
    columns = {name: pl.Series([None], dtype=dtype_of(type_)).new_from_index(0, n) for name, type_ in campaign.carried}
    for clause, entry in enumerate(campaign.entries):
        here = np.flatnonzero(candidates.clause == clause)
        if not isinstance(entry, EnterOn) or not len(here):
            continue
        for name, type_ in campaign.carried:
            column = _column(entry.rows.kind, name, triggers)
            if column is not None:
                value = _field(column, candidates.row[here], triggers).cast(dtype_of(type_))
                columns[name] = columns[name].scatter(here, value) if len(here) < n else value
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])


def reasons(campaign: Campaign) -> tuple[str, ...]:
    """What is said of an entry by each clause."""
    return tuple(_reason(entry) for entry in campaign.entries)


def _reason(entry: Entry) -> str:
    match entry:
        case EnterOn(rows=rows, word=word):
            return f"on {rows.kind if word is None else word}"
        case EnterEvery(unit=unit):
            return f"every {unit}"
        case EnterAt():
            return "at"
        case EnterOnState(lifecycle=lifecycle, state=state):
            return f"on {lifecycle} -> {state}"


# --- times --------------------------------------------------------------------------------------------------------

Timetable = list[tuple[int, int, ir.Expr | None]]
"""(instant, number of the clause, guard), in the order in which they are tried."""


def timetable(campaign: Campaign, after: int, to: int, zone: str) -> Timetable:
    """When customers enter by the clock, in (after, to]."""
    found: Timetable = []
    for clause, entry in enumerate(campaign.entries):
        match entry:
            case EnterEvery(unit=unit, time=time, when=when):
                found.extend((instant, clause, when) for instant in occurrences(unit, time, after, to, zone))
            case EnterAt(instant=moment, when=when):
                instant = to_microseconds(moment)
                if after < instant <= to:
                    found.append((instant, clause, when))
            case EnterOn() | EnterOnState():
                pass
    return sorted(found, key=lambda one: one[:2])


def timed(codes: Ints, instant: int, clause: int) -> Candidates:
    """These customers at one instant."""
    n = len(codes)
    return Candidates(codes, np.full(n, instant), np.full(n, clause), np.zeros(n, np.int64), _no_line(n))


def who_fits(triggers: Triggers, instant: int, when: ir.Expr | None, free: Bools, *, often: bool) -> Ints:
    """Codes of those among the free who exist at an instant and fit a guard.

    `often` says that many instants are asked about. Then rows are put in the order of time to look for candidates, and
    nothing is kept; otherwise everyone is asked, and what that takes is kept for others who ask at the same instant.
    """
    run = triggers.run
    if when is not None and often:
        want = wanted(when, triggers)
        few = None if want is None else candidates(want, triggers, instant, len(free) // _FEW)
        if few is not None:  # whoever has a row is there
            few = few[free[few]]
            return few[Points(run, SUBJECT, few, instant).mask(when)]
    fits = free & run.store.exists(SUBJECT, instant)
    few = np.flatnonzero(fits)
    if when is None or not len(few):
        return few
    if len(few) * _FEW < len(fits):
        return few[Points(run, SUBJECT, few, instant).mask(when)]
    everyone = Points(run, SUBJECT, None, instant) if often else run.points(SUBJECT, None, instant)
    fits &= everyone.mask(when)
    return np.flatnonzero(fits)


_FEW = 8
"""Asking one customer in this many by themselves costs less than asking everyone."""

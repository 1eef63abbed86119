"""When an instance moves: the first row that lets it, and the deadlines of a timer.

In: the oracle of expressions, an instance's key, what is past for it. Out: rows and instants.
Invariant: a row seen here is seen at its own instant, and a guard is asked at the instant of its move.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from rulecrm.syntax import ast
from rulecrm.syntax.journeys import AfterSilence
from tests.oracle.point import Entry, Point
from tests.oracle.world import Row
from tests.oracle.zone import Shift

if TYPE_CHECKING:
    from tests.oracle.interpreter import Oracle

__all__ = ["Event", "Instance", "Past", "firing", "first_row"]


@frozen
class Past:
    """Which rows have had their turn at t: all before it, and of those at t either all, or by kind those up to one."""

    t: dt.datetime | None
    all_at_t: bool = False
    taken: Mapping[str, Row] = field(factory=dict)

    def holds(self, row: Row) -> bool:
        """Whether a row is past."""
        if self.t is None or row.at > self.t:
            return False
        if row.at < self.t or self.all_at_t:
            return True
        return row.kind in self.taken and row.order <= self.taken[row.kind].order

    def after(self, row: Row) -> Past:
        """After a move by a row: it and the rows of its kind before it are past."""
        if row.at == self.t:
            return evolve(self, taken={**self.taken, row.kind: row})
        return Past(row.at, taken={row.kind: row})


@frozen
class Instance:
    """A customer in a lifecycle, or one journey: whose it is, what is past for it, how it was entered."""

    key: str
    past: Past
    entry: Entry | None = None

    def point(self, now: dt.datetime) -> Point:
        """From where its guards are seen at an instant."""
        return Point("customer", self.key, now, entry=self.entry, guard=True)


@frozen
class Event:
    """`KIND [where P] [when Q]`."""

    word: str
    where: ast.Expression | None = None
    when: ast.Expression | None = None


def first_row(oracle: Oracle, instance: Instance, event: Event, until: dt.datetime) -> Row | None:
    """The first row, not past and not after `until`, that lets the instance move."""
    for row in oracle.occurrences(event.word, instance.key, until):
        if instance.past.holds(row) or not oracle.fits(row, event.word, event.where, instance.point(row.at)):
            continue
        if event.when is None or oracle.holds(event.when, instance.point(row.at)):
            return row
    return None


def firing(oracle: Oracle, instance: Instance, timer: AfterSilence, until: dt.datetime) -> dt.datetime | None:
    """The instant at which a timer moves an instance that has rested since t; None where it does not by `until`."""
    for deadline in _deadlines(oracle, instance, timer, until):
        if deadline > until:
            return None
        if timer.when is None or oracle.holds(timer.when, instance.point(deadline)):
            return deadline
    return None


def _deadlines(oracle: Oracle, instance: Instance, timer: AfterSilence, until: dt.datetime) -> Iterator[dt.datetime]:
    """Instants at which the timer runs out: after the stay began, or after the rows that start it anew."""
    start = instance.past.t
    if start is None:
        return
    length = oracle.evaluate(timer.duration, instance.point(start))
    assert isinstance(length, Shift), length
    rows: list[Row] = []
    if timer.without is not None:
        rows = [
            row
            for row in oracle.occurrences(timer.without.text, instance.key, until)
            if not instance.past.holds(row)
            and oracle.fits(row, timer.without.text, timer.where, instance.point(row.at))
        ]
    while True:
        deadline = oracle.zone.shift(start, length)
        later = [row.at for row in rows if row.at > start]
        if not later or later[0] > deadline:  # nothing started it anew: it runs out
            yield deadline
        if not later:
            return
        start = later[0]

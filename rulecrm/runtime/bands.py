"""Bands: many windows that end at one instant over the same rows, taken in one sweep back through time.

In: rows in the order of time, and for each window where it begins and what its total is compared with. Out: a Boolean
column for each window.
Invariant: from one window to the next longer one only the rows between their beginnings are looked at; totals are
integers, so the order of rows leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from attrs import define, frozen

from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.operands import compare

__all__ = ["NOTHING", "Band", "Timed", "sweep"]

NOTHING = 2**61
"""Further from zero than any total that is swept: stands for the total over no rows, which compares with nothing."""


@frozen
class Band:
    """A window of rows after the instant `edge`, and the comparison of its total with a constant."""

    edge: int
    op: str
    constant: int


@frozen(eq=False)
class Timed:
    """Rows in the order of time.

    Attributes:
        at: their instants, ascending.
        codes: the subject of each.
        values: what is added up; None counts rows, and no rows are 0. A total over no rows compares with nothing.
        subjects: how many subjects there are.
    """

    at: Ints
    codes: Ints
    values: Ints | None
    subjects: int


@define(eq=False)
class _Totals:
    """The running total of each subject, and which of them have had a row (None: where rows are counted)."""

    values: Ints
    seen: Bools | None

    def add(self, codes: Ints, values: Ints | None) -> None:
        """Take more rows in."""
        if self.seen is not None:
            fresh = codes[~self.seen[codes]]
            self.values[fresh] = 0
            self.seen[fresh] = True
        np.add.at(self.values, codes, 1 if values is None else values)


def sweep(rows: Timed, until: int, bands: Sequence[Band]) -> list[pl.Series]:
    """Whether the total of each subject's rows in each window compares as asked.

    Args:
        rows: the rows.
        until: the last instant of all windows.
        bands: the windows; constants lie between −`NOTHING` and `NOTHING`.
    """
    found: list[pl.Series | None] = [None] * len(bands)
    ends = np.searchsorted(rows.at, np.array([band.edge for band in bands], np.int64), side="right")
    last = int(np.searchsorted(rows.at, until, side="right"))
    for upwards in (True, False):
        chosen = [number for number, band in enumerate(bands) if (band.op in ("ge", "gt")) is upwards]
        if not chosen:
            continue
        totals = _nothing(rows, upwards=upwards)
        reached = last
        for number in sorted(chosen, key=lambda one: -int(ends[one])):
            begin = min(int(ends[number]), reached)
            if begin < reached:
                values = None if rows.values is None else rows.values[begin:reached]
                totals.add(rows.codes[begin:reached], values)
                reached = begin
            band = bands[number]
            found[number] = compare(band.op, pl.Series(totals.values), band.constant)
    return [one for one in found if one is not None]


def _nothing(rows: Timed, *, upwards: bool) -> _Totals:
    if rows.values is None:
        return _Totals(np.zeros(rows.subjects, np.int32), None)
    without = -NOTHING if upwards else NOTHING
    return _Totals(np.full(rows.subjects, without, np.int64), np.zeros(rows.subjects, bool))

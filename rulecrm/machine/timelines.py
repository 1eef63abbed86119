"""Timelines: every move of every customer through a lifecycle, up to an instant.

In: moves, customer by customer in the order in which they were made. Out: state, since, previous, moves at any instant.
Invariant: what is said of an instant depends on moves at or before it alone.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import define, frozen

from rulecrm.runtime.arrays import Array, Ints, masked
from rulecrm.runtime.course import search

__all__ = ["Move", "Timeline"]


@frozen
class Move:
    """One move: its instant, the states left and entered, its number among the moves written at the one left."""

    at: int
    left: int
    to: int
    by: int


@define(eq=False)
class Timeline:
    """The moves of all customers.

    Attributes:
        states: names of the states.
        start: number of the state in which everybody begins.
        begins: for each customer the instant of the beginning, `NEVER` where there is none (Int64 microseconds).
        offsets: one more than there are customers: moves of customer c are [offsets[c], offsets[c + 1]).
        at: the instant of each move (Int64 microseconds), in order within a customer.
        to: the number of the state moved to.
        by: the number of the move among those written at the state it left, events before timers.
        horizon: the last instant of which anything is said.
    """

    states: tuple[str, ...]
    start: int
    begins: Ints
    offsets: Ints
    at: Ints
    to: Ints
    by: Ints
    horizon: int

    @property
    def codes(self) -> Ints:
        """The customer of each move."""
        return np.repeat(np.arange(len(self.begins), dtype=np.int32), np.diff(self.offsets))

    @property
    def came_from(self) -> Ints:
        """The number of the state that each move left."""
        before = np.full(len(self.to), self.start, self.to.dtype)
        before[1:] = self.to[:-1]
        firsts = self.offsets[:-1][np.diff(self.offsets) > 0]
        before[firsts] = self.start
        return before

    def part(self, part: str, codes: Ints | None, instants: int | Ints) -> pl.Series:
        """`state`, `since`, `previous` or `moves` (see `ir.State`) of customers, each as of an instant.

        Args:
            part: which.
            codes: of customers, −1 for one whom no fact knows; None for all.
            instants: one for all or one each, none after the horizon.
        """
        ends = self._upto(codes, instants)
        begins = self.offsets[:-1] if codes is None else self.offsets[np.maximum(codes, 0)]
        if codes is not None:
            ends = np.where(codes >= 0, ends, begins)
        if part == "moves":
            return pl.Series((ends - begins).astype(np.int64))
        if part == "since":
            born = self.begins if codes is None else self.begins[np.maximum(codes, 0)]
            here = _pick(self.at, ends - 1, ends > begins, born)
            known = here <= instants
            return masked(here, known if codes is None else known & (codes >= 0))
        if part == "previous":
            before = _pick(self.to, ends - 2, ends > begins + 1, self.start)
            return masked(before.astype(np.int64), ends > begins)
        assert part == "state", part
        return pl.Series(_pick(self.to, ends - 1, ends > begins, self.start).astype(np.int64))

    def _upto(self, codes: Ints | None, instants: int | Ints) -> Ints:
        """The position just past the moves of each customer at or before its instant."""
        if codes is None and isinstance(instants, int):
            if not len(self.at) or instants >= self.horizon:
                return self.offsets[1:]
            running = np.zeros(len(self.at) + 1, self.offsets.dtype)
            np.cumsum(self.at <= instants, out=running[1:], dtype=self.offsets.dtype)
            counted: Ints = self.offsets[:-1] + np.diff(running[self.offsets])
            return counted
        subjects = np.arange(len(self.begins)) if codes is None else np.maximum(codes, 0)
        each = np.full(len(subjects), instants) if isinstance(instants, int) else instants
        return search(self.offsets, self.at, subjects, each)

    def last(self, code: int, instant: int) -> Move | None:
        """The last move of a customer at or before an instant."""
        places = slice(int(self.offsets[code]), int(self.offsets[code + 1]))
        made = int(np.searchsorted(self.at[places], instant, side="right"))
        if not made:
            return None
        place = places.start + made - 1
        left = int(self.to[place - 1]) if made > 1 else self.start
        return Move(int(self.at[place]), left, int(self.to[place]), int(self.by[place]))

    def moves(self, keys: pl.Series, until: int) -> pl.DataFrame:
        """A row for each move up to an instant: key, `at`, `from`, `to`, by customer and in the order made."""
        names = pl.Series(self.states, dtype=pl.Enum(self.states))
        columns = [
            keys.gather(pl.Series(self.codes)),
            pl.Series("at", self.at).cast(pl.Datetime("us", "UTC")),
            names.gather(pl.Series(self.came_from.astype(np.uint32))).alias("from"),
            names.gather(pl.Series(self.to.astype(np.uint32))).alias("to"),
        ]
        frame = pl.DataFrame(columns)
        return frame if until >= self.horizon else frame.filter(pl.Series(self.at <= until))


def _pick(values: Ints, places: Ints, there: Array, otherwise: int | Ints) -> Ints:
    """Values at places, something else where no place is there."""
    if not len(values):
        return np.broadcast_to(np.asarray(otherwise, np.int64), len(places)).copy()
    found: Ints = np.where(there, values[np.where(there, places, 0)], otherwise)
    return found

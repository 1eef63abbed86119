"""What an advance reads and writes, wherever it is kept.

In: nothing. Out: `Book`, which a ledger's advance is, and `Memory`, for replaying history.
Invariant: what is written can be read by the next advance, and nothing else changes it.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.machine.stored import SHAPE as JOURNEY_SHAPE
from rulecrm.model.decisions import DECISIONS
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.ordering import by_time
from rulecrm.runtime.physical import dtype_of

__all__ = ["DECISION_SHAPE", "GRANTED", "Book", "Memory", "in_time"]

DECISION_SHAPE: dict[str, pl.DataType] = {column.name: dtype_of(column.type) for column in DECISIONS}
"""Columns of the table of decisions inside: instants are Int64."""

GRANTED = ("campaign", "customer", "channel", "due")
"""Columns of what caps and budgets count."""

ENTRIES = ("campaign", "customer", "line", "entered", "turn", "ended")
"""Columns of who has entered what."""

_SETTLES = ("due", "choice", "channel", "template", "via", "values", "outcome", "reason")


class Book(Protocol):
    """One advance's view of the ledger: all frames in physical form."""

    def journeys(self) -> pl.DataFrame:
        """Every journey that has not ended: the columns of `JOURNEYS`."""
        ...

    def entries(self, customers: pl.Series | None = None, campaign: str | None = None) -> pl.DataFrame:
        """Who has entered what: `campaign customer line entered turn ended`, ended journeys included."""
        ...

    def quiet(self) -> pl.DataFrame:
        """Decisions of outcome `quiet` that are due by the end of the advance: the columns of `DECISIONS`."""
        ...

    def granted(self, since: int, customers: pl.Series | None = None) -> pl.DataFrame:
        """Messages that count for caps and budgets, due after `since`: `campaign customer channel due`."""
        ...

    def write(
        self,
        *,
        journeys: pl.DataFrame | None = None,
        decisions: pl.DataFrame | None = None,
        settled: pl.DataFrame | None = None,
    ) -> None:
        """Journeys new and moved, new decisions, and quiet ones that have been asked again."""
        ...


_FEW = (
    "campaign", "step", "round", "action", "channel", "template", "via", "values", "messages", "text", "outcome",
    "reason", "version", "rules", "why", "arm",
)  # fmt: skip
"""Columns that hold the same few texts over and over."""


@define(eq=False)
class Memory:
    """A book that nobody keeps; texts that return over and over are held once (Categorical).

    In the end it is emptied: what it holds is large, and is not held twice.

    Attributes:
        to: the end of the advance under way; decisions due later stay quiet.
    """

    to: int = 0
    _live: pl.DataFrame = field(factory=lambda: pl.DataFrame(schema=JOURNEY_SHAPE))
    _ended: dict[str, list[pl.DataFrame]] = field(factory=dict)
    _quiet: pl.DataFrame = field(factory=lambda: pl.DataFrame(schema=DECISION_SHAPE))
    _decided: list[pl.DataFrame] = field(factory=list)

    def take_journeys(self) -> pl.DataFrame:
        """Every journey, the columns of `JOURNEYS`, in the order of entry."""
        parts = [part for own in self._ended.values() for part in own]
        self._ended.clear()
        return _in_order([*_taken(parts), _held(self._live)], "entered", "journey")

    def take_decisions(self) -> pl.DataFrame:
        """Every decision, the columns of `DECISIONS`, in the order of time."""
        return _in_order([*_taken(self._decided), _held(self._quiet)], "at", "decision")

    def journeys(self) -> pl.DataFrame:
        """See `Book.journeys`."""
        return self._live

    def entries(self, customers: pl.Series | None = None, campaign: str | None = None) -> pl.DataFrame:
        """See `Book.entries`."""
        live = self._live if campaign is None else self._live.filter(pl.col("campaign") == campaign)
        ended = [part for symbol, own in self._ended.items() if campaign in (None, symbol) for part in own]
        return _of(
            pl.concat([part.select(ENTRIES).cast({"campaign": pl.String}) for part in (live, *ended)]), customers
        )

    def quiet(self) -> pl.DataFrame:
        """See `Book.quiet`."""
        return self._quiet.filter(pl.col("due") <= self.to)

    def granted(self, since: int, customers: pl.Series | None = None) -> pl.DataFrame:
        """See `Book.granted`."""
        shape = {name: DECISION_SHAPE[name] for name in GRANTED}
        recent = [part.filter(pl.col("due") > since) for part in self._decided]
        found = [part.filter(*_QUEUED).select(GRANTED).cast(pl.Schema(shape)) for part in recent if len(part)]
        return _of(pl.concat([pl.DataFrame(schema=shape), *found]), customers)

    def write(
        self,
        *,
        journeys: pl.DataFrame | None = None,
        decisions: pl.DataFrame | None = None,
        settled: pl.DataFrame | None = None,
    ) -> None:
        """See `Book.write`."""
        if journeys is not None and len(journeys):
            rest = self._live.join(journeys, on="journey", how="anti", maintain_order="left")
            ended = pl.col("ended").is_not_null()
            self._live = pl.concat([rest, journeys.select(*JOURNEY_SHAPE).filter(~ended)])
            for symbol in journeys.get_column("campaign").unique(maintain_order=True).to_list():
                over = journeys.filter(ended, pl.col("campaign") == symbol)
                self._ended.setdefault(symbol, []).append(_held(over.select(*JOURNEY_SHAPE)))
        if settled is not None and len(settled):
            self._quiet = self._quiet.join(settled, on="decision", how="anti", maintain_order="left")
            self._decide(settled)
        if decisions is not None and len(decisions):
            self._decide(decisions)

    def _decide(self, decisions: pl.DataFrame) -> None:
        quiet = pl.col("outcome") == "quiet"
        self._quiet = pl.concat([self._quiet, decisions.select(*DECISION_SHAPE).filter(quiet)])
        self._decided.append(_held(decisions.select(*DECISION_SHAPE).filter(~quiet)))


_QUEUED = (pl.col("outcome") == "queued", pl.col("action") == "send")


def _held(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(name).cast(pl.Categorical) for name in _FEW if name in frame.columns)


def _taken(parts: list[pl.DataFrame]) -> list[pl.DataFrame]:
    taken = parts.copy()
    parts.clear()
    return taken


def _in_order(parts: list[pl.DataFrame], instant: str, name: str) -> pl.DataFrame:
    """All rows of the parts, which are used up, by an instant and then by name."""
    whole = pl.concat(parts)
    parts.clear()
    order = pl.Series(in_time(whole, instant, name).astype(np.uint32))
    # Column by column, for so much may not be held twice; and a column of many pieces is slow to pick from.
    return pl.DataFrame([whole.drop_in_place(column).rechunk().gather(order) for column in whole.columns])


def in_time(frame: pl.DataFrame, instant: str, name: str) -> Ints:
    """Row numbers by an instant and then by name."""

    def ties(rows: Ints) -> Ints:
        shared = frame.select(pl.col(instant, name).gather(pl.Series(rows))).with_columns(pl.Series("row", rows))
        found: Ints = shared.sort(instant, name).get_column("row").to_numpy()
        return found

    return by_time(frame.get_column(instant).to_numpy(), ties)


def _of(frame: pl.DataFrame, customers: pl.Series | None) -> pl.DataFrame:
    if customers is None:
        return frame
    return frame.filter(pl.col("customer").is_in(customers.cast(pl.String).unique().implode()))

"""What an advance reads and writes, wherever it is kept.

In: nothing. Out: `Book`, which a ledger's advance is, and `Memory`, for replaying history.
Invariant: what is written can be read by the next advance, and nothing else changes it.
"""

from __future__ import annotations

from typing import Protocol

import polars as pl
from attrs import define, field

from rulecrm.engine.rows import DECISION_ID, held, in_order
from rulecrm.machine.stored import SHAPE as JOURNEY_SHAPE
from rulecrm.model.decisions import DECISIONS, ENTRIES, GRANTED
from rulecrm.runtime.physical import dtype_of

__all__ = ["DECISION_SHAPE", "Book", "Memory"]

DECISION_SHAPE: dict[str, pl.DataType] = {column.name: dtype_of(column.type) for column in DECISIONS}
"""Columns of the table of decisions inside: instants are Int64."""


class Book(Protocol):
    """One advance's view of the ledger: all frames in physical form."""

    def journeys(self) -> pl.DataFrame:
        """Every journey that has not ended: the columns of `JOURNEYS`."""
        ...

    def entries(self, customers: pl.Series | None = None, campaign: str | None = None) -> pl.DataFrame:
        """Who has entered what: the columns `ENTRIES`, ended journeys included."""
        ...

    def quiet(self) -> pl.DataFrame:
        """Decisions of outcome `quiet` that are due by the end of the advance: the columns of `DECISIONS`."""
        ...

    def granted(self, since: int, customers: pl.Series | None = None) -> pl.DataFrame:
        """Messages that count for caps and budgets, due after `since`: the columns `GRANTED`."""
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


@define(eq=False)
class Memory:
    """A book that nobody keeps. In the end it is emptied: what it holds is large, and is not held twice.

    Attributes:
        to: the end of the advance under way; decisions due later stay quiet.
    """

    to: int = 0
    _live: pl.DataFrame = field(factory=lambda: pl.DataFrame(schema=JOURNEY_SHAPE))
    _ended: dict[str, list[pl.DataFrame]] = field(factory=dict)
    _quiet: pl.DataFrame = field(factory=lambda: pl.DataFrame(schema=DECISION_SHAPE))
    _decided: list[pl.DataFrame] = field(factory=list)

    def take_journeys(self) -> pl.DataFrame:
        """Every journey as it is held, the columns of `JOURNEYS`, in the order of entry."""
        parts = [part for own in self._ended.values() for part in own]
        self._ended.clear()
        return in_order([*_taken(parts), held(self._live)], "entered", pl.col("journey"))

    def take_decisions(self) -> pl.DataFrame:
        """Every decision as it is held, the columns of `DECISIONS` but its id, in the order of time."""
        return in_order([*_taken(self._decided), held(self._quiet)], "at", DECISION_ID)

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
            over = held(journeys.select(*JOURNEY_SHAPE)).filter(ended)
            for symbol in journeys.get_column("campaign").unique(maintain_order=True).to_list():
                self._ended.setdefault(symbol, []).append(over.filter(pl.col("campaign") == symbol))
        if settled is not None and len(settled):
            self._quiet = self._quiet.join(settled, on="decision", how="anti", maintain_order="left")
            self._decide(settled)
        if decisions is not None and len(decisions):
            self._decide(decisions)

    def _decide(self, decisions: pl.DataFrame) -> None:
        quiet = pl.col("outcome") == "quiet"
        self._quiet = pl.concat([self._quiet, decisions.select(*DECISION_SHAPE).filter(quiet)])
        self._decided.append(held(decisions.select(*DECISION_SHAPE)).filter(~quiet))


_QUEUED = (pl.col("outcome") == "queued", pl.col("action") == "send")


def _taken(parts: list[pl.DataFrame]) -> list[pl.DataFrame]:
    taken = parts.copy()
    parts.clear()
    return taken


def _of(frame: pl.DataFrame, customers: pl.Series | None) -> pl.DataFrame:
    if customers is None:
        return frame
    return frame.filter(pl.col("customer").is_in(customers.cast(pl.String).unique().implode()))

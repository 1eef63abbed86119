"""Backtest: history replayed with a virtual clock; what would have been sent, to whom, at what cost.

In: rules, facts, from when to when. Out: `Backtest`: journeys, decisions, and what they come to.
Invariant: its decisions equal, row for row, those of an engine that had been run then with the same facts; no ledger is
opened, nothing is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import polars as pl
from attrs import frozen

from rulecrm.engine.advancing import Progress, Span, VersionedRules, advance
from rulecrm.engine.book import Memory
from rulecrm.engine.rows import at_the_door
from rulecrm.engine.versions import rules_hash
from rulecrm.facts import Facts
from rulecrm.machine.journeys import Clock
from rulecrm.model.decisions import DECISIONS, JOURNEYS
from rulecrm.model.instants import from_microseconds
from rulecrm.model.program import Program

__all__ = ["Backtest", "backtest"]


@frozen(eq=False, repr=False)
class Backtest:
    """What would have happened.

    Attributes:
        start: where the clock began, UTC.
        end: where it stopped, UTC.
        zone: IANA name of the rules' zone, in which days are counted.
        currency: of costs.
        prices: what one message costs, by channel.
    """

    _decisions: pl.DataFrame
    _journeys: pl.DataFrame
    start: dt.datetime
    end: dt.datetime
    zone: str
    currency: str
    prices: Mapping[str, Decimal]

    def __repr__(self) -> str:
        sent = self._decisions.filter(_SENT).height
        days = f"{self.start:%Y-%m-%d}..{self.end:%Y-%m-%d}"
        return f"<Backtest {days}: {self._journeys.height} journeys, {sent} messages>"

    @property
    def decisions(self) -> pl.DataFrame:
        """The columns of `rulecrm.model.decisions.DECISIONS`, instants in UTC, in the order of time."""
        return at_the_door(self._decisions, DECISIONS)

    @property
    def journeys(self) -> pl.DataFrame:
        """The columns of `rulecrm.model.decisions.JOURNEYS`, instants in UTC, in the order of entry."""
        return at_the_door(self._journeys, JOURNEYS)

    def audiences(self) -> pl.DataFrame:
        """A row for each campaign: `campaign`, `entered`, of them `treated`, `control`, `holdout`, and `ended`."""
        arms = [(pl.col("arm") == arm).sum().cast(pl.Int64).alias(arm) for arm in ("treated", "control", "holdout")]
        ended = pl.col("ended").is_not_null().sum().cast(pl.Int64).alias("ended")
        grouped = self._journeys.group_by(pl.col("campaign").cast(pl.String))
        return grouped.agg(pl.len().cast(pl.Int64).alias("entered"), *arms, ended).sort("campaign")

    def waves(self) -> pl.DataFrame:
        """A row for each wave and outcome.

        Columns: `campaign`, `wave`, `step`, `round`, `channel`, `template`, `outcome`, `messages`.
        """
        by = ["campaign", "wave", "step", "round", "channel", "template", "outcome"]
        return _counted(self._decisions.filter(pl.col("action") == "send"), by)

    def days(self) -> pl.DataFrame:
        """A row for each day, campaign and channel on which messages go out: `day` (local), …, `messages`."""
        by = ["day", "campaign", "channel"]
        due = pl.col("due").cast(pl.Datetime("us", "UTC"))
        day = due.dt.convert_time_zone(self.zone).dt.date().alias("day")
        return _counted(self._decisions.filter(_SENT).with_columns(day), by)

    def outcomes(self) -> pl.DataFrame:
        """A row for each campaign, outcome and reason, with the number of messages: what collided with which cap."""
        by = ["campaign", "outcome", "reason"]
        return _counted(self._decisions.filter(pl.col("outcome") != "done"), by)

    def cost(self) -> pl.DataFrame:
        """A row for each campaign and channel: `messages`, and `cost` (Decimal(38, 4); missing without a price)."""
        by = ["campaign", "channel"]
        counted = _counted(self._decisions.filter(_SENT), by)
        prices = [self.prices.get(channel) for channel in counted.get_column("channel").to_list()]
        counts = counted.get_column("messages").to_list()
        costs = [None if price is None else price * count for price, count in zip(prices, counts, strict=True)]
        return counted.with_columns(pl.Series("cost", costs, dtype=pl.Decimal(38, 4)))

    def _repr_html_(self) -> str:
        html: str = self.audiences()._repr_html_()
        return html


_SENT = (pl.col("action") == "send") & (pl.col("outcome") == "queued")


def backtest(
    program: Program,
    facts: Facts,
    *,
    start: int,
    end: int,
    seed: str = "rulecrm",
    prices: Mapping[str, Decimal] | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """See `Rules.backtest`; instants in microseconds since 1970-01-01 UTC."""
    rules, book = VersionedRules(program, rules_hash(program)), Memory()
    # A stretch of time after another: the decisions are the same, and what an advance holds meanwhile stays small.
    since, length, days = start, _FIRST, (end - start) // _DAY
    while True:
        if progress is not None:
            progress((since - start) // _DAY, days, f"{from_microseconds(since):%Y-%m-%d}")
        book.to = to = min(since + length, end)
        counts = advance(rules, facts, book, Span(Clock(since, to, start), seed, ahead=end))
        if to == end:
            break
        since, length = to, _next_length(length, counts.entered + counts.decided)
    if progress is not None:
        progress(days, days, "")
    return Backtest(
        book.take_decisions(),
        book.take_journeys(),
        from_microseconds(start),
        from_microseconds(end),
        program.zone,
        program.currency,
        prices or {},
    )


_DAY = 86_400_000_000
_FIRST = 30 * _DAY
"""How long the first stretch is."""
_ROWS = 500_000
"""As many journeys and decisions as a stretch is to bring."""


def _next_length(length: int, rows: int) -> int:
    """How long the stretch after one that brought so many rows is: whole days, one at least."""
    fitting = length * _ROWS // max(rows, 1)
    return max(min(fitting, 4 * length) // _DAY, 1) * _DAY


def _counted(frame: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """How many rows there are of each, as `messages`, sorted."""
    counted = frame.group_by(by).agg(pl.len().cast(pl.Int64).alias("messages"))
    return counted.with_columns(pl.col(pl.Categorical).cast(pl.String)).sort(by)

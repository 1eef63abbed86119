"""A ledger in memory: what an engine does with the journeys of a campaign, without a database and without a policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from rulecrm.machine.acts import EXTRA
from rulecrm.machine.journeys import Clock, Draws, advance_campaign
from rulecrm.machine.stored import SHAPE, read
from rulecrm.machine.timelines import Timeline
from rulecrm.machine.triggers import Triggers
from rulecrm.model.decisions import DECISIONS
from rulecrm.model.machine import Campaign
from rulecrm.runtime.physical import dtype_of
from rulecrm.runtime.run import Run

__all__ = ["Ledger"]


class Ledger:
    """Journeys and acts of campaigns, by symbol; every advance reads them from their rows."""

    def __init__(self, start: int, *, lateness: int = 0, seed: str = "rulecrm", holdout: int = 0) -> None:
        self.start = self.clock = start
        self.lateness, self.draws = lateness, Draws(seed, holdout)
        self.journeys = pl.DataFrame(schema=SHAPE)
        self.acts = pl.DataFrame(schema={column.name: dtype_of(column.type) for column in (*DECISIONS, *EXTRA)})

    def advance(
        self, run: Run, campaigns: Sequence[Campaign], to: int, timelines: Callable[[str], Timeline] | None = None
    ) -> None:
        """Do everything that happens up to `to`."""
        clock = Clock(self.clock, to, self.start, self.lateness)
        triggers = Triggers(run, to)
        for campaign in campaigns:
            mine = self.journeys.filter(pl.col("campaign") == campaign.symbol)
            live = read(mine.filter(pl.col("ended").is_null()), campaign, run.store.register("customer"))
            over = mine.filter(pl.col("ended").is_not_null())
            moved = advance_campaign(
                campaign,
                live,
                triggers,
                clock,
                self.draws,
                timelines=timelines or _none,
                before=lambda keys, over=over: over.filter(pl.col("customer").is_in(keys.implode())),
            )
            kept = self.journeys.join(moved.rows, on="journey", how="anti", maintain_order="left")
            self.journeys = pl.concat([kept, moved.rows])
            self.acts = pl.concat([self.acts, moved.acts])
        self.clock = to

    def told(self, *columns: str) -> list[tuple[object, ...]]:
        """Columns of the acts in the order of time."""
        return self.acts.sort("at", "customer", "entered", "turn", maintain_order=True).select(columns).rows()


def _none(lifecycle: str) -> Timeline:
    raise AssertionError(lifecycle)

"""Journeys of a campaign, advanced from one clock to the next.

In: a campaign, its journeys under way, facts. Out: `Moved`: journeys under way, rows of both tables.
Invariant: what happens to whom, and when, is the same however the time between two clocks is divided into advances; and
for a backtest (one advance over everything, nobody under way) the same as for an engine that had been run then.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.machine.belonging import Timelines, leaving
from rulecrm.machine.draws import Draws
from rulecrm.machine.entering import Before, Clock, Entering
from rulecrm.machine.live import Journeys, journey_ids, together
from rulecrm.machine.stored import write
from rulecrm.machine.travel import Road
from rulecrm.machine.triggers import Triggers
from rulecrm.model.machine import Campaign

__all__ = ["Before", "Clock", "Draws", "Moved", "Timelines", "advance_campaign"]


@frozen(eq=False)
class Moved:
    """What an advance did to the journeys of one version of one campaign.

    Attributes:
        under_way: journeys that have not ended.
        rows: of `JOURNEYS` (instants Int64): those entered, moved or ended in this advance.
        entered: how many of them were entered.
        ended: how many of them have ended.
        acts: what they did: `DECISIONS` and `acts.EXTRA`; messages have no outcome yet.
    """

    under_way: Journeys
    rows: pl.DataFrame
    entered: int
    ended: int
    acts: pl.DataFrame


def advance_campaign(
    campaign: Campaign,
    journeys: Journeys,
    triggers: Triggers,
    clock: Clock,
    draws: Draws,
    *,
    timelines: Timelines,
    before: Before | None = None,
    rules: str = "",
    enter: bool = True,
) -> Moved:
    """Everything that happens to a campaign in (clock.since, clock.to], and what late facts still change.

    Args:
        campaign: one version of it.
        journeys: those of this version that are under way; they are changed in place.
        triggers: over the facts as they are now, with the horizon `clock.to`; every campaign of an advance shares them.
        clock: from when to when.
        draws: seed and holdout.
        timelines: of lifecycles that customers enter by, or whose states the campaign belongs to.
        before: what else the ledger knows of the campaign's journeys; None where there is nothing.
        rules: hash of the rules, for the acts.
        enter: whether anybody enters; False for versions that are only finished.
    """
    assert triggers.horizon == clock.to, "triggers are of another clock"
    road = Road(campaign, triggers, draws.seed)
    if campaign.lifecycle is not None:
        journeys.left = leaving(journeys, *campaign.lifecycle, timelines)
    acts = road.travel(journeys)
    parts = [journeys]
    count = len(journeys)
    if enter and campaign.entries:
        for entered, done in Entering(campaign, road, clock, draws, timelines, before, journeys).parts():
            acts.extend(done, count)
            parts.append(entered)
            count += len(entered)
    whole = together(parts)
    ids = journey_ids(campaign.symbol, whole.fixed)
    changed, own = whole, ids
    if not whole.moved.all():
        moved = np.flatnonzero(whole.moved)
        changed, own = whole.take(moved), ids.gather(pl.Series(moved))
    return Moved(
        whole if whole.under_way.all() else whole.take(np.flatnonzero(whole.under_way)),
        write(changed, own, campaign, triggers.run.program.currency),
        count - len(journeys),
        int((~changed.under_way).sum()),
        acts.frame(whole, ids, rules=rules, decided=clock.to),
    )

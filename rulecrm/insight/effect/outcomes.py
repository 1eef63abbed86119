"""What customers did in their windows: bought, for how much, at what margin, answered, reached the goal.

In: a trial, a window. Out: for each customer whose window has passed, a number.
Invariant: a window is (start, start + D] on the calendar of the zone, and counts only when it has passed at T.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import define, field, frozen

from rulecrm.engine.advancing import start_machine
from rulecrm.engine.hearing import KINDS
from rulecrm.facts import Facts
from rulecrm.insight.effect.courses import Course
from rulecrm.insight.effect.trial import Trial, Units
from rulecrm.insight.shop import Shop
from rulecrm.machine.triggers import NEVER, SUBJECT, Triggers
from rulecrm.machine.words import from_json
from rulecrm.model.durations import Duration
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.memo import Memo

__all__ = ["MEASURES", "MONEY", "Outcomes", "Seen", "bought"]

MEASURES = ("response", "repurchase", "goal", "revenue", "margin")
"""What is measured, in the order in which it is shown."""

MONEY = ("revenue", "margin")
"""Measures that are amounts a customer; the others are shares of customers."""

_ANSWERS = ("opened", "clicked", "replied")


@frozen(eq=False)
class Seen:
    """A measure in a window.

    Attributes:
        arm: of the customers whose windows have passed, as in `Units`.
        value: of each: 1 for one who did it, or an amount in 1/10,000 units of the reporting currency.
        before: the same amount before the entry, where it was asked for.
        open: how many customers' windows have not passed yet.
    """

    arm: Ints
    value: Ints
    before: Ints | None
    open: int


@define(eq=False)
class Outcomes:
    """What the customers of a trial did; everything that is read is read once.

    Attributes:
        shop: the shop.
        trial: the campaign.
        unknown: of purchases, how many have no amount; of items, how many have no cost.
    """

    shop: Shop
    trial: Trial
    unknown: dict[str, int] = field(factory=dict)
    _courses: Memo[str, Course] = field(factory=Memo)
    _goals: Memo[str, Ints] = field(factory=Memo)

    def lacking(self, measure: str) -> str | None:
        """What is not there to measure it by; None where all is."""
        has = self.shop.has
        match measure:
            case "goal":
                return None if self.trial.campaign.goal is not None else "goal"
            case "repurchase":
                return None if has("purchase") else "purchases"
            case "revenue":
                return None if has("purchase", "amount") else "amounts"
            case "margin":
                return None if has("item", "amount", "cost") else "costs"
            case _:
                return None

    def seen(
        self, measure: str, window: Duration, units: Units, *, wave: int | None, before: Duration | None = None
    ) -> Seen:
        """A measure of customers in their windows."""
        until = calendar.later(units.start, window, self.shop.zone)
        over = until <= self.trial.now
        earlier: Ints | None = None
        if measure == "goal":
            at = self._goals.get("goal", self._goal)[units.code]
            value = ((at > units.start) & (at <= until)).astype(np.int64)
        else:
            course = self._course(measure, wave)
            count, total = course.within(units.code, units.start, until)
            value = total if measure in MONEY else (count > 0).astype(np.int64)
            if before is not None and measure in MONEY:
                since = calendar.later(units.entered, -before, self.shop.zone)
                earlier = course.within(units.code, since, units.entered)[1][over]
        return Seen(units.arm[over], value[over], earlier, len(over) - int(np.count_nonzero(over)))

    # --- rows -----------------------------------------------------------------------------------------------------

    def _course(self, measure: str, wave: int | None) -> Course:
        match measure:
            case "response":
                return self._courses.get(f"response {wave}", lambda: self._responses(wave))
            case "margin":
                return self._courses.get("margin", self._margins)
            case _:  # one course tells both how often and for how much
                return self._courses.get("purchases", self._purchases)

    def _purchases(self) -> Course:
        rows = bought(self.shop)
        self.unknown["revenue"] = rows.get_column("value").null_count() if self.lacking("revenue") is None else 0
        return self.trial.course(rows)

    def _margins(self) -> Course:
        items = self.shop.rows("item", ["customer", "amount", "cost"]).filter(pl.col("customer").is_not_null())
        rows = items.select("customer", "at", value=pl.col("amount") - pl.col("cost")).collect(engine="in-memory")
        self.unknown["margin"] = rows.get_column("value").null_count()
        return self.trial.course(rows)

    def _responses(self, wave: int | None) -> Course:
        mine = self.trial.messages
        mine = mine if wave is None else mine.filter(pl.col("wave") == wave)
        parts = [mine.select("customer", at=pl.col(name)).drop_nulls("at") for name in _ANSWERS]
        return self.trial.course(pl.concat(parts).with_columns(value=pl.lit(1, pl.Int64)))

    def _goal(self) -> Ints:
        """For each customer of the trial, when the goal was first reached after the entry."""
        campaign, whole = self.trial.campaign, self.trial.whole
        assert campaign.goal is not None
        run = start_machine(self.shop.rules.program, self._facts(campaign.goal.rows.kind), [campaign])
        triggers = Triggers(run, self.trial.now)
        track, trigger = triggers.track(campaign.goal.rows.kind), triggers.of(campaign.goal.rows)
        register = run.store.register(SUBJECT)
        keys = self.trial.customers.get_column("customer").cast(register.keys.dtype, strict=False)
        codes = register.encode(keys)
        there: Bools = codes >= 0
        codes, entered = codes[there], whole.start[there]
        carried = from_json(self.trial.carried.filter(pl.Series(there)), dict(campaign.carried))
        brought = {"entry": pl.Series(entered), **{f"entry.{one.name}": one for one in carried}}
        cursors = track.seek(codes, track.begins[codes], entered + 1)
        found = np.full(len(there), NEVER)
        found[there] = track.at[trigger.after(codes, cursors, brought)]
        return found

    def _facts(self, kind: str) -> Facts:
        """The shop's facts; where the goal is something done with a message, with what the ledger was told."""
        engine = self.shop.engine
        if kind not in KINDS or engine is None:
            return self.shop.facts
        told = engine.receipts()
        return self.shop.facts if told.is_empty() else self.shop.facts.with_events(told)


def bought(shop: Shop) -> pl.DataFrame:
    """Purchases up to T by known customers: `customer`, `at`, and the amount as `value` where there is one."""
    if not shop.has("purchase"):
        return pl.DataFrame(schema={"customer": pl.String, "at": pl.Datetime("us", "UTC"), "value": pl.Int64})
    if shop.has("purchase", "order"):
        return shop.purchases().select("customer", "at", value="amount")
    amount = ["amount"] if shop.has("purchase", "amount") else []
    rows = shop.rows("purchase", ["customer", *amount]).filter(pl.col("customer").is_not_null())
    value = pl.col("amount") if amount else pl.lit(None, pl.Int64)
    return rows.select("customer", "at", value=value).collect(engine="in-memory")

"""Caps and budgets: who of those who compete for a message gets it.

In: messages in the order in which they are asked, and what was granted before. Out: for each the limit that it broke.
Invariant: when a message is granted, no cap and no budget is exceeded at its instant.

This is the one sequential part of the policy: what is granted to one changes what is left for the next. Customers and
campaigns that stay below every limit whatever happens are not looked at one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.model.machine import Budget, Cap
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Bools, Ints

__all__ = ["over_limits"]


@frozen
class _Limit:
    """A cap, or the budget of one campaign."""

    number: int
    rule: Cap | Budget
    campaign: str | None = None

    def counts(self, campaign: str, channel: str) -> bool:
        """Whether messages of this campaign by this channel are counted."""
        return self.rule.channel in (None, channel) and self.campaign in (None, campaign)

    def key(self, customer: str) -> tuple[int, str]:
        """What is counted together: a customer's messages, or a whole campaign's."""
        return self.number, customer if self.campaign is None else ""


def over_limits(
    asked: pl.DataFrame,
    granted: pl.DataFrame,
    caps: Sequence[Cap],
    budgets: Mapping[str, Sequence[Budget]],
    zone: str,
) -> list[str | None]:
    """For each message the limit that forbids it, in words, or None where it is granted.

    Args:
        asked: `customer`, `campaign`, `channel`, `due` (Int64), in the order of asking, `due` never falling.
        granted: the same columns, of messages granted before.
        caps: of the policy.
        budgets: of campaigns, by symbol.
        zone: of calendar days.
    """
    rules: list[tuple[Cap | Budget, str | None]] = [(cap, None) for cap in caps]
    rules += [(budget, campaign) for campaign, own in budgets.items() for budget in own]
    limits = [_Limit(number, rule, campaign) for number, (rule, campaign) in enumerate(rules)]
    verdict: list[str | None] = [None] * len(asked)
    close = _contested(asked, granted, caps, budgets)
    if not close.any():
        return verdict
    messages = asked.filter(pl.Series(close)).select(_COLUMNS)
    words = [_words(limit.rule) for limit in limits]
    since = [_since(messages.get_column("due"), limit.rule, zone) for limit in limits]
    times: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for customer, campaign, channel, due in granted.sort("due").select(_COLUMNS).iter_rows():
        for limit in limits:
            if limit.counts(campaign, channel):
                times[limit.key(customer)].append(due)
    for number, place in enumerate(np.flatnonzero(close)):
        customer, campaign, channel, due = messages.row(number)
        counted = [limit for limit in limits if limit.counts(campaign, channel)]
        for limit in counted:
            held = times[limit.key(customer)]
            if bisect_right(held, due) - bisect_right(held, int(since[limit.number][number])) >= limit.rule.count:
                verdict[place] = words[limit.number]
                break
        else:
            for limit in counted:
                times[limit.key(customer)].append(due)
    return verdict


_COLUMNS = ["customer", "campaign", "channel", "due"]


def _contested(
    asked: pl.DataFrame, granted: pl.DataFrame, caps: Sequence[Cap], budgets: Mapping[str, Sequence[Budget]]
) -> Bools:
    """Messages whose customer or campaign might reach a limit; the others are granted as they are."""
    both = pl.concat([asked.select(_COLUMNS), granted.select(_COLUMNS)])
    close: Bools = np.zeros(len(asked), bool)
    if not len(asked):
        return close
    if caps:
        least = min(cap.count for cap in caps)
        many = both.group_by("customer").len().filter(pl.col("len") > least).get_column("customer")
        close |= asked.get_column("customer").is_in(many.implode()).to_numpy()
    for name, limits in budgets.items():
        own = both.filter(pl.col("campaign") == name).height
        if limits and own > min(limit.count for limit in limits):
            close |= (asked.get_column("campaign") == name).to_numpy()
    if not close.any():
        return close
    # Whoever shares a customer or a campaign with one that is looked at is looked at, too.
    customers = asked.filter(pl.Series(close)).get_column("customer").unique()
    close |= asked.get_column("customer").is_in(customers.implode()).to_numpy()
    return close


def _since(due: pl.Series, limit: Cap | Budget, zone: str) -> Ints:
    """The instant after which (in a calendar unit: from which on) messages count."""
    if limit.per is not None:
        moved = pl.DataFrame({"due": due}).select(calendar.shift(pl.col("due"), -limit.per, zone))
        return moved.to_series().to_numpy()
    assert isinstance(limit, Cap)
    assert limit.unit is not None
    start = pl.DataFrame({"due": due}).select(calendar.start_of(limit.unit, pl.col("due"), zone)).to_series()
    return start.to_numpy() - 1


def _words(limit: Cap | Budget) -> str:
    what = limit.channel or ("message" if limit.count == 1 else "messages")
    if isinstance(limit, Budget):
        return f"budget: {limit.count} {what} per {limit.per.written(' ')}"
    per = limit.unit if limit.per is None else limit.per.written(" ")
    return f"cap: at most {limit.count} {what} per {per}"

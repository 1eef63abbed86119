"""Caps and budgets: who of those who compete for a message gets it.

In: messages in the order in which they are asked, and what was granted before. Out: for each the limit that it broke.
Invariant: when a message is granted, no cap and no budget is exceeded at its instant.

What is granted to one changes what is left for the next, yet most need not wait for their turn: who fits even if all
that is undecided before were granted is granted, and who breaks a limit by what is granted for sure is refused.
Each round settles some, and with them others. Where rounds no longer pay, the rest is asked one by one.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from attrs import evolve, frozen

from rulecrm.model.machine import Budget, Cap
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.course import search
from rulecrm.runtime.stretches import totals

__all__ = ["over_limits"]

_COLUMNS = ["customer", "campaign", "channel", "due"]

_PAYS = 64
"""A round pays if it settles one message of so many that it looks at."""


def over_limits(
    asked: pl.DataFrame,
    granted: pl.DataFrame,
    caps: Sequence[Cap],
    budgets: Mapping[str, Sequence[Budget]],
    zone: str,
) -> pl.Series:
    """For each message the limit that forbids it, in words, or missing where it is granted.

    Args:
        asked: `customer`, `campaign`, `channel`, `due` (Int64), in the order of asking, `due` never falling.
        granted: the same columns, of messages granted before.
        caps: of the policy.
        budgets: of campaigns, by symbol.
        zone: of calendar days.
    """
    limits = [_Limit(cap) for cap in caps]
    limits += [_Limit(budget, campaign) for campaign, own in budgets.items() for budget in own]
    both = pl.concat([granted.select(_COLUMNS), asked.select(_COLUMNS)])
    customers = _numbered(both.get_column("customer"))
    close = _contested(both, customers, limits) if limits else np.zeros(len(both), bool)
    broken = np.full(len(both), len(limits))
    places = np.flatnonzero(close)
    if len(places):
        waiting = places >= len(granted)
        messages, own = both.select(pl.all().gather(pl.Series(places))), customers[places]
        tallies = [_tally(limit, messages, own, waiting, zone) for limit in limits]
        broken[places] = _first_broken(tallies, waiting, _granted(tallies, waiting))
    words = pl.Series([*(_words(limit.rule) for limit in limits), None], dtype=pl.String)
    return words.gather(pl.Series(broken[len(granted) :]))


@frozen
class _Limit:
    """A cap, or the budget of one campaign."""

    rule: Cap | Budget
    campaign: str | None = None

    def counts(self, messages: pl.DataFrame) -> Bools:
        """Which messages are counted."""
        counted = pl.lit(value=True)
        if self.rule.channel is not None:
            counted &= pl.col("channel") == self.rule.channel
        if self.campaign is not None:
            counted &= pl.col("campaign") == self.campaign
        column = messages.select(counted.alias("counted")).to_series()
        mask: Bools = column.to_numpy() if len(column) == len(messages) else np.ones(len(messages), bool)
        return mask


def _numbered(customers: pl.Series) -> Ints:
    """A small number for each customer."""
    numbers = customers.cast(pl.Categorical(pl.Categories.random())).to_physical()
    return numbers.to_numpy().astype(np.int64)


def _contested(messages: pl.DataFrame, customers: Ints, limits: Sequence[_Limit]) -> Bools:
    """Messages whose customer or campaign might reach a limit; the others are granted as they are."""
    close: Bools = np.zeros(len(messages), bool)
    caps = [limit.rule.count for limit in limits if limit.campaign is None]
    if caps:
        close |= (np.bincount(customers) > min(caps))[customers]
    for limit in limits:
        if limit.campaign is not None:
            own = limit.counts(messages)
            if own.sum() > limit.rule.count:
                close |= own
    # Whoever shares a customer or a campaign with one that is looked at is looked at, too.
    shared = np.zeros(int(customers.max(initial=-1)) + 1, bool)
    shared[customers[close]] = True
    return shared[customers]


# --- what each limit counts ---------------------------------------------------------------------------------------


@frozen(eq=False)
class _Tally:
    """Messages that a limit counts, those of a customer (or of the whole campaign) together, in the order of asking.

    Attributes:
        most: how many may be granted in its time.
        rows: numbers of the messages.
        groups: the number of the group of each.
        since: the place of the first of its group that lies in the time of each.
    """

    most: int
    rows: Ints
    groups: Ints
    since: Ints

    def before(self, state: Bools) -> Ints:
        """How many of those in a state lie before each, in its time."""
        running = totals(state[self.rows])
        counts: Ints = running[:-1] - running[self.since]
        return counts

    def narrowed(self, waiting: Bools) -> _Tally:
        """The groups in which somebody still waits."""
        theirs = np.zeros(int(self.groups.max(initial=-1)) + 1, bool)
        theirs[self.groups[waiting[self.rows]]] = True
        kept = theirs[self.groups]
        if kept.all():
            return self
        moved = totals(kept)
        return evolve(self, rows=self.rows[kept], groups=self.groups[kept], since=moved[self.since[kept]])


def _tally(limit: _Limit, messages: pl.DataFrame, customers: Ints, waiting: Bools, zone: str) -> _Tally:
    """What a limit counts among messages, those granted before standing first."""
    rows = np.flatnonzero(limit.counts(messages))
    due = messages.get_column("due").to_numpy()
    owners = customers[rows] if limit.campaign is None else np.zeros(len(rows), np.int64)
    order = np.lexsort((due[rows], owners))
    rows, owners, due = rows[order], owners[order], due[rows[order]]
    first = np.append(True, owners[1:] != owners[:-1])[: len(rows)]
    groups, offsets = np.cumsum(first) - 1, np.append(np.flatnonzero(first), len(rows))
    since, asked = np.arange(len(rows)), np.flatnonzero(waiting[rows])
    since[asked] = search(offsets, due, groups[asked], _since(due[asked], limit.rule, zone))
    return _Tally(limit.rule.count, rows, groups, since)


def _since(due: Ints, limit: Cap | Budget, zone: str) -> Ints:
    """The instant after which messages count."""
    frame = pl.DataFrame({"due": due})
    if limit.per is not None:
        return frame.select(calendar.shift(pl.col("due"), -limit.per, zone)).to_series().to_numpy()
    assert isinstance(limit, Cap)
    assert limit.unit is not None
    return frame.select(calendar.start_of(limit.unit, pl.col("due"), zone)).to_series().to_numpy() - 1


# --- who gets it --------------------------------------------------------------------------------------------------


def _granted(tallies: Sequence[_Tally], waiting: Bools) -> Bools:
    """Which messages are granted, those granted before included."""
    sure, open_ = ~waiting, waiting.copy()
    while open_.any():
        tallies = [tally.narrowed(open_) for tally in tallies]
        may, fits, over = sure | open_, open_.copy(), np.zeros(len(open_), bool)
        for tally in tallies:
            fits[tally.rows[tally.before(may) >= tally.most]] = False
            over[tally.rows[tally.before(sure) >= tally.most]] = True
        settled = fits | (over & open_)
        sure |= fits
        open_ &= ~settled
        if int(settled.sum()) * _PAYS < sum(len(tally.rows) for tally in tallies):
            return _one_by_one([tally.narrowed(open_) for tally in tallies], open_, sure)
    return sure


def _one_by_one(tallies: Sequence[_Tally], waiting: Bools, sure: Bools) -> Bools:
    """The same, asked in turn: places of granted messages, in order, tell how many lie in the time of each."""
    granted = sure.copy()
    held: list[defaultdict[int, list[int]]] = []
    own: list[dict[int, tuple[int, int, int]]] = []
    for tally in tallies:
        places = defaultdict[int, list[int]](list)
        for place in np.flatnonzero(sure[tally.rows]).tolist():
            places[int(tally.groups[place])].append(place)
        held.append(places)
        here = np.flatnonzero(waiting[tally.rows])
        triples = zip(tally.groups[here].tolist(), tally.since[here].tolist(), here.tolist(), strict=True)
        own.append(dict(zip(tally.rows[here].tolist(), triples, strict=True)))
    for row in np.flatnonzero(waiting).tolist():
        counted = [(number, mine[row]) for number, mine in enumerate(own) if row in mine]
        for number, (group, since, place) in counted:
            places_held = held[number][group]
            if bisect_left(places_held, place) - bisect_left(places_held, since) >= tallies[number].most:
                break
        else:
            granted[row] = True
            for number, (group, _, place) in counted:
                insort(held[number][group], place)
    return granted


def _first_broken(tallies: Sequence[_Tally], waiting: Bools, granted: Bools) -> Ints:
    """The number of the first limit that each refused message broke; the number of limits for all others."""
    refused = waiting & ~granted
    broken = np.full(len(waiting), len(tallies))
    for number in reversed(range(len(tallies))):
        tally = tallies[number]
        rows = tally.rows[tally.before(granted) >= tally.most]
        broken[rows[refused[rows]]] = number
    return broken


# --- words --------------------------------------------------------------------------------------------------------


def _words(limit: Cap | Budget) -> str:
    what = limit.channel or ("message" if limit.count == 1 else "messages")
    if isinstance(limit, Budget):
        return f"budget: {limit.count} {what} per {limit.per.written(' ')}"
    per = limit.unit if limit.per is None else limit.per.written(" ")
    return f"cap: at most {limit.count} {what} per {per}"

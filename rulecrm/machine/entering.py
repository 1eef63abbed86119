"""Entering: the entries of one advance, from who could enter to journeys that have gone as far as they go.

In: a campaign, the clocks, what the ledger knows. Out: journeys entered, and what they did since.
Invariant: candidates are tried in the order of time, in stretches; what was tried in one stretch is settled before the
next is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from attrs import define, evolve, field, frozen

from rulecrm.machine import entries
from rulecrm.machine.acts import Acts
from rulecrm.machine.admission import FIRST, Known, Trial, admit
from rulecrm.machine.belonging import Timelines, after_move, moves_to
from rulecrm.machine.draws import Draws, arms
from rulecrm.machine.entries import Candidates
from rulecrm.machine.lines import Lines, Rule
from rulecrm.machine.live import Fixed, Journeys, begin
from rulecrm.machine.stored import kinds_of, loops_of
from rulecrm.machine.travel import Road
from rulecrm.machine.triggers import SUBJECT, Triggers
from rulecrm.model.machine import Campaign, EnterOn, EnterOnState
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.register import NEVER

__all__ = ["Before", "Clock", "Entering"]

Before = Callable[[pl.Series], pl.DataFrame]
"""Journeys of the campaign, of any version, that the ledger has of these customers (keys as text), without those handed
over as under way: `customer`, `line`, `entered`, `ended` (Int64 instants, `ended` missing if under way)."""


@frozen
class Clock:
    """From when to when, in microseconds since 1970-01-01 UTC.

    Attributes:
        since: the clock before; what happened at it or before has been done.
        to: the new clock; what happens at it is done now.
        start: nothing at it or before it is entered.
        lateness: how much older than `since` a row may be, and still be entered on.
    """

    since: int
    to: int
    start: int
    lateness: int = 0

    @property
    def late(self) -> int:
        """What happened at this instant or before it enters nobody any more."""
        return max(self.start, self.since - self.lateness - 1)


@define(eq=False)
class Entering:
    """The entries of one advance.

    Attributes:
        campaign: who enters what.
        road: its steps.
        clock: from when to when.
        draws: for the arms.
        timelines: of the lifecycles entered by.
        before: what else the ledger knows.
        journeys: those under way, which have moved already.
    """

    campaign: Campaign
    road: Road
    clock: Clock
    draws: Draws
    timelines: Timelines
    before: Before | None
    journeys: Journeys
    _sent: list[tuple[Ints, Journeys, Acts]] = field(factory=list)
    _parts: list[tuple[Journeys, Acts]] = field(factory=list)

    @property
    def _triggers(self) -> Triggers:
        return self.road.triggers

    def parts(self) -> list[tuple[Journeys, Acts]]:
        """Those that entered, with what they have done since."""
        clock, triggers = self.clock, self._triggers

        def moves(lifecycle: str, state: str) -> tuple[Ints, Ints, Ints]:
            return moves_to(self.timelines(lifecycle), state, clock.late, clock.to)

        events = entries.by_events(self.campaign, triggers, moves, clock.late)
        lines = Lines(self._customers, events.code, events.line)
        free = np.full(len(lines), FIRST)
        begun = FIRST
        for upto, timed in self._timed(free):
            here = (events.at > begun) & (events.at <= upto)
            begun = upto
            self._settle(entries.joined([events.take(here), timed]), lines, free)
        return self._parts

    @property
    def _customers(self) -> int:
        return len(self._triggers.run.store.register(SUBJECT))

    def _timed(self, free: Ints) -> Iterator[tuple[int, Candidates]]:
        """Candidates by the clock, a stretch of time after another (its end, and those in it); the last ends at `to`.

        Whoever entered in an earlier stretch and is not free again is no candidate.
        """
        clock = self.clock
        after = max(clock.start, clock.since)
        table = entries.timetable(self.campaign, after, clock.to, self._triggers.run.zone)
        parts: list[Candidates] = []
        held = 0
        for place, (instant, clause, when) in enumerate(table):
            may = free[: self._customers] <= instant
            codes = entries.who_fits(self._triggers, instant, when, may, often=len(table) > _KEPT)
            parts.append(entries.timed(codes, instant, clause))
            held += len(codes)
            if place % _KEPT == _KEPT - 1:
                self._triggers.run.store.forget_instants()
            over = place + 1 == len(table) or table[place + 1][0] > instant
            if held > _MANY and over:
                yield instant, entries.joined(parts)
                parts, held = [], 0
        yield clock.to, entries.joined(parts)

    def _settle(self, candidates: Candidates, lines: Lines, free: Ints) -> None:
        """Try candidates, and keep those that entered."""
        if not len(candidates):
            return
        own = lines.of(candidates.code, candidates.line)
        known = self._known(candidates)
        self._sent = []
        rule = Rule(self.campaign.reentry, self._triggers.run.zone)
        trial = Trial(candidates, own, free[own], known, lines.of(known.code, known.line))
        done = admit(rule, trial, lambda which: self._send(candidates, which))
        free[own[done.order]] = done.free
        entered, turn = np.zeros(len(candidates), bool), np.zeros(len(candidates), np.int64)
        entered[done.order], turn[done.order] = done.entered, done.turn
        for which, journeys, acts in self._sent:
            kept = np.flatnonzero(entered[which])
            everybody = len(kept) == len(which)
            chosen, done_by = (journeys, acts) if everybody else (journeys.take(kept), acts.take(kept))
            chosen.fixed = evolve(chosen.fixed, turn=turn[which[kept]])
            self._parts.append((chosen, done_by))

    def _known(self, candidates: Candidates) -> Known:
        """Journeys of the campaign that these customers have had."""
        mine = self.journeys.fixed
        known = Known(mine.code, mine.text.get_column("line"), mine.entered, self.journeys.ended)
        if self.before is None:
            return known
        register = self._triggers.run.store.register(SUBJECT)
        keys = register.keys.gather(pl.Series(np.unique(candidates.code)))
        rows = self.before(keys.cast(pl.String))
        return Known(
            np.concatenate([known.code, register.encode(rows.get_column("customer").cast(keys.dtype, strict=False))]),
            pl.concat([known.line, rows.get_column("line").cast(pl.String)]),
            np.concatenate([known.entered, rows.get_column("entered").to_numpy()]),
            np.concatenate([known.ended, rows.get_column("ended").fill_null(NEVER).to_numpy()]),
        )

    def _send(self, candidates: Candidates, which: Ints) -> Ints:
        """Send some of the candidates on their way; when each ends."""
        some = candidates.take(which)
        journeys = self._begin(some)
        acts = self.road.travel(journeys)
        self._sent.append((which, journeys, acts))
        return journeys.ended

    def _begin(self, some: Candidates) -> Journeys:
        campaign, triggers = self.campaign, self._triggers
        store = triggers.run.store
        code, n = some.code, len(some)
        keys = store.register(SUBJECT).keys.gather(pl.Series(code)).cast(pl.String)
        arm = arms(store, SUBJECT, self.draws, campaign, code)
        text = pl.DataFrame(
            {
                "customer": keys,
                "line": some.line,
                "why": pl.Series(entries.reasons(campaign)).gather(pl.Series(some.clause)),
                "arm": arm,
            }
        ).with_columns(
            pl.lit(campaign.version).alias("version"), pl.lit(self.clock.to, dtype=pl.Int64).alias("decided")
        )
        carried = entries.carried(campaign, triggers, some)
        fixed = Fixed(code, some.at, np.zeros(n, np.int64), text, carried)
        past = {kind: np.zeros(n, np.int64) for kind in kinds_of(campaign)}
        all_past = np.ones(n, bool)
        left = np.full(n, NEVER)
        for clause, entry in enumerate(campaign.entries):
            here = np.flatnonzero(some.clause == clause)
            if isinstance(entry, EnterOn):
                track = triggers.track(entry.rows.kind)
                first = track.seek(code[here], track.begins[code[here]], some.at[here])
                past[entry.rows.kind][here] = some.row[here] + 1 - first
                all_past[here] = False
            elif isinstance(entry, EnterOnState) and campaign.lifecycle == (entry.lifecycle, entry.state):
                left[here] = after_move(self.timelines(entry.lifecycle), some.row[here], code[here])
        return begin(fixed, left, past, all_past, start=campaign.automaton.start, loops=loops_of(campaign))


_MANY = 2_000_000
"""Candidates by the clock that are held before they are tried."""

_KEPT = 24
"""Instants of which the store may keep where everybody's rows end."""

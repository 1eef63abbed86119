"""Rests: the first move that takes each journey on from where it waits.

In: journeys that are at one `Rest`; triggers whose horizon is the clock to which they go. Out: which of them move, by
what.
Invariant: the move found is the earliest by docs/machine.md: leaving the state comes first at any instant, then events
in the order of their writing, then time; and it depends on facts up to its own instant alone.
"""

from __future__ import annotations

import numpy as np
from attrs import define, field, frozen

from rulecrm.machine.deadlines import deadline, next_round
from rulecrm.machine.live import LEFT, Journeys
from rulecrm.machine.triggers import Track, Triggers
from rulecrm.model import ir
from rulecrm.model.machine import Automaton, Event, Loop, Rest, Rows, Timer
from rulecrm.runtime.arrays import Bools, Ints, expand
from rulecrm.runtime.register import NEVER

__all__ = ["STAYS", "Moves", "Rests"]

STAYS = -3
"""Stands for the target of a journey that nothing moves."""


@frozen(eq=False)
class Moves:
    """What happens to journeys at a rest, one entry a journey.

    Attributes:
        target: the node moved to, LEFT, or STAYS.
        at: when.
        row: position of the row that moves it, −1 where none does.
        kind: number of its kind among those of the rest.
        kinds: those kinds.
        passing: where there is nothing to wait for: the journey goes on as if the rest were not there.
    """

    target: Ints
    at: Ints
    row: Ints
    kind: Ints
    kinds: tuple[str, ...]
    passing: Bools


@define(eq=False)
class Rests:
    """The rests of one automaton.

    Attributes:
        triggers: where rows are found.
        automaton: its nodes.
    """

    triggers: Triggers
    automaton: Automaton
    _opened: dict[tuple[Rows, ir.Expr | None], int] = field(factory=dict)

    def moves(self, number: int, journeys: Journeys, which: Ints) -> Moves:
        """The first move of each of these journeys, which are at the rest of this number."""
        rest = self.automaton.nodes[number]
        assert isinstance(rest, Rest)
        n = len(which)
        at = journeys.at[which]
        due, goal, passing = self._time(rest, journeys, which)
        over = np.minimum(journeys.left[which], NEVER - 1)
        target = np.where(over <= due, LEFT, goal)
        moment = np.minimum(due, over)
        row, kind = np.full(n, -1, np.int64), np.zeros(n, np.int32)
        kinds = tuple(dict.fromkeys(event.rows.kind for event in rest.events))
        # An event at the deadline comes before it, but leaving the state comes before an event.
        limit = np.minimum(np.minimum(due, over - 1), self.triggers.horizon)
        here = np.flatnonzero(~passing & (limit >= at) & (journeys.fixed.code[which] >= 0))
        for event in rest.events:
            if not len(here):
                break
            found = self._first(event, journeys, which[here], limit[here])
            track = self.triggers.track(event.rows.kind)
            hit = found < len(track)
            moved = here[hit]
            row[moved] = found[hit]
            kind[moved] = kinds.index(event.rows.kind)
            moment[moved] = track.at[found[hit]]
            target[moved] = event.target
            # What is written later has to come earlier.
            limit[moved] = moment[moved] - 1
            here = here[limit[here] >= at[here]]
        moment[passing] = at[passing]
        target[~passing & (moment > self.triggers.horizon)] = STAYS
        return Moves(target, moment, row, kind, kinds, passing)

    def _time(self, rest: Rest, journeys: Journeys, which: Ints) -> tuple[Ints, Ints, Bools]:
        """The first timer of each: when it is due, where it leads, and where there is no rest."""
        due = np.full(len(which), NEVER)
        goal = np.zeros(len(which), np.int64)
        passing = np.zeros(len(which), bool)
        for timer in rest.timers:
            ends, none = self._deadline(timer, journeys, which)
            first = (ends < due) & ~passing
            due[first], goal[first] = ends[first], timer.target
            passing |= none & first
        return due, goal, passing

    def _deadline(self, timer: Timer, journeys: Journeys, which: Ints) -> tuple[Ints, Bools]:
        assert timer.when is None, "a wait has no condition"
        assert timer.without is None, "a wait is not started anew"
        zone = self.triggers.run.zone
        if timer.due is not None:
            return deadline(timer, journeys.at[which], zone)
        loop = self.automaton.nodes[timer.target]
        assert isinstance(loop, Loop)
        due = next_round(loop.every, journeys.starts[loop.loop, which], journeys.rounds[loop.loop, which], zone)
        return np.maximum(due, journeys.at[which]), np.zeros(len(which), bool)

    # --- rows -----------------------------------------------------------------------------------------------------

    def _first(self, event: Event, journeys: Journeys, which: Ints, limit: Ints) -> Ints:
        """For each journey the first row that is not past, not after its limit, and fits; the track's length if none.

        Few rows are tested where they lie. Where many are asked for again and again, all rows are tested once.
        """
        track = self.triggers.track(event.rows.kind)
        codes = journeys.fixed.code[which]
        begin = self.cursors(track, event.rows.kind, journeys, which)
        end = track.seek(codes, begin, limit + 1)
        if not event.rows.where and event.when is None:
            return np.where(begin < end, begin, len(track))
        place = (event.rows, event.when)
        todo = np.flatnonzero(begin < end)
        opened = self._opened[place] = self._opened.get(place, 0) + int((end[todo] - begin[todo]).sum())
        found = np.full(len(which), len(track), np.int64)
        if not opened:
            return found
        locals_ = journeys.locals(which[todo])
        if opened * 4 > len(track):
            first = self.triggers.of(*place).after(codes[todo], begin[todo], locals_)
            found[todo] = np.where(first < end[todo], first, len(track))
            return found
        each, rows = expand(begin[todo], end[todo])
        fits = self.triggers.among(event.rows, event.when, rows, journeys.locals(which[todo[each]]))
        each, rows = each[fits], rows[fits]
        first = np.flatnonzero(np.append(True, each[1:] != each[:-1])[: len(each)])
        found[todo[each[first]]] = rows[first]
        return found

    def cursors(self, track: Track, kind: str, journeys: Journeys, which: Ints) -> Ints:
        """The first row of each customer that is not past."""
        codes = journeys.fixed.code[which]
        all_past = journeys.all_past[which]
        found = track.seek(codes, track.begins[codes], journeys.at[which] + all_past)
        known = journeys.past.get(kind)
        if known is not None:
            found += np.where(all_past, 0, known[which])
        return np.minimum(found, track.ends[codes])

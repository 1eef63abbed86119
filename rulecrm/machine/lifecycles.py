"""Lifecycles: all customers at once, from move to move.

In: the automaton of a lifecycle, triggers up to a horizon, the beginning of every customer. Out: a `Timeline`.
Invariant: exactly the moves of docs/machine.md, each customer's in order; a customer's moves depend on no other's.

A *frontier* of customers is moved round by round: for each the earliest of the moves written at its state is found, and
those whose move lies not after the horizon go round again. A timer's condition at a deadline that no row set is asked
only where nothing comes before it, and of all who wait for such an answer at once.
"""

from __future__ import annotations

import numpy as np
from attrs import define, field, frozen

from rulecrm.machine.timelines import Timeline
from rulecrm.machine.triggers import NEVER, Gaps, Trigger, Triggers
from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.machine import Automaton, Event, Rest, Timer
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Bools, Ints

__all__ = ["live"]

_NOBODY = np.zeros(0, np.int64)


def live(automaton: Automaton, triggers: Triggers, begins: Ints, only: Bools | None = None) -> Timeline:
    """Every move up to the triggers' horizon.

    Args:
        automaton: of a lifecycle: all its nodes are rests.
        triggers: over the store's customers.
        begins: the instant at which each customer became known, `NEVER` where there is none.
        only: whose moves are wanted; those of others are left out. None for everybody's.
    """
    crowd = _Crowd(automaton, triggers, begins)
    crowd.run(begins <= triggers.horizon if only is None else only & (begins <= triggers.horizon))
    return crowd.timeline()


# --- what a state offers ------------------------------------------------------------------------------------------


@frozen(eq=False)
class _OnRow:
    """A move made by a row."""

    kind: str
    target: int
    trigger: Trigger


@frozen(eq=False)
class _OnTime:
    """A move made by time; `gaps` where rows start the timer anew (their condition asked already)."""

    target: int
    due: Duration
    when: ir.Expr | None
    kind: str | None
    gaps: Gaps | None


@frozen(eq=False)
class _State:
    events: tuple[_OnRow, ...]
    timers: tuple[_OnTime, ...]
    kinds: tuple[str, ...]


def _state(node: Rest, triggers: Triggers) -> _State:
    events = tuple(_on_row(event, triggers) for event in node.events)
    timers = tuple(_on_time(timer, triggers) for timer in node.timers)
    kinds = dict.fromkeys([event.kind for event in events])
    kinds.update((timer.kind, None) for timer in timers if timer.kind is not None)
    return _State(events, timers, tuple(kinds))


def _on_row(event: Event, triggers: Triggers) -> _OnRow:
    return _OnRow(event.rows.kind, event.target, triggers.of(event.rows, event.when))


def _on_time(timer: Timer, triggers: Triggers) -> _OnTime:
    assert isinstance(timer.due, Duration), "a lifecycle has no other timers"
    if timer.without is None:
        return _OnTime(timer.target, timer.due, timer.when, None, None)
    gaps = triggers.gaps(timer.without, timer.due, timer.when)
    return _OnTime(timer.target, timer.due, timer.when, timer.without.kind, gaps)


# --- everybody ----------------------------------------------------------------------------------------------------


@frozen(eq=False)
class _Found:
    """The next move of some customers: its instant, its number at the state, the last row that it leaves behind.

    Row −1 stands for none; where there is no move, its instant is `NEVER`.
    """

    at: Ints
    move: Ints
    row: Ints

    def of(self, picked: Bools) -> _Found:
        """The moves of some of the customers."""
        return _Found(self.at[picked], self.move[picked], self.row[picked])


@define(eq=False)
class _Crowd:
    """Where every customer is.

    Attributes:
        automaton, triggers: what moves them.
        begins: when each began.
        at: the instant of each customer's last move.
        state: the number of each customer's state.
        counts: how many moves each has made.
        by_time: whether the last move was one by time: then all rows of its instant are past.
        cursors: by kind, the position before which each customer's rows are past. Those that the instant of the last
            move makes past may still lie behind it.
        asked, held: bits of the state's timers whose conditions were asked in this stay, and which of them held.
    """

    automaton: Automaton
    triggers: Triggers
    begins: Ints
    at: Ints = field(init=False)
    state: Ints = field(init=False)
    counts: Ints = field(init=False)
    by_time: Bools = field(init=False)
    asked: Ints = field(init=False)
    held: Ints = field(init=False)
    cursors: dict[str, Ints] = field(factory=dict, init=False)
    _states: dict[int, _State] = field(factory=dict, init=False)
    _log: list[tuple[Ints, Ints, Ints, Ints, Ints]] = field(factory=list, init=False)
    _waiting: list[tuple[ir.Expr, int, Ints, Ints]] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        size = len(self.begins)
        self.at = self.begins.copy()
        self.state = np.full(size, self.automaton.start, np.int16)
        self.counts = np.zeros(size, np.int32)
        self.by_time = np.zeros(size, bool)
        self.asked = np.zeros(size, np.int64)
        self.held = np.zeros(size, np.int64)

    def run(self, going: Bools) -> None:
        """Move these as far as the horizon."""
        frontier = np.flatnonzero(going)
        while len(frontier):
            moved = [self._step(number, codes) for number, codes in self._by_state(frontier)]
            frontier = np.concatenate(moved)
            if not len(frontier):
                frontier = self._answer()

    def _by_state(self, codes: Ints) -> list[tuple[int, Ints]]:
        here = self.state[codes]
        numbers = np.flatnonzero(np.bincount(here, minlength=1))
        if len(numbers) == 1:
            return [(int(numbers[0]), codes)]
        return [(int(number), codes[here == number]) for number in numbers]

    def _step(self, number: int, codes: Ints) -> Ints:
        """Make the next move of customers in one state; gives those who moved."""
        state = self._state(number)
        for kind in state.kinds:
            self._catch_up(kind, codes)
        found = self._next(state, codes)
        going = found.at <= self.triggers.horizon
        waits = self._waits(state, codes, found) & going
        if waits.any():
            self._ask(state, codes[waits], found.move[waits], found.at[waits])
            going &= ~waits
        if not going.all():
            codes, found = codes[going], found.of(going)
        self._move(state, codes, found)
        return codes

    def _state(self, number: int) -> _State:
        """What a state offers, worked out when the first customer comes there."""
        state = self._states.get(number)
        if state is None:
            node = self.automaton.nodes[number]
            assert isinstance(node, Rest)
            state = self._states[number] = _state(node, self.triggers)
            for kind in state.kinds:
                if kind not in self.cursors:
                    self.cursors[kind] = self.triggers.track(kind).begins.copy()
        return state

    def _catch_up(self, kind: str, codes: Ints) -> None:
        """Leave behind the rows that the instant of the last move makes past."""
        track, cursors = self.triggers.track(kind), self.cursors[kind]
        cursors[codes] = track.seek(codes, cursors[codes], self.at[codes] + self.by_time[codes])

    def _next(self, state: _State, codes: Ints) -> _Found:
        """The earliest move; of several at one instant the one by an event, and of these the one written first."""
        candidates: list[tuple[Ints, Ints]] = []
        for event in state.events:
            row = event.trigger.after(codes, self.cursors[event.kind][codes])
            candidates.append((event.trigger.track.at[row], row))
        candidates += [self._deadline(number, timer, codes) for number, timer in enumerate(state.timers)]
        move = np.zeros(len(codes), np.int16)
        if not candidates:
            return _Found(np.full(len(codes), NEVER), move, np.full(len(codes), -1))
        (best, place), *others = candidates
        for number, (at, row) in enumerate(others, 1):
            sooner = np.flatnonzero(at < best)
            best[sooner] = at[sooner]
            place[sooner] = row[sooner]
            move[sooner] = number
        return _Found(best, move, place)

    def _deadline(self, number: int, timer: _OnTime, codes: Ints) -> tuple[Ints, Ints]:
        """When a timer runs out for the first time, and the row that started it; −1 where the stay itself did."""
        zone = self.triggers.run.zone
        if timer.gaps is None:
            due = calendar.later(self.at[codes], timer.due, zone)
            return np.where(self._refused(number, timer, codes), NEVER, due), np.full(len(codes), -1)
        assert timer.kind is not None
        gaps, trigger = timer.gaps, timer.gaps.trigger
        cursors = self.cursors[timer.kind][codes]
        # Where the stay began with such a row, all is known as of that row.
        row = cursors - 1
        known = trigger.track.at[row] == self.at[codes]
        known &= row >= trigger.track.begins[codes]
        if trigger.fits is not None:
            known[known] = trigger.fits[row[known]]
        if known.all():
            row = gaps.after(codes, row)
            return gaps.deadlines[row], row
        due = np.full(len(codes), NEVER)
        row[~known] = -1
        unknown = np.flatnonzero(~known)
        if len(unknown):
            own = calendar.later(self.at[codes[unknown]], timer.due, zone)
            following = trigger.after(codes[unknown], cursors[unknown])
            # A row in time starts the timer anew; so does one that comes after a deadline at which nothing was done.
            anew = (trigger.track.at[following] <= own) | self._refused(number, timer, codes[unknown])
            row[unknown[anew]] = following[anew]
            due[unknown] = own
        started = np.flatnonzero(row >= 0)
        row[started] = gaps.after(codes[started], row[started])
        due[started] = gaps.deadlines[row[started]]
        return due, row

    def _refused(self, number: int, timer: _OnTime, codes: Ints) -> Bools | np.bool_:
        """Where a timer's condition was asked in this stay and did not hold."""
        if timer.when is None:
            return np.False_
        refused: Bools = (self.asked[codes] & ~self.held[codes]) >> number & 1 != 0
        return refused

    def _waits(self, state: _State, codes: Ints, found: _Found) -> Bools:
        """Whose next move is one by time on a condition that nobody has asked yet."""
        waits = np.zeros(len(codes), bool)
        for number, timer in enumerate(state.timers):
            if timer.when is not None:
                mine = (found.move == len(state.events) + number) & (found.row < 0)
                waits |= mine & (self.held[codes] >> number & 1 == 0)
        return waits

    def _ask(self, state: _State, codes: Ints, moves: Ints, at: Ints) -> None:
        for number, timer in enumerate(state.timers):
            mine = moves == len(state.events) + number
            if timer.when is not None and mine.any():
                self._waiting.append((timer.when, number, codes[mine], at[mine]))

    def _answer(self) -> Ints:
        """Ask all conditions that somebody waits for; gives those who can go on."""
        waiting, self._waiting = self._waiting, []
        for condition in dict.fromkeys(one[0] for one in waiting):
            same = [one for one in waiting if one[0] == condition]
            codes = np.concatenate([codes for _, _, codes, _ in same])
            bits = np.repeat([1 << number for _, number, _, _ in same], [len(codes) for _, _, codes, _ in same])
            holds = self.triggers.holds(condition, codes, np.concatenate([at for *_, at in same]))
            self.asked[codes] |= bits
            self.held[codes[holds]] |= bits[holds]
        return np.concatenate([codes for _, _, codes, _ in waiting]) if waiting else _NOBODY

    def _move(self, state: _State, codes: Ints, found: _Found) -> None:
        if not len(codes):
            return
        events = len(state.events)
        targets = [event.target for event in state.events] + [timer.target for timer in state.timers]
        to = np.array(targets, np.int16)[found.move]
        kinds = [event.kind for event in state.events] + [timer.kind for timer in state.timers]
        for kind in state.kinds:
            if all(one == kind for one in kinds):
                who, past = codes, found.row
            else:
                mine = np.flatnonzero(np.array([one == kind for one in kinds])[found.move])
                who, past = codes[mine], found.row[mine]
            cursors = self.cursors[kind]
            cursors[who] = np.maximum(cursors[who], past + 1)
        self.at[codes] = found.at
        self.state[codes] = to
        self.by_time[codes] = found.move >= events
        if any(timer.when is not None for timer in state.timers):
            self.asked[codes] = 0
            self.held[codes] = 0
        self._log.append((codes.astype(np.int32), self.counts[codes], found.at, to, found.move))
        self.counts[codes] += 1

    def timeline(self) -> Timeline:
        """All moves made so far."""
        offsets = np.zeros(len(self.begins) + 1, np.int64)
        np.cumsum(self.counts, out=offsets[1:])
        at, to, by = np.empty(offsets[-1], np.int64), np.empty(offsets[-1], np.int16), np.empty(offsets[-1], np.int16)
        for codes, number, moments, targets, moves in self._log:
            places = offsets[codes] + number
            at[places] = moments
            to[places] = targets
            by[places] = moves
        names = tuple(node.name for node in self.automaton.nodes if isinstance(node, Rest))
        return Timeline(names, self.automaton.start, self.begins, offsets, at, to, by, self.triggers.horizon)

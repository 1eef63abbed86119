"""One journey: the steps of a campaign as a generator that rests where the text says `wait`.

In: a campaign, a customer, an entry; the facts, as far as they are known. Out: acts, and how the journey stands.
Invariant: steps are read from the syntax tree as they are written. A rest is a `yield`; the row or the deadline that
ends it is sent back. `exit on` and `until` are exceptions that leave the blocks they enclose.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Generator, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import define, field, frozen

from rulecrm.model.decisions import bucket_seed, decision_id, journey_id
from rulecrm.syntax import ast
from rulecrm.syntax import journeys as node
from tests.oracle import functions
from tests.oracle.interpreter import Oracle, measured
from tests.oracle.machine.moves import Event, Instance, Past, first_row
from tests.oracle.point import Entry, Point
from tests.oracle.values import Value
from tests.oracle.zone import Shift, Zone

__all__ = ["Act", "Journey", "Programme", "bucket", "next_time", "share_of_buckets"]


@frozen
class Programme:
    """A campaign, or the `entering` block of a lifecycle as one."""

    symbol: str
    campaign: node.Campaign
    place: int
    """Which programme of the file it is, from 0."""
    lifecycle: tuple[str, str] | None = None


@frozen
class Offer:
    """One of the messages of a send, its values worked out at t."""

    channel: str
    template: str
    values: dict[str, Value] = field(factory=dict, hash=False)
    via: str | None = None


@frozen
class Act:
    """What a journey did at t, before any policy."""

    decision: str
    journey: Journey
    step: str
    place: tuple[int, ...]
    """Where in the campaign it stands: which step in text order, each loop around it and its round before."""
    round: tuple[int, ...]
    action: str
    at: dt.datetime
    due: dt.datetime
    offers: tuple[Offer, ...] = ()
    text: str | None = None
    wave: int | None = None


@frozen
class Rest:
    """A wait: the events that end it, in the order of their writing, and a deadline."""

    step: str
    events: tuple[Event, ...]
    deadline: dt.datetime | None


class Interrupted(Exception):  # noqa: N818  # it is no error
    """A row moved the journey out of the block that `block` stands for."""

    def __init__(self, block: object) -> None:
        self.block = block


class Exited(Exception):  # noqa: N818
    """The journey came to `exit`."""


Steps = Sequence[node.Step]
Walk = Generator[Rest, int | None, None]
Outer = tuple[tuple[Event, object], ...]
"""Events that leave an enclosing block, with the block, in the order of their writing."""


@define(eq=False)
class Journey:
    """One journey of one customer."""

    programme: Programme
    customer: str
    line: str | None
    entry: Entry
    turn: int
    why: str
    seed: str
    stay: int | None
    """Number of the stay in the state that it belongs to, where it belongs to one."""
    past: Past
    oracle: Oracle
    source: object = None
    """What it was entered on, so that nobody is entered on it twice."""
    acts: list[Act] = field(factory=list)
    resting: Rest | None = None
    ended: dt.datetime | None = None
    reason: str | None = None
    _walk: Walk | None = None

    @property
    def id(self) -> str:
        """Its id, as docs/machine.md and the ledger have it."""
        micros = (self.entry.at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
        return journey_id(self.programme.symbol, self.customer, self.line, micros, self.turn)

    @property
    def t(self) -> dt.datetime:
        """The instant of its last move."""
        assert self.past.t is not None
        return self.past.t

    # --- moving ---------------------------------------------------------------------------------------------------

    def advance(self, oracle: Oracle, until: dt.datetime) -> None:
        """Make every move that is possible by an instant."""
        if oracle is not self.oracle and self.programme.lifecycle is not None:  # the facts may have been restated
            lifecycle, state = self.programme.lifecycle
            known = oracle.stay(lifecycle, self.customer, self.t)
            self.stay = len(known) - 1 if known[-1].state == state else None
        self.oracle = oracle
        while self.ended is None and self._move(until):
            pass

    def _move(self, until: dt.datetime) -> bool:
        left = self._leaves()
        if self._walk is None:
            if left is not None and left <= self.t:
                self._end(self.t, "left")
                return True
            self._walk = self._script()
            self._resume(None)
            return True
        assert self.resting is not None
        instance = Instance(self.customer, self.past, self.entry)
        possible: list[tuple[dt.datetime, int, int, Past]] = []
        for number, event in enumerate(self.resting.events):
            row = first_row(self.oracle, instance, event, until)
            if row is not None:
                possible.append((row.at, 1, number, self.past.after(row)))
        deadline = self.resting.deadline
        if deadline is not None and deadline <= until:
            possible.append((deadline, 2, 0, Past(deadline, all_at_t=True)))
        if left is not None and left <= until and all(left <= at for at, *_ in possible):
            self._end(max(left, self.t), "left")
            return True
        if not possible:
            return False
        _, order, number, self.past = min(possible, key=lambda one: one[:3])
        self._resume(number if order == 1 else None)
        return True

    def _leaves(self) -> dt.datetime | None:
        """When the customer leaves the state that the journey belongs to: when the stay after it begins."""
        if self.programme.lifecycle is None:
            return None
        if self.stay is None:  # as it is known now, the customer is not there
            return self.t
        known = self.oracle.stay(self.programme.lifecycle[0], self.customer, self.oracle.horizon)
        return known[self.stay + 1].since if len(known) > self.stay + 1 else None

    def _resume(self, event: int | None) -> None:
        assert self._walk is not None
        try:
            self.resting = next(self._walk) if self.resting is None else self._walk.send(event)
        except StopIteration:
            self._end(self.t, "finished")
        except Exited:
            self._end(self.t, "exit")
        except Interrupted as interrupted:
            assert isinstance(interrupted.block, node.ExitOn)
            self._end(self.t, f"exit on {interrupted.block.trigger.kind.text}")

    def _end(self, at: dt.datetime, reason: str) -> None:
        self.past = Past(at)
        self.ended, self.reason = at, reason

    # --- the script -----------------------------------------------------------------------------------------------

    def _script(self) -> Walk:
        exits: Outer = tuple(
            (Event(clause.trigger.kind.text, clause.trigger.where, clause.trigger.when), clause)
            for clause in self.programme.campaign.clauses
            if isinstance(clause, node.ExitOn)
        )
        yield from self._steps(self.programme.campaign.steps, "", (), exits)

    def _steps(self, steps: Steps, inside: str, rounds: tuple[int, ...], outer: Outer) -> Walk:
        for number, step in enumerate(steps, start=1):
            yield from self._step(step, f"{inside}{number}", rounds, outer)

    def _step(self, step: node.Step, path: str, rounds: tuple[int, ...], outer: Outer) -> Walk:
        match step:
            case node.Send(messages=messages):
                offers = tuple(self._offer(message) for message in messages)
                self._act("send", step, path, rounds, self.t, offers=offers, wave=self._wave(step))
            case node.NotifyStaff(text=text):
                self._act("staff", step, path, rounds, self.t, text=text.value)
            case node.Tag(text=text):
                self._act("tag", step, path, rounds, self.t, text=text.value)
            case node.Measure(after=after):
                self._act("measure", step, path, rounds, self._later(self.t, after))
            case node.Exit():
                raise Exited
            case node.Wait(duration=duration):
                yield from self._rest(path, (), self._later(self.t, duration), outer)
            case node.WaitUntilTime(time=time):
                deadline = self._place(time)
                if deadline > self.t:
                    yield from self._rest(path, (), deadline, outer)
            case node.WaitUntilFact(kind=kind, where=where, up_to=up_to):
                deadline_or_never = None if up_to is None else self._later(self.t, up_to)
                yield from self._rest(path, (Event(kind.text, where),), deadline_or_never, outer)
            case node.If(condition=condition, then=then, otherwise=otherwise):
                if self.oracle.holds(condition, self._here()):
                    yield from self._steps(then, f"{path}.", rounds, outer)
                else:
                    yield from self._steps(otherwise, f"{path}.else.", rounds, outer)
            case node.Split():
                yield from self._split(step, path, rounds, outer)
            case node.Repeat():
                yield from self._repeat(step, path, rounds, outer)
            case _:
                raise TypeError(step)

    def _split(self, step: node.Split, path: str, rounds: tuple[int, ...], outer: Outer) -> Walk:
        drawn = bucket(self.customer, bucket_seed(self.seed, self.programme.symbol, "split", path))
        below = Decimal(0)
        for branch in step.branches:
            start, below = below, below + branch.share
            if share_of_buckets(start) <= drawn < share_of_buckets(below):
                self._act("branch", step, path, rounds, self.t, text=branch.name.text)
                yield from self._steps(branch.steps, f"{path}.{branch.name.text}.", rounds, outer)
                return

    def _repeat(self, step: node.Repeat, path: str, rounds: tuple[int, ...], outer: Outer) -> Walk:
        start = self.t
        every = self._length(step.every)
        inner = outer if step.until is None else (*outer, (Event(step.until.text, step.where), step))
        try:
            for number in range(1, step.times + 1):
                begins = self.oracle.zone.shift(start, _times(every, number - 1))
                if begins > self.t:
                    yield from self._rest(path, (), begins, inner)
                yield from self._steps(step.steps, f"{path}.", (*rounds, number), inner)
        except Interrupted as interrupted:
            if interrupted.block is not step:
                raise

    def _rest(self, path: str, own: tuple[Event, ...], deadline: dt.datetime | None, outer: Outer) -> Walk:
        moved_by = yield Rest(path, (*(event for event, _ in outer), *own), deadline)
        if moved_by is not None and moved_by < len(outer):
            raise Interrupted(outer[moved_by][1])

    # --- what steps say -------------------------------------------------------------------------------------------

    def _act(
        self,
        action: str,
        step: node.Step,
        path: str,
        rounds: tuple[int, ...],
        due: dt.datetime,
        *,
        offers: tuple[Offer, ...] = (),
        text: str | None = None,
        wave: int | None = None,
    ) -> None:
        id_ = decision_id(self.id, path, ".".join(map(str, rounds)))
        place = self._place_of(step, rounds)
        self.acts.append(Act(id_, self, path, place, rounds, action, self.t, due, offers, text, wave))

    def _place_of(self, step: node.Step, rounds: tuple[int, ...]) -> tuple[int, ...]:
        steps = list(_flat(self.programme.campaign.steps))
        number = [id(one) for one in steps].index(id(step))
        around = [
            place
            for place, one in enumerate(steps)
            if isinstance(one, node.Repeat) and any(inner is step for inner in _flat(one.steps))
        ]
        return (*itertools.chain(*zip(around, rounds, strict=True)), number)

    def _offer(self, message: node.Message) -> Offer:
        values = {
            one.name.text: measured(self.oracle.evaluate(one.value, self._here()), self.t) for one in message.values
        }
        via = None if message.via is None else message.via.text
        return Offer(message.channel.text, message.template.text, values, via)

    def _wave(self, send: node.Send) -> int:
        sends = [one for one in _flat(self.programme.campaign.steps) if isinstance(one, node.Send)]
        return 1 + [id(one) for one in sends].index(id(send))

    def _here(self) -> Point:
        return Instance(self.customer, self.past, self.entry).point(self.t)

    def _length(self, duration: ast.Expression) -> Shift:
        length = self.oracle.evaluate(duration, self._here())
        assert isinstance(length, Shift), length
        return length

    def _later(self, start: dt.datetime, duration: ast.Expression) -> dt.datetime:
        return self.oracle.zone.shift(start, self._length(duration))

    def _place(self, time: ast.DateTime | ast.Time) -> dt.datetime:
        if isinstance(time, ast.DateTime):
            return self.oracle.zone.instant(time.value)
        return next_time(self.oracle.zone, self.t, time.value)


def _flat(steps: Steps) -> Iterator[node.Step]:
    """All steps of a campaign, in text order."""
    for step in steps:
        yield step
        match step:
            case node.If(then=then, otherwise=otherwise):
                yield from _flat(then)
                yield from _flat(otherwise)
            case node.Split(branches=branches):
                for branch in branches:
                    yield from _flat(branch.steps)
            case node.Repeat(steps=inner):
                yield from _flat(inner)


def bucket(key: str, seed: str) -> int:
    """The draw of a customer: 0 to 9999."""
    drawn = functions.call("bucket", [key, seed], dt.datetime.min, Zone("UTC"))
    assert isinstance(drawn, int)
    return drawn


def share_of_buckets(share: Decimal) -> int:
    """How many of the 10,000 buckets a share holds, halves to even."""
    return round(Fraction(share) * 10_000)


def next_time(zone: Zone, instant: dt.datetime, time: dt.time) -> dt.datetime:
    """The first instant, at or after this one, that a time of day names."""
    today = zone.day(instant)
    places = (zone.instant(dt.datetime.combine(today + dt.timedelta(days=days), time)) for days in (-1, 0, 1, 2))
    return min(place for place in places if place >= instant)


def _times(length: Shift, count: int) -> Shift:
    return Shift(length.months * count, length.days * count, length.elapsed * count)

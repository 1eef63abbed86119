"""One route at work: claim, gate, words, hand over, record; until nothing is due.

In: a route, and what all lanes of a run share. Out: outcomes in the ledger, counted.
Invariant: a message is marked before its channel is called, and what a call comes to is recorded, whatever it comes to.

Messages are prepared a chunk at a time, beside those that are under way. One transaction, a *turn*, records the answers
that have come and marks what is handed over next; so a transaction holds the more messages the faster they go, and what
is marked and not answered stays what goes out in a moment.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Coroutine, Hashable, Sequence
from typing import Any

from attrs import define, evolve, field

from rulecrm.diagnostics.model import Diagnostic, Severity
from rulecrm.dispatch.gate import Passed
from rulecrm.dispatch.pace import Pace
from rulecrm.dispatch.retries import later
from rulecrm.dispatch.routes import Route
from rulecrm.dispatch.shared import Shared, clean, problem_of
from rulecrm.dispatch.writing import Ready, written
from rulecrm.model.instants import to_microseconds
from rulecrm.model.sending import Answer, Answered
from rulecrm.state import Mark, Outcome, Ways

__all__ = ["Lane"]

_FRESH = 5_000_000
"""Microseconds: what passed the gate longer ago is taken there again before it is handed over."""

_DELAY = 10_000_000
"""Microseconds after its instant: what was not handed over by then, because calls before it hang, waits again."""

_LATE = Answer(Answered.RETRY, detail="it was not handed over in time")
"""In the place of an answer, where the channel was not asked."""


@define(eq=False)
class Lane:
    """A route at work."""

    route: Route
    shared: Shared
    ways: Ways
    _ready: dict[Hashable, deque[Ready]] = field(factory=dict, init=False)
    _settled: list[Outcome] = field(factory=list, init=False)
    _answers: asyncio.Queue[tuple[Sequence[Ready], Sequence[Answer]]] = field(factory=asyncio.Queue, init=False)
    _calls: set[asyncio.Task[None]] = field(factory=set, init=False)
    _slots: asyncio.Semaphore = field(init=False)
    _under_way: int = field(default=0, init=False)
    _preparing: asyncio.Task[int] | None = field(default=None, init=False)
    _pace: Pace = field(init=False)
    _drained: bool = field(default=False, init=False)
    """Whether nothing was due when this lane last claimed."""
    _closed: bool = field(default=False, init=False)
    """Whether nothing more is handed over in this run."""

    @_slots.default
    def _calls_at_once(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(max(1, self.route.traits.concurrency))

    @_pace.default
    def _of_the_route(self) -> Pace:
        return Pace(self.route, self.shared)

    async def run(self) -> None:
        """Work until nothing is due, here or in other lanes."""
        try:
            while True:
                seen = self.shared.hall.seen
                await self._work()
                if self._closed or not await self.shared.hall.rest(seen):
                    break
        finally:
            # Whatever stops a run, calls that are under way are waited for, and their answers kept.
            await self._finish()
            if self._closed:
                self.shared.hall.leave()

    async def _work(self) -> None:
        """Until nothing is due that this lane can claim."""
        self._drained = False
        while True:
            if self._preparing is not None and self._preparing.done():
                self._drained = self._preparing.result() == 0
                self._preparing = None
            low = self._left() < self._pace.ahead
            if low and not self._drained and not self._closed and self._preparing is None:
                self._preparing = asyncio.create_task(self._prepare())
            volley = [] if self._closed else await self._volley()
            if volley or self._settled:
                await _whole(self._turn(volley))
                continue
            if self._under_way:
                await self._hear()
            elif self._preparing is not None:
                await asyncio.wait([self._preparing])
            elif self._left() and not self._closed and self.shared.left() > 0:
                await self._pace.pause()
            elif self._drained or self._closed or self.shared.left() <= 0:
                return

    # --- preparing ------------------------------------------------------------------------------------------------

    async def _prepare(self) -> int:
        """Claim a chunk, ask the gate, find the words; how many were claimed."""
        shared = self.shared
        room = min(self._pace.ahead, shared.left())
        if room <= 0:
            return 0
        now = shared.now()
        claimed = 0
        if await shared.aside(shared.ledger.buckets.paused, self.route.name) <= now:
            claimed, ready, ended = await shared.aside(self._prepared, room, now)
            self._settled += ended
            for one in ready:
                self._ready.setdefault(self._group(one), deque()).append(one)
        return claimed

    def _prepared(self, room: int, now: int) -> tuple[int, list[Ready], list[Outcome]]:
        shared, route = self.shared, self.route
        claimed = shared.ledger.outbox.claim(
            shared.worker, now, ways=self.ways, limit=room, lease=shared.lease, alone=shared.gate.alone(route)
        )
        if not claimed:
            return 0, [], []
        verdicts = shared.gate.ask(route, claimed, now)
        passed = [one for one in verdicts if isinstance(one, Passed)]
        ended = [one for one in verdicts if isinstance(one, Outcome)]
        words = shared.writer.write(passed, route, now) if passed else []
        ready, more = written(passed, words, route, shared.gate.expires)
        return len(claimed), ready, [*ended, *more]

    def _group(self, one: Ready) -> Hashable:
        """What may be in one call."""
        if not self.route.traits.together:
            return None
        content = one.message.content
        return (
            one.message.template, one.message.language, content.text, content.subject, content.html, content.code,
            tuple(content.parameters.items()), tuple(content.extra.items()),
        )  # fmt: skip

    def _left(self) -> int:
        return sum(len(group) for group in self._ready.values())

    # --- handing over ---------------------------------------------------------------------------------------------

    async def _volley(self) -> list[tuple[list[Ready], int]]:
        """Batches to be marked now, each with the instant at which it may go."""
        traits, shared = self.route.traits, self.shared
        room = min(self._pace.window - self._under_way, shared.left())
        left = self._left()
        volley: list[tuple[list[Ready], int]] = []
        while room > 0 and self._ready and (not volley or room >= traits.batch):
            size = min(room, traits.batch)
            slot = await self._pace.slot(size, left)
            if slot is None:
                break
            most, at = slot
            if not most:
                await self._put_off(at, f"`{self.route.name}` is at its rate")
                break
            batch = self._batch(size, most)
            self._pace.take(len(batch))
            shared.spend(len(batch))
            room -= len(batch)
            left -= len(batch)
            volley.append((batch, at))
        return volley

    def _batch(self, size: int, most: int) -> list[Ready]:
        group, waiting = next(iter(self._ready.items()))
        batch = [waiting.popleft() for _ in range(min(size, most, len(waiting)))]
        if not waiting:
            del self._ready[group]
        return batch

    async def _turn(self, volley: Sequence[tuple[list[Ready], int]]) -> None:
        """Record what has come, mark what goes next, and call the channel."""
        shared, outcomes = self.shared, self._settled
        self._settled = []
        if not self._under_way:
            self._pace.begin()
        self._under_way += sum(len(batch) for batch, _ in volley)
        marked: frozenset[str] = frozenset()
        stale = [one for batch, _ in volley for one in batch if shared.now() - one.passed.asked > _FRESH]
        try:
            out = await self._asked_again(stale, outcomes) if stale else frozenset()
            going = [one for batch, _ in volley for one in batch if one.claimed.decision not in out]
            marked = await shared.booked(self._write, outcomes, [self._mark(one) for one in going])
        except BaseException:
            self._settled = [*outcomes, *self._settled]  # answers are not lost: the end of the run tries again
            self._under_way -= sum(len(batch) for batch, _ in volley)
            raise
        shared.count(outcomes)
        left = 0
        for batch, at in volley:
            mine = [one for one in batch if one.claimed.decision in marked]
            left += len(batch) - len(mine)
            if mine:
                call = asyncio.create_task(self._call(mine, at))
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)
        self._under_way -= left
        shared.spend(-left)
        self._drained = self._drained and not left
        if outcomes or left:
            shared.hall.poke()
        await asyncio.sleep(0)  # calls that take no time are answered now
        self._collect()

    async def _asked_again(self, stale: Sequence[Ready], outcomes: list[Outcome]) -> frozenset[str]:
        """Ask the gate about what has waited for its turn; what may not go now, with what becomes of it."""
        shared, out = self.shared, set[str]()
        verdicts = await shared.aside(shared.gate.ask, self.route, [one.claimed for one in stale], shared.now())
        for one, verdict in zip(stale, verdicts, strict=True):
            if isinstance(verdict, Outcome):
                outcomes.append(verdict)
                out.add(one.claimed.decision)
            else:
                one.passed = verdict
        return frozenset(out)

    def _mark(self, one: Ready) -> Mark:
        claimed, passed = one.claimed, one.passed
        whom = claimed.customer if claimed.action == "send" else None
        return Mark(
            claimed.decision, claimed.number, claimed.way.choice, self.route.channel, one.message.key, whom,
            passed.address, passed.heard,
        )  # fmt: skip

    def _write(self, outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> frozenset[str]:
        shared, traits = self.shared, self.route.traits
        remembers = traits.remembers // dt.timedelta(microseconds=1) if traits.idempotent else 0
        return shared.ledger.outbox.turn(
            shared.worker, outcomes, marks, route=self.route.name, now=shared.now(), lease=shared.call_lease,
            remembers=remembers,
        )  # fmt: skip

    async def _call(self, batch: Sequence[Ready], at: int) -> None:
        """Hand a batch over; whatever the channel does, there is an answer for each message.

        What could not be handed over in time is not: its lease is to outlast the call, and the gate's word to be fresh.
        """
        answers: Sequence[Answer] = [Answer(Answered.UNKNOWN, detail="the channel was broken off")] * len(batch)
        try:
            answers = await self._answered(batch, at)
        finally:
            self._answers.put_nowait((batch, answers))

    async def _answered(self, batch: Sequence[Ready], at: int) -> Sequence[Answer]:
        shared = self.shared
        answers: Sequence[Answer] = ()
        latest = max(at, shared.now()) + _DELAY
        async with self._slots:
            if at:
                await self._pace.turn_of(len(batch), at)
            if shared.now() > latest:
                return [_LATE] * len(batch)
            try:
                async with asyncio.timeout(shared.timeout):
                    answers = list(await self.route.sender.send([one.message for one in batch]))
                problem = problem_of(answers, len(batch))
            except TimeoutError:
                problem = f"gave no answer within {shared.timeout:g} s"
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                problem = "was cancelled"  # within: a stranger's code, again
                self._blame(problem)
            except Exception as error:  # noqa: BLE001 - a stranger's code: whatever it raises, the run goes on
                problem = f"raised {type(error).__name__}"
                self._blame(problem)
            else:
                if problem:
                    self._blame(problem)
        if problem:
            return [Answer(Answered.UNKNOWN, detail=f"the channel {problem}")] * len(batch)
        return [clean(one) for one in answers]

    def _blame(self, problem: str) -> None:
        provider = self.route.traits.provider
        message = f"the plugin of the route `{self.route.name}` (`{provider}`) {problem}, which no channel may"
        help_ = "what was in that call may have been sent: it is `unknown`; please tell the authors of the plugin"
        self.shared.tell(Diagnostic("R487", message, severity=Severity.WARNING, help=help_))

    # --- hearing --------------------------------------------------------------------------------------------------

    async def _hear(self) -> None:
        """Wait for the next answers."""
        self._answers.put_nowait(await self._answers.get())
        self._collect()

    def _collect(self) -> None:
        """Judge all answers that have come."""
        shared = self.shared
        now = shared.clock.now()
        count = 0
        while not self._answers.empty():
            batch, answers = self._answers.get_nowait()
            self._under_way -= len(batch)
            count += len(batch)
            for one, answer in zip(batch, answers, strict=True):
                if answer is _LATE:
                    waits = later(one.claimed, to_microseconds(now), _LATE.detail or "")
                    self._settled.append(evolve(waits, answer=answer, answered=to_microseconds(now)))
                    shared.spend(-1)
                    continue
                self._settled.append(shared.judge.outcome(one.claimed, self.route, answer, now))
                self._heed(answer, now)
        self._pace.heard(count)

    def _heed(self, answer: Answer, now: dt.datetime) -> None:
        """What an answer says of the whole route."""
        shared, route = self.shared, self.route
        if answer.outcome is Answered.CONFIG and not self._closed:
            self._closed = True
            told = ": ".join(part for part in (answer.code, answer.detail) if part) or "no reason was given"
            message = f"the route `{route.name}` (`{route.traits.provider}`) is set up wrongly: {told}"
            shared.stop(route.name, Diagnostic("R484", message, help="its messages wait; set it right and send again"))
        if answer.route and answer.outcome in (Answered.RETRY, Answered.WAIT_QUOTA):
            until = to_microseconds(shared.judge.resumes(route, answer, now))
            shared.pause(route.name, until)
            self._closed = True

    # --- waiting and ending ---------------------------------------------------------------------------------------

    async def _put_off(self, until: int, reason: str) -> None:
        """What is ready goes back to the outbox."""
        self.shared.resumes[self.route.name] = until
        for waiting in self._ready.values():
            self._settled += [later(one.claimed, until, reason) for one in waiting]
        self._ready.clear()
        self._closed = True

    async def _finish(self) -> None:
        """Wait for calls that are under way, keep their answers, and give back what was not handed over."""
        shared = self.shared
        if self._preparing is not None:
            await asyncio.wait([self._preparing])
        while self._calls:
            await asyncio.wait(set(self._calls))
        self._collect()
        if self.route.name in shared.paused:
            until = shared.paused[self.route.name]
            await shared.booked(shared.ledger.buckets.pause, self.route.name, until)
            at = shared.clock.now() + dt.timedelta(microseconds=until - shared.now())
            reason = f"`{self.route.name}` takes nothing until {at:%Y-%m-%d %H:%M:%S} UTC"
            await self._put_off(until, reason)
        if self._settled:
            await self._turn([])


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Do it to its end, even where the run is broken off meanwhile: what is marked is handed over."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise

"""The dispatcher: one run over an outbox, until nothing is due.

In: a ledger, routes, a gate, a writer, a clock. Out: `Dispatched`.
Invariant: when a run ends, however it ends, this worker holds no claim, and every answer that came is in the ledger.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from random import Random

from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, Severity
from rulecrm.dispatch.clock import Clock
from rulecrm.dispatch.gate import Gate
from rulecrm.dispatch.lane import Lane
from rulecrm.dispatch.retries import Judge
from rulecrm.dispatch.routes import Routes
from rulecrm.dispatch.settling import settle_lost
from rulecrm.dispatch.shared import Hall, Shared
from rulecrm.dispatch.writing import Writer
from rulecrm.model.instants import from_microseconds, to_microseconds
from rulecrm.model.program import Program
from rulecrm.state import Ledger, Waiting, Ways

__all__ = ["Dispatched", "Progress", "dispatch"]

Progress = Callable[[int, int, str], None]
"""Told what is done, of how much, and what it is."""


@frozen
class Dispatched:
    """What one dispatch did.

    Attributes:
        outcomes: how many messages had which outcome.
        waiting: how many wait still, of whatever route.
        until: when the first of them may go, UTC; None where none waits.
        reasons: what they wait for: how many, until when at least, and why (None for what is merely due later).
        unknown: how many there are whose answer was lost, or that are held for a person.
        stopped: routes that stopped, and why.
        diagnostics: what was odd or wrong.
    """

    outcomes: Mapping[str, int]
    waiting: int
    until: dt.datetime | None
    reasons: tuple[Waiting, ...] = field(repr=False)
    unknown: int
    stopped: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...] = field(repr=False)

    @property
    def sent(self) -> int:
        """How many were taken by a provider."""
        return self.outcomes.get("sent", 0) + self.outcomes.get("delivered", 0)


async def dispatch(
    ledger: Ledger,
    program: Program,
    routes: Routes,
    gate: Gate,
    writer: Writer,
    *,
    clock: Clock,
    random: Random,
    worker: str,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Dispatched:
    """Send what is due.

    Args:
        ledger: of the engine.
        program: the rules, for what they send.
        routes: by which messages go.
        gate: asked for every message.
        writer: finds the words.
        clock: what time it is.
        random: for jitter.
        worker: what this worker is called; two that work at one time differ.
        limit: how many messages may be handed over; None for all.
        progress: told how far the work has come.
    """
    sending = routes.sending
    with ExitStack() as stack:
        book: Executor = stack.enter_context(ThreadPoolExecutor(1, "rulecrm-book"))
        # A database in memory is one connection, which two threads would share.
        desk: Executor = book if ledger.in_memory else stack.enter_context(ThreadPoolExecutor(1, "rulecrm-desk"))
        now = to_microseconds(clock.now())
        due = ledger.outbox.due(now) if progress is not None else 0
        shared = Shared(
            ledger, clock, gate, writer, Judge(sending, random), Hall(0), worker,
            lease=int(sending.lease_seconds * 1e6), call_lease=int((2 * sending.timeout_seconds + 60) * 1e6),
            timeout=sending.timeout_seconds, limit=limit, book=book, desk=desk,
            told=lambda done: None if progress is None else progress(done, max(due, done), "sending"),
        )  # fmt: skip
        for one in routes.check(program):
            shared.tell(one)
        try:
            await _begin(shared, routes)
            await _work(shared, routes)
        finally:
            await shared.booked(ledger.outbox.give_back, worker)
        for warning in gate.warnings.values():
            shared.tell(warning)
        return await shared.booked(_told, shared)


async def _begin(shared: Shared, routes: Routes) -> None:
    """Take over what others left, end what is too old, and find out what was lost."""
    outbox, now = shared.ledger.outbox, shared.now()
    _, lost = await shared.booked(outbox.release, now)
    if lost:
        shared.outcomes["unknown"] += lost
    hours = routes.sending.expires_hours
    reason = f"it was due more than {hours:g} hours ago"
    expired = await shared.booked(outbox.expire, now - shared.gate.expires, reason)
    if expired:
        shared.outcomes["expired"] += expired
    for route in routes.routes:
        await settle_lost(route, shared)


async def _work(shared: Shared, routes: Routes) -> None:
    lanes = []
    for route in routes.routes:
        ways = Ways(routes.pairs(route))
        problem = route.problem() or await shared.aside(shared.gate.problem, route)
        if problem is None:
            lanes.append(Lane(route, shared, ways))
        elif await shared.aside(shared.ledger.outbox.peek, shared.now(), ways=ways, limit=1):
            shared.stop(route.name, problem)
    shared.hall.busy = len(lanes)
    try:
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(lane.run())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


def _told(shared: Shared) -> Dispatched:
    reasons = tuple(shared.ledger.outbox.waiting())
    first = min((one.until for one in reasons if one.until is not None), default=None)
    return Dispatched(
        outcomes=dict(sorted(Counter(shared.outcomes).items())),
        waiting=sum(one.count for one in reasons),
        until=None if first is None else from_microseconds(first),
        reasons=reasons,
        unknown=shared.ledger.outbox.doubtful(),
        stopped={name: why.message for name, why in shared.stopped.items()},
        diagnostics=_ordered(shared.diagnostics),
    )


def _ordered(found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(found, key=lambda one: one.severity is not Severity.ERROR))

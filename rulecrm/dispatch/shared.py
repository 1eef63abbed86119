"""What the lanes of one run share.

In: a ledger, a clock, a gate, a writer. Out: counts, and what is to be told.
Invariant: the ledger is written by one thread of this process, so that turns of several lanes come one after another
and the loop goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import ParamSpec, TypeVar

from attrs import define, evolve, field

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.dispatch.clock import Clock
from rulecrm.dispatch.gate import Gate
from rulecrm.dispatch.retries import Judge
from rulecrm.dispatch.writing import Writer
from rulecrm.model.instants import to_microseconds
from rulecrm.model.sending import Answer, Answered, Price
from rulecrm.state import Ledger, Outcome

__all__ = ["Hall", "Shared", "clean", "patiently", "problem_of"]

_TIMES = 20
"""How often a busy ledger is waited for; each time as long as it was opened to wait."""

_LONGEST = 2_000
"""Characters of what a provider says that are kept."""

_MOST_UNITS = 1 << 31

P = ParamSpec("P")
T = TypeVar("T")


@define(eq=False)
class Hall:
    """Where lanes wait for each other: what one records may be another one's next message.

    Attributes:
        seen: how often something was recorded.
    """

    busy: int
    seen: int = 0
    _event: asyncio.Event = field(factory=asyncio.Event)

    def poke(self) -> None:
        """Something was recorded: whoever waits looks again."""
        self.seen += 1
        self._event.set()
        self._event = asyncio.Event()

    def leave(self) -> None:
        """One lane is done for this run."""
        self.busy -= 1
        if not self.busy:
            self._event.set()

    async def rest(self, seen: int) -> bool:
        """Wait till something is recorded that was not `seen`; False once every lane waits."""
        if self.seen != seen:
            return True
        self.busy -= 1
        event = self._event
        if not self.busy:
            event.set()
        await event.wait()
        if not self.busy and self.seen == seen:
            return False
        self.busy += 1
        return True


@define(eq=False)
class Shared:
    """See the module.

    Attributes:
        worker: what this worker is called.
        lease: how long a claim holds, microseconds.
        call_lease: how long a message may be `sending`, microseconds.
        timeout: seconds that one call may take.
        limit: how many messages may be handed over; None for all.
        book: the thread that writes.
        desk: the thread that prepares.
        outcomes: how many messages had which outcome in this run.
        stopped: routes that stopped, and why.
        resumes: routes that wait, and until when, microseconds.
        paused: routes through which nothing goes, by what the provider has said, microseconds.
    """

    ledger: Ledger
    clock: Clock
    gate: Gate
    writer: Writer
    judge: Judge
    hall: Hall
    worker: str
    lease: int
    call_lease: int
    timeout: float
    limit: int | None
    book: Executor
    desk: Executor
    told: Callable[[int], None]
    outcomes: Counter[str] = field(factory=Counter, init=False)
    stopped: dict[str, Diagnostic] = field(factory=dict, init=False)
    resumes: dict[str, int] = field(factory=dict, init=False)
    paused: dict[str, int] = field(factory=dict, init=False)
    diagnostics: list[Diagnostic] = field(factory=list, init=False)
    _spent: int = field(default=0, init=False)

    def now(self) -> int:
        """The instant, microseconds."""
        return to_microseconds(self.clock.now())

    async def sleep_until(self, instant: int) -> None:
        """Wait until an instant, microseconds."""
        left = instant - self.now()
        if left > 0:
            await self.clock.sleep(left / 1e6)

    async def booked(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write into the ledger, in the one thread that does; an engine that advances meanwhile is waited for."""
        return await patiently(self.book, partial(work, *args, **kwargs))

    async def aside(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Prepare something beside the messages that are under way."""
        return await patiently(self.desk, partial(work, *args, **kwargs))

    def left(self) -> int:
        """How many messages may still be handed over."""
        return 1 << 31 if self.limit is None else self.limit - self._spent

    def spend(self, count: int) -> None:
        """So many are handed over."""
        self._spent += count

    def count(self, outcomes: Sequence[Outcome]) -> None:
        """Count what has been recorded."""
        for one in outcomes:
            if one.outcome is not None:
                self.outcomes[one.outcome] += 1
        self.told(sum(self.outcomes.values()))

    def stop(self, route: str, why: Diagnostic) -> None:
        """A route stops for this run."""
        self.stopped[route] = why
        self.tell(why)

    def pause(self, route: str, until: int) -> None:
        """Nothing goes through a route until an instant, microseconds."""
        self.paused[route] = max(until, self.paused.get(route, 0))

    def tell(self, diagnostic: Diagnostic) -> None:
        """Tell it once."""
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)


async def patiently(executor: Executor | None, work: Callable[[], T]) -> T:
    """Do it in a thread; a ledger that is in use is waited for, and so is one that broke a ring of waiting workers."""
    for _ in range(_TIMES):
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, work)
        except RulesError as error:
            if error.diagnostics[0].code != "R457":
                raise
    return await asyncio.get_running_loop().run_in_executor(executor, work)


def problem_of(answers: Sequence[object], asked: int) -> str:
    """What is wrong with what a channel gave back; nothing where it is as it should be."""
    if len(answers) != asked:
        return f"gave {len(answers)} answers for {asked} messages"
    for one in answers:
        if not isinstance(one, Answer):
            return f"answered with a {type(one).__name__}"
        outcome: object = one.outcome
        until: object = one.not_before
        if not isinstance(outcome, Answered):
            return "answered with an outcome that there is not"
        if until is not None and (not isinstance(until, dt.datetime) or until.tzinfo is None):
            return "answered with an instant that has no zone"
    return ""


def clean(answer: Answer) -> Answer:
    """An answer as either database can hold it: what strangers' code found in a provider's answer may be anything."""
    texts: tuple[object, ...] = (answer.provider_id, answer.code, answer.detail)
    if answer.units is None and answer.price is None and all(text is None or _plain(text) for text in texts):
        return answer  # as it mostly is
    units: object = answer.units
    price: object = answer.price
    return evolve(
        answer,
        provider_id=_text(answer.provider_id),
        code=_text(answer.code),
        detail=_text(answer.detail),
        units=units if isinstance(units, int) and abs(units) < _MOST_UNITS else None,
        price=price if isinstance(price, Price) else None,
    )


def _plain(text: object) -> bool:
    return isinstance(text, str) and len(text) <= _LONGEST and text.isascii() and "\0" not in text


def _text(text: object) -> str | None:
    """Text without NUL, which PostgreSQL cannot hold, and lone surrogates, which neither can."""
    if text is None:
        return None
    return str(text)[:_LONGEST].replace("\0", "").encode("utf-8", "replace").decode()

"""The engine: one verb, `advance`, over a ledger.

In: rules, facts, the URL of a ledger. Out: states, journeys, decisions, histories.
Invariant: everything that was decided is in the ledger, and what is in the ledger was decided once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Protocol, Self

import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.dispatch import (
    ADDRESSES,
    Dispatched,
    Posted,
    Rehearsed,
    Routes,
    Synced,
    SystemClock,
    patiently,
    starting_at,
)
from rulecrm.dispatch import Clock as SendingClock
from rulecrm.engine.advancing import Counts, Progress, Span, VersionedRules, advance, earliest
from rulecrm.engine.hearing import KINDS, Hearing, recognise
from rulecrm.engine.migrating import migrated
from rulecrm.engine.sending import Desk, Sender
from rulecrm.engine.versions import load_kept, params_of, rules_hash
from rulecrm.facts import Facts
from rulecrm.machine.journeys import Clock
from rulecrm.model.durations import Duration
from rulecrm.model.instants import Instant, from_microseconds, instant_of, to_microseconds
from rulecrm.model.program import Program
from rulecrm.plugin import Channel, Polls, Registry, installed
from rulecrm.policy import kinds_read
from rulecrm.runtime import calendar
from rulecrm.runtime.register import ALWAYS
from rulecrm.state import Ledger, RulesVersion, Settings
from rulecrm.words import Plain

if TYPE_CHECKING:
    from types import TracebackType

    from rulecrm.state import History, Letter, Measured

__all__ = ["Advanced", "Engine", "Rules"]


@frozen
class Advanced:
    """What one advance did.

    Attributes:
        since: the clock before, UTC; None for a new ledger.
        to: the clock now, UTC.
        entered: journeys begun.
        ended: journeys ended.
        decided: decisions made.
        settled: deferred messages that were asked again.
        outcomes: how many messages had which outcome.
    """

    since: dt.datetime | None
    to: dt.datetime
    entered: int
    ended: int
    decided: int
    settled: int
    outcomes: Mapping[str, int]


class Rules(Protocol):
    """Loaded rules, such as `rulecrm.load` gives."""

    @property
    def program(self) -> Program:
        """The typed model."""
        ...

    @property
    def plugins(self) -> Registry | None:
        """What they were checked with, besides the language itself."""
        ...


class Engine:
    """Rules, facts and a ledger; use it in a `with` block, or call `close`.

    ```python
    with rulecrm.Engine(rules, facts, state="sqlite:///crm.db", start="2025-11-01") as engine:
        engine.advance(to="2025-11-12T10:00")
        engine.decisions()
    ```

    What was sent, and what was told of it (opened, clicked, answered, …), is in the ledger; rules see it as facts
    beside the shop's own, without anybody giving it to them.

    Attributes:
        facts: the shop's facts; set it to newer ones before the next advance.
    """

    def __init__(
        self,
        rules: Rules,
        facts: Facts,
        *,
        state: str,
        start: Instant | None = None,
        seed: str = "rulecrm",
        lateness: dt.timedelta = dt.timedelta(days=7),
        channels: Mapping[str, Channel] | None = None,
        routes: Routes | None = None,
        registry: Registry | None = None,
    ) -> None:
        """Open the ledger, or make it.

        Args:
            rules: loaded rules.
            facts: the shop's facts.
            state: URL of the ledger: `sqlite:///crm.db`, `sqlite://` (in memory), `postgresql://user@host/database`.
            start: where the clock of a new ledger begins; nothing at it or before it is entered. A bare date is its
                first instant in the rules' zone. Without it the clock begins before the first fact.
            seed: of control groups, holdout and splits.
            lateness: how old a late row may be, and still be entered on.
            channels: what sends, by the word of the rules: `{"sms": channel}`; they are their owner's to close.
            routes: what sends, as a settings file says (`Routes.load`); closed with the engine.
            registry: what plugins offer; what the rules were checked with where nothing is said.

        Raises:
            RulesError: the ledger cannot be opened, is newer than this version, or belongs to other rules; R440.
        """
        program = rules.program
        begin = None if start is None else to_microseconds(instant_of(start, program.zone))
        machines = frozenset([*(one.symbol for one in program.journeys), *(one.symbol for one in program.lifecycles)])
        length = Duration(days=lateness.days, micros=lateness.seconds * 1_000_000 + lateness.microseconds)
        name = PurePath(next(iter(program.sources), "")).name
        settings = Settings(name, machines, program.zone, seed, begin, length)
        self.facts = facts
        self._program = program
        self._plugins = rules.plugins
        self._ledger = Ledger.open(state)
        try:
            self._settings = self._ledger.claim(settings)
        except BaseException:
            self._ledger.close()
            raise
        self._loaded: dict[tuple[str, str], Program | None] = {}
        self._registry = registry or rules.plugins
        self._desk = Desk(routes if routes is not None else Routes.of(channels or {}))
        self._hearing = Hearing()

    def __repr__(self) -> str:
        clock = self.clock
        return f"<Engine: clock {'not begun' if clock is None else clock.isoformat()}>"

    def close(self) -> None:
        """Let go of the ledger, and of channels that were made from settings."""
        self._desk.close()
        self._ledger.close()

    async def aclose(self) -> None:
        """The same as `close`, for programs that have a loop of asyncio."""
        await self._desk.routes.close()
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- advancing ------------------------------------------------------------------------------------------------

    @property
    def clock(self) -> dt.datetime | None:
        """How far the ledger has been advanced, UTC; None before the first advance of a ledger without a start."""
        return _door(self._ledger.clock())

    def advance(self, to: Instant, *, progress: Progress | None = None) -> Advanced:
        """Do everything that happens up to and including an instant, in one transaction.

        Args:
            to: the new clock; at an instant the clock has reached already, only late facts are looked at.
            progress: told how far the work has come.

        Raises:
            RulesError: the clock would run backwards, another engine is advancing, columns are missing, …; nothing
                was written then.
        """
        program = self._program
        end = to_microseconds(instant_of(to, program.zone))
        self._recognise()
        clock = self._ledger.clock()
        with self._ledger.advance(end, expected_clock=clock) as book:
            facts = self._hearing.joined(self.facts, book.told())
            since = min(earliest(program, facts), end) if clock is None else clock
            start = ALWAYS if self._settings.start is None else self._settings.start
            late = since - calendar.shift_scalar(since, -self._settings.lateness, program.zone)
            rules = VersionedRules(program, rules_hash(program), self._older)
            span = Span(Clock(since, end, start, late), self._settings.seed)
            counts = advance(rules, facts, book, span, progress=progress)
            book.finish(self._version(rules.hash))
        return _advanced(clock, end, counts)

    def migrate(self, campaign: str, steps: Mapping[str, str]) -> int:
        """Take journeys of older versions of a campaign over to the current one.

        Args:
            campaign: its name.
            steps: from the step at which journeys rest (`JOURNEYS.step`) to that of the current version at which they
                go on; a wait there counts from the journey's last move. Journeys that rest elsewhere finish on the
                version they were entered with, as all do unless somebody says otherwise.

        Returns:
            How many journeys were taken over.

        Raises:
            RulesError: R120, no such campaign; R473, no such step, or one that the journeys cannot go on at.
        """
        program = self._program
        current = {one.symbol: one for one in program.journeys}
        if campaign not in current:
            help_ = did_you_mean(campaign, current)
            raise RulesError([Diagnostic("R120", f"no campaign is called `{campaign}`", help=help_)])
        clock = self._ledger.clock()
        if clock is None:
            return 0
        with self._ledger.advance(clock, expected_clock=clock) as book:
            live = book.journeys().filter(pl.col("campaign") == campaign)
            moved = migrated(live, current[campaign], steps)
            book.write(journeys=moved)
            book.finish(self._version(rules_hash(program)))
        return moved.height

    def _version(self, hash_: str) -> RulesVersion:
        program = self._program
        versions = {one.symbol: one.version for one in program.journeys}
        return RulesVersion(hash_, program.sources, params_of(program), versions)

    def _older(self, symbol: str, version: str) -> Program | None:
        """The rules of an older version of a campaign, as the ledger kept them."""
        place = (symbol, version)
        if place not in self._loaded:
            kept = self._ledger.version(symbol, version)
            self._loaded[place] = None if kept is None else load_kept(kept.sources, kept.params, self._plugins)
        return self._loaded[place]

    def _told(self, program: Program) -> Facts:
        """The facts with what was told of messages, where a template of these rules asks for any of it."""
        return self.facts_with_receipts() if KINDS & kinds_read(program) else self.facts

    def _recognise(self) -> None:
        """Find the customers of whom only an address was told."""
        mine = {one.channel: one.address for one in self._desk.routes.routes if one.address}
        recognise(self._ledger, self.facts, self._program, {**ADDRESSES, **mine})

    # --- sending --------------------------------------------------------------------------------------------------

    def dispatch(
        self,
        now: Instant | None = None,
        *,
        limit: int | None = None,
        worker: str | None = None,
        clock: SendingClock | None = None,
        progress: Progress | None = None,
    ) -> Dispatched:
        """Send what is due, each message once, if the gate lets it now; and say what became of it.

        Args:
            now: the instant to begin at, where it is not the present.
            limit: how many messages may be handed over; all that are due where nothing is said.
            worker: what this worker is called; two that work on one ledger at a time differ.
            clock: what time it is, and how to wait; the machine's where nothing is said (with PostgreSQL its server's).
            progress: told how far the work has come.

        Raises:
            RulesError: the ledger cannot be used, or the facts lack columns that the gate needs.
            RuntimeError: it is called where a loop of asyncio is running; there, `await engine.adispatch()`.
        """
        return self._desk.run(
            lambda: self.adispatch(now, limit=limit, worker=worker, clock=clock, progress=progress)
        )  # fmt: skip

    async def adispatch(
        self,
        now: Instant | None = None,
        *,
        limit: int | None = None,
        worker: str | None = None,
        clock: SendingClock | None = None,
        progress: Progress | None = None,
    ) -> Dispatched:
        """The same as `dispatch`, for programs that have a loop of asyncio."""
        if now is not None:
            if clock is not None:
                raise ValueError("either `now` or `clock` says what time it is")
            clock = starting_at(instant_of(now, self._program.zone))
        await patiently(None, self._recognise)
        clock = clock or SystemClock(self._ledger.ahead())
        return await self._sender().send(clock=clock, limit=limit, worker=worker, progress=progress)

    def poll(self) -> int:
        """Fetch what providers that do not call have to tell since they were last asked; how many receipts were new.

        Raises:
            ExceptionGroup: what routes raised, after all others were asked.
            RuntimeError: it is called where a loop of asyncio is running; there, `await engine.apoll()`.
        """
        return self._desk.run(self.apoll)

    async def apoll(self) -> int:
        """The same as `poll`, for programs that have a loop of asyncio."""
        new, failed = 0, list[Exception]()
        for route in self._desk.routes.routes:
            if isinstance(route.sender, Polls):
                try:
                    new += await self._ledger.receipts.poll(route.sender, route=route.name, word=route.channel)
                except Exception as error:  # noqa: BLE001 - a stranger's code, or its provider; the others are asked first
                    error.add_note(f"while the route `{route.name}` was asked")
                    failed.append(error)
        if new:
            self._recognise()
        if failed:
            raise ExceptionGroup("routes could not be asked", failed)
        return new

    def sync_audience(
        self, segment: str, *, route: str, audience: str = "", as_of: Instant | None = None, dry_run: bool = False
    ) -> Synced:
        """Make an audience at a provider what a segment is: customers come and go as they do here.

        In it are the customers of the segment who may have a message for marketing by the route's channel: with
        consent, not suppressed, with an address. What was put there is in the ledger, so that the next time only what
        has changed is told to the provider.

        Args:
            segment: of customers.
            route: whose channel keeps audiences.
            audience: the provider's name of it; where nothing is said, that of the route's settings.
            as_of: the instant; the present where nothing is said.
            dry_run: only say how many would come and go.

        Raises:
            RulesError: R120, no such segment; R494, no such route, or it keeps no audiences; R484, no addresses.
            RuntimeError: it is called where a loop of asyncio is running; there, `await engine.async_audience()`.
        """
        return self._desk.run(
            lambda: self.async_audience(segment, route=route, audience=audience, as_of=as_of, dry_run=dry_run)
        )  # fmt: skip

    async def async_audience(
        self, segment: str, *, route: str, audience: str = "", as_of: Instant | None = None, dry_run: bool = False
    ) -> Synced:
        """The same as `sync_audience`, for programs that have a loop of asyncio."""
        facts, now = self.facts_with_receipts(), self._present(as_of)
        return await self._sender().sync(segment, route=route, audience=audience, facts=facts, now=now, dry=dry_run)

    def post(
        self,
        template: str,
        *,
        route: str,
        key: str | None = None,
        values: Mapping[str, Plain] | None = None,
        language: str | None = None,
        now: Instant | None = None,
        again: bool = False,
        dry_run: bool = False,
    ) -> Posted:
        """Write a template where everybody reads: a page, a wall, a feed. Once for each key.

        Args:
            template: it asks for no customer: params, the clock and `values` are all it has.
            route: whose channel posts.
            key: what is posted under one key is posted once; the template's name where nothing is said.
            values: what the template asks for, by name.
            language: tag of the language; the words for all where nothing is said.
            now: the instant; the present where nothing is said.
            again: post even where it was, or may have been, posted before.
            dry_run: only write the words.

        Raises:
            RulesError: R120, no such template; R494, no such route, or it does not post; R495, a value is missing.
            RuntimeError: it is called where a loop of asyncio is running; there, `await engine.apost()`.
        """
        return self._desk.run(
            lambda: self.apost(
                template, route=route, key=key, values=values, language=language, now=now, again=again, dry_run=dry_run
            )
        )  # fmt: skip

    async def apost(
        self,
        template: str,
        *,
        route: str,
        key: str | None = None,
        values: Mapping[str, Plain] | None = None,
        language: str | None = None,
        now: Instant | None = None,
        again: bool = False,
        dry_run: bool = False,
    ) -> Posted:
        """The same as `post`, for programs that have a loop of asyncio."""
        return await self._sender().post(
            template, route=route, key=key, values=values or {}, language=language, now=self._present(now),
            again=again, dry=dry_run,
        )  # fmt: skip

    def rehearse(self, folder: str | Path, now: Instant | None = None, *, limit: int | None = None) -> Rehearsed:
        """Write what would be sent now into a folder, as files to be opened and read; nothing is sent or changed.

        Args:
            folder: made where it is not there; `index.html` lists what is in it.
            now: the instant; the present where nothing is said.
            limit: at most so many messages of each route; 10,000 where nothing is said.
        """
        self._recognise()
        return self._sender().rehearse(Path(folder), now=self._present(now), limit=limit)

    def _sender(self) -> Sender:
        return Sender(
            self._ledger, self._program, self.facts, self._told, self._desk.routes, self._older,
            self._registry or self._plugins or installed(),
        )  # fmt: skip

    def dead_letters(self, decision: str | None = None) -> list[Letter]:
        """Messages that have failed, or of which nobody knows whether they were sent; or one message, dead or not."""
        return self._ledger.letters.all(decision)

    def retry(self, *decisions: str, now: Instant | None = None) -> int:
        """Send dead letters again with the next dispatch; how many.

        Raises:
            RulesError: R486, one of them is no dead letter.
        """
        return self._ledger.letters.retry(decisions, self._present(now))

    def resolve(self, decision: str, outcome: str, *, now: Instant | None = None) -> None:
        """Say what became of a dead letter: `sent` or `failed`.

        Raises:
            RulesError: R486, it is no dead letter.
        """
        self._ledger.letters.resolve([decision], outcome, self._present(now))

    def add_coupons(self, pool: str, codes: Iterable[str]) -> int:
        """Put codes into a pool, to be given away once each; how many are new."""
        return self._ledger.coupons.add(pool, codes)

    def _present(self, now: Instant | None) -> int:
        return to_microseconds(instant_of(dt.datetime.now(dt.UTC) if now is None else now, self._program.zone))

    # --- reading --------------------------------------------------------------------------------------------------

    def receipts(self, *, customer: str | None = None) -> pl.DataFrame:
        """What was sent and what was told of it, as events: the columns of `rulecrm.state.TOLD`, in the order of time.

        Given to a backtest among its events, it decides what this engine does.
        """
        self._recognise()
        self._ledger.receipts.reconcile()
        return self._ledger.receipts.frame(customer)

    def facts_with_receipts(self) -> Facts:
        """The facts as rules see them, with what was told of messages: for `Rules.evaluate` and `Rules.explain`."""
        return self._hearing.joined(self.facts, self.receipts())

    def decisions(self, *, customer: str | None = None, campaign: str | None = None) -> pl.DataFrame:
        """Decisions in the order of time: the columns of `rulecrm.model.decisions.DECISIONS`, instants in UTC."""
        return self._ledger.decisions(customer=customer, campaign=campaign)

    def journeys(
        self, *, customer: str | None = None, campaign: str | None = None, live: bool | None = None
    ) -> pl.DataFrame:
        """Journeys in the order of entry: the columns of `rulecrm.model.decisions.JOURNEYS`, instants in UTC.

        `live` narrows them to those under way (True) or ended (False).
        """
        return self._ledger.journeys(customer=customer, campaign=campaign, live=live)

    def measured(self, campaign: str) -> Measured:
        """What the effect of a campaign is measured by: arms, messages with what was told of them, and prices."""
        self._ledger.receipts.reconcile()
        return self._ledger.measured(campaign)

    def advances(self) -> pl.DataFrame:
        """Every advance that was made."""
        return self._ledger.advances()

    def history(self, customer: str) -> History:
        """Everything that was decided about one customer, in the order of time, and why."""
        return self._ledger.history(customer)

    def export(self, customer: str) -> dict[str, object]:
        """All that the ledger holds about one customer, JSON-ready."""
        return self._ledger.export(customer)

    def erase(self, customer: str) -> int:
        """Take a customer out of the ledger for good; counts stay what they are. How many rows were the customer's."""
        return self._ledger.erase(customer)


def _advanced(clock: int | None, to: int, counts: Counts) -> Advanced:
    end = _door(to)
    assert end is not None
    return Advanced(
        _door(clock), end, counts.entered, counts.ended, counts.decided, counts.settled, counts.outcomes
    )  # fmt: skip


def _door(clock: int | None) -> dt.datetime | None:
    return None if clock is None else from_microseconds(clock)

"""The ledger: who, what, when due, why, under which rules, and where the clock stands.

In: a URL; then advances, and questions. Out: frames, histories, exports.
Invariant: an advance is there as a whole or not at all, and no two engines ever make the same one.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import TracebackType
from typing import Self

import polars as pl
import sqlalchemy as sa
from attrs import define, field

from rulecrm.model.instants import from_microseconds
from rulecrm.state import reading, tables
from rulecrm.state.address import Address, address_of
from rulecrm.state.advance import Advance
from rulecrm.state.audiences import Audiences
from rulecrm.state.buckets import Buckets
from rulecrm.state.bulk import Watch
from rulecrm.state.connecting import engine_of, outside, take_lock, transaction
from rulecrm.state.coupons import Coupons
from rulecrm.state.history import History, history_of
from rulecrm.state.letters import Letters
from rulecrm.state.measured import Measured, measured
from rulecrm.state.opening import prepare
from rulecrm.state.outbox import Outbox
from rulecrm.state.posts import Posts
from rulecrm.state.privacy import compact, erase
from rulecrm.state.reached import Reached
from rulecrm.state.receipts import Receipts
from rulecrm.state.refusals import refusal, translated
from rulecrm.state.settings import RulesVersion, Settings, claim, claimed
from rulecrm.state.told import told

__all__ = ["WAIT", "Ledger"]

WAIT = 30.0
"""Seconds to wait for another engine, unless said otherwise."""


def _unwatched(_: str) -> None:
    """Nobody looks."""


@define(eq=False)
class Ledger:
    """A ledger that is open; use it in a `with` block, or call `close`.

    Attributes:
        watch: called with the name of each write of an advance just before it is made, for progress; what it raises
            undoes the advance.
    """

    _address: Address
    _engine: sa.Engine = field(repr=False)
    watch: Watch = field(default=_unwatched, repr=False)
    _current: sa.Connection | None = field(default=None, repr=False)
    _turn: threading.RLock = field(factory=threading.RLock, repr=False)

    @classmethod
    def open(cls, url: str, *, create: bool = True, wait: float = WAIT) -> Ledger:
        """Open a ledger, make it where there is none, or bring an older one to this version's schema.

        Args:
            url: `sqlite:///crm.db`, `sqlite://` (in memory), `postgresql://user@host/database`.
            create: whether to make one; otherwise it must be there.
            wait: seconds to wait for another engine that holds the lock.

        Raises:
            RulesError: R450 to R454, R457 or R460; nothing was written then.
        """
        address = address_of(url)
        engine = engine_of(address, wait, create=create)
        try:
            prepare(engine, address, wait, create=create)
        except BaseException:
            engine.dispose()
            raise
        return cls(address, engine)

    def close(self) -> None:
        """Let go of all connections; what is in memory is gone."""
        with translated(self._address.shown, self._address.secret):
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- writing --------------------------------------------------------------------------------------------------

    def claim(self, settings: Settings) -> Settings:
        """Say what the ledger is for: at the first time it is noted, and then it has to agree.

        Returns:
            The ledger's settings; `start` is its own where `settings` has none.

        Raises:
            RulesError: R455, it belongs to other rules, or has another seed, start or zone; nothing was written.
        """
        with self._transaction(write=False) as connection:  # mostly all is known, and nobody waits
            known = claimed(connection, settings, self._address.shown)
        if known is not None:
            return known
        with self._transaction(write=True) as connection:
            take_lock(connection)
            return claim(connection, settings, self._address.shown)

    @contextmanager
    def advance(self, to: int, *, expected_clock: int | None) -> Iterator[Advance]:
        """One advance, in one transaction, with the lock from its beginning to its end.

        What was written is kept when the block ends and `Advance.finish` was called, and only then.

        Args:
            to: the clock to advance to, microseconds since 1970-01-01 UTC.
            expected_clock: the clock as `clock()` gave it, microseconds; None for one before the first fact.

        Raises:
            RulesError: R456, `to` is before the clock; R457, another engine is advancing; R458, another engine has
                moved the clock meanwhile: look at the clock again and retry. Nothing was written.
        """
        with self._transaction(write=True) as connection:
            clock = take_lock(connection)
            if clock != expected_clock:
                raise refusal(
                    "R458",
                    f"another engine has moved the clock of {self._address.shown} to {_shown(clock)}",
                    fix="look at the clock again, and advance from there",
                    data={"clock": clock, "expected": expected_clock},
                )
            if clock is not None and to < clock:
                raise refusal(
                    "R456",
                    f"the clock of {self._address.shown} is at {_shown(clock)} and cannot go back to {_shown(to)}",
                    fix="advance to a later instant, or use a new ledger",
                    data={"clock": clock, "to": to},
                )
            advance = Advance(connection, clock, to, self.watch)
            yield advance
            if not advance.finished:
                raise RuntimeError("an advance ends with `finish`")

    def erase(self, customer: str) -> int:
        """Take a customer out of the ledger: no table holds the key afterwards, and the customer never enters again.

        In its place is a random token that leads nowhere; all counts stay what they are. A journey under way ends.
        Databases overwrite what they freed when they need the room, not before: see `compact`.

        Returns:
            How many rows were the customer's.
        """
        with self._transaction(write=True) as connection:
            take_lock(connection)
            return erase(connection, customer)

    def compact(self) -> None:
        """Write the database anew, without the bytes of what was erased; while it lasts nothing else is written.

        Raises:
            RulesError: R457, somebody is using the ledger.
        """
        with translated(self._address.shown, self._address.secret), outside(self._engine) as connection:
            compact(connection)

    @property
    def receipts(self) -> Receipts:
        """What providers, and the people themselves, told of messages."""
        return Receipts(self._transaction)

    # --- reading --------------------------------------------------------------------------------------------------

    def clock(self) -> int | None:
        """Where the clock stands, microseconds; None before the first fact."""
        with self._transaction(write=False) as connection:
            now: int | None = connection.execute(sa.select(tables.clock.c.clock)).scalar_one()
        return now

    def decisions(
        self, customer: str | None = None, campaign: str | None = None, since: dt.datetime | None = None
    ) -> pl.DataFrame:
        """Decisions, in the order of time: the columns of `DECISIONS`, instants in UTC.

        Args:
            customer: of this customer alone.
            campaign: of this campaign alone.
            since: at this instant or later.
        """
        with self._transaction(write=False) as connection:
            return reading.decisions(connection, customer=customer, campaign=campaign, since=since)

    def journeys(
        self, customer: str | None = None, campaign: str | None = None, *, live: bool | None = None
    ) -> pl.DataFrame:
        """Journeys, in the order of entry: the columns of `JOURNEYS`, instants in UTC.

        Args:
            customer: of this customer alone.
            campaign: of this campaign alone.
            live: True for those under way, False for those that have ended.
        """
        with self._transaction(write=False) as connection:
            return reading.journeys(connection, customer=customer, campaign=campaign, live=live)

    def advances(self) -> pl.DataFrame:
        """Every advance: the columns of `reading.ADVANCES`."""
        with self._transaction(write=False) as connection:
            return reading.advances(connection)

    def measured(self, campaign: str) -> Measured:
        """What the effect of a campaign is measured by: arms, messages with what was told of them, and prices."""
        with self._transaction(write=False) as connection:
            return measured(connection, campaign)

    def version(self, campaign: str, version: str) -> RulesVersion | None:
        """The rules that a version of a campaign was first advanced with; None where it never was."""
        with self._transaction(write=False) as connection:
            return reading.version(connection, campaign, version)

    def history(self, customer: str) -> History:
        """Everything that was decided about one customer, in the order of time, and why."""
        with self._transaction(write=False) as connection:
            journeys = reading.journeys(connection, customer=customer, campaign=None, live=None)
            decisions = reading.decisions(connection, customer=customer, campaign=None, since=None)
            attempts = reading.attempts(connection, customer)
            receipts = told(connection, customer)
            zone = sa.select(tables.meta.c.value).where(tables.meta.c.name == "zone")
            shown = connection.execute(zone).scalar_one_or_none() or "UTC"
        return history_of(customer, journeys, decisions, shown, attempts=attempts, receipts=receipts)

    def export(self, customer: str) -> dict[str, object]:
        """All that the ledger holds about one customer, JSON-ready; instants are ISO 8601 in UTC."""
        with self._transaction(write=False) as connection:
            journeys = reading.journeys(connection, customer=customer, campaign=None, live=None)
            decisions = reading.decisions(connection, customer=customer, campaign=None, since=None)
            attempts = reading.attempts(connection, customer)
            receipts = told(connection, customer)
        frames = {"journeys": journeys, "decisions": decisions, "attempts": attempts, "receipts": receipts}
        audiences = self.audiences.of(customer)
        return {"customer": customer, **{name: _plain(frame) for name, frame in frames.items()}, "audiences": audiences}

    # --- sending --------------------------------------------------------------------------------------------------

    @property
    def in_memory(self) -> bool:
        """Whether the ledger is gone with the program; it has one connection then."""
        return self._address.dialect == "sqlite" and self._address.path is None

    def ahead(self) -> dt.timedelta:
        """How far the clock of the database's server is ahead of this machine's; none where it is the same machine.

        Workers of several machines go by the server's, so that leases and rates mean the same to all of them.
        """
        if self._address.dialect == "sqlite":
            return dt.timedelta()
        with self._transaction(write=False) as connection:
            before = dt.datetime.now(dt.UTC)
            server: dt.datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
            after = dt.datetime.now(dt.UTC)
        if before <= server <= after:
            return dt.timedelta()
        return server - before - (after - before) / 2

    @property
    def outbox(self) -> Outbox:
        """Messages that wait, and what becomes of them."""
        return Outbox(self._transaction, self._watched)

    def _watched(self, name: str) -> None:
        self.watch(name)

    @property
    def buckets(self) -> Buckets:
        """Rates that workers share."""
        return Buckets(self._transaction)

    @property
    def coupons(self) -> Coupons:
        """Codes that are given away once each."""
        return Coupons(self._transaction)

    @property
    def audiences(self) -> Audiences:
        """Who is in which audience of a provider."""
        return Audiences(self._transaction)

    @property
    def posts(self) -> Posts:
        """What was posted where everybody reads."""
        return Posts(self._transaction)

    @property
    def letters(self) -> Letters:
        """Messages that were not sent, or of which nobody knows."""
        return Letters(self._transaction)

    @property
    def reached(self) -> Reached:
        """Whom messages have reached, and who wants no more."""
        return Reached(self._transaction)

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[sa.Connection]:
        # In memory there is one connection, and threads take turns at it.
        with self._turn if self.in_memory else nullcontext(), translated(self._address.shown, self._address.secret):
            if self._current is not None:  # this thread is in the midst of an advance
                if write:
                    raise refusal("R457", f"the ledger {self._address.shown} is in the midst of an advance")
                yield self._current
                return
            with transaction(self._engine, write=write) as connection:
                self._current = connection if self.in_memory else None
                try:
                    yield connection
                finally:
                    self._current = None


_JSON = frozenset({"past", "rounds", "carried", "values"})
"""Columns that hold JSON."""


def _plain(frame: pl.DataFrame) -> list[dict[str, object]]:
    instants = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    frame = frame.with_columns(pl.col(instants).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    return [
        {name: json.loads(value) if name in _JSON and value is not None else value for name, value in row.items()}
        for row in frame.iter_rows(named=True)
    ]


def _shown(clock: int | None) -> str:
    if clock is None:
        return "before the first fact"
    return from_microseconds(clock).isoformat()

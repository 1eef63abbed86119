"""A fact store: one folder, one Delta table for each frame, and the commits that hold them together.

In: a folder. Out: scans of what is known now or was known at an instant, and a writer.
Invariant: a reader sees the tables as the last commit names them; what comes after, whoever left it there, is not seen.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

import polars as pl
from attrs import define, evolve, field

from rulecrm.lake import commits, privacy, upkeep
from rulecrm.lake.commits import Head
from rulecrm.lake.findings import refusal
from rulecrm.lake.keeping import COMMITS, CONTACTS, ERASED, QUARANTINE, RESERVED, keeping_of
from rulecrm.lake.locking import locked
from rulecrm.lake.persons import LINKED, LINKS, persons_of
from rulecrm.lake.tables import Tables, require
from rulecrm.lake.versions import current, known
from rulecrm.lake.writer import Writer
from rulecrm.plugin.platforms import Cursor

__all__ = ["FactStore"]

_INNER = ("commit", "turn", "layer")
WAIT = 10.0
"""Seconds to wait for another writer."""
KEEP = dt.timedelta(days=7)
"""How long files stay that were replaced."""


@define(eq=False, repr=False)
class FactStore:
    """A store that is open, as of one commit; what this object itself commits is seen through it at once.

    Attributes:
        path: its folder.
    """

    path: Path
    _tables: Tables
    _head: Head = field(factory=Head)

    @classmethod
    def open(cls, path: str | PathLike[str], *, create: bool = False) -> FactStore:
        """Open a store, as of its last commit.

        Args:
            path: its folder.
            create: make it where there is none.

        Raises:
            RulesError: R700 a library is not installed; R701 there is no store; R702 a later version of rulecrm wrote
                it; R706 it cannot be read.
        """
        return cls.of(Tables(Path(path)), create=create)

    @classmethod
    def of(cls, tables: Tables, *, create: bool = False) -> FactStore:
        """As `open`, over tables that somebody watches."""
        require()
        if not tables.exists(COMMITS):
            if not create:
                fix = "`rulecrm sync` and `rulecrm import` make one"
                raise refusal("R701", f"{tables.path} is no fact store", fix=fix)
            commits.begin(tables)
        return cls(tables.path, tables, commits.last(tables))

    def refresh(self) -> int:
        """Go to the last commit, whoever made it; its number."""
        self._tables.forget()
        self._head = commits.last(self._tables)
        return self._head.number

    # --- reading ------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """The number of the commit that is seen; 0 before the first."""
        return self._head.number

    def frames(self) -> tuple[str, ...]:
        """Names of the frames that have rows, in alphabetical order."""
        return tuple(sorted(set(self._head.tables) - RESERVED))

    def cursor(self, origin: str) -> Cursor | None:
        """Where reading an origin goes on; None where nothing was read."""
        return self._head.cursors.get(origin)

    def commits(self) -> pl.DataFrame:
        """The commits, in their order.

        Returns:
            `number` Int64, `at` Datetime(us, UTC), `format` Int32, `what` (`put`, `compact`, …), and as JSON `tables`
            (versions), `cursors` (by origin) and `counts` (a list of `Tally` with `origin` and `frame`).
        """
        return commits.everything(self._tables, self._head)

    def scan(
        self, frame: str, *, known_on: dt.datetime | None = None, origin: str | None = None
    ) -> pl.LazyFrame | None:
        """The rows of a frame, in no order.

        Args:
            frame: its name.
            known_on: as they were known at this instant (aware) instead of now.
            origin: only rows whose current version came from there.

        Returns:
            A scan of the columns that were put (text String, money Decimal(38, 4), instants Datetime(us, UTC)) and
            `origin`, `changed_at`, `learnt_at` (Datetime(us, UTC)); None where nothing of the frame was ever put.

        Raises:
            ValueError: `known_on` has no zone.
        """
        if known_on is not None:
            _check_zone(known_on)
        if frame in RESERVED or frame not in self._head.tables:
            return None
        rows = self._rows(frame, known_on)
        if frame == "customers" and CONTACTS in self._head.tables:
            contacts = self._rows(CONTACTS, known_on).drop("origin", "learnt_at", ERASED, *_INNER, strict=False)
            rows = rows.join(contacts, on="customer", how="left")
        rows = rows if origin is None else rows.filter(pl.col("origin") == origin)
        return rows.drop(_INNER)

    def persons(self, *, known_on: dt.datetime | None = None) -> pl.DataFrame:
        """Who is one person, as far as customers are linked (see `rulecrm link`).

        Args:
            known_on: as it was known at this instant (aware) instead of now.

        Returns:
            `customer`, `person` (String): a row for each customer that is linked; the others are persons by themselves.
        """
        links = self.scan(LINKS, known_on=known_on)
        return persons_of(pl.DataFrame(schema=LINKED) if links is None else links.collect())

    def changed_keys(self, frame: str, since_commit: int) -> pl.DataFrame:
        """Keys of a frame that were given a new version after a commit, and whose they are.

        Args:
            frame: its name; changed contacts count as changed customers.
            since_commit: the number of a commit; 0 gives all.

        Returns:
            The key (`order`, `customer`, …) and `customer`: one row for each customer that a version of the key, old or
            new, or its order belongs to; missing where none is told. In no order.
        """
        version = self._head.tables.get(frame)
        key = keeping_of(frame).key
        if version is None or frame in RESERVED:
            return pl.DataFrame(schema=dict.fromkeys((key, "customer"), pl.String))
        rows = self._tables.scan(frame, version)
        touched = rows.filter(pl.col("commit") > since_commit).select(key).unique().collect().lazy()
        if "customer" not in rows.collect_schema() and key == "order" and "orders" in self._head.tables:
            rows = self._tables.scan("orders", self._head.tables["orders"])
        if "customer" not in rows.collect_schema():
            return touched.with_columns(pl.lit(None, pl.String).alias("customer")).collect()
        told = rows.join(touched, on=key, how="semi").select(list(dict.fromkeys((key, "customer")))).unique()
        return touched.join(told, on=key, how="left").collect()

    def versions(self, frame: str) -> pl.LazyFrame | None:
        """The rows of a frame in every version that was ever learnt, in no order; contacts are not among them.

        Returns:
            A scan of the columns of `scan` that are no contacts, and `commit` (Int64): the number of the commit that
            brought the row; None where nothing of the frame was ever put.
        """
        version = self._head.tables.get(frame)
        return None if version is None or frame in RESERVED else self._tables.scan(frame, version)

    def written(self, since_commit: int) -> frozenset[str]:
        """Frames that were written to after a commit, be it that only their files were put in order."""
        before = commits.one(self._tables, since_commit)
        names = set(self._head.tables) - RESERVED
        return frozenset(name for name in names if before is None or self._head.tables[name] != before.tables.get(name))

    def mark(self, number: int) -> str | None:
        """What tells a commit of this store from all others, of other stores too; None where there is no such one."""
        before = None if number > self._head.number else commits.one(self._tables, number)
        if before is None:
            return None
        return f"{self._tables.identity(COMMITS)} {before.number} {before.at} {sorted(before.tables.items())}"

    def quarantine(self) -> pl.LazyFrame:
        """Rows that could not be understood: each once, however often it came.

        Returns:
            `origin`, `frame`, `reason`, `code`, `original`, `place` (String), `learnt_at` (Datetime(us,
            UTC)), `commit` (Int64).
        """
        version = self._head.tables.get(QUARANTINE)
        if version is None:
            texts = dict.fromkeys(("origin", "frame", "reason", "code", "original", "place"), pl.String)
            return pl.LazyFrame(schema={**texts, "learnt_at": pl.Datetime("us", "UTC"), "commit": pl.Int64})
        return self._tables.scan(QUARANTINE, version)

    def _rows(self, table: str, known_on: dt.datetime | None) -> pl.LazyFrame:
        version = self._head.tables[table]
        rows, keeping = self._tables.scan(table, version), keeping_of(table)
        if known_on is not None and self._head.at is not None and known_on < self._head.at:
            return known(rows, keeping, known_on)
        return current(rows, keeping, recent=self._has_recent(table, version))

    def _has_recent(self, table: str, version: int) -> bool:
        return "recent" in self._tables.layers(table, version)

    # --- writing ------------------------------------------------------------------------------------------------

    @contextmanager
    def writer(self, now: dt.datetime, *, wait: float = WAIT) -> Iterator[Writer]:
        """Write to the store, alone.

        Args:
            now: the instant at which what is put is learnt (aware).
            wait: seconds to wait for another writer.

        Raises:
            RulesError: R703 somebody else is writing; R702; R706.
            ValueError: `now` has no zone.
        """
        _check_zone(now)
        with self._alone(wait):
            yield Writer(self._tables, self._head, now, self._went_on)

    def compact(self, *, wait: float = WAIT) -> None:
        """Sort what was added lately into the base of each table; writers do so by themselves when there is much of it.

        Raises:
            RulesError: as `writer`.
        """
        with self._alone(wait) as head:
            recent = [name for name in head.tables if name != QUARANTINE and self._has_recent(name, head.tables[name])]
            if recent:
                self._went_on(upkeep.compact(self._tables, head, recent))

    def vacuum(self, *, keep: dt.timedelta = KEEP, wait: float = WAIT) -> None:
        """Remove files that the store does not refer to any more. What was known before is not among them.

        Args:
            keep: files younger than this stay, for readers that opened the store before it was compacted.
            wait: seconds to wait for another writer.

        Raises:
            RulesError: as `writer`.
        """
        hours = math.ceil(keep / dt.timedelta(hours=1))
        with self._alone(wait) as head:
            self._went_on(upkeep.vacuum(self._tables, head, tuple(head.tables), hours))
            self._tables.vacuum(COMMITS, hours)

    def erase(self, customers: str | Collection[str], now: dt.datetime, *, wait: float = WAIT) -> None:
        """Take the contacts of a customer, or of several, out of the store for good, in all versions.

        What is in `contacts` of them is removed from the disk, and is not taken again from rows that do not say
        (`changed_at`) that they changed after `now`. Readers that opened the store before have to open it again.
        Rows in quarantine are not looked through, for nobody knows whose they are; `purge` removes them by age.

        Raises:
            RulesError: as `writer`.
            ValueError: `now` has no zone.
        """
        _check_zone(now)
        with self._alone(wait) as head:
            named = [customers] if isinstance(customers, str) else list(customers)
            if named:
                self._went_on(privacy.erase(self._tables, head, named, now.astimezone(dt.UTC)))
                self._finish()

    def purge(self, before: dt.datetime, *, wait: float = WAIT) -> None:
        """Remove rows from quarantine, for good, that were learnt before an instant.

        Raises:
            RulesError: as `writer`.
            ValueError: `before` has no zone.
        """
        _check_zone(before)
        with self._alone(wait) as head:
            if QUARANTINE in head.tables:
                self._went_on(privacy.purge(self._tables, head, before.astimezone(dt.UTC)))
                self._finish()

    @contextmanager
    def _alone(self, wait: float) -> Iterator[Head]:
        """Hold the lock, with what a killed writer left behind the last commit undone."""
        with locked(self.path, wait):
            self._tables.forget()
            head = commits.last(self._tables)
            versions = {name: self._tables.restore(name, at) for name, at in head.tables.items()}
            self._went_on(evolve(head, tables=versions))
            self._finish()
            yield self._head

    def _finish(self) -> None:
        """After rows were taken out for good: remove the files that had them, whoever was killed before he could."""
        names = privacy.unfinished(self._head)
        if names:
            self._went_on(upkeep.vacuum(self._tables, self._head, names, 0))

    def _went_on(self, head: Head) -> None:
        self._head = head

    def __repr__(self) -> str:
        return f"<FactStore {self.path}, commit {self.version}: {', '.join(self.frames()) or 'empty'}>"


def _check_zone(instant: dt.datetime) -> None:
    if instant.tzinfo is None:
        raise ValueError("an instant must have a time zone")

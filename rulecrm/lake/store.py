"""A fact store: one folder, one Delta table for each frame, and the commits that hold them together.

In: a folder. Out: scans of what is known now or was known at an instant, and a writer.
Invariant: a reader sees the tables as the last commit names them; what comes after, whoever left it there, is not seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

import polars as pl
from attrs import define, evolve, field

from rulecrm.lake import commits
from rulecrm.lake.commits import Head
from rulecrm.lake.findings import refusal
from rulecrm.lake.keeping import COMMITS, CONTACTS, QUARANTINE, RESERVED, keeping_of
from rulecrm.lake.locking import locked
from rulecrm.lake.persons import LINKED, LINKS, persons_of
from rulecrm.lake.tables import Tables, require
from rulecrm.lake.versions import current, known
from rulecrm.lake.writer import ERASED, Writer
from rulecrm.plugin.platforms import Cursor

__all__ = ["FactStore"]

_INNER = ("commit", "turn", "layer")


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
        if known_on is not None and known_on.tzinfo is None:
            raise ValueError("known_on must have a time zone")
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
        return "recent" in self._tables.files(table, version)["partition.layer"]

    # --- writing ------------------------------------------------------------------------------------------------

    @contextmanager
    def writer(self, now: dt.datetime, *, wait: float = 10.0) -> Iterator[Writer]:
        """Write to the store, alone.

        Args:
            now: the instant at which what is put is learnt (aware).
            wait: seconds to wait for another writer.

        Raises:
            RulesError: R703 somebody else is writing; R702; R706.
            ValueError: `now` has no zone.
        """
        if now.tzinfo is None:
            raise ValueError("now must have a time zone")
        with locked(self.path, wait, now):
            head = self._tidy()
            yield Writer(self._tables, head, now, self._went_on)

    def _went_on(self, head: Head) -> None:
        self._head = head

    def _tidy(self) -> Head:
        """The last commit, after what a killed writer left behind it was undone."""
        head = commits.last(self._tables)
        versions = {name: self._tables.restore(name, at) for name, at in head.tables.items()}
        self._head = evolve(head, tables=versions)
        return self._head

    def __repr__(self) -> str:
        return f"<FactStore {self.path}, commit {self.version}: {', '.join(self.frames()) or 'empty'}>"

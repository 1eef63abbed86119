"""Putting rows into a store.

In: rows of frames, rows that could not be understood, cursors. Out: new versions, and for each put a `Tally`.
Invariant: nothing is seen before `commit`, and then all of it; received = stored + unchanged + quarantined.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import polars as pl
from attrs import asdict, define, evolve, field, frozen

from rulecrm.lake import commits
from rulecrm.lake.columns import brought, split
from rulecrm.lake.commits import Head
from rulecrm.lake.keeping import CONTACTS, ERASED, PERSONAL, QUARANTINE, RESERVED, Keeping, keeping_of
from rulecrm.lake.tables import Tables
from rulecrm.lake.upkeep import keep_up
from rulecrm.lake.versions import WHEN, Put, compare, latest, winners
from rulecrm.plugin.platforms import Cursor, Refused

__all__ = ["Tally", "Writer"]

_INSTANT = pl.Datetime("us", "UTC")
_REFUSED = {
    "origin": pl.String,
    "frame": pl.String,
    "reason": pl.String,
    "code": pl.String,
    "original": pl.String,
    "place": pl.String,
}
_SAME = ["origin", "frame", "reason", "original"]
"""What makes a refused row the same as one before."""


@frozen
class Tally:
    """What became of rows: `received` = `stored` + `unchanged` + `quarantined`.

    Attributes:
        received: rows that came.
        stored: rows that are a new version, or part of one.
        unchanged: rows that say what is known already, or what was known before (`stale`).
        quarantined: rows put away with a reason.
        stale: of the unchanged, those older than what is known, and those given again in the same put.
    """

    received: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0
    stale: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.received + other.received, self.stored + other.stored, self.unchanged + other.unchanged,
            self.quarantined + other.quarantined, self.stale + other.stale,
        )  # fmt: skip


@define(eq=False)
class Writer:
    """Puts rows into a store; `FactStore.writer` makes it, and holds the lock for it.

    What was put and not committed is gone when the block ends, however it ends.
    """

    _tables: Tables
    _head: Head
    _now: dt.datetime
    _done: Callable[[Head], None]
    _pending: dict[str, list[pl.DataFrame]] = field(factory=dict, init=False)
    _counts: dict[tuple[str, str], Tally] = field(factory=dict, init=False)
    _turn: int = field(default=0, init=False)

    def put(self, origin: str, frame: str, rows: pl.DataFrame) -> Tally:
        """Take rows of a frame.

        Args:
            origin: the account or kind of file they come from.
            frame: `orders`, `items`, `customers`, `products`, `events`, or the name of a kind of events.
            rows: columns of the frame (docs/facts.md) and of the shop's own; `changed_at` (aware) and `status` besides.
                What it has no column for stays as it is known; what is missing in a column it has is known to be
                missing. The items given for an order are all that it has.

        Raises:
            RulesError: R704 a column that cannot be kept; R705 no column of the key.
            ValueError: the store itself writes to the table of that name.
        """
        if frame in RESERVED:
            raise ValueError(f"`{frame}` is a table of the store's own")
        self._turn += 1
        keeping = keeping_of(frame)
        schema = self._schema(frame) | (self._schema(CONTACTS) if frame == "customers" else {})
        keyed, keyless = split(rows, keeping)
        whole = brought(keyed, keeping, schema)
        self._quarantine(keyless.with_columns(pl.lit(origin).alias("origin")))
        quarantined = keyless.height
        once = latest(whole, keeping)
        stored, late = self._take_customers(origin, once) if frame == "customers" else self._take(origin, keeping, once)
        stale = whole.height - once.height + late
        tally = Tally(rows.height, stored, whole.height - stored, quarantined, stale)
        self._count(origin, frame, tally)
        return tally

    def refuse(self, origin: str, refused: Sequence[Refused], *, code: str | None = None) -> Tally:
        """Keep rows that could not be understood; one that is in quarantine already is not kept twice."""
        rows = [(origin, one.frame, one.reason, code, one.original, one.place) for one in refused]
        self._quarantine(pl.DataFrame(rows, schema=_REFUSED, orient="row"))
        for frame in dict.fromkeys(one.frame for one in refused):
            count = sum(one.frame == frame for one in refused)
            self._count(origin, frame, Tally(received=count, quarantined=count))
        return Tally(received=len(refused), quarantined=len(refused))

    def commit(self, cursors: Mapping[str, Cursor] | None = None, *, now: dt.datetime | None = None) -> int:
        """Make everything that was put since the last commit known, at once.

        Args:
            cursors: by origin, where reading goes on; those of other origins stay.
            now: the instant it was learnt; that of the writer where it is left out. Never before the last commit's: a
                clock that was set back does not make what is learnt later known earlier.

        Returns:
            The number of the commit; that of the last where there was nothing to write.

        Raises:
            RulesError: R706 the disk refuses. Nothing of it is known then.
        """
        merged = {**self._head.cursors, **{origin: dict(cursor) for origin, cursor in (cursors or {}).items()}}
        if not self._pending and merged == self._head.cursors:
            self._counts = {}
            return self._head.number
        at = self._instant(now or self._now)
        versions = {name: self._write(name, frames, at) for name, frames in self._pending.items()}
        head = Head(self._head.number + 1, at, {**self._head.tables, **versions}, merged, "put")
        counts = [
            {"origin": origin, "frame": frame, **asdict(tally)} for (origin, frame), tally in self._counts.items()
        ]
        commits.note(self._tables, head, counts)
        self._pending, self._counts, self._turn = {}, {}, 0
        self._went_on(head)
        self._went_on(keep_up(self._tables, head, versions))
        return head.number

    def _went_on(self, head: Head) -> None:
        self._head = head
        self._done(head)

    # --- rows ---------------------------------------------------------------------------------------------------

    def _take(self, origin: str, keeping: Keeping, rows: pl.DataFrame) -> tuple[int, int]:
        """How many rows are stored, and how many are older than what is known."""
        put = compare(rows, self._before(keeping, rows[keeping.key]), keeping)
        late = rows[keeping.key].is_in(put.late.implode())
        return self._keep(origin, keeping.frame, put.only(put.differs)), int(late.sum())

    def _take_customers(self, origin: str, rows: pl.DataFrame) -> tuple[int, int]:
        """As `_take`; what is personal goes to the contacts. One whose contacts differ is a new version of both."""
        keeping = keeping_of("customers")
        personal = [name for name in rows.columns if name in PERSONAL]
        put = compare(rows.drop(personal), self._before(keeping, rows["customer"]), keeping)
        late = rows["customer"].is_in(put.late.implode())
        differs = put.differs
        if personal:
            told = self._take_contacts(origin, rows.filter(~late), personal)
            differs |= put.rows["customer"].is_in(told.implode())
        return self._keep(origin, "customers", put.only(differs)), int(late.sum())

    def _take_contacts(self, origin: str, rows: pl.DataFrame, personal: list[str]) -> pl.Series:
        """Keep what is personal; whose it is that differs."""
        keeping = keeping_of(CONTACTS)
        before = self._before(keeping, rows["customer"])
        if ERASED in before.columns:
            erased = before.filter(pl.col(ERASED).is_not_null()).select("customer", ERASED)
            rows = rows.join(erased, on="customer", how="left", maintain_order="left")
            again = pl.col(WHEN) > pl.col(ERASED) if WHEN in rows.columns else pl.lit(False)
            rows = rows.filter(pl.col(ERASED).is_null() | again.fill_null(value=False))
        told = rows.select("customer", *personal)
        known = told["customer"].is_in(before["customer"].implode())
        told = told.filter(known | told.select(pl.any_horizontal(pl.col(personal).is_not_null())).to_series())
        put = compare(told, before, keeping)
        fresh = put.only(put.differs)
        self._keep(origin, CONTACTS, evolve(fresh, rows=fresh.rows.drop(WHEN)))
        return fresh.rows["customer"]

    def _keep(self, origin: str, table: str, put: Put) -> int:
        """Remember rows until the commit; how many."""
        if put.rows.height:
            layer = put.new.replace_strict({True: "base", False: "recent"}, return_dtype=pl.String)
            kept = put.rows.with_columns(
                pl.lit(origin).alias("origin"),
                pl.lit(None, _INSTANT).alias("learnt_at"),
                pl.lit(self._head.number + 1, pl.Int64).alias("commit"),
                pl.lit(self._turn, pl.Int32).alias("turn"),
                layer.alias("layer"),
            )
            self._pending.setdefault(table, []).append(kept)
        return put.rows.height

    # --- what is known ------------------------------------------------------------------------------------------

    def _before(self, keeping: Keeping, keys: pl.Series) -> pl.DataFrame:
        """The current rows of keys, those put since the last commit among them."""
        least = {**dict.fromkeys(keeping.line, pl.String()), WHEN: _INSTANT, "commit": pl.Int64(), "turn": pl.Int32()}
        nothing = pl.DataFrame(schema=least)
        version, pending = self._head.tables.get(keeping.frame), self._pending.get(keeping.frame, [])
        if version is None and not pending:
            return nothing
        wanted = pl.col(keeping.key).is_in(keys.unique().implode())
        frames = [frame.filter(wanted) for frame in pending]
        if version is not None:
            stored = self._tables.peek(keeping.frame, version)
            frames.insert(0, stored.filter((pl.col("layer") != "history") & wanted).collect())
        return winners(pl.concat([nothing, *frames], how="diagonal").lazy(), keeping).collect()

    def _schema(self, table: str) -> dict[str, pl.DataType]:
        """The columns that a table has, those put since the last commit among them."""
        version = self._head.tables.get(table)
        schema = {} if version is None else dict(self._tables.peek(table, version).collect_schema())
        for frame in self._pending.get(table, []):
            schema.update(frame.schema)
        return schema

    # --- quarantine ---------------------------------------------------------------------------------------------

    def _quarantine(self, rows: pl.DataFrame) -> None:
        """Rows that are not in quarantine yet."""
        fresh = rows.select(list(_REFUSED)).unique(subset=_SAME, keep="first", maintain_order=True)
        version = self._head.tables.get(QUARANTINE)
        before = [frame.lazy() for frame in self._pending.get(QUARANTINE, [])]
        if version is not None:
            before.append(self._tables.peek(QUARANTINE, version))
        for there in before:
            new = fresh.lazy().join(there.select(_SAME), on=_SAME, how="anti", nulls_equal=True, maintain_order="left")
            fresh = new.collect()
        if fresh.height:
            kept = fresh.with_columns(
                pl.lit(None, _INSTANT).alias("learnt_at"), pl.lit(self._head.number + 1, pl.Int64).alias("commit")
            )
            self._pending.setdefault(QUARANTINE, []).append(kept)

    # --- the disk -----------------------------------------------------------------------------------------------

    def _instant(self, now: dt.datetime) -> dt.datetime:
        now = now.astimezone(dt.UTC)
        return now if self._head.at is None else max(now, self._head.at)

    def _write(self, table: str, frames: Sequence[pl.DataFrame], at: dt.datetime) -> int:
        rows = pl.concat(frames, how="diagonal").with_columns(pl.lit(at, _INSTANT).alias("learnt_at"))
        if table in self._head.tables:
            return self._tables.append(table, rows)
        statistics = ("origin", "frame", "commit") if table == QUARANTINE else (keeping_of(table).key, "commit")
        # What lies there, if anything, a writer has left that was killed before its first commit.
        return self._tables.create(table, rows, statistics, layered=table != QUARANTINE)

    def _count(self, origin: str, frame: str, tally: Tally) -> None:
        self._counts[origin, frame] = self._counts.get((origin, frame), Tally()) + tally

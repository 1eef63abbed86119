"""The store against the slow and obvious: whatever is put, in whatever order, however it ends."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rulecrm.lake import FactStore, Tally
from rulecrm.lake.tables import Tables
from tests.lake.model import KEYS, LINES, Model, Row

T0 = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ORIGINS = ("tb", "file")
DTYPES = {
    "status": pl.String,
    "customer": pl.String,
    "nick": pl.String,
    "email": pl.String,
    "city": pl.String,
    "tags": pl.List(pl.String),
    "quantity": pl.Int64,
    "amount": pl.Decimal(38, 4),
    "title": pl.String,
    "points": pl.Int64,
    "kind": pl.String,
    "extra": pl.Int64,
    "changed_at": pl.Datetime("us", "UTC"),
    **dict.fromkeys(("order", "item", "product", "event"), pl.String),
}
COLUMNS = {
    "orders": ("customer", "amount", "status", "extra"),
    "items": ("product", "quantity", "extra"),
    "customers": ("nick", "email", "city", "tags", "points"),
    "products": ("title", "tags"),
    "events": ("kind", "customer", "extra"),
}
VALUES = {
    pl.String: st.sampled_from(["a", "b"]),
    pl.Int64: st.integers(0, 1),
    pl.Decimal(38, 4): st.sampled_from([1, 2]),
    pl.List(pl.String): st.sampled_from([["a"], ["a", "b"], []]),
}


class KilledError(Exception):
    """The process ended here."""


@st.composite
def puts(draw: st.DrawFn) -> tuple[str, list[str], list[Row]]:
    """A frame, columns and rows: few keys, so that they meet."""
    frame = draw(st.sampled_from(tuple(KEYS)))
    keys = {KEYS[frame], LINES.get(frame, KEYS[frame])}
    columns = [name for name in COLUMNS[frame] if draw(st.booleans())]
    if draw(st.booleans()):
        columns.append("changed_at")

    def cell(name: str) -> st.SearchStrategy[object]:
        if name in keys:
            # A key is missing now and then.
            return st.sampled_from(["1", "2", "3", "1", "2", "3", "1", "2", "3", None])
        if name == "changed_at":
            return st.none() | st.integers(0, 4).map(lambda hours: T0 + hours * HOUR)
        return st.none() | VALUES[DTYPES[name]]  # type: ignore[index]

    names = [*sorted(keys), *columns]
    rows = draw(st.lists(st.fixed_dictionaries({name: cell(name) for name in names}), min_size=1, max_size=5))
    return frame, names, rows


class Stores(RuleBasedStateMachine):
    """Writes are killed by an exception at a step; processes that are really killed are in `test_killed`."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.model = Model()
        self.now = T0
        self.fuse: int | None = None
        self.numbers: list[int] = []
        self.instants: list[dt.datetime] = []

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        self.store = FactStore.of(Tables(self.folder / "shop", self.told), create=True)

    def told(self, step: str) -> None:
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                raise KilledError(step)

    @rule(
        batches=st.lists(st.tuples(st.sampled_from(ORIGINS), puts()), min_size=1, max_size=3),
        hours=st.integers(-1, 2),
        fuse=st.none() | st.integers(0, 12),
    )
    def write(self, batches: list[tuple[str, tuple[str, list[str], list[Row]]]], hours: int, fuse: int | None) -> None:
        """A writer that puts, commits once, and may be killed on the way."""
        self.now += hours * HOUR
        cursors = {batches[0][0]: {"page": len(self.numbers)}}
        before = self.store.version
        try:
            with self.store.writer(self.now) as writer:
                for origin, (frame, columns, rows) in batches:
                    tally = writer.put(
                        origin, frame, pl.DataFrame(rows, schema={name: DTYPES[name] for name in columns})
                    )
                    assert tally == Tally(*self.model.put(origin, frame, columns, rows))
                    assert tally.received == tally.stored + tally.unchanged + tally.quarantined
                self.fuse = fuse
                writer.commit(cursors)
                self.fuse = None
        except KilledError:
            self.fuse = None
            self.store = FactStore.of(Tables(self.folder / "shop", self.told))
        if self.store.version == before:
            self.model.forget()
        else:
            self.model.commit(cursors, self.now)
            self.numbers.append(self.store.version)
            assert self.model.at is not None
            self.instants.append(self.model.at)

    @rule(batch=puts())
    def leave(self, batch: tuple[str, list[str], list[Row]]) -> None:
        """What is not committed is gone."""
        frame, columns, rows = batch
        with self.store.writer(self.now) as writer:
            writer.put("tb", frame, pl.DataFrame(rows, schema={name: DTYPES[name] for name in columns}))
        assert self.store.version == (self.numbers[-1] if self.numbers else 0)

    @invariant()
    def same_now(self) -> None:
        if hasattr(self, "store"):
            self.same(FactStore.open(self.folder / "shop"), None)

    @precondition(lambda self: self.instants)
    @rule(data=st.data())
    def same_then(self, data: st.DataObject) -> None:
        at = data.draw(st.sampled_from(self.instants)) + data.draw(st.sampled_from([-HOUR / 2, dt.timedelta(0)]))
        self.same(self.store, at)

    def same(self, store: FactStore, known_on: dt.datetime | None) -> None:
        for frame in KEYS:
            expected = self.model.rows(frame, known_on)
            scan = store.scan(frame, known_on=known_on)
            found = [] if scan is None else scan.collect().to_dicts()
            assert _comparable(found) == _comparable(expected), frame
        if known_on is None:
            assert all(store.cursor(origin) == self.model.cursors.get(origin) for origin in ORIGINS)


def _comparable(rows: list[Row]) -> list[str]:
    """Rows in no order; what is missing and what is not there are the same."""
    told = [{name: value for name, value in sorted(row.items()) if value is not None} for row in rows]
    return sorted(repr({name: _plain(name, value) for name, value in row.items()}) for row in told)


def _plain(name: str, value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return float(value) if name == "amount" else value  # type: ignore[arg-type]


Stores.TestCase.settings = settings(settings.get_profile("fast"), max_examples=12, stateful_step_count=12)
TestStores = Stores.TestCase

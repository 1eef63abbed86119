"""The store against the slow and obvious: whatever is put, in whatever order, however it ends."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from pathlib import Path

import polars as pl
from attrs import define, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from rulecrm.lake import FactStore, Tally, Writer, upkeep
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


Puts = list[tuple[str, str, list[str], list[Row]]]


@frozen
class Write:
    """Puts and one commit; `fuse`: it is killed before so many further steps of Delta were made; None: it is not."""

    puts: Puts
    hours: int
    fuse: int | None


@frozen
class Leave:
    """Puts and no commit."""

    puts: Puts


@frozen
class Compact:
    """Compaction, few rows at a time; it may be killed."""

    chunk: int
    fuse: int | None


@frozen
class Merge:
    """Files are merged, as writers do by themselves when there are many."""


@frozen
class Vacuum:
    """Everything goes that nobody needs."""


@frozen
class Look:
    """What was known at an earlier commit, or shortly before it; and what changed since."""

    which: int
    before: bool


@st.composite
def puts(draw: st.DrawFn, frames: tuple[str, ...]) -> tuple[str, str, list[str], list[Row]]:
    """An origin, a frame, columns and rows: few keys, so that they meet."""
    frame = draw(st.sampled_from(frames))
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
    rows = draw(st.lists(st.fixed_dictionaries({name: cell(name) for name in names}), min_size=1, max_size=4))
    return draw(st.sampled_from(ORIGINS)), frame, names, rows


@st.composite
def histories(draw: st.DrawFn) -> list[object]:
    """What happens to a store; two frames, so that rows meet."""
    frames = draw(
        st.sampled_from(
            [("orders", "items"), ("items",), ("customers",), ("customers", "orders"), ("events", "products")]
        )
    )
    some = st.lists(puts(frames), min_size=1, max_size=3)
    fuse = st.sampled_from([None, None, 0, 1, 2, 3, 4, 5])
    write = st.builds(Write, some, st.integers(-1, 2), fuse)
    other = st.one_of(
        st.builds(Compact, st.integers(1, 4), fuse),
        st.builds(Leave, some),
        st.builds(Merge),
        st.builds(Vacuum),
        st.builds(Look, st.integers(0, 9), st.booleans()),
    )
    steps: list[object] = [draw(write), draw(write)]
    steps += [draw(write if draw(st.integers(0, 9)) < 6 else other) for _ in range(draw(st.integers(3, 8)))]
    looks = [Look(0, before=False), Look(1, before=True), Look(2, before=False)]
    return [*steps, *looks[:1], Compact(draw(st.integers(1, 4)), None), *looks]


@define
class Stores:
    """A store and its model; writes are killed by an exception, processes that are really killed are elsewhere."""

    folder: Path
    model: Model = field(factory=Model)
    now: dt.datetime = T0
    fuse: int | None = None
    marks: list[tuple[int, int, dt.datetime]] = field(factory=list)
    """By commit: its number, the model's, its instant."""
    store: FactStore = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.store = FactStore.of(Tables(self.folder, self.told), create=True)

    def told(self, step: str) -> None:
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                raise KilledError(step)

    def run(self, step: object) -> None:
        match step:
            case Write(puts, hours, fuse):
                self.now += hours * HOUR
                self.write(puts, fuse)
            case Leave(puts):
                with self.store.writer(self.now) as writer:
                    self.put(writer, puts)
                self.model.forget()
            case Compact(chunk, fuse):
                with contextlib.suppress(KilledError), self.store._alone(1) as head:
                    self.fuse = fuse
                    names = [name for name in head.tables if name != "quarantine"]
                    self.store._went_on(upkeep.compact(self.store._tables, head, names, chunk=chunk))
                self.again()
            case Merge():
                with self.store._alone(1) as head:
                    self.store._went_on(upkeep._merged(self.store._tables, head, tuple(head.tables)))
            case Vacuum():
                self.store.vacuum(keep=dt.timedelta(0))
            case Look(which, before) if self.marks:
                number, own, at = self.marks[which % len(self.marks)]
                self.same(self.store, at - HOUR / 2 if before else at)
                for frame in ("orders", "customers", "items"):
                    assert _pairs(self.store.changed_keys(frame, number)) == self.model.touched(frame, own), frame

    def write(self, puts: Puts, fuse: int | None) -> None:
        page = {"page": len(self.marks)}
        try:
            with self.store.writer(self.now) as writer:
                self.put(writer, puts)
                self.fuse = fuse
                writer.commit({"tb": page})
        except KilledError:
            pass
        self.again()
        if self.store.cursor("tb") != page:
            self.model.forget()
            return
        self.model.commit({"tb": page}, self.now)
        assert self.model.at is not None
        self.marks.append((self.store.version, self.model.commits, self.model.at))

    def put(self, writer: Writer, puts: Puts) -> None:
        for origin, frame, columns, rows in puts:
            tally = writer.put(origin, frame, pl.DataFrame(rows, schema={name: DTYPES[name] for name in columns}))
            assert tally == Tally(*self.model.put(origin, frame, columns, rows))
            assert tally.received == tally.stored + tally.unchanged + tally.quarantined

    def again(self) -> None:
        self.fuse = None
        self.store = FactStore.of(Tables(self.folder, self.told))

    def same(self, store: FactStore, known_on: dt.datetime | None) -> None:
        for frame in KEYS:
            expected = self.model.rows(frame, known_on)
            scan = store.scan(frame, known_on=known_on)
            found = [] if scan is None else scan.collect().to_dicts()
            assert _comparable(found) == _comparable(expected), frame
        if known_on is None:
            assert all(store.cursor(origin) == self.model.cursors.get(origin) for origin in ORIGINS)


@settings(max_examples=settings.default.max_examples // 8)
@given(histories())
def test_what_a_store_gives_is_what_was_put_whatever_happens_to_it(steps: list[object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = Stores(Path(folder, "shop"))
        for step in steps:
            stores.run(step)
            stores.same(FactStore.open(stores.folder), None)


def _comparable(rows: list[Row]) -> list[str]:
    """Rows in no order; what is missing and what is not there are the same."""
    told = [{name: value for name, value in sorted(row.items()) if value is not None} for row in rows]
    return sorted(repr({name: _plain(name, value) for name, value in row.items()}) for row in told)


def _pairs(frame: pl.DataFrame) -> set[tuple[object, object]]:
    return {(row[0], row[-1]) for row in frame.iter_rows()}


def _plain(name: str, value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return float(value) if name == "amount" else value  # type: ignore[arg-type]

"""How long a sync of changed orders takes into a store that has many, and how long the store takes to be read.

In: the setup. Out: a table; "deltalake merge" is what one would write by hand: one merge a table into plain Delta tables, which
forgets every earlier version, and is not one step over both tables.
Invariant: both ways have the same orders and items in the end.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from attrs import define, field
from deltalake import DeltaTable, write_deltalake

from rulecrm import Facts
from rulecrm.lake import FactStore
from rulecrm.model.schema import canonical
from tests.benchmarks.setup import Setup
from tests.benchmarks.table import OURS, Line, Table, lines
from tests.benchmarks.timing import alternate

__all__ = ["run"]

_T0 = dt.datetime(2025, 11, 20, tzinfo=dt.UTC)
_KEYS = {"orders": ["order"], "items": ["order", "item"]}
Frames = dict[str, pl.DataFrame]


def run(setup: Setup) -> Table:
    """A first load, then rounds of changes, then reading."""
    frames = _frames(setup.shop().orders)
    orders = frames["orders"].height
    changed = max(1, min(10_000, orders // 300))
    found: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "ours"), Path(folder, "theirs")
        first = _clocks({OURS: lambda: _load(ours, frames), "deltalake write": lambda: _write(theirs, frames)})
        found += _told(f"first load of {orders:,} orders and {frames['items'].height:,} items", first)
        rounds = {turn: _changes(frames, changed, turn) for turn in range(1, setup.repeat + 1)}
        puts = {
            way: _Clock(put)
            for way, put in {OURS: _sync(ours, rounds), "deltalake merge": _merge(theirs, rounds)}.items()
        }
        alternate(puts, setup.repeat)
        found += _told(f"{changed:,} changed orders with their items", puts)
        _agree(ours, theirs)
        ways = {
            OURS: lambda turn: _read(ours),
            "plain Delta table": lambda turn: pl.scan_delta(str(theirs / "orders")).select(_READ).collect(),
            "rulecrm, as known on a day": lambda turn: _read(ours, _T0 + dt.timedelta(hours=turn)),
        }
        found += lines("open, and scan three columns", alternate(ways, setup.repeat))
        FactStore.open(ours).compact()
        again = {OURS: lambda turn: _read(ours), "Facts.open, one kind": lambda turn: _facts(ours)}
        found += lines("the same, compacted", alternate(again, setup.repeat))
    return Table("store", "the fact store: loading, syncing, reading", tuple(found))


_READ = ["order", "customer", "amount"]


def _frames(orders: pl.DataFrame) -> Frames:
    orders = orders.with_columns(
        pl.col("customer").cast(pl.String),
        pl.col("placed_at").alias("changed_at"),
        pl.col("amount").cast(pl.Decimal(38, 4)),
    )
    texts = [name for name, dtype in orders.schema.items() if isinstance(dtype, pl.Categorical | pl.Enum)]
    orders = orders.with_columns(pl.col(texts).cast(pl.String))
    items = orders.select("order", pl.lit("1").alias("item"), "changed_at", pl.col("amount").alias("price"), quantity=1)
    return {"orders": orders, "items": items.with_columns(pl.col("quantity").cast(pl.Int64))}


def _changes(frames: Frames, count: int, turn: int) -> Frames:
    """Orders that a platform has changed lately, most of them among the last tenth."""
    at = _T0 + dt.timedelta(hours=turn)
    some = frames["orders"].tail(max(count, frames["orders"].height // 10)).sample(count, seed=turn)
    orders = some.with_columns(pl.col("amount") + turn, pl.lit(at).alias("changed_at"))
    items = frames["items"].join(orders.select("order"), on="order", how="semi")
    return {"orders": orders, "items": items.with_columns(pl.lit(at).alias("changed_at"), pl.col("price") + turn)}


# --- the ways -------------------------------------------------------------------------------------------------------


def _load(folder: Path, frames: Frames) -> None:
    with FactStore.open(folder, create=True).writer(_T0) as writer:
        for name, frame in frames.items():
            for part in frame.iter_slices(1_000_000):
                writer.put("shop", name, part)
                writer.commit()


def _write(folder: Path, frames: Frames) -> None:
    for name, frame in frames.items():
        write_deltalake(str(folder / name), frame)


def _sync(folder: Path, rounds: dict[int, Frames]) -> Callable[[int], object]:
    def put(turn: int) -> object:
        now = _T0 + dt.timedelta(hours=turn)
        with FactStore.open(folder).writer(now) as writer:
            for name, frame in rounds[turn].items():
                writer.put("shop", name, frame)
            return writer.commit({"shop": {"turn": turn}})

    return put


def _merge(folder: Path, rounds: dict[int, Frames]) -> Callable[[int], object]:
    def put(turn: int) -> object:
        for name, frame in rounds[turn].items():
            same = " AND ".join(f"t.{key} = s.{key}" for key in _KEYS[name])
            table = DeltaTable(str(folder / name)).merge(frame, same, source_alias="s", target_alias="t")
            table.when_matched_update_all().when_not_matched_insert_all().execute()
        return None

    return put


def _read(folder: Path, known_on: dt.datetime | None = None) -> pl.DataFrame:
    scan = FactStore.open(folder).scan("orders", known_on=known_on)
    assert scan is not None
    return scan.select(_READ).collect()


def _facts(folder: Path) -> pl.DataFrame:
    kind = canonical().kinds["purchase"]
    return Facts.open(folder).rows(kind, ["amount"], currency="CNY", zone="Asia/Shanghai").collect()


def _agree(ours: Path, theirs: Path) -> None:
    for name, keys in _KEYS.items():
        expected = pl.read_delta(str(theirs / name)).sort(keys)
        scan = FactStore.open(ours).scan(name)
        assert scan is not None
        found = scan.select(expected.columns).collect().sort(keys)
        assert found.equals(expected), f"{name} differ"


# --- clocks ---------------------------------------------------------------------------------------------------------


@define
class _Clock:
    """A way, and what it took by the clock and of the processor."""

    way: Callable[[int], object]
    wall: list[float] = field(factory=list)
    cpu: list[float] = field(factory=list)

    def __call__(self, turn: int) -> object:
        wall, cpu = time.perf_counter(), time.process_time()
        result = self.way(turn)
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)
        return result


def _clocks(ways: dict[str, Callable[[], object]]) -> dict[str, _Clock]:
    """Ways that can be gone once."""
    clocks = {name: _Clock(lambda turn, way=way: way()) for name, way in ways.items()}
    for clock in clocks.values():
        clock(1)
    return clocks


def _told(case: str, clocks: dict[str, _Clock]) -> list[Line]:
    def median(values: list[float]) -> float:
        return sorted(values)[len(values) // 2]

    walls = [Line(case, way, median(clock.wall)) for way, clock in clocks.items()]
    return walls + [Line(f"{case}, processor", way, median(clock.cpu)) for way, clock in clocks.items()]

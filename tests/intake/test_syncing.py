"""The store equals the truth, row for row: any order, any overlap, any end, rows twice, pages that shift."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulecrm.intake import Account, Synced, async_sync, sync
from rulecrm.lake import FactStore
from rulecrm.plugin import Batch, LaterError, PlatformContext, Row, StoppedError
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Market
from tests.intake.mall import Mall, MallSettings, platform, rows_of, truth

START = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)
KEYS = {"orders": ["order"], "items": ["order", "item"], "customers": ["customer"]}
PREFIXED = ("order", "customer", "product")


def _mall(days: float = 4, a_day: int = 8) -> Mall:
    market = Market(FakeClock(START), a_day=a_day, customers=9)
    market.live(days)
    return Mall(market)


def _account(mall: Mall) -> Account:
    return Account("north", platform(mall), MallSettings())


def _context(mall: Mall) -> PlatformContext:
    clock = mall.market.clock
    return PlatformContext(clock.now, clock.sleep, lambda: 0.5)


def _sync(mall: Mall, store: FactStore) -> Synced:
    (done,) = sync(_account(mall), store, context=_context(mall))
    for tally in done.tallies.values():
        assert tally.received == tally.stored + tally.unchanged + tally.quarantined
    return done


def _said(row: Mapping[str, object]) -> dict[str, object]:
    return {
        name: f"north:{value}" if name in PREFIXED and value is not None else value
        for name, value in row.items()
        if value is not None
    }


def _true(rows: Mapping[str, Iterable[Row]]) -> dict[str, dict[tuple[object, ...], dict[str, object]]]:
    found: dict[str, dict[tuple[object, ...], dict[str, object]]] = {}
    for frame, keys in KEYS.items():
        for row in map(_said, rows[frame]):
            key = tuple(row[name] for name in keys)
            before = found.setdefault(frame, {}).get(key)
            if before is None or before["changed_at"] <= row["changed_at"]:  # type: ignore[operator]
                found[frame][key] = row
    return found


def _stored(store: FactStore) -> dict[str, dict[tuple[object, ...], dict[str, object]]]:
    found = {}
    for frame, keys in KEYS.items():
        scan = store.scan(frame)
        assert scan is not None
        rows = scan.drop("origin", "learnt_at", "shop", "platform_key", strict=False).collect()
        found[frame] = {
            tuple(row[name] for name in keys): {name: value for name, value in row.items() if value is not None}
            for row in rows.iter_rows(named=True)
        }
        assert len(found[frame]) == rows.height
    return found


def test_what_a_platform_has_is_in_the_store(tmp_path: Path) -> None:
    mall, store = _mall(), FactStore.open(tmp_path, create=True)
    done = _sync(mall, store)
    assert _stored(store) == _true(truth(mall.market))
    assert done.until == mall.market.clock.now()
    assert done.remarks["a page"] > 3
    assert mall.opened == 0


def test_a_second_run_stores_nothing(tmp_path: Path) -> None:
    mall, store = _mall(), FactStore.open(tmp_path, create=True)
    _sync(mall, store)
    before = store.version
    again = _sync(mall, store)
    assert sum(tally.stored for tally in again.tallies.values()) == 0
    assert store.version == before


@settings(max_examples=25)
@given(
    steps=st.lists(
        st.tuples(st.floats(0.1, 2.0), st.none() | st.integers(0, 9), st.none() | st.integers(0, 4)),
        min_size=1,
        max_size=5,
    )
)
def test_any_order_any_overlap_and_any_end_give_the_truth(
    steps: list[tuple[float, int | None, int | None]],
) -> None:
    """Law 4 for syncing: shuffled pages, pages twice, runs that end early; then one run that ends well."""
    with tempfile.TemporaryDirectory() as folder:
        mall, store = _mall(2, 6), FactStore.open(Path(folder) / "shop", create=True)
        for days, shuffle, breaks in steps:
            mall.shuffle, mall.breaks = shuffle, breaks
            done = _sync(mall, store)
            assert (done.later is None) == (breaks is None or done.until is not None)
            mall.market.live(days)
        mall.shuffle = mall.breaks = None
        _sync(mall, store)
        assert _stored(store) == _true(truth(mall.market))


@pytest.mark.parametrize("error", [LaterError, StoppedError])
def test_what_came_before_an_end_is_kept_and_the_next_run_goes_on(tmp_path: Path, error: type[Exception]) -> None:
    mall, store = _mall(), FactStore.open(tmp_path, create=True)
    mall.breaks, mall.error = 2, error
    done = _sync(mall, store)
    assert (done.later or done.stopped) == "the mall is closed"
    assert done.tallies["orders"].stored == 2 * mall.page
    mall.breaks = None
    again = _sync(mall, store)
    assert again.tallies["orders"].received < len(mall.market.trades)
    assert _stored(store) == _true(truth(mall.market))


def test_rows_that_are_refused_are_in_quarantine_once_and_counted_each_time(tmp_path: Path) -> None:
    mall, store = _mall(), FactStore.open(tmp_path, create=True)
    mall.spoiled = {mall.market.trades[3].order, mall.market.trades[5].order}
    done = _sync(mall, store)
    assert done.tallies["orders"].quarantined == 2
    mall.market.clock.move(dt.timedelta(seconds=1))
    away = store.quarantine().collect()
    assert sorted(away["original"]) == sorted(mall.spoiled)
    assert set(away["reason"]) == {"the mall says nothing"}


class _Odd(Mall):
    """A plugin whose rows break rules that the facts have."""

    async def pull(self, cursor, until):  # type: ignore[no-untyped-def,override]
        good = rows_of(self.market.trades[:5])
        orders = [dict(row) for row in good["orders"]]
        orders[0]["amount"] = orders[0]["amount"] * -1
        orders[1]["currency"] = "XXY"
        orders[2]["amount"] = 12.5
        orders[3]["placed_at"] = dt.datetime(2025, 11, 1)
        orders.append({"customer": "who", "amount": orders[4]["amount"], "currency": "CNY"})
        yield Batch({"orders": orders}, {"since": "x"})


def test_rows_that_break_rules_are_put_away_with_the_reason_and_the_row(tmp_path: Path) -> None:
    odd = _Odd(_mall().market)
    store = FactStore.open(tmp_path, create=True)
    done = _sync(odd, store)
    assert (done.tallies["orders"].received, done.tallies["orders"].stored) == (6, 1)
    away = store.quarantine().collect()
    assert sorted(away["reason"]) == [
        "`amount` is negative",
        "`amount` is not an exact amount of at most 4 decimals",
        "`currency` is no ISO 4217 code",
        "`order` is missing",
        "`placed_at` is not an instant with a zone",
    ]
    assert all("who" in original or "buyer-" in original for original in away["original"])


def test_an_order_whose_buyer_nobody_tells_is_kept(tmp_path: Path) -> None:
    mall, store = _mall(), FactStore.open(tmp_path, create=True)

    class Silent(Mall):
        async def pull(self, cursor, until):  # type: ignore[no-untyped-def,override]
            yield Batch({"orders": [{**row, "customer": None} for row in rows_of(self.market.trades[:5])["orders"]]})

    done = _sync(Silent(mall.market), store)
    assert done.tallies["orders"].stored == 5
    scan = store.scan("orders")
    assert scan is not None
    assert scan.select(pl.col("customer").null_count()).collect().item() == 5


KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from rulecrm.intake import async_sync
from rulecrm.intake import syncing
from rulecrm.lake import FactStore
from tests.intake.test_syncing import _account, _context, _mall
import asyncio

syncing._ROWS = 20  # many commits
mall = _mall()
store = FactStore.open(Path(sys.argv[1]), create=True)
pages = 0
def told(name, rows, until):
    global pages
    pages += 1
    if pages == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(async_sync(_account(mall), store, context=_context(mall), progress=told))
"""


@pytest.mark.skipif(os.name != "posix", reason="processes are killed with SIGKILL; runs wherever there is one")
def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """Law 6 for syncing; `tests/lake` kills at each write inside a commit."""
    mall = _mall()
    for page in (1, 2, 3, 4):
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path / "shop"), str(page)],
            check=False,
            capture_output=True,
            timeout=120,
        )
        assert ended.returncode in (-signal.SIGKILL, 0), ended.stderr.decode()
    store = FactStore.open(tmp_path / "shop")
    assert store.version > 1
    _sync(mall, store)
    assert _stored(store) == _true(truth(mall.market))


def test_a_source_is_closed_whatever_happens(tmp_path: Path) -> None:
    mall, store = _mall(), FactStore.open(tmp_path, create=True)

    class Broken(Mall):
        async def pull(self, cursor, until):  # type: ignore[no-untyped-def,override]
            yield Batch({"nothing": [{"x": 1}]})

    broken = Broken(mall.market)
    with pytest.raises(TypeError, match="there is no frame `nothing`"):
        asyncio.run(async_sync(_account(broken), store, context=_context(mall)))
    assert broken.opened == 0

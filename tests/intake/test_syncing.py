"""Syncing: what comes is kept, once; what ends a run loses nothing; what cannot be understood is put away.

That the store equals the truth whatever the order, and whoever is killed, is laws 4 and 6 (tests/laws).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import polars as pl
import pytest

import rulecrm
from rulecrm.intake import async_sync
from rulecrm.lake import FactStore
from rulecrm.plugin import Batch, LaterError, StoppedError
from rulecrm.runtime.shelf import Shelf
from tests.intake.mall import Mall, rows_of, truth
from tests.intake.running import a_context, a_mall, an_account, expected, run, stored


def test_what_a_platform_has_is_in_the_store(tmp_path: Path) -> None:
    mall, store = a_mall(), FactStore.open(tmp_path, create=True)
    done = run(mall, store)
    assert stored(store) == expected(truth(mall.market))
    assert done.until == mall.market.clock.now()
    assert done.remarks["a page"] > 3
    assert mall.opened == 0


def test_a_second_run_stores_nothing(tmp_path: Path) -> None:
    mall, store = a_mall(), FactStore.open(tmp_path, create=True)
    run(mall, store)
    before = store.version
    again = run(mall, store)
    assert sum(tally.stored for tally in again.tallies.values()) == 0
    assert store.version == before


def test_an_index_that_is_kept_is_brought_up_to_date(tmp_path: Path) -> None:
    mall, store = a_mall(), FactStore.open(tmp_path, create=True)
    run(mall, store)
    rules = rulecrm.loads("currency CNY\nmetric orders = count(order)")
    now = mall.market.clock.now()
    rules.evaluate(rulecrm.Facts.open(tmp_path, keep_index=True), as_of=now).table()
    (place,) = (tmp_path / "index").iterdir()
    mall.market.live(1)
    run(mall, store)
    listing = Shelf(place).look()
    assert listing is not None
    assert listing.commit == store.version


@pytest.mark.parametrize("error", [LaterError, StoppedError])
def test_what_came_before_an_end_is_kept_and_the_next_run_goes_on(tmp_path: Path, error: type[Exception]) -> None:
    mall, store = a_mall(), FactStore.open(tmp_path, create=True)
    mall.breaks, mall.error = 2, error
    done = run(mall, store)
    assert (done.later or done.stopped) == "the mall is closed"
    assert done.tallies["orders"].stored == 2 * mall.page
    mall.breaks = None
    again = run(mall, store)
    assert again.tallies["orders"].received < len(mall.market.trades)
    assert stored(store) == expected(truth(mall.market))


def test_rows_that_are_refused_are_in_quarantine_once_and_counted_each_time(tmp_path: Path) -> None:
    mall, store = a_mall(), FactStore.open(tmp_path, create=True)
    mall.spoiled = {mall.market.trades[3].order, mall.market.trades[5].order}
    done = run(mall, store)
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
        yield Batch({"orders": orders, "items": good["items"]}, {"since": "x"})


def test_rows_that_break_rules_are_put_away_with_the_reason_and_the_row(tmp_path: Path) -> None:
    odd = _Odd(a_mall().market)
    store = FactStore.open(tmp_path, create=True)
    done = run(odd, store)
    assert (done.tallies["orders"].received, done.tallies["orders"].stored) == (6, 1)
    everything = store.quarantine().collect()
    lines = everything.filter(pl.col("frame") == "items")
    assert set(lines["reason"]) == {"its order was refused"}
    scan = store.scan("items")
    assert scan is not None
    assert set(scan.collect()["order"]) == {f"north:{odd.market.trades[4].order}"}
    away = everything.filter(pl.col("frame") == "orders")
    assert sorted(away["reason"]) == [
        "`amount` is negative",
        "`amount` is not an exact amount of at most 4 decimals",
        "`currency` is no ISO 4217 code",
        "`order` is missing",
        "`placed_at` is not an instant with a zone",
    ]
    assert all("who" in original or "buyer-" in original for original in away["original"])


def test_an_order_whose_buyer_nobody_tells_is_kept(tmp_path: Path) -> None:
    mall, store = a_mall(), FactStore.open(tmp_path, create=True)

    class Silent(Mall):
        async def pull(self, cursor, until):  # type: ignore[no-untyped-def,override]
            yield Batch({"orders": [{**row, "customer": None} for row in rows_of(self.market.trades[:5])["orders"]]})

    done = run(Silent(mall.market), store)
    assert done.tallies["orders"].stored == 5
    scan = store.scan("orders")
    assert scan is not None
    assert scan.select(pl.col("customer").null_count()).collect().item() == 5


def test_a_source_is_closed_whatever_happens(tmp_path: Path) -> None:
    mall, store = a_mall(), FactStore.open(tmp_path, create=True)

    class Broken(Mall):
        async def pull(self, cursor, until):  # type: ignore[no-untyped-def,override]
            yield Batch({"nothing": [{"x": 1}]})

    broken = Broken(mall.market)
    with pytest.raises(TypeError, match="there is no frame `nothing`"):
        asyncio.run(async_sync(an_account(broken), store, context=a_context(mall)))
    assert broken.opened == 0

"""What tells who somebody is: kept, hashed or dropped, and let go in time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from attrs import evolve

from rulecrm.intake import Account, sync
from rulecrm.intake.identity import match
from rulecrm.lake import FactStore
from rulecrm.plugin import Batch, PlatformContext
from rulecrm.testing.clocks import FakeClock
from tests.intake.mall import Mall, MallSettings, platform
from tests.intake.running import START, a_mall

DAY = dt.timedelta(days=1)


class _Telling(Mall):
    """Tells who its buyers are; the first was served long ago, the second lately."""

    async def pull(self, cursor, until):  # type: ignore[no-untyped-def,override]
        people = [
            {"customer": "a", "platform": "mall", "country": "CN", "nick": "Ann", "phone": "138 0013 8000", "email": "Ann@Example.com"},
            {"customer": "b", "platform": "mall", "country": "CN", "nick": "Bo", "phone": "", "email": "nonsense"},
        ]  # fmt: skip
        orders = [
            {"order": "1", "customer": "a", "amount": Decimal(1), "currency": "CNY", "placed_at": START - 50 * DAY,
             "delivered_at": START - 40 * DAY},
            {"order": "2", "customer": "b", "amount": Decimal(1), "currency": "CNY", "placed_at": START - 50 * DAY,
             "delivered_at": START - 20 * DAY},
        ]  # fmt: skip
        yield Batch({"customers": people, "orders": orders}, {"since": "x"})


def _run(folder: Path, contacts: str, keeps: dt.timedelta | None = None) -> tuple[FactStore, int]:
    mall = _Telling(a_mall(0.1).market)
    kind = evolve(platform(mall), keeps_personal=keeps)
    clock = FakeClock(START)
    store = FactStore.open(folder, create=True)
    account = Account("north", kind, MallSettings(), contacts)
    (done,) = sync(account, store, context=PlatformContext(clock.now, clock.sleep))
    return store, done.erased


def _customers(store: FactStore) -> pl.DataFrame:
    scan = store.scan("customers")
    assert scan is not None
    return scan.sort("customer").collect()


def _on_disk(folder: Path, words: list[str]) -> list[str]:
    """Which of the words are in any file of a store, or in any value of its Parquet files."""
    found = set()
    for path in folder.rglob("*"):
        if path.suffix == ".parquet" and "_delta_log" not in path.parts:
            text = pl.read_parquet(path).write_json()
        elif path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
        else:
            continue
        found |= {word for word in words if word in text}
    return sorted(found)


SAID = ["Ann", "138 0013 8000", "13800138000", "Ann@Example.com", "ann@example.com"]


def test_what_is_kept_is_kept_apart(tmp_path: Path) -> None:
    store, _ = _run(tmp_path, "keep")
    assert _customers(store)["nick"].to_list() == ["Ann", "Bo"]
    tables = list((tmp_path / "customers").rglob("*.parquet"))
    assert tables
    assert not any("Ann" in pl.read_parquet(path).write_json() for path in tables)


def test_what_is_hashed_is_nowhere_and_matches_all_the_same(tmp_path: Path) -> None:
    store, _ = _run(tmp_path, "hash")
    rows = _customers(store)
    assert "nick" not in rows.columns
    assert rows["phone_hash"].null_count() == rows["email_hash"].null_count() == 1  # what is none has no hash
    assert _on_disk(tmp_path, SAID) == []
    with store.writer(START + DAY) as writer:
        writer.put("own", "customers", pl.DataFrame([{"customer": "own:1", "phone": "+86 138 0013 8000"}]))
        writer.commit()
    assert match(store, ["phone"], now=START + 2 * DAY).made == 1


def test_what_is_dropped_is_nowhere(tmp_path: Path) -> None:
    store, _ = _run(tmp_path, "drop")
    assert set(_customers(store).columns).isdisjoint({"nick", "phone", "email", "phone_hash", "email_hash"})
    assert _on_disk(tmp_path, SAID) == []


@pytest.mark.parametrize(("days", "gone"), [(30, ["north:a"]), (10, ["north:a", "north:b"]), (60, [])])
def test_contacts_are_kept_no_longer_than_the_platform_lets_them_be(tmp_path: Path, days: int, gone: list[str]) -> None:
    store, erased = _run(tmp_path, "keep", keeps=days * DAY)
    assert erased == len(gone)
    rows = _customers(store)
    assert rows.filter(pl.col("nick").is_null())["customer"].to_list() == gone
    assert _on_disk(tmp_path, ["138 0013 8000"]) == ([] if gone else ["138 0013 8000"])
    assert rows.height == 2

"""Facts from a store are the facts of the frames that were put into it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

import rulecrm
from rulecrm.diagnostics import RulesError
from rulecrm.lake import FactStore
from rulecrm.testing.shops import make_shop_frames

T0 = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
RULES = """
currency CNY
timezone "Asia/Shanghai"
metric spent = sum(purchase.amount last 365d)
metric lines = count(item last 365d)
metric dresses = sum(item.quantity where category == "dress")
segment loyal = count(purchase) >= 3
segment lookers = count(view last 30d) > 2 and none(purchase)
segment named = nick is not missing and nick != "Ann"
"""


def _key(frame: str) -> str:
    return {"orders": "order", "items": "order", "customers": "customer", "products": "product", "events": "event"}[
        frame
    ]


def _shop() -> dict[str, pl.DataFrame]:
    """A made-up shop with the keys that a store tells rows apart by."""
    frames = dict(make_shop_frames(customers=200, seed=5))
    frames["events"] = frames["events"].with_columns(pl.int_range(pl.len()).cast(pl.String).alias("event"))
    item = pl.int_range(pl.len()).over("order").cast(pl.String)
    frames["items"] = frames["items"].with_columns(item.alias("item"))
    return frames


def _put(store: FactStore, frames: dict[str, pl.DataFrame], now: dt.datetime) -> None:
    with store.writer(now) as writer:
        for name, frame in frames.items():
            writer.put("tb", name, frame)
        writer.commit()


def _answers(facts: rulecrm.Facts) -> pl.DataFrame:
    answers = rulecrm.loads(RULES).evaluate(facts, as_of="2025-11-12").table()
    return answers.with_columns(pl.col("customer").cast(pl.String)).sort("customer")


def test_a_store_answers_as_the_frames_do_in_one_commit_or_many(tmp_path: Path) -> None:
    frames = _shop()
    expected = _answers(rulecrm.Facts.from_frames(**frames))
    store = FactStore.open(tmp_path / "shop", create=True)
    earlier = {
        name: frame.filter(pl.col(_key(name)).hash(1) % 2 == 0).with_columns(
            **({"amount": pl.col("amount") * 2} if name == "orders" else {})
        )
        for name, frame in frames.items()
    }
    _put(store, earlier, T0)
    _put(store, frames, T0 + DAY)
    assert _answers(rulecrm.Facts.open(tmp_path / "shop")).equals(expected)
    store.compact()
    assert _answers(rulecrm.Facts.open(tmp_path / "shop")).equals(expected)
    known = _answers(rulecrm.Facts.open(tmp_path / "shop", known_on=T0 + DAY / 2))
    assert known.equals(_answers(rulecrm.Facts.from_frames(**earlier)))
    assert not known.equals(expected)


def test_the_rows_of_a_store_are_not_checked_again_and_its_own_columns_are_no_misspellings(tmp_path: Path) -> None:
    store = FactStore.open(tmp_path / "shop", create=True)
    orders = pl.DataFrame({"order": ["1"], "customer": ["ann"], "paid_at": [T0], "amount": [-1], "status": ["PAID"]})
    _put(store, {"orders": orders, "customers": pl.DataFrame({"customer": ["ann"], "status": ["x"]})}, T0)
    facts = rulecrm.Facts.open(tmp_path / "shop")
    assert not facts.warnings
    rules = rulecrm.loads("currency CNY\nmetric spent = sum(purchase.amount)")
    assert rules.evaluate(facts, as_of="2025-11-12").table()["spent"].to_list() == [pytest.approx(-1)]


def test_files_beside_the_tables_are_read_too_and_may_not_repeat_them(tmp_path: Path) -> None:
    store = FactStore.open(tmp_path / "shop", create=True)
    orders = pl.DataFrame({"order": ["1"], "customer": ["ann"], "paid_at": [T0], "amount": [2], "currency": ["USD"]})
    _put(store, {"orders": orders}, T0)
    (tmp_path / "shop" / "rates.csv").write_text("currency,date,rate\nUSD,2024-12-01,7\n")
    rules = rulecrm.loads("currency CNY\nmetric spent = sum(purchase.amount)")
    facts = rulecrm.Facts.open(tmp_path / "shop")
    assert rules.evaluate(facts, as_of="2025-11-12").table()["spent"].to_list() == [14]
    (tmp_path / "shop" / "orders.csv").write_text("order,customer,paid_at\n")
    with pytest.raises(RulesError) as caught:
        rulecrm.Facts.open(tmp_path / "shop")
    assert [one.code for one in caught.value.diagnostics] == ["R430"]


def test_files_do_not_know_what_was_known(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order,customer,paid_at\n")
    with pytest.raises(RulesError) as caught:
        rulecrm.Facts.open(tmp_path, known_on="2025-01-01", zone="Asia/Shanghai")
    assert [one.code for one in caught.value.diagnostics] == ["R707"]
    store = FactStore.open(tmp_path / "shop", create=True)
    _put(store, _shop(), T0)
    with pytest.raises(ValueError, match="zone"):
        rulecrm.Facts.open(tmp_path / "shop", known_on="2025-01-01")

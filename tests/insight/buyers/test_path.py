"""Behaviour before buying, and what came of it: against loops over the rows, and against the standard rules."""

from __future__ import annotations

import datetime as dt
import statistics
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm.insight import Shop, orders_after, path_to_purchase
from tests.insight.buyers.little import NOW, RULES, is_wilson, little, loaded, moved

SHOPS = st.integers(0, 100_000)
STEPS = ("visit", "view", "favourite", "cart", "inquiry")


@settings(max_examples=12)
@given(SHOPS, st.sampled_from([30, 300]), st.sampled_from([1, 14]))
def test_what_came_before_the_latest_purchase(seed: int, days: int, before: int) -> None:
    world = little(seed)
    latest = {row["customer"]: row["paid_at"] for row in world.bought(moved(NOW, -days))}
    frame = path_to_purchase(world.shop(), within=f"{days}d", before=f"{before}d").frame
    there = [step for step in STEPS if world.seen(step) or any(row["kind"] == step for row in world.events)]
    assert frame["step"].to_list() == [*there, "any"]
    for row in frame.iter_rows(named=True):
        events = [one for step in STEPS if row["step"] in (step, "any") for one in world.seen(step)]
        met: dict[object, list[float]] = {}
        for one in events:
            bought = latest.get(one["customer"])
            if bought is not None and moved(bought, -before) <= one["at"] < bought:  # type: ignore[arg-type, operator]
                met.setdefault(one["customer"], []).append((bought - one["at"]).total_seconds() / 3600)  # type: ignore[operator]
        assert (row["customers"], row["preceded"]) == (len(latest), len(met))
        assert row["share"] == (len(met) / len(latest) if latest else None)
        assert is_wilson(row["low"], row["high"], len(met), len(latest))
        assert row["mean_events"] == (pytest.approx(statistics.mean(map(len, met.values()))) if met else None)
        hours = statistics.median(map(max, met.values())) if met else None
        assert row["median_hours"] == (None if hours is None else pytest.approx(hours))


@settings(max_examples=6)
@given(SHOPS)
def test_the_standard_rules_count_the_same_days(seed: int) -> None:
    shop = little(seed).shop()
    said = loaded('import "std/before_buying.rules"\n' + RULES).evaluate(shop.facts, NOW).table()
    frame = path_to_purchase(shop, within="50y").frame
    for step, metric in (("view", "views_before"), ("cart", "carts_before"), ("inquiry", "inquiries_before")):
        assert frame.filter(pl.col("step") == step)["preceded"].to_list() == [int((said[metric] > 0).sum())]


@settings(max_examples=12)
@given(SHOPS, st.sampled_from([1, 3]))
def test_what_came_of_views_and_carts(seed: int, waits: int) -> None:
    world = little(seed)
    placed: dict[object, list[object]] = {}
    for row in world.orders:
        if row["placed_at"] <= NOW:  # type: ignore[operator]
            placed.setdefault(row["customer"], []).append(row["placed_at"])
    frame = orders_after(world.shop(), within="60d", waits=f"{waits}d").frame
    for row in frame.iter_rows(named=True):
        over = [one for one in world.seen(row["step"], moved(NOW, -60)) if moved(one["at"], waits) <= NOW]  # type: ignore[arg-type]
        followed = [
            any(one["at"] < at <= moved(one["at"], waits) for at in placed.get(one["customer"], []))
            for one in over  # type: ignore[arg-type, operator]
        ]
        ordered = {one["customer"] for one, hit in zip(over, followed, strict=True) if hit}
        customers = {one["customer"] for one in over}
        assert (row["customers"], row["ordered"]) == (len(customers), len(ordered))
        assert (row["events"], row["left"]) == (len(over), followed.count(False))
        assert is_wilson(row["low"], row["high"], len(ordered), len(customers))
        left = [one["amount"] or Decimal(0) for one, hit in zip(over, followed, strict=True) if not hit]
        assert row["left_value"] == (sum(left, Decimal(0)) if row["step"] == "cart" else None)


def test_what_is_lacking_is_said() -> None:
    orders = {"order": ["a"], "customer": ["x"], "paid_at": [NOW - dt.timedelta(days=3)]}
    events = pl.DataFrame({"kind": ["cart"], "customer": ["x"], "at": [NOW]})
    facts = rulecrm.Facts.from_frames(orders=pl.DataFrame(orders), events=events)
    shop = Shop.of(loaded(RULES), facts, as_of=NOW)
    after, before = orders_after(shop), path_to_purchase(shop, within="1d")
    assert after.frame.is_empty()
    assert "placed_at" in after.remarks[-1].words.en
    assert before.frame.select("step", "customers", "share").rows() == [("cart", 0, None), ("any", 0, None)]
    assert before.remarks[-1].code == "R837"
    placed = pl.DataFrame({**orders, "placed_at": orders["paid_at"]})
    shop = Shop.of(loaded(RULES), rulecrm.Facts.from_frames(orders=placed), as_of=NOW)
    assert path_to_purchase(shop).frame.is_empty()
    assert len(path_to_purchase(shop).remarks) == 6
    assert orders_after(shop).frame.is_empty()


def test_facts_without_orders_are_refused_in_words() -> None:
    events = pl.DataFrame({"kind": ["cart"], "customer": ["x"], "at": [NOW]})
    shop = Shop.of(loaded(RULES), rulecrm.Facts.from_frames(events=events), as_of=NOW)
    with pytest.raises(rulecrm.RulesError, match="frame `orders`: it was not given"):
        path_to_purchase(shop)

"""Sensitivity, against loops over the rows and against the standard rules."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm.insight import Shop, sensitivity
from tests.insight.buyers.little import NOW, RULES, Little, is_wilson, little, loaded, moved

SHOPS = st.integers(0, 100_000)


def moves(world: Little, sense: str, days: int) -> dict[object, list[tuple[bool, Decimal, Decimal]]]:
    """By customer of each purchase or line: whether it was moved, what it cost, what was taken off."""
    found: dict[object, list[tuple[bool, Decimal, Decimal]]] = {}
    bought = world.bought(moved(NOW, -days))
    if sense == "newness":
        listed = {row["product"]: row["listed_at"] for row in world.products}
        orders = {row["order"]: row for row in bought}
        for item in world.items:
            order, since = orders.get(item["order"]), listed[item["product"]]
            if order is not None and isinstance(since, dt.datetime):
                new = order["paid_at"] <= moved(since, 10)  # type: ignore[operator]
                found.setdefault(order["customer"], []).append((new, item["amount"], Decimal(0)))  # type: ignore[arg-type]
        return found
    for row in bought:
        off = row["discount"] or Decimal(0)
        hit = off > 0 if sense == "price" else row["coupon"] is not None  # type: ignore[operator]
        found.setdefault(row["customer"], []).append((hit, row["amount"], off))  # type: ignore[arg-type]
    return found


def band(hits: list[bool]) -> str:
    share = Decimal(sum(hits)) / len(hits)
    if share in (0, 1):
        return "always" if share else "never"
    return "seldom" if share < Decimal("0.3") else "sometimes" if share < Decimal("0.7") else "mostly"


@settings(max_examples=12)
@given(SHOPS, st.sampled_from([1, 2, 3]), st.sampled_from([25, 300]))
def test_bands(seed: int, at_least: int, days: int) -> None:
    world = little(seed, customers=5)
    frame = sensitivity(world.shop(), within=f"{days}d", new_for="10d", at_least=at_least).frame
    for sense in ("price", "coupon", "newness"):
        judged = {who: rows for who, rows in moves(world, sense, days).items() if len(rows) >= at_least}
        bands = {who: band([hit for hit, _, _ in rows]) for who, rows in judged.items()}
        own = frame.filter(pl.col("sense") == sense)
        assert own["band"].to_list() == ["never", "seldom", "sometimes", "mostly", "always"]
        for row in own.iter_rows(named=True):
            theirs = [one for who, rows in judged.items() if bands[who] == row["band"] for one in rows]
            customers = Counter(bands.values())[row["band"]]
            assert (row["customers"], row["base"], row["purchases"]) == (customers, len(judged), len(theirs))
            assert is_wilson(row["low"], row["high"], customers, len(judged))
            paid = sum((amount for _, amount, _ in theirs), Decimal(0))
            off = sum((one for _, _, one in theirs), Decimal(0))
            assert row["revenue"] == (paid if any(judged.values()) else None)
            rate = float(off / (paid + off)) if sense == "price" and paid + off else None
            assert row["discount_rate"] == (None if rate is None else pytest.approx(rate))


@settings(max_examples=6)
@given(SHOPS)
def test_the_standard_rules_say_the_same(seed: int) -> None:
    shop = little(seed, customers=5).shop()
    said = loaded('import "std/sensitivity.rules"\n' + RULES).evaluate(shop.facts, NOW).table()
    frame = sensitivity(shop).frame
    words = {
        "full_price_only": "never", "mainly_full_price": "seldom", "either_price": "sometimes",
        "mainly_discounted": "mostly", "discount_only": "always",
    }  # fmt: skip
    labels = Counter(words.get(label) for label in said["price_sensitivity"].cast(pl.String))
    price = frame.filter(pl.col("sense") == "price")
    assert dict(price.select("band", "customers").rows()) == {name: labels[name] for name in words.values()}
    lines = said.filter(pl.col("lines_dated") >= 2)
    always = int((lines["novelty_share"] == 1).sum())
    assert frame.filter((pl.col("sense") == "newness") & (pl.col("band") == "always"))["customers"].item() == always
    coupons = said.filter(pl.col("purchases_weighed") >= 2)["couponed_share"]
    never = int((coupons == 0).sum())
    assert frame.filter((pl.col("sense") == "coupon") & (pl.col("band") == "never"))["customers"].item() == never


def test_what_is_lacking_is_said() -> None:
    orders = pl.DataFrame({"order": ["a"], "customer": ["x"], "paid_at": [NOW], "coupon": ["M"]})
    figure = sensitivity(Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(orders=orders), as_of=NOW))
    assert figure.frame["sense"].unique().to_list() == ["coupon"]
    assert figure.frame["share"].null_count() == 5
    assert figure.frame["revenue"].null_count() == 5
    assert [one.about.get("sense") for one in figure.remarks] == ["price", None, "newness", None]
    assert [one.code for one in figure.remarks] == ["R836", "R837", "R836", "R836"]
    nothing = sensitivity(
        Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(orders=orders.drop("coupon")), as_of=NOW)
    )
    assert nothing.frame.is_empty()
    assert len(nothing.remarks) == 3

"""What is bought, and when: against loops over the rows."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm.insight import Shop, buying_times, preferences
from tests.insight.buyers.little import NOW, RULES, ZONE, Little, Row, is_wilson, little, moved

SHOPS = st.integers(0, 100_000)


def lines(world: Little, by: str, days: int) -> list[Row]:
    """Lines of purchases in the last days, with the customer and what they are of."""
    orders = {row["order"]: row for row in world.bought(moved(NOW, -days))}
    products = {row["product"]: row for row in world.products}
    return [
        {"customer": orders[item["order"]]["customer"], "name": products[item["product"]][by], "amount": item["amount"]}
        for item in world.items
        if item["order"] in orders
    ]


def again(world: Little) -> set[object]:
    return {who for who, count in Counter(row["customer"] for row in world.bought()).items() if count >= 2}


@settings(max_examples=12)
@given(SHOPS, st.sampled_from(["category", "brand", "product"]), st.sampled_from([20, 300]))
def test_shares_and_indexes(seed: int, by: str, days: int) -> None:
    world = little(seed)
    everyone, members = lines(world, by, days), again(world)
    own = [row for row in everyone if row["customer"] in members]
    figure = preferences(world.shop(), segment="again", by=by, within=f"{days}d")
    buyers, shop_buyers = ({row["customer"] for row in rows} for rows in (own, everyone))
    names = {row["name"] for row in own} - {None}
    assert set(figure.frame["name"]) == names
    total = sum((row["amount"] for row in own), Decimal(0))
    for row in figure.frame.iter_rows(named=True):
        theirs, all_theirs = ({r["customer"] for r in rows if r["name"] == row["name"]} for rows in (own, everyone))
        assert (row["customers"], row["shop_customers"]) == (len(theirs), len(all_theirs))
        share, shop_share = len(theirs) / len(buyers), len(all_theirs) / len(shop_buyers)
        assert (row["share"], row["shop_share"]) == (share, shop_share)
        assert row["index"] == pytest.approx(share / shop_share)
        assert row["index_low"] <= row["index"] + 1e-12
        assert row["index_high"] >= row["index"] - 1e-12
        assert is_wilson(row["low"], row["high"], len(theirs), len(buyers))
        paid = [r["amount"] for r in own if r["name"] == row["name"]]
        assert (row["lines"], row["revenue"]) == (len(paid), sum(paid, Decimal(0)))
        assert row["revenue_share"] == (pytest.approx(float(sum(paid, Decimal(0)) / total)) if total else None)
    counts = figure.frame["customers"].to_list()
    assert counts == sorted(counts, reverse=True)


def test_only_the_first_are_shown_and_all_against_all_has_no_index() -> None:
    figure = preferences(little(2).shop(), by="product", top=2)
    assert figure.frame.height == 2
    assert figure.frame["index"].null_count() == 2
    assert figure.frame["shop_share"].equals(figure.frame["share"].alias("shop_share"))


def of_orders(**columns: object) -> Shop:
    rows = {"order": ["a", "b"], "customer": ["x", "y"], "paid_at": [NOW, NOW], **columns}
    return Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(orders=pl.DataFrame(rows)), as_of=NOW)


def test_where_there_are_no_lines_whole_orders_tell() -> None:
    figure = preferences(of_orders(category=["tea", None], amount=[3, 5]))
    assert figure.frame.select("name", "customers", "share").rows() == [("tea", 1, 0.5)]
    assert "that of the whole order is counted" in figure.remarks[0].words.en


def test_what_is_lacking_is_said() -> None:
    figure = preferences(of_orders(), by="brand")
    assert figure.frame.is_empty()
    assert [one.code for one in figure.remarks] == ["R836"]
    figure = preferences(of_orders(brand=["Lian", "Lian"]), by="brand")
    assert figure.frame["revenue"].to_list() == [None]
    assert {one.code for one in figure.remarks} == {"R836", "R838"}
    nobody = preferences(of_orders(brand=["Lian", "Lian"], amount=[1, 1]), by="brand", segment="again")
    assert nobody.frame.is_empty()
    assert nobody.remarks[-1].code == "R837"


@pytest.mark.parametrize(("asked", "nearest"), [({"by": "brnd"}, "brand"), ({"segment": "agian"}, "again")])
def test_a_name_that_is_none_is_said_with_the_nearest(asked: dict[str, str], nearest: str) -> None:
    with pytest.raises(rulecrm.RulesError, match=f"did you mean `{nearest}`") as error:
        preferences(of_orders(brand=["a", "b"]), **asked)  # type: ignore[arg-type]
    assert error.value.diagnostics[0].code == "R120"


@settings(max_examples=6)
@given(SHOPS, st.booleans())
def test_every_purchase_is_in_its_hour(seed: int, some: bool) -> None:
    world = little(seed)
    rows = [row for row in world.bought(moved(NOW, -100)) if not some or row["customer"] in again(world)]
    expected = Counter((at.isoweekday(), at.hour) for at in (row["paid_at"].astimezone(ZONE) for row in rows))  # type: ignore[union-attr]
    frame = buying_times(world.shop(), within="100d", segment="again" if some else None).frame
    assert frame.height == 168
    cells = {(row["weekday"], row["hour"]): row for row in frame.iter_rows(named=True)}
    assert {cell: row["purchases"] for cell, row in cells.items() if row["purchases"]} == expected
    assert sum(row["revenue"] for row in cells.values()) == sum((row["amount"] for row in rows), Decimal(0))
    if rows:
        assert sum(row["share"] for row in cells.values()) == pytest.approx(1)


def test_hours_are_those_of_the_zone() -> None:
    orders = pl.DataFrame({"order": ["a"], "customer": ["x"], "paid_at": [NOW], "amount": [1]})
    facts = rulecrm.Facts.from_frames(orders=orders)
    shop = Shop.of(rulecrm.loads('timezone "Asia/Shanghai"\ncurrency CNY'), facts, as_of=NOW)
    cell = buying_times(shop).frame.filter(pl.col("purchases") == 1).row(0, named=True)
    there = NOW.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (cell["weekday"], cell["hour"]) == (there.isoweekday(), there.hour) == (7, 18)


def test_facts_that_tell_days_are_not_taken_for_hours() -> None:
    figure = buying_times(of_orders(amount=[1, 2]))
    assert any("days, not hours" in one.words.en for one in figure.remarks)
    empty = buying_times(of_orders(amount=[1, 2]), segment="again")
    assert [one.code for one in empty.remarks] == ["R837"]
    assert empty.frame["share"].null_count() == 168

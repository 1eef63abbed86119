"""Roles of products and what they come to, against plain loops over the rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import Shop, product_role_sums, product_roles
from rulecrm.testing.shops import make_shop_frames
from tests.insight.products.making import RULES, items_of, orders_of, shop_of, yuan

DAYS_90 = dt.timedelta(days=90)
Row = dict[str, object]


def costed(seed: int) -> dict[str, pl.DataFrame]:
    """A made-up shop whose products cost something; that of two is not known."""
    frames = make_shop_frames(customers=150, days=220, seed=seed)
    products = frames["products"].with_row_index("n")
    cost = pl.when(pl.col("n") % 11 != 5).then((10 + pl.col("n") * 37 % 160).cast(pl.Decimal(18, 2)))
    return {**frames, "products": products.with_columns(cost.alias("cost")).drop("n")}


def lines_of(frames: dict[str, pl.DataFrame], as_of: dt.datetime) -> list[Row]:
    orders = {row["order"]: row for row in frames["orders"].iter_rows(named=True)}
    costs = dict(frames["products"].select("product", "cost").iter_rows())
    return [
        {**row, "at": order["paid_at"], "customer": order["customer"], "cost": costs[row["product"]]}
        for row in frames["items"].iter_rows(named=True)
        for order in [orders[row["order"]]]
        if order["paid_at"] is not None and order["paid_at"] <= as_of
    ]


def revenue_of(lines: list[Row]) -> Decimal:
    return sum((line["amount"] for line in lines), Decimal(0))  # type: ignore[misc]


def by_loops(frames: dict[str, pl.DataFrame], as_of: dt.datetime) -> dict[str, Row]:
    """Every figure of every product, as its definition says."""
    every = lines_of(frames, as_of)
    firsts = {}
    for line in sorted(every, key=lambda one: (one["at"], one["order"])):  # type: ignore[arg-type, return-value]
        firsts.setdefault(line["customer"], line["order"])
    refunded = {
        row["order"]
        for row in frames["orders"].iter_rows(named=True)
        if row["refunded_at"] and row["refunded_at"] <= as_of
    }
    found: dict[str, Row] = {}
    for product in frames["products"]["product"]:
        own = [line for line in every if line["product"] == product]
        now = [line for line in own if as_of - DAYS_90 < line["at"]]  # type: ignore[operator]
        before = [line for line in own if as_of - 2 * DAYS_90 < line["at"] <= as_of - DAYS_90]  # type: ignore[operator]
        buyers = {line["customer"] for line in now}
        revenue, earlier = revenue_of(now), revenue_of(before)
        cost = [line["cost"] for line in now]
        margin = None if not now or cost[0] is None else revenue - sum(cost, Decimal(0))  # type: ignore[arg-type]
        found[product] = {
            "units": len(now),
            "revenue": revenue,
            "margin": margin,
            "margin_rate": None if margin is None else float(margin / revenue),
            "growth": float((revenue - earlier) / earlier) if earlier else None,
            "earlier": len(before),
            "buyers": len(buyers),
            "new_customers": len({line["customer"] for line in now if firsts[line["customer"]] == line["order"]}),
            "rebought": (len(now) - len(buyers)) / len(now) if now else None,
            "refunded": sum(line["order"] in refunded for line in now) / len(now) if now else None,
        }
    return found


def role_of(one: Row, rows: list[Row]) -> str:
    """The role, in the words of the rules."""
    if not one["units"]:
        return "unsold"
    if one["margin"] is None:
        return "uncosted"
    sold = [row for row in rows if row["units"]]
    known = [row for row in sold if row["margin"] is not None]
    rate = float(sum(row["margin"] for row in known) / sum(row["revenue"] for row in known))  # type: ignore[misc, call-overload, operator]
    high = one["margin_rate"] >= rate  # type: ignore[operator]
    if high and one["revenue"] >= revenue_mean(sold):  # type: ignore[operator]
        return "profit"
    if not high and one["buyers"] >= sum(row["buyers"] for row in sold) / len(sold):  # type: ignore[misc, operator]
        return "traffic"
    grows = (one["growth"] is not None and one["growth"] >= 0.2) or not one["earlier"]  # type: ignore[operator]
    return "potential" if high or (grows and one["units"] >= 5) else "marginal"  # type: ignore[operator]


def revenue_mean(rows: list[Row]) -> Decimal:
    return revenue_of([{"amount": row["revenue"]} for row in rows]) / len(rows)


@settings(max_examples=8)
@given(st.integers(1, 60), st.integers(100, 219))
def test_roles_and_figures_are_those_of_plain_loops(seed: int, day: int) -> None:
    frames = costed(seed)
    as_of = dt.datetime(2025, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day)
    shop = Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(**frames), as_of=as_of)
    figure = product_roles(shop)
    expected = by_loops(frames, as_of)
    rows = {row["product"]: row for row in figure.frame.iter_rows(named=True)}
    assert rows.keys() == expected.keys()
    for product, row in rows.items():
        one = expected[product]
        for name in ("units", "revenue", "margin", "buyers", "new_customers"):
            assert row[name] == one[name], (product, name)
        for name in ("margin_rate", "growth", "rebought", "refunded"):
            assert row[name] == (None if one[name] is None else pytest.approx(one[name])), (product, name)
        assert row["role"] == role_of(one, list(expected.values())), product
    missing = sum(row["role"] == "uncosted" for row in rows.values())
    assert [one.code for one in figure.remarks] == ["R847"] * bool(missing)


def test_roles_add_up_to_the_shop() -> None:
    shop = Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(**costed(4)), as_of="2025-08-01")
    products, sums = product_roles(shop).frame, product_role_sums(shop).frame
    for name in ("units", "revenue", "margin", "new_customers"):
        assert sums[name].sum() == products[name].sum()
    assert sums["products"].sum() == products.height
    for name in ("product_share", "revenue_share", "margin_share"):
        assert sums[name].sum() == pytest.approx(1)
    assert {"profit", "traffic"} <= set(sums["role"])
    uncosted = sums.filter(pl.col("role") == "uncosted").row(0, named=True)
    assert uncosted["margin"] is None
    assert uncosted["margin_rate"] is None


def small() -> pl.DataFrame:
    return items_of(
        [("1", "ann", "tea", "2025-01-05"), ("1", "ann", "cup", "2025-01-05"), ("2", "bob", "tea", "2025-01-06")],
        quantity=[1, 1, 1],
        amount=yuan("30", "10", "30"),
    )


def test_the_shop_may_have_roles_of_its_own() -> None:
    rules = """
import "std/products.rules" as p with { products_window: 10d }
classify duty of product { star "Star" when p.units >= 1  rest "Rest" otherwise }
"""
    shop = shop_of("2025-01-15", rules, items=small())
    figure = product_roles(shop, role="duty")
    assert figure.frame.select("product", "role", "units", "new_customers").rows() == [
        ("tea", "star", 2, 2),
        ("cup", "rest", 1, 1),
    ]
    assert [one.name for one in figure.origins] == ["duty"]
    assert "last 90d" in figure.definition.en  # without that prefix the metrics are the library's
    prefixed = product_roles(
        shop_of("2025-01-15", rules, items=small(), orders=orders_of(small())), role="p.product_role"
    )
    assert prefixed.frame.select("product", "units", "new_customers").rows() == [("tea", 1, 1), ("cup", 0, 0)]
    assert "last 10d" in prefixed.definition.en
    with pytest.raises(RulesError, match="did you mean `duty`"):
        product_roles(shop, role="dty")


def test_without_costs_there_are_figures_and_no_roles() -> None:
    figure = product_roles(shop_of("2025-01-15", items=small(), orders=orders_of(small())))
    assert figure.frame.select("product", "role", "units", "margin").rows() == [
        ("tea", None, 2, None),
        ("cup", None, 1, None),
    ]
    assert {one.code for one in figure.remarks} == {"R847"}
    assert "`cost`" in figure.remarks[0].words.zh
    sums = product_role_sums(shop_of("2025-01-15", items=small(), orders=orders_of(small())))
    assert sums.frame.is_empty()


def test_views_are_counted_where_there_are_any() -> None:
    events = pl.DataFrame(
        {
            "event": ["1", "2", "3"],
            "kind": ["view"] * 3,
            "at": [dt.datetime(2025, 1, day, tzinfo=dt.UTC) for day in (3, 4, 20)],
            "customer": ["ann", "bob", "ann"],
            "product": ["tea", "tea", "tea"],
        }
    )
    shop = shop_of("2025-01-15", items=small(), orders=orders_of(small()), events=events)
    assert product_roles(shop).frame.select("product", "views", "orders_per_view").rows() == [
        ("tea", 2, 1.0),
        ("cup", 0, None),
    ]


def test_without_items_or_sales_it_is_said() -> None:
    without = product_roles(shop_of("2025-01-15", orders=orders_of(small())))
    assert [one.code for one in without.remarks] == ["R845"]
    assert without.frame.is_empty()
    assert product_role_sums(shop_of("2025-01-15", orders=orders_of(small()))).frame.is_empty()
    early = product_roles(shop_of("2024-01-15", items=small(), orders=orders_of(small())))
    assert early.frame.is_empty()
    assert [one.code for one in early.remarks] == ["R845"]
    quiet = product_roles(shop_of("2026-01-15", items=small(), orders=orders_of(small())))
    assert quiet.frame.select("product", "units", "revenue", "growth").rows() == [
        ("cup", 0, 0, None),
        ("tea", 0, 0, None),
    ]
    assert [one.code for one in quiet.remarks] == ["R845"]


def test_the_role_leads_to_the_rule_that_made_it() -> None:
    figure = product_roles(shop_of("2025-01-15", items=small(), orders=orders_of(small())))
    (origin,) = figure.origins
    assert (origin.name, origin.span.source) == ("product_role", "std/products.rules")
    assert set(figure.columns) == set(figure.frame.columns)

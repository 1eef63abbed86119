"""What every insight reads: rows up to T, purchases in order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

import rulecrm
from rulecrm import RulesError, insight
from rulecrm.insight import Figure, Shop, Words
from rulecrm.insight.asking import duration_of, known
from rulecrm.model.durations import Duration
from rulecrm.testing.shops import make_shop_frames

RULES = 'timezone "Asia/Shanghai"\ncurrency CNY\nsegment bought = exists(purchase)\n'


def frames() -> dict[str, pl.DataFrame]:
    return make_shop_frames(customers=200, days=120)


@pytest.fixture
def shop() -> Shop:
    return Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(**frames()), as_of="2025-03-01")


def test_purchases_are_those_up_to_the_instant_in_order(shop: Shop) -> None:
    expected: dict[str, list[tuple[dt.datetime, str, Decimal]]] = {}
    for row in frames()["orders"].iter_rows(named=True):
        if row["paid_at"] is not None and row["paid_at"] <= shop.as_of:
            expected.setdefault(row["customer"], []).append((row["paid_at"], row["order"], row["amount"]))
    found = shop.purchases()
    rows = [
        (
            customer,
            number,
            at,
            order,
            Decimal(amount) / 10_000,
            at.astimezone(dt.timezone(dt.timedelta(hours=8))).date(),
        )
        for customer in sorted(expected)
        for number, (at, order, _) in enumerate(sorted(expected[customer]), 1)
        for amount in [int(next(a for t, o, a in expected[customer] if o == order) * 10_000)]
    ]
    assert found.select("customer", "number", "at", "order", pl.col("amount").cast(pl.Int64), "day").rows() == [
        (customer, number, at, order, int(amount * 10_000), day) for customer, number, at, order, amount, day in rows
    ]
    assert found.get_column("code").to_list() == [sorted(expected).index(row[0]) for row in rows]


def test_what_is_known_only_later_is_missing(shop: Shop) -> None:
    seen = shop.rows("purchase", ["order", "refunded", "refunded_at"]).collect()
    later = {
        row["order"]: row["refunded_at"] is not None and row["refunded_at"] <= shop.as_of
        for row in frames()["orders"].iter_rows(named=True)
    }
    assert any(later[order] for order in seen["order"])
    assert [later[order] for order in seen["order"]] == seen["refunded"].to_list()
    assert [later[order] for order in seen["order"]] == seen["refunded_at"].is_not_null().to_list()


def test_money_is_exact() -> None:
    paid = pl.DataFrame({"amount": [1, 123_456_789_012_345_678, -5]}).select(Shop.paid(pl.col("amount")))
    assert paid.to_series().to_list() == [Decimal("0.0001"), Decimal("12345678901234.5678"), Decimal("-0.0005")]
    assert paid.schema["amount"] == pl.Decimal(38, 4)


def test_what_the_facts_have_is_asked_without_reading(shop: Shop) -> None:
    assert shop.has("purchase", "amount")
    assert shop.has("item", "category")
    assert not shop.has("purchase", "coupon")
    assert not shop.has("inquiry", "colour")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("45d", Duration(days=45)),
        ("1mo 2w", Duration(months=1, days=14)),
        ("1y", Duration(months=12)),
        ("90m", Duration(micros=5_400_000_000)),
        (dt.timedelta(days=2, seconds=3), Duration(days=2, micros=3_000_000)),
    ],
)
def test_lengths_are_written_as_in_rules(written: str | dt.timedelta, meant: Duration) -> None:
    assert duration_of(written) == meant


@pytest.mark.parametrize(
    "written", ["", "45", "d", "-3d", "3 weeks", "0d", dt.timedelta(days=-1), 45, 0, 4.5, True, None, [], b"45d"]
)
def test_what_is_no_length_is_said(written: Any) -> None:
    with pytest.raises(RulesError) as error:
        duration_of(written)
    assert error.value.diagnostics[0].code == "R800"
    days = str(written) == "45"
    assert error.value.diagnostics[0].help == (
        "write it as `45d` if days are meant" if days else "write it as `45d` or `3mo`"
    )


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(RulesError, match="did you mean `vip`"):
        known("vop", ["vip", "all"], "segment")


@pytest.mark.parametrize("name", [45, None, True, [], ["vip"]])
def test_a_name_is_text(name: Any) -> None:
    with pytest.raises(RulesError, match="is no name of a segment") as error:
        known(name, ["vip", "all"], "segment")
    assert error.value.diagnostics[0].code == "R120"


def test_a_figure_never_holds_a_number_that_is_none() -> None:
    with pytest.raises(AssertionError, match="rate"):
        Figure("broken", Words("a", "b"), Words("a", "b"), pl.DataFrame({"rate": [float("nan")]}))
    figure = Figure("whole", Words("a", "b"), Words("a", "b"), pl.DataFrame({"rate": [None, 0.5]}))
    assert figure.frame.height == 2


@pytest.mark.parametrize("written", ["110y", "9999y", "99999999d"])
def test_what_no_figure_looks_so_far_for_is_said(written: str) -> None:
    assert duration_of("100y") == Duration(months=1200)
    with pytest.raises(RulesError, match="a hundred years") as error:
        duration_of(written)
    assert error.value.diagnostics[0].code == "R842"


def test_today_is_the_day_of_the_zone(shop: Shop) -> None:
    assert shop.today == dt.date(2025, 3, 1)
    assert shop.at("2025-02-28T23:59").today == dt.date(2025, 2, 28)


def test_a_kind_that_the_rules_do_not_know_is_one_that_facts_do_not_have(shop: Shop) -> None:
    assert not shop.has("answer", "seconds")


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda shop: insight.repurchase_curve(shop, days=4.5), "R823"),
        (lambda shop: insight.repurchase_curve(shop, level=None), "R823"),
        (lambda shop: insight.kpi_values(shop, level=None), "R855"),
        (lambda shop: insight.kpi_values(shop, history=4.5), "R855"),
        (lambda shop: insight.bundles(shop, at_least=None), "R850"),
        (lambda shop: insight.bundles(shop, level="0.95"), "R819"),
        (lambda shop: insight.price_sensitivity(shop, at_least=4.5), "R850"),
        (lambda shop: insight.clusters(shop, features=["bought"], k=None), "R842"),
        (lambda shop: insight.similar(shop, ["c1"], features=["bought"], most=None), "R842"),
        (lambda shop: insight.preferences(shop, top=None), "R850"),
        (lambda shop: insight.sensitivity(shop, at_least=""), "R850"),
        (lambda shop: shop.at(45), "R440"),
    ],
)
def test_numbers_and_instants_of_a_wrong_type_are_said(shop: Shop, ask: Any, code: str) -> None:
    with pytest.raises(RulesError) as error:
        ask(shop)
    assert error.value.diagnostics[0].code == code

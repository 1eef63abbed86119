"""Indices by month and weekday: of series whose season is known, and against plain loops."""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import Decimal
from statistics import mean
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import Shop, seasonality
from rulecrm.testing.shops import make_shop_frames
from tests.insight.products.making import RULES, items_of, orders_of, shop_of, yuan

SEASON = [0.5, 0.6, 0.8, 1.0, 1.1, 1.0, 0.9, 0.8, 1.0, 1.2, 1.5, 1.6]


def monthly(years: int, growth: float) -> pl.DataFrame:
    """Orders of a shop whose season per day is known and which grows evenly, one on the fifth of each month."""
    days = [dt.date(2022 + number // 12, number % 12 + 1, 5) for number in range(12 * years)]
    items = items_of((f"o{day}", "c", "tea", dt.datetime.combine(day, dt.time(4), dt.UTC)) for day in days)
    amounts = [
        100_000 * calendar.monthrange(day.year, day.month)[1] * SEASON[day.month - 1] * growth ** (number / 12)
        for number, day in enumerate(days)
    ]
    return orders_of(items, amount=yuan(*(f"{amount:.2f}" for amount in amounts)))


@pytest.mark.parametrize("growth", [1.0, 1.4, 0.7])
def test_a_known_season_is_found_whatever_the_growth(growth: float) -> None:
    figure = seasonality(shop_of("2025-01-01", orders=monthly(3, growth)), measure="revenue")
    assert figure.frame["period"].to_list() == list(range(1, 13))
    assert figure.frame["cycles"].to_list() == [3] * 12
    for name in ("index", "low", "high"):
        assert figure.frame[name].to_list() == pytest.approx([one / mean(SEASON) for one in SEASON], rel=1e-6)
    assert figure.currency == "CNY"
    assert figure.remarks == ()


def test_totals_are_money() -> None:
    orders = monthly(2, 1.0)
    figure = seasonality(shop_of("2024-01-01", orders=orders), measure="revenue")
    january = sum(row["amount"] for row in orders.iter_rows(named=True) if row["paid_at"].month == 1)
    assert figure.frame["total"][0] == january
    assert isinstance(figure.frame["total"][0], Decimal)


def test_cycles_of_months_end_with_the_last_that_is_over() -> None:
    # On 30 June 2024, May is over: two cycles from June 2022 to May 2024, and five months before that are left out.
    figure = seasonality(shop_of("2024-06-30T23:00", orders=monthly(3, 1.0)))
    assert figure.frame["total"].to_list() == [2] * 12
    assert figure.frame["index"][1] == pytest.approx(
        mean([(1 / 28), (1 / 29)]) / mean([(1 / 28 + 1 / 29) / 2, *[1 / 31] * 7, *[1 / 30] * 4]), rel=1e-3
    )


@pytest.mark.parametrize(("as_of", "cycles", "said"), [("2022-11-01", 0, False), ("2023-06-01", 1, True)])
def test_less_than_two_years_are_said_so(as_of: str, cycles: int, said: bool) -> None:
    figure = seasonality(shop_of(as_of, orders=monthly(3, 1.2)))
    assert figure.frame["cycles"].to_list() == [cycles] * 12
    assert figure.frame["index"].is_not_null().all() is said
    assert figure.frame["low"].null_count() == figure.frame["high"].null_count() == 12
    assert [one.code for one in figure.remarks] == ["R848"]
    assert str(cycles) in figure.remarks[0].words.zh


def test_a_shop_without_sales_has_no_season() -> None:
    figure = seasonality(shop_of("2021-01-01", orders=monthly(1, 1.0)), by="weekday")
    assert figure.frame.height == 7
    assert figure.frame["index"].null_count() == 7
    assert [one.code for one in figure.remarks] == ["R848"]
    without = seasonality(shop_of("2023-01-01", orders=monthly(1, 1.0).drop("amount")), measure="revenue")
    assert [one.code for one in without.remarks] == ["R845"]


def by_loops(days: list[dt.date], today: dt.date) -> dict[int, tuple[float, float | None]]:
    """Index and half of its interval of each weekday, of orders paid on these days."""
    begin = min(days)
    while begin.weekday():
        begin += dt.timedelta(days=1)
    weeks: list[list[int]] = []
    while begin + dt.timedelta(days=7) <= today:
        week = [days.count(begin + dt.timedelta(days=number)) for number in range(7)]
        weeks += [week] if sum(week) else []
        begin += dt.timedelta(days=7)
    growth = (sum(weeks[-1]) / sum(weeks[0])) ** (1 / (len(weeks) - 1)) if len(weeks) > 1 else 1.0
    levelled = [[sold / growth ** (number / 7) for number, sold in enumerate(week)] for week in weeks]
    ratios = [[one / mean(week) for one in week] for week in levelled]
    index = [mean(week[number] for week in ratios) for number in range(7)]
    if len(weeks) == 1:
        return {number + 1: (index[number], None) for number in range(7)}
    freedom = 6 * (len(weeks) - 1)
    scatter = sum((week[n] - index[n]) ** 2 / index[n] for week in ratios for n in range(7) if index[n]) / freedom
    width = float(student.ppf(0.975, freedom))
    return {n + 1: (index[n], width * (scatter * index[n] / len(weeks)) ** 0.5) for n in range(7)}


@settings(max_examples=15)
@given(st.integers(1, 40), st.integers(16, 60), st.sampled_from([None, "p00"]))
def test_weekdays_are_those_counted_one_by_one(seed: int, day: int, product: str | None) -> None:
    frames = make_shop_frames(customers=150, days=70, seed=seed)
    as_of = dt.datetime(2025, 1, 1, 5, tzinfo=dt.UTC) + dt.timedelta(days=day)
    zone = ZoneInfo("Asia/Shanghai")
    paid = [
        row["paid_at"].astimezone(zone).date()
        for row in frames["orders"].iter_rows(named=True)
        if row["paid_at"] and row["paid_at"] <= as_of and product in (None, row["product"])
    ]
    shop = Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(**frames), as_of=as_of)
    frame = seasonality(shop, by="weekday", product=product).frame
    if not frame["cycles"][0]:
        assert frame["index"].null_count() == 7
        return
    expected = by_loops(paid, as_of.astimezone(zone).date())
    for row in frame.iter_rows(named=True):
        index, half = expected[row["period"]]
        assert row["index"] == pytest.approx(index)
        if half is None or not index:
            assert row["low"] is row["high"] is None
        else:
            assert row["high"] == pytest.approx(index + half, rel=1e-9)
            assert row["low"] == pytest.approx(max(index - half, 0), rel=1e-9, abs=1e-9)


def test_intervals_of_three_years_hold_the_truth_as_often_as_they_say() -> None:
    draw = np.random.Generator(np.random.PCG64(9))
    days = [dt.date(2022 + number // 12, number % 12 + 1, 5) for number in range(36)]
    truth = [one / mean(SEASON) for one in SEASON]
    held = 0
    for _ in range(40):
        rates = [calendar.monthrange(day.year, day.month)[1] * SEASON[day.month - 1] for day in days]
        sold = [max(int(draw.poisson(4 * rate)), 1) for rate in rates]
        items = items_of((f"o{day}", "c", "tea", dt.datetime.combine(day, dt.time(4), dt.UTC)) for day in days)
        shop = shop_of("2025-01-01", items=items.with_columns(quantity=pl.Series(sold)))
        frame = seasonality(shop, measure="units").frame
        held += sum(
            row["low"] <= one <= row["high"] for one, row in zip(truth, frame.iter_rows(named=True), strict=True)
        )
    assert held / (40 * 12) == pytest.approx(0.95, abs=0.03)


def test_of_items_alone_orders_are_counted_once() -> None:
    items = items_of(
        [(f"o{n // 2}", "c", ("tea", "cup")[n % 2], f"2025-01-{n // 2 + 6:02d}") for n in range(28)],
        amount=yuan(*["1"] * 28),
    )
    shop = shop_of("2025-01-20", items=items)
    assert seasonality(shop, by="weekday").frame["total"].to_list() == [2] * 7
    assert seasonality(shop, by="weekday", measure="revenue").frame["total"].to_list() == [4] * 7


def test_units_of_a_category() -> None:
    lines = [(f"o{n}", "c", "tea", f"2025-01-{n + 6:02d}") for n in range(14)]
    kinds = ["drink" if n != 3 else "dish" for n in range(14)]
    items = items_of(lines, category=kinds, quantity=[2 if n == 7 else 1 for n in range(14)])
    frame = seasonality(shop_of("2025-01-20", items=items), by="weekday", category="drink", measure="units").frame
    assert frame["total"].to_list() == [3, 2, 2, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"by": "moth"}, "did you mean `month`"),
        ({"measure": "unit"}, "did you mean `units`"),
        ({"product": "tee"}, "did you mean `tea`"),
        ({"product": "tea", "category": "x"}, "one product or one category"),
    ],
)
def test_what_cannot_be_asked_is_said(asked: dict[str, str], words: str) -> None:
    items = items_of([("1", "ann", "tea", "2025-01-05")], category=["x"])
    with pytest.raises(RulesError, match=words):
        seasonality(shop_of("2025-02-01", items=items), **asked)  # type: ignore[arg-type]

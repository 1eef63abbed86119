"""What repurchases bring, what winning customers cost, what weeks were to bring: against plain Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import isclose

import polars as pl
from hypothesis import given, settings

from rulecrm.insight import (
    acquisition_cost,
    order_shares,
    payback,
    weekly_targets,
)
from tests.insight.bought import Purchase, World, cdnow, cents, worlds

DAY = dt.timedelta(days=1)


# --- what it brings -----------------------------------------------------------------------------------------------


@given(world=worlds())
@settings(max_examples=25)
def test_shares_of_revenue_are_those_that_plain_python_finds(world: World) -> None:
    for last in (None, "45d"):
        start = world.later(world.now, -45) if last else dt.datetime.min.replace(tzinfo=dt.UTC)
        rows = {name: [0, 0, 0, 0] for name in ("1", "2", "3", "4", "5+")}
        for all_ in world.seen().values():
            bought = [one for one in all_ if one.at > start]
            if bought:
                row = rows["5+" if len(bought) >= 5 else str(len(bought))]
                priced = [one.cents for one in bought if one.cents is not None]
                for place, value in enumerate((1, len(bought), sum(priced), len(priced))):
                    row[place] += value
        figure = order_shares(world.shop, last=last)
        total = sum(row[2] for row in rows.values())
        anything = any(row[3] for row in rows.values())
        for row, (name, (customers, orders, revenue, priced_orders)) in zip(
            figure.frame.iter_rows(named=True), rows.items(), strict=True
        ):
            assert (row["purchases"], row["customers"], row["orders"]) == (name, customers, orders)
            assert cents(row["revenue"]) == (revenue if anything else None)
            assert (row["revenue_share"] is None) == (not total)
            assert not total or isclose(row["revenue_share"], revenue / total, abs_tol=1e-12)
            value = None if row["order_value"] is None else int(row["order_value"] * 10_000)
            half_up = (Fraction(revenue * 100, priced_orders) + Fraction(1, 2)).__floor__() if priced_orders else None
            assert value == half_up


def test_an_order_value_is_rounded_half_up() -> None:
    now = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
    bought = tuple(Purchase("a", str(number), now, paid, None) for number, paid in enumerate((1, 1, 0)))
    values = order_shares(World("Asia/Shanghai", bought, now).shop).frame["order_value"]
    assert values.to_list() == [None, None, Decimal("0.0067"), None, None]


@given(world=worlds())
@settings(max_examples=15)
def test_costs_are_spread_as_plain_python_spreads_them(world: World) -> None:
    spent = pl.DataFrame(
        {
            "start": [dt.date(2025, 2, 1), dt.date(2025, 3, 8), dt.date(2025, 2, 1)],
            "end": [dt.date(2025, 3, 9), dt.date(2025, 12, 31), dt.date(2025, 3, 31)],
            "cost": ["100", "0.01", "7.77"],
            "source": ["ad", "ad", "shop"],
        }
    )
    each: dict[str, Fraction] = {}
    for start, end, cost, source in spent.iter_rows():
        members = [
            customer
            for customer, bought in world.seen().items()
            if bought[0].source == source and start <= world.day(bought[0].at) <= end
        ]
        for customer in members:
            each[customer] = each.get(customer, Fraction(0)) + Fraction(cost) / len(members)
    frame = acquisition_cost(world.shop, spent=spent, margin="0.5").frame
    back = payback(world.shop, spent=spent, margin="0.5", days=(0, 30)).frame
    seen = world.seen()
    priced = any(one.cents is not None for bought in seen.values() for one in bought)
    for source in (None, "ad", "shop"):
        mine = {c: seen[c] for c in each if source in (None, seen[c][0].source)}
        rows = frame.filter(pl.col("source").eq_missing(pl.lit(source, pl.String)))
        total = sum(Fraction(cost) for cost, one in spent.select("cost", "source").iter_rows() if source in (None, one))
        for row, most in zip(rows.iter_rows(named=True), (1, 2, 3, 4, 99), strict=True):
            orders = sum(len(bought[:most]) for bought in mine.values())
            revenue = sum(one.cents or 0 for bought in mine.values() for one in bought[:most])
            assert row["orders"] == orders
            assert row["customers"] == sum(len(bought) >= (1 if most == 99 else most) for bought in mine.values())
            assert Fraction(row["cost"]) == total
            assert (row["cost_per_order"] is None) == (orders == 0)
            if orders:
                assert abs(Fraction(row["cost_per_order"]) - total / orders) <= Fraction(1, 20_000)
            assert cents(row["revenue"]) == (revenue if priced else None)
            assert row["paid_back"] == (Fraction(revenue, 200) >= total if priced else None)
        rows = back.filter(pl.col("source").eq_missing(pl.lit(source, pl.String)))
        for row in rows.iter_rows(named=True):
            ripe = {c: b for c, b in mine.items() if world.day(b[0].at) + row["days"] * DAY < world.day(world.now)}
            assert row["customers"] == len(ripe)
            if ripe:
                cost = sum(each[c] for c in ripe) / len(ripe)
                # Whole units of 1/10,000 are dealt day by day.
                assert abs(Fraction(row["cost_each"]) - cost) <= Fraction(3, 10_000)
            if ripe and priced:
                revenue = sum(
                    one.cents or 0
                    for bought in ripe.values()
                    for one in bought
                    if world.day(one.at) <= world.day(bought[0].at) + row["days"] * DAY
                )
                assert abs(Fraction(row["contribution_each"]) - Fraction(revenue, 200) / len(ripe)) <= Fraction(
                    1, 20_000
                )


def test_a_repurchase_makes_an_order_cheaper() -> None:
    figure = acquisition_cost(cdnow("1998-07-01"), per_customer="10", margin="0.1")
    assert figure.frame["cost_per_order"].is_sorted(descending=True)
    first, *_, last = figure.frame.iter_rows(named=True)
    assert (first["cost"], first["cost_per_order"]) == (235_700, 10)
    assert isclose(last["cost_per_order"], 235_700 / 69_659, abs_tol=1e-4)
    # 2,500,315.63 times a tenth is just enough.
    assert [row["paid_back"] for row in figure.frame.iter_rows(named=True)] == [False] * 4 + [True]


def test_what_comes_to_the_cost_is_paid_back() -> None:
    now = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
    bought = (Purchase("a", "1", now - 40 * DAY, 1_000, None), Purchase("a", "2", now - 39 * DAY, 1, None))
    shop = World("Asia/Shanghai", bought, now).shop
    assert acquisition_cost(shop, per_customer="10.00").frame["paid_back"].to_list() == [True] * 5
    assert acquisition_cost(shop, per_customer="10.01").frame["paid_back"].to_list() == [False] + [True] * 4
    assert payback(shop, per_customer="10.01", days=(0, 1, 39, 40)).frame["paid_back"].to_list() == [
        False,
        True,
        True,
        None,
    ]
    assert payback(shop, per_customer=0, days=(0,)).frame.select("return_share", "paid_back").row(0) == (None, True)


# --- targets ------------------------------------------------------------------------------------------------------


@given(world=worlds())
@settings(max_examples=25)
def test_weeks_are_those_that_plain_python_finds(world: World) -> None:
    running = world.day(world.now) - world.day(world.now).weekday() * DAY
    weeks = [running + 7 * turn * DAY for turn in (-9, -2, -1, 0, 1)]
    targets = pl.DataFrame(
        {
            "week": weeks,
            "orders": [2] * 5,
            "revenue": ["0.05"] * 5,
            "new_customers": [1, None, 0, 1, 1],
            "repurchases": [1] * 5,
        }
    )
    rows = [(number, one) for bought in world.seen().values() for number, one in enumerate(bought)]
    priced = not rows or any(one.cents is not None for _, one in rows)
    measures: dict[str, Callable[[int, int | None], int]] = {
        "orders": lambda number, paid: 100,
        "revenue": lambda number, paid: paid or 0,
        "new_customers": lambda number, paid: 100 * (number == 0),
        "repurchases": lambda number, paid: 100 * (number > 0),
    }

    def midnight(day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), world.place).astimezone(dt.UTC)

    figure = weekly_targets(world.shop, targets)
    assert figure.frame.height == 19
    for row in figure.frame.iter_rows(named=True):
        value, start, end = measures[row["measure"]], midnight(row["week"]), midnight(row["week"] + 7 * DAY)
        actual = sum(value(number, one.cents) for number, one in rows if start <= one.at < end)
        blank = row["week"] > running or (row["measure"] == "revenue" and not priced)
        assert cents(row["actual"]) == (None if blank else actual)
        assert isclose(row["passed"], min(max((world.now - start) / (end - start), 0), 1))
        if not blank and row["target"]:
            assert isclose(row["share"], actual / 100 / float(row["target"]))
        else:
            assert row["share"] is None
        if row["week"] < running and not blank:
            assert row["projected"] == row["actual"]
            assert row["reached"] == (actual / 100 >= row["target"])
        if row["week"] == running and not blank:
            gone = world.now - midnight(running)
            eight = [running - 7 * turn * DAY for turn in range(1, 9)]
            whole = sum(
                value(n, o.cents) for n, o in rows for w in eight if midnight(w) <= o.at < midnight(w + 7 * DAY)
            )
            part = sum(
                value(n, o.cents)
                for n, o in rows
                for w in eight
                if midnight(w) <= o.at < midnight(w + 7 * DAY) and o.at <= midnight(w) + gone
            )
            assert (row["usual"] is None) == (not whole)
            assert not whole or isclose(row["usual"], part / whole)
            assert (row["projected"] is None) == (not part)
            if part:
                assert abs(Fraction(row["projected"]) - Fraction(actual * whole, part * 100)) <= Fraction(1, 20_000)
            assert row["reached"] is (True if actual / 100 >= row["target"] else None)


def test_targets_are_given_in_three_ways() -> None:
    shop = cdnow("1998-06-24T12:00")
    week = dt.date(1998, 6, 22)
    one = weekly_targets(shop, {"orders": 400, "revenue": "15000.50"}).frame
    assert one.equals(weekly_targets(shop, {"orders": {"1998-06-22": 400}, "revenue": {week: 15_000.5}}).frame)
    assert one.equals(
        weekly_targets(shop, pl.DataFrame({"week": [week], "orders": [400], "revenue": [15_000.5]})).frame
    )
    assert one["passed"].to_list() == [2.5 / 7] * 2


def test_by_this_point_of_the_week_means_to_the_instant() -> None:
    noon = dt.datetime(2025, 2, 26, 4, tzinfo=dt.UTC)
    late = noon - 7 * DAY + dt.timedelta(microseconds=1)
    # The eighth week before counts, the ninth does not.
    instants = [noon - 7 * DAY, late, noon - 56 * DAY, noon - 63 * DAY, noon]
    bought = tuple(Purchase("a", str(number), at, 5, None) for number, at in enumerate(instants))
    frame = weekly_targets(World("Asia/Shanghai", bought, noon).shop, {"orders": 4}).frame
    columns = ("actual", "share", "passed", "usual", "projected", "reached")
    assert frame.select(columns).row(0) == (1, 0.25, 2.5 / 7, 2 / 3, Decimal("1.5"), None)

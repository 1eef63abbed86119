"""Who came back, how soon, in which period, and what it brought: against plain Python, and against published figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import isclose

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import (
    Figure,
    Shop,
    acquisition_cost,
    cohorts,
    migration,
    migration_balance,
    order_shares,
    payback,
    repurchase_curve,
    repurchase_rate,
    second_purchase,
    weekly_targets,
)
from rulecrm.insight.repurchase.survival import kaplan_meier, kaplan_meier_grouped
from rulecrm.insight.statistics import proportion
from tests.insight.bought import Purchase, World, cdnow, cents, lines, worlds

DAY = dt.timedelta(days=1)


def shares(figure: Figure) -> dict[str, tuple[object, ...]]:
    return {str(row[0]): row[1:4] for row in figure.frame.iter_rows()}


def share(repeated: int, base: int) -> tuple[int, int, float | None]:
    return base, repeated, repeated / base if base else None


# --- coming back --------------------------------------------------------------------------------------------------


@given(world=worlds())
@settings(max_examples=25)
def test_second_purchases_are_those_that_plain_python_finds(world: World) -> None:
    firsts = [(bought[0].at, bought[1].at if len(bought) > 1 else None) for bought in world.seen().values()]
    over = [(first, second) for first, second in firsts if world.later(first, 45) <= world.now]
    inside = [second for first, second in firsts if first > world.later(world.now, -45)]
    figure = second_purchase(world.shop)
    assert shares(figure) == {
        "time_over": share(sum(s is not None and s <= world.later(f, 45) for f, s in over), len(over)),
        "in_window": share(sum(second is not None for second in inside), len(inside)),
    }
    waiting = [one for one in figure.remarks if one.code == "R821"]
    assert bool(waiting) == (len(over) < len(firsts))
    assert [one.about["measure"] for one in figure.remarks if one.code == "R822"] == [
        name for name, (base, *_) in shares(figure).items() if not base
    ]


@given(world=worlds())
@settings(max_examples=25)
def test_repurchase_rates_are_those_that_plain_python_finds(world: World) -> None:
    start = world.later(world.now, -45)
    split = [(sum(one.at <= start for one in all_), len(all_)) for all_ in world.seen().values()]
    expected = {}
    for name, least in (("bought_before", 1), ("bought_twice_before", 2)):
        base = [(before, all_) for before, all_ in split if before >= least]
        expected[name] = share(sum(all_ > before for before, all_ in base), len(base))
    figure = repurchase_rate(world.shop)
    assert shares(figure) == expected
    for row in figure.frame.iter_rows(named=True):
        wilson = proportion(row["repeated"], row["base"])
        assert (row["low"], row["high"]) == (wilson.low, wilson.high)


def test_each_definition_counts_its_own_customers() -> None:
    # T is 2025-03-01: a came back in time, b too late, c is new and came back, d is new.
    orders = pl.DataFrame(
        [
            ("1", "a", "2024-12-01"), ("2", "a", "2025-01-15"), ("3", "b", "2024-12-01"), ("4", "b", "2025-01-16"),
            ("5", "c", "2025-02-01"), ("6", "c", "2025-02-02"), ("7", "d", "2025-02-28"),
        ],
        schema=["order", "customer", "paid_at"],
        orient="row",
    ).with_columns(pl.col("paid_at").str.to_datetime(time_zone="UTC"))  # fmt: skip
    shop = Shop.of(
        rulecrm.loads('timezone "UTC"\ncurrency CNY'), rulecrm.Facts.from_frames(orders=orders), as_of="2025-03-01"
    )
    assert shares(second_purchase(shop)) == {"time_over": (2, 1, 0.5), "in_window": (2, 1, 0.5)}
    assert shares(repurchase_rate(shop)) == {"bought_before": (2, 1, 0.5), "bought_twice_before": (1, 0, 0.0)}
    assert second_purchase(shop).remarks[0].words.zh.startswith("2 位客户")
    assert "45 days" in second_purchase(shop).definition.en
    assert "1 month" in second_purchase(shop, within="1mo").definition.en


# --- how soon -----------------------------------------------------------------------------------------------------


def pauses(world: World, *, first: bool) -> list[tuple[str, int, bool]]:
    """Customer, days, whether the pause has ended: searched for day by day."""
    found = []
    for customer, bought in world.seen().items():
        for one, after in zip(bought, [*bought[1:], None], strict=True):
            whole = next(n for n in range(1_000) if world.later(one.at, n + 1) > world.now)
            took = None if after is None else next(n for n in range(1_000) if world.later(one.at, n) >= after.at)
            again = took is not None and took <= whole
            found.append((customer, took if again and took is not None else whole, again))
            if first:
                break
    return found


@given(world=worlds())
@settings(max_examples=15)
@pytest.mark.parametrize("after", ["first", "any"])
def test_the_curve_is_that_of_kaplan_and_meier(world: World, after: str) -> None:
    found = pauses(world, first=after == "first")
    figure = repurchase_curve(world.shop, after=after)  # type: ignore[arg-type]
    alive, rows = Fraction(1), []
    for day in range(max((lasted for _, lasted, _ in found), default=-1) + 1):
        risk = sum(lasted >= day for _, lasted, _ in found)
        events = sum(again and lasted == day for _, lasted, again in found)
        alive *= 1 - Fraction(events, risk)
        rows.append((day, 1 - alive, risk, events))
    assert figure.frame.select("days", "at_risk", "again").rows() == [
        (day, risk, events) for day, _, risk, events in rows
    ]
    assert all(isclose(a, b, abs_tol=1e-12) for a, (_, b, *_) in zip(figure.frame["share"], rows, strict=True))
    assert bool(found) != any(one.code == "R820" for one in figure.remarks)
    for row in figure.frame.drop_nulls().iter_rows(named=True):
        assert 0 <= row["low"] <= row["share"] <= row["high"] <= 1


@given(world=worlds())
@settings(max_examples=15)
def test_without_open_pauses_the_curve_is_the_conversion(world: World) -> None:
    """Where everybody was seen for 45 days, the curve at day 45 is the share of `second_purchase`."""
    everybody = World(world.zone, world.purchases, world.now + 200 * DAY)
    curve = repurchase_curve(everybody.shop, days=45).frame
    conversion = second_purchase(everybody.shop).frame
    if curve.height:
        assert isclose(curve["share"][-1], conversion["share"][0], abs_tol=1e-12)


@pytest.mark.parametrize(
    ("first", "second", "days"),
    [
        # The clock skips from 2:00 to 3:00 on 9 March: half past two of that day is half past three.
        ("2025-03-08T02:30-05:00", "2025-03-09T03:10-04:00", 1),
        ("2025-03-08T02:30-05:00", "2025-03-09T03:30-04:00", 1),
        ("2025-03-08T02:30-05:00", "2025-03-09T03:31-04:00", 2),
        # It shows 1:10 twice on 2 November: a day after half past one is the first half past one.
        ("2025-11-01T01:30-04:00", "2025-11-02T01:30-04:00", 1),
        ("2025-11-01T01:30-04:00", "2025-11-02T01:10-05:00", 2),
        ("2025-11-02T01:50-04:00", "2025-11-02T01:10-05:00", 1),
        ("2025-11-02T01:50-04:00", "2025-11-02T01:50-04:00", 0),
    ],
)  # fmt: skip
def test_days_are_those_of_the_clock(first: str, second: str, days: int) -> None:
    one, other = (dt.datetime.fromisoformat(text).astimezone(dt.UTC) for text in (first, second))
    bought = (Purchase("c", "1", one, 5, None), Purchase("c", "2", other, 5, None))
    world = World("America/New_York", bought, other + 40 * DAY)
    assert pauses(world, first=True) == [("c", days, True)]
    assert repurchase_curve(world.shop).frame.filter(pl.col("again") > 0)["days"].to_list() == [days]
    # As long as the day is not over, nothing can be said of it.
    at_once = World("America/New_York", bought, other)
    whole = max(n for n in range(3) if world.later(one, n) <= other)
    assert pauses(at_once, first=True) == [("c", whole, whole == days)]
    assert repurchase_curve(at_once.shop).frame.select("days", "again").rows() == [
        (day, int(day == days)) for day in range(whole + 1)
    ]


def test_the_interval_is_that_of_another_package() -> None:
    from lifelines import KaplanMeierFitter

    draw = np.random.Generator(np.random.PCG64(7))
    lasted = (draw.random(400) * 60).astype(np.int64) + 1
    again = draw.random(400) < 0.4
    events, ended = (np.bincount(lasted[chosen], minlength=61) for chosen in (again, ~again))
    found = kaplan_meier(events, ended)
    fitter = KaplanMeierFitter(alpha=0.05).fit(lasted, again)
    limits = fitter.confidence_interval_survival_function_
    assert np.allclose(found.alive, fitter.survival_function_at_times(range(61)), atol=1e-12)
    drawn = [day for day in limits.index if 0 < found.alive[int(day)] < 1]
    assert len(drawn) > 40
    for day in drawn:
        assert np.allclose((found.low[int(day)], found.high[int(day)]), limits.loc[day], atol=1e-9)


def test_where_customers_are_independent_the_jackknife_agrees_with_greenwood() -> None:
    draw = np.random.Generator(np.random.PCG64(11))
    lasted = (draw.random((1_000, 3)) * 50).astype(np.int64)
    again = draw.random((1_000, 3)) < 0.5
    events, ended = (
        np.stack([np.bincount(row[chosen], minlength=51) for row, chosen in zip(lasted, picked, strict=True)])
        for picked in (again, ~again)
    )
    one, other = kaplan_meier(events.sum(axis=0), ended.sum(axis=0)), kaplan_meier_grouped(events, ended)
    assert np.array_equal(one.alive, other.alive)
    width = (other.high - other.low)[5:45] / (one.high - one.low)[5:45]
    assert 0.9 < width.min() < width.max() < 1.1
    # Each pause thrice tells no more than once, and only the jackknife knows.
    thrice = kaplan_meier_grouped(3 * events, 3 * ended)
    assert np.allclose(thrice.low[5:45], other.low[5:45])
    naive = kaplan_meier(3 * events.sum(axis=0), 3 * ended.sum(axis=0))
    assert np.all((naive.high - naive.low)[5:45] < 0.7 * (thrice.high - thrice.low)[5:45])


def test_the_published_curve_of_a_textbook() -> None:
    """Remission times of 21 patients under 6-mercaptopurine (Freireich et al., Blood 21, 1963), as in D. G. Kleinbaum
    and M. Klein, Survival Analysis, 3rd edition, table 2.1: S(6) = 0.857, S(10) = 0.753, S(16) = 0.627, S(23) = 0.448."""
    ended = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
    again = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
    events, left = (np.array([counts.get(day, 0) for day in range(36)]) for counts in (again, ended))
    found = kaplan_meier(events, left)
    assert [round(float(found.alive[day]), 3) for day in (6, 7, 10, 13, 16, 22, 23)] == [
        0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448,
    ]  # fmt: skip
    assert found.at_risk[[6, 7, 10, 13, 16, 22, 23]].tolist() == [21, 17, 15, 12, 11, 7, 6]


# --- who stays ----------------------------------------------------------------------------------------------------


def period(day: dt.date, by: str) -> tuple[dt.date, int]:
    match by:
        case "month":
            return day.replace(day=1), day.year * 12 + day.month
        case "quarter":
            first = (day.month - 1) // 3
            return dt.date(day.year, first * 3 + 1, 1), day.year * 4 + first
    monday = day - day.weekday() * DAY
    return monday, monday.toordinal() // 7


@given(world=worlds())
@settings(max_examples=15)
@pytest.mark.parametrize("by", ["week", "month", "quarter"])
def test_cohorts_are_those_that_plain_python_finds(world: World, by: str) -> None:
    seen = world.seen()
    begun = {customer: period(world.day(bought[0].at), by) for customer, bought in seen.items()}
    running = period(world.day(world.now), by)[1]
    priced = any(one.cents is not None for bought in seen.values() for one in bought)
    expected = []
    for first, number in sorted(set(begun.values())):
        members = [customer for customer in seen if begun[customer] == (first, number)]
        own = 0
        for later in range(running - number + 1):
            there = [[one for one in seen[c] if period(world.day(one.at), by)[1] == number + later] for c in members]
            revenue = sum(one.cents or 0 for rows in there for one in rows)
            own = revenue if later == 0 else own
            if number + later == running:
                expected.append((first, len(members), later, None, None, None, None))
                continue
            retained = sum(bool(rows) for rows in there)
            shown = revenue if priced else None
            expected.append((first, len(members), later, retained, retained / len(members), shown, own))
    frame = cohorts(world.shop, by=by).frame  # type: ignore[arg-type]
    found = frame.select("cohort", "size", "period", "retained", "share", "revenue").rows()
    assert [(*row[:5], cents(row[5])) for row in found] == [row[:6] for row in expected]
    for part, (*_, revenue, own) in zip(frame["revenue_share"], expected, strict=True):
        assert (part is None) == (revenue is None or not own)
        assert part is None or isclose(part, revenue / own, abs_tol=1e-12)


def test_a_period_that_is_not_over_is_blank() -> None:
    orders = pl.DataFrame(
        {"order": ["1", "2"], "customer": ["a", "a"], "paid_at": [dt.datetime(2025, 1, 31, 16, tzinfo=dt.UTC)] * 2}
    )
    rules = rulecrm.loads('timezone "Asia/Shanghai"\ncurrency CNY')
    shop = Shop.of(rules, rulecrm.Facts.from_frames(orders=orders), as_of="2025-03-31T23:59:59")
    # The purchase is of 1 February in Shanghai; of March the last second is missing.
    assert cohorts(shop).frame.select("cohort", "period", "retained").rows() == [
        (dt.date(2025, 2, 1), 0, 1),
        (dt.date(2025, 2, 1), 1, None),
    ]
    assert cohorts(shop.at("2025-04-01")).frame["retained"].to_list() == [1, 0, None]
    assert [one.code for one in cohorts(shop).remarks] == ["R824", "R825"]


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


# --- nothing to conclude from -------------------------------------------------------------------------------------

ALL: dict[str, Callable[[Shop], Figure]] = {
    "second_purchase": second_purchase,
    "repurchase_rate": repurchase_rate,
    "repurchase_curve": repurchase_curve,
    "repurchase_curve_any": lambda shop: repurchase_curve(shop, after="any"),
    "cohorts": cohorts,
    "order_shares": order_shares,
    "migration": lambda shop: migration(shop, "often", before="2025-01-15"),
    "migration_balance": lambda shop: migration_balance(shop, "often", before="2025-01-15"),
    "acquisition_cost": lambda shop: acquisition_cost(shop, per_customer=5),
    "payback": lambda shop: payback(shop, per_customer=5),
    "weekly_targets": lambda shop: weekly_targets(shop, {"orders": 3, "revenue": 100}),
}

SHOPS = {
    "nobody": ([], False),
    "one customer": ([("a", "2025-01-01")], True),
    "one customer without amounts": ([("a", "2025-01-01")], False),
    "all alike": ([(name, day) for name in "abcd" for day in ("2025-01-01", "2025-01-20")], True),
    "all at once, at T": ([(name, "2025-02-01") for name in "abab"], True),
    "nobody but later": ([("a", "2025-06-01")], True),
}


@pytest.mark.parametrize("figure", ALL)
@pytest.mark.parametrize("shop", SHOPS)
def test_what_cannot_be_concluded_is_said(shop: str, figure: str) -> None:
    rows, priced = SHOPS[shop]
    world = World("UTC", (), dt.datetime(2025, 2, 1, tzinfo=dt.UTC))
    orders = pl.DataFrame(
        {
            "order": [str(number) for number in range(len(rows))],
            "customer": [customer for customer, _ in rows],
            "paid_at": [dt.datetime.fromisoformat(f"{day}T00:00Z") for _, day in rows],
            **({"amount": ["10.00"] * len(rows)} if priced else {}),
        },
        schema_overrides={"order": pl.String, "customer": pl.String, "paid_at": pl.Datetime("us", "UTC")},
    )
    facts = rulecrm.Facts.from_frames(
        orders=orders if not priced else orders.with_columns(pl.col("amount").str.to_decimal(scale=2))
    )
    found = ALL[figure](Shop.of(world.shop.rules, facts, as_of="2025-02-01"))
    assert found.name == figure
    assert found.title.zh
    assert found.definition.en.endswith(".")
    assert found.definition.zh.endswith("。")
    visible = [one for one in rows if one[1] <= "2025-02-01"]
    if not visible and figure not in {"weekly_targets", "second_purchase", "repurchase_rate"}:
        assert any(one.code == "R820" for one in found.remarks)
    # Whatever cell is missing, a remark or the definition says why.
    if any(found.frame.get_column(name).null_count() for name in found.frame.columns):
        assert found.remarks or "blank" in found.definition.en or "missing" in found.definition.en
    assert set(found.columns) >= {name for name in found.frame.columns if name != "customer"} - {"direction"}


def test_amounts_in_other_currencies_need_rates() -> None:
    orders = pl.DataFrame(
        {
            "order": ["1", "2"],
            "customer": ["a", "b"],
            "paid_at": [dt.datetime(2025, 1, 1, tzinfo=dt.UTC)] * 2,
            "amount": ["1.00", "2.00"],
            "currency": ["CNY", "USD"],
        }
    ).with_columns(pl.col("amount").str.to_decimal(scale=2))
    shop = Shop.of(
        rulecrm.loads('timezone "UTC"\ncurrency CNY'), rulecrm.Facts.from_frames(orders=orders), as_of="2025-02-01"
    )
    for ask in (order_shares, cohorts, second_purchase):
        with pytest.raises(RulesError, match="USD"):
            ask(shop)


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (lambda shop: second_purchase(shop, within="45"), "R800", "no length"),
        (lambda shop: cohorts(shop, by="monht"), "R120", "month"),
        (lambda shop: repurchase_curve(shop, after="firts"), "R120", "first"),
        (lambda shop: repurchase_curve(shop, days=0), "R823", "0 days"),
        (lambda shop: repurchase_curve(shop, level=95), "R823", "level of 95"),
        (lambda shop: migration(shop, "oftne", before="1997-05-01"), "R120", "recency|classification"),
        (lambda shop: migration(shop, "recency"), "R826", "instant to start from"),
        (lambda shop: migration(shop, "recency", before="1999-01-01"), "R826", "before it ends"),
        (lambda shop: migration(shop, "recency", before="1997-05-01", best_first=["activ"]), "R120", "active"),
        (lambda shop: migration(shop, "recency", before="1997-05-01", best_first=["lost", "lost"]), "R826", "twice"),
        (acquisition_cost, "R827", "one of the two"),
        (lambda shop: acquisition_cost(shop, per_customer=-1), "R827", "negative"),
        (lambda shop: acquisition_cost(shop, per_customer="ten"), "R827", "no number"),
        (lambda shop: acquisition_cost(shop, per_customer="0.00001"), "R827", "4 decimals"),
        (lambda shop: acquisition_cost(shop, per_customer=1, margin=35), "R827", "0.35"),
        (lambda shop: acquisition_cost(shop, spent=pl.DataFrame({"start": ["x"]})), "R827", "lack the column `end`"),
        (lambda shop: acquisition_cost(shop, spent=costs(sorce="ad")), "R827", "source"),
        (lambda shop: acquisition_cost(shop, spent=costs(source="ad")), "R827", "no column `source`"),
        (lambda shop: acquisition_cost(shop, spent=costs(end="1996-01-01")), "R827", "before it starts"),
        (lambda shop: acquisition_cost(shop, spent=costs(start="January")), "R827", "no day"),
        (lambda shop: payback(shop, per_customer=1, days=(-1,)), "R827", "number of days"),
        (lambda shop: payback(shop, per_customer=1, days=()), "R827", "no days"),
        (lambda shop: weekly_targets(shop, {"order": 3}), "R120", "orders"),
        (lambda shop: weekly_targets(shop, {"orders": {"1998-06-23": 3}}), "R827", "1998-06-22"),
        (lambda shop: weekly_targets(shop, {"orders": {"1998-06-22": float("nan")}}), "R827", "no number"),
        (lambda shop: weekly_targets(shop, pl.DataFrame({"wek": ["1998-06-22"]})), "R827", "week"),
        (lambda shop: weekly_targets(shop, pl.DataFrame({"week": ["1998-06-22"] * 2, "orders": [1, 2]})), "R827", "two targets"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_asked_is_said(asked: Callable[[Shop], Figure], code: str, words: str) -> None:
    with pytest.raises(RulesError, match=words) as error:
        asked(cdnow("1998-07-01"))
    assert [one.code for one in error.value.diagnostics] == [code]


def costs(**changed: str) -> pl.DataFrame:
    return pl.DataFrame([{"start": "1997-01-01", "end": "1997-01-31", "cost": 5, **changed}])


def test_costs_that_match_nothing_are_said() -> None:
    spent = pl.DataFrame({"start": ["1997-01-01", "1996-01-01"], "end": ["1997-01-31", "1996-01-31"], "cost": [100, 7]})
    figure = acquisition_cost(cdnow("1998-07-01"), spent=spent)
    # 7,846 of the 23,570 first bought in January 1997, by the month of their first line.
    assert [str(one) for one in figure.remarks] == [
        "15,724 customers were won where no cost is given; they are left out. (R829)",
        "1 row of the costs won nobody; the money is counted, and no orders come of it. (R829)",
    ]
    assert figure.frame["cost"].to_list() == [107] * 5


# --- CDNOW --------------------------------------------------------------------------------------------------------


def test_all_of_cdnow_is_counted() -> None:
    """The published totals: 23,570 customers, 69,659 purchases, 2,500,315.63 US dollars (rulecrm/demo/README.md)."""
    shop = cdnow("1998-07-01")
    shares = order_shares(shop).frame
    assert shares.select("customers", "orders").sum().row(0) == (23_570, 69_659)
    assert cents(shares["revenue"].sum()) == 250_031_563
    table = cohorts(shop).frame
    # All of them first bought in the first quarter of 1997, to 25 March.
    sizes = dict(table.select("cohort", "size").unique().iter_rows())
    assert sorted(sizes) == [dt.date(1997, month, 1) for month in (1, 2, 3)]
    assert sum(sizes.values()) == 23_570
    assert cents(table["revenue"].sum()) == 250_031_563
    assert cohorts(shop, by="quarter").frame.filter(period=0)["size"].to_list() == [23_570]


def test_cdnow_comes_back_as_plain_python_counts() -> None:
    days: dict[str, list[dt.date]] = {}
    for customer, at in lines().sort("order").select("customer", "paid_at").iter_rows():
        days.setdefault(customer, []).append(at.date())
    shop = cdnow("1998-07-01")
    sorted_days = [sorted(each) for each in days.values()]
    in_time = sum(len(each) > 1 and (each[1] - each[0]).days <= 45 for each in sorted_days)
    assert shares(second_purchase(shop))["time_over"] == share(in_time, 23_570)
    once = sum(len(each) == 1 for each in sorted_days)
    assert order_shares(shop).frame["customers"][0] == once
    curve = repurchase_curve(shop).frame
    # Everybody was seen for a year: the curve is a plain share.
    assert curve.height == 366
    for day in (0, 45, 365):
        assert isclose(
            curve["share"][day],
            sum(len(each) > 1 and (each[1] - each[0]).days <= day for each in sorted_days) / 23_570,
            abs_tol=1e-12,
        )

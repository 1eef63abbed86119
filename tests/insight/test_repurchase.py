"""Who came back, how soon, in which period, and what it brought: against plain Python, and against published figures."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from math import isclose

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

import rulecrm
from rulecrm.insight import (
    Figure,
    Shop,
    cohorts,
    order_shares,
    repurchase_curve,
    repurchase_rate,
    second_purchase,
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
    lifelines = pytest.importorskip("lifelines", reason="a second opinion, where lifelines is installed")
    draw = np.random.Generator(np.random.PCG64(7))
    lasted = (draw.random(400) * 60).astype(np.int64) + 1
    again = draw.random(400) < 0.4
    events, ended = (np.bincount(lasted[chosen], minlength=61) for chosen in (again, ~again))
    found = kaplan_meier(events, ended)
    fitter = lifelines.KaplanMeierFitter(alpha=0.05).fit(lasted, again)
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

"""Kpis beside what was to be expected of them: from the periods before alone, season and weekday included."""

from __future__ import annotations

import datetime as dt
import math
import random
import statistics

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import Shop, kpi_values
from rulecrm.insight.kpis.expected import YEAR, Expected, expect
from rulecrm.testing.shops import make_shop_frames
from tests.strategies import fewer

# --- the model ----------------------------------------------------------------------------------------------------

LEVEL = {"day": 28, "week": 8, "month": 6, "quarter": 4, "year": 4}
ERRORS = {"day": 56, "week": 52, "month": 36, "quarter": 16, "year": 16}

Series = list[float | None]


def median(values: Series, fewest: int = 1) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) >= fewest else None


def less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def by_hand(values: Series, unit: str, t: int) -> tuple[float, float, bool] | None:
    """The model as its definition tells it, one period at a time: expected, median of errors, season."""
    before = values[:t]
    logs = all(value is None or value > 0 for value in before)
    y = [None if value is None or (logs and value <= 0) else math.log(value) if logs else value for value in before]

    def weekday(s: int) -> float:
        if unit != "day":
            return 0.0
        same = [q for q in range(s - 7, s - 57, -7) if q >= 6]
        found = median([less(y[q], median(y[q - 6 : q + 1])) for q in same], 2)
        return 0.0 if found is None else found

    def plain(s: int) -> float | None:
        length = LEVEL[unit]
        level = median([less(y[q], weekday(q)) for q in range(max(0, s - length), s)], (length + 1) // 2)
        return None if level is None else level + weekday(s)

    def season(s: int) -> float | None:
        back = [s - YEAR[unit] * times for times in (1, 2, 3)] if YEAR[unit] else []
        return median([less(y[q], plain(q)) for q in back if q >= 0])

    span = range(max(0, t - ERRORS[unit]), t)
    errors = [less(y[s], plain(s)) for s in span]
    seasonal = [less(error, season(s)) for error, s in zip(errors, span, strict=True)]
    both = [(abs(a), abs(b)) for a, b in zip(errors, seasonal, strict=True) if a is not None and b is not None]
    better = len(both) >= 8 and statistics.median(b for _, b in both) < statistics.median(a for a, _ in both)
    own, its = plain(t), season(t)
    if better and its is not None:
        errors = seasonal
        own = None if own is None else own + its
    known = [abs(error) for error in errors if error is not None]
    if own is None or len(known) < 8:
        return None
    off = statistics.median(known)
    return (math.exp(own) if logs else own), off, better and its is not None


@given(
    st.lists(st.none() | st.integers(-1, 9).map(float), max_size=45),
    st.sampled_from(("week", "month", "quarter", "year", "day")),
    st.integers(0, 3),
)
@fewer(2)
def test_the_model_is_what_its_definition_says(values: Series, unit: str, offset: int) -> None:
    lifted = [None if value is None else value + 2 * offset for value in values]
    asked = range(len(lifted) + 1)
    for t, found in zip(asked, expect(lifted, unit, asked, level=0.95), strict=True):
        wanted = by_hand(lifted, unit, t)
        assert (found is None) == (wanted is None)
        if found is not None and wanted is not None:
            assert found.value == pytest.approx(wanted[0], abs=1e-9)
            assert found.seasonal is wanted[2]
            assert found.low <= found.value <= found.high


@given(st.lists(st.floats(0, 100), min_size=20, max_size=40), st.lists(st.floats(-10, 100), max_size=10))
@fewer(4)
def test_what_comes_later_moves_no_range(values: list[float], later: list[float]) -> None:
    t = len(values) - 1
    assert expect([*values[:t], *later], "week", [t], level=0.9) == expect(values, "week", [t], level=0.9)


def covered(values: list[float], unit: str, first: int) -> float:
    """The share of periods that lie within their ranges of 95%."""
    asked = range(first, len(values))
    ranges = [one for one in expect(list(values), unit, asked, level=0.95) if one is not None]
    assert len(ranges) == len(asked)
    return sum(one.low <= values[t] <= one.high for t, one in zip(asked, ranges, strict=True)) / len(asked)


def test_about_one_in_twenty_lies_outside_by_chance() -> None:
    """Also with a weekday, a trend, and a sale now and then; the seed is fixed."""
    chance = random.Random(5)
    weekday = [1.0, 0.9, 0.95, 1.0, 1.2, 1.7, 1.4]
    days = [100 * weekday[t % 7] * 1.0005**t * math.exp(chance.gauss(0, 0.08)) for t in range(300)]
    for sale in range(60, 300, 67):
        days[sale] *= 5
    calm = [t for t in range(100, 300) if t not in range(60, 300, 67)]
    ranges = expect(list(days), "day", calm, level=0.95)
    inside = [one is not None and one.low <= days[t] <= one.high for t, one in zip(calm, ranges, strict=True)]
    assert 0.91 <= sum(inside) / len(calm) <= 0.98
    sales = range(127, 300, 67)
    for sale, one in zip(sales, expect(list(days), "day", sales, level=0.95), strict=True):
        assert one is not None
        assert days[sale] > one.high
    weeks = [1000 + chance.gauss(0, 50) for _ in range(250)]
    assert 0.91 <= covered(weeks, "week", 60) <= 0.98


def test_the_season_of_the_year_is_learnt() -> None:
    """A shop that sells five times as much in one week of every year: the third time it is no surprise."""
    chance = random.Random(7)
    weeks = [200 * (1 + 0.4 * math.sin(t * 2 * math.pi / 52)) * math.exp(chance.gauss(0, 0.03)) for t in range(160)]
    for sale in (46, 98, 150):
        weeks[sale] *= 5
    first, second, third = expect(list(weeks), "week", [46, 98, 150], level=0.95)
    assert first is not None
    assert second is not None
    assert third is not None
    assert weeks[46] > first.high
    assert third.seasonal
    assert third.low <= weeks[150] <= third.high


def test_of_equal_periods_the_range_is_one_number() -> None:
    assert expect([5.0] * 20, "week", [20], level=0.95) == [
        Expected(pytest.approx(5.0), pytest.approx(5.0), pytest.approx(5.0), seasonal=False, errors=16)
    ]


# --- the figure ---------------------------------------------------------------------------------------------------

RULES = """\
timezone "Asia/Shanghai"
currency CNY
kpi turnover "Turnover" = population sum(sum(purchase.amount in period)) every week alert when change < -20%
kpi again = population share(count(purchase) >= 2) among exists(purchase)
kpi ratio = turnover / population count(exists(purchase in period))
"""


def shop_of(as_of: str = "2025-05-08T12:00", text: str = RULES) -> Shop:
    return Shop.of(
        rulecrm.loads(text), rulecrm.Facts.from_frames(**make_shop_frames(customers=300, days=400)), as_of=as_of
    )


def test_values_are_those_of_the_rules() -> None:
    shop = shop_of()
    figure = kpi_values(shop, periods=5)
    assert figure.name == "kpi_values"
    assert set(figure.columns) == set(figure.frame.columns)
    expected = shop.rules.kpis(shop.facts, shop.as_of, periods=5)
    columns = ["kpi", "type", "start", "end", "complete", "value", "previous", "change"]
    assert figure.frame.select(columns).equals(expected.select(columns))
    assert figure.frame["by_rule"].equals(expected["alert"].alias("by_rule"))
    ranged = figure.frame.filter(pl.col("low").is_not_null() & pl.col("complete") & pl.col("value").is_not_null())
    outside = (pl.col("value") < pl.col("low")) | (pl.col("value") > pl.col("high"))
    assert ranged.height
    assert ranged.filter(outside != pl.col("by_range")).is_empty()


def test_what_is_expected_of_a_share_is_one() -> None:
    shares = kpi_values(shop_of(), "again", periods=20, every="week").frame.drop_nulls("low")
    assert shares.filter(pl.col("low") == 0).height
    assert shares.filter((pl.col("low") < 0) | (pl.col("high") > 1)).is_empty()


def test_last_year_is_the_same_weekdays() -> None:
    shop = shop_of()
    row = kpi_values(shop, "turnover", periods=1).frame.row(0, named=True)
    start = row["start"] - dt.timedelta(days=364)
    earlier = shop.rules.kpis(shop.facts, shop.as_of, start=start, periods=1, only=["turnover"])
    assert row["last_year"] == earlier["value"][0]


def test_the_running_period_has_a_forecast_and_no_alarm() -> None:
    figure = kpi_values(shop_of(), "turnover", periods=2)
    row = figure.frame.row(-1, named=True)
    assert (row["complete"], row["alert"], row["by_range"], row["change"]) == (False, None, None, None)
    assert row["low"] <= row["expected"] <= row["high"]
    assert "R864" in {remark.code for remark in figure.remarks}


def test_nothing_after_t_is_seen() -> None:
    """What a period looks like once it is over was already said when it ended."""
    early, late = shop_of("2025-04-28"), shop_of("2025-05-08T12:00")
    then = kpi_values(early, "turnover", periods=3).frame.filter("complete")
    now = kpi_values(late, "turnover", start="2025-04-07", end="2025-04-28").frame
    assert then.drop("alert").equals(now.drop("alert"))


def test_too_short_a_history_is_said() -> None:
    figure = kpi_values(shop_of(), "turnover", periods=2, history=3)
    assert figure.frame["low"].null_count() == figure.frame.height
    assert "R861" in {remark.code for remark in figure.remarks}
    assert "R862" in {remark.code for remark in kpi_values(shop_of(), "turnover", periods=2, history=30).remarks}


def test_periods_without_data_are_said() -> None:
    shop = shop_of("2030-01-10")
    figure = kpi_values(shop, ["turnover", "ratio"], periods=2)
    told = {remark.code: str(remark) for remark in figure.remarks}
    assert set(told) >= {"R857", "R863", "R864"}
    assert figure.frame["value"].null_count() == figure.frame.height
    assert not figure.frame["alert"].any()


def test_before_the_first_fact_nothing_is_known() -> None:
    figure = kpi_values(shop_of("2001-01-10"), "turnover", periods=2)
    assert figure.frame["low"].null_count() == figure.frame.height
    assert {remark.code for remark in figure.remarks} >= {"R857", "R861", "R863"}


def test_a_file_without_kpis() -> None:
    figure = kpi_values(shop_of(text="currency CNY\nsegment s = exists(purchase)\n"))
    assert figure.frame.is_empty()
    assert [remark.code for remark in figure.remarks] == ["R865"]


def test_amounts_without_a_rate_are_refused() -> None:
    frames = make_shop_frames(customers=20, days=60)
    dollars = frames["orders"].with_columns(
        pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("USD")).otherwise(pl.lit("CNY")).alias("currency")
    )
    shop = Shop.of(
        rulecrm.loads(RULES), rulecrm.Facts.from_frames(**(frames | {"orders": dollars})), as_of="2025-03-01"
    )
    with pytest.raises(RulesError, match="rate"):
        kpi_values(shop, "turnover")


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"kpis": "turnovr"}, "R120"), ({"periods": 0}, "R855"), ({"level": 95}, "R855"), ({"history": -1}, "R855"),
     ({"every": "fortnight"}, "R855")],
)  # fmt: skip
def test_what_is_asked_wrongly(asked: dict[str, object], code: str) -> None:
    with pytest.raises(RulesError) as error:
        kpi_values(shop_of(), **asked)  # type: ignore[arg-type]
    assert error.value.diagnostics[0].code == code

"""How sales differ by month and by weekday.

In: a shop, perhaps one product or category of it. Out: `Figure` of indices, 1 being the average.
Invariant: only whole cycles count, so that no month and no weekday is there more often than another.
"""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rulecrm.insight.asking import known
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.products.lines import lines_of, of_which
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics.asked import checked_level

__all__ = ["seasonality"]

By = Literal["month", "weekday"]
Measure = Literal["orders", "units", "revenue"]

_FEW_DAYS = 7
_LENGTH = {"month": 12, "weekday": 7}
_CYCLE = {"month": Words("years", "年"), "weekday": Words("weeks", "周")}
_MEASURES = {
    "orders": Words("orders", "订单数"),
    "units": Words("units", "件数"),
    "revenue": Words("revenue", "销售额"),
}
_ENOUGH = 2


def seasonality(
    shop: Shop,
    *,
    by: By = "month",
    product: str | int | None = None,
    category: str | None = None,
    measure: Measure = "orders",
    level: float = 0.95,
) -> Figure:
    """How much more or less is sold in each month, or on each weekday, than on average.

    Args:
        shop: the shop; its calendar is that of the rules' zone.
        by: `month` (cycles of twelve months up to the last that is over) or `weekday` (weeks from Monday).
        product: the key of one; or
        category: one category; neither is the whole shop.
        measure: `orders`, `units` or `revenue`.
        level: of the intervals.

    Returns:
        `period` Int64 (1 for January, or for Monday), `cycles` Int64, `total` (Int64, or Decimal of revenue),
        `index`, `low`, `high` Float64; indices are on average 1. All rows are there, also where nothing can be said.

    Raises:
        RulesError: R120 no such product, category or way to ask; R819 a level that cannot be; R850 a product and a
            category.
    """
    known(by, _LENGTH, "season")
    known(measure, _MEASURES, "measure")
    checked_level(level)
    daily = _daily(shop, product, category, measure)
    title = Words(
        f"Season by {by}, {_MEASURES[measure].en}",
        f"{'月度' if by == 'month' else '星期'}季节性（{_MEASURES[measure].zh}）",
    )
    definition = _definition(by, measure, product or category, level)
    series = pl.DataFrame(schema={"day": pl.Date, "value": pl.Int64}) if isinstance(daily, Remark) else daily
    today = shop.today
    periods, values, days = _cycles(series, by, today)
    frame = _indexed(periods, values, days, level)
    if measure == "revenue":
        frame = frame.with_columns(Shop.paid(pl.col("total")).alias("total"))
    remarks = (daily,) if isinstance(daily, Remark) else _remarks(frame, by)
    currency = shop.currency if measure == "revenue" else None
    return Figure("seasonality", title, definition, frame, _columns(by, measure), remarks, currency=currency)


def _daily(shop: Shop, product: str | int | None, category: str | None, measure: str) -> pl.DataFrame | Remark:
    """`day` and `value` Int64 of each day with sales."""
    whole = product is None and category is None
    if whole and measure != "units" and shop.has("purchase", "order"):
        bought = shop.purchases()
        if measure == "revenue" and bought.height and not shop.has("purchase", "amount"):
            return _no_amounts()
        value = pl.len() if measure == "orders" else pl.col("amount").sum()
        return bought.group_by("day").agg(value.cast(pl.Int64).alias("value"))
    column = {"orders": "order", "units": "quantity", "revenue": "amount"}[measure]
    lines = lines_of(shop, column, *(["category"] if category is not None else []))
    if isinstance(lines, Remark):
        return lines
    target = pl.lit(True) if whole else of_which(shop, lines, product, category)
    if isinstance(target, Remark):
        return target
    own = lines.filter(target)
    day = pl.col("at").dt.convert_time_zone(shop.zone).dt.date().alias("day")
    value = pl.col("order").n_unique() if measure == "orders" else pl.col(column).sum()
    return own.group_by(day).agg(value.cast(pl.Int64).alias("value"))


def _no_amounts() -> Remark:
    return Remark(
        "R845",
        Words("Nothing can be said: the orders of these facts have no `amount`.", "无法得出结论：订单没有 `amount`。"),
    )


# --- cycles ---------------------------------------------------------------------------------------------------


def _cycles(daily: pl.DataFrame, by: str, today: dt.date) -> tuple[list[int], NDArray[np.int64], NDArray[np.float64]]:
    """The periods of a cycle in order, their totals (cycles × periods), and how many days each has."""
    first = daily.get_column("day").min()
    starts = _starts(first, today, by) if isinstance(first, dt.date) else []
    length = _LENGTH[by]
    count = len(starts) // length
    starts = starts[len(starts) - count * length :]
    if not count:
        return list(range(1, length + 1)), np.zeros((0, length), np.int64), np.zeros((0, length))
    unit = pl.col("day").dt.truncate("1mo") if by == "month" else pl.col("day")
    totals = dict(daily.group_by(unit).agg(pl.col("value").sum()).iter_rows())
    values = np.array([totals.get(start, 0) for start in starts], np.int64).reshape(count, length)
    days = [calendar.monthrange(one.year, one.month)[1] if by == "month" else 1 for one in starts]
    periods = [one.month if by == "month" else one.isoweekday() for one in starts[:length]]
    return periods, values, np.array(days, np.float64).reshape(count, length)


def _starts(first: dt.date, today: dt.date, by: str) -> list[dt.date]:
    """The first day of every month, or every day of every week, that is whole: after sales began and before today."""
    if by == "weekday":
        begin = first + dt.timedelta(days=-first.weekday() % 7)
        end = today - dt.timedelta(days=today.weekday())
        return [begin + dt.timedelta(days=number) for number in range((end - begin).days)]
    # A shop that first sold in the first days of a month was open all of it.
    begin = first.replace(day=1) if first.day <= _FEW_DAYS else _next_month(first)
    found = []
    while begin < today.replace(day=1):
        found.append(begin)
        begin = _next_month(begin)
    return found


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)


# --- indices --------------------------------------------------------------------------------------------------


def _indexed(periods: list[int], values: NDArray[np.int64], days: NDArray[np.float64], level: float) -> pl.DataFrame:
    length = len(periods)
    sold = values.sum(axis=1) > 0
    kept = values[sold] / days[sold]
    index: list[float | None] = [None] * length
    low, high = list(index), list(index)
    if len(kept):
        ratios = _without_growth(kept)
        ratios = ratios / ratios.mean(axis=1, keepdims=True)
        middle = ratios.mean(axis=0)
        index = middle.tolist()
        if len(kept) >= _ENOUGH:
            half = _half_width(ratios, level)
            sold_in = (middle > 0).tolist()  # of a period in which nothing was sold only that much is known
            low = [
                float(one) if said else None for one, said in zip(np.maximum(middle - half, 0), sold_in, strict=True)
            ]
            high = [float(one) if said else None for one, said in zip(middle + half, sold_in, strict=True)]
    columns = {"period": periods, "cycles": [int(sold.sum())] * length, "total": values[sold].sum(axis=0).tolist()}
    types = dict.fromkeys(columns, pl.Int64) | dict.fromkeys(("index", "low", "high"), pl.Float64)
    return pl.DataFrame({**columns, "index": index, "low": low, "high": high}, schema=types).sort("period")


def _without_growth(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rates without the growth from cycle to cycle, which is taken to be even: else December would seem strong."""
    cycles, length = rates.shape
    means = rates.mean(axis=1)
    growth = (means[-1] / means[0]) ** (1 / (cycles - 1)) if cycles >= _ENOUGH else 1.0
    without: NDArray[np.float64] = rates / growth ** (np.arange(length) / length)
    return without


def _half_width(ratios: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Half of the interval of each mean over cycles; 0 of a period without sales.

    Scatter is taken to grow with the mean as counts do, by one factor for all periods (Pearson's dispersion, McCullagh
    and Nelder 1989, section 4.5): with two or three cycles a period alone says nothing of its own.
    """
    from scipy.special import stdtrit

    cycles, length = ratios.shape
    means = ratios.mean(axis=0)
    freedom = (cycles - 1) * (length - 1)
    squares = (ratios - means) ** 2 / np.where(means > 0, means, 1.0)
    scatter = squares.sum() / freedom
    half: NDArray[np.float64] = stdtrit(freedom, 0.5 + level / 2) * np.sqrt(scatter * means / cycles)
    return half


# --- words ----------------------------------------------------------------------------------------------------


def _remarks(frame: pl.DataFrame, by: str) -> tuple[Remark, ...]:
    cycles = int(frame.get_column("cycles")[0])
    if cycles >= _ENOUGH:
        return ()
    what = _CYCLE[by]
    how = Words("the indices are those of one alone, without intervals", "指数仅来自一个周期，没有区间")
    if not cycles:
        how = Words("there is no index", "没有指数")
    return (
        Remark(
            "R848",
            Words(
                f"What returns cannot be told from what happened once. Whole {what.en} with sales: {cycles}, and two "
                f"are needed; {how.en}.",
                f"无法区分周期性与偶然：有销售的完整{what.zh}数为 {cycles}，至少需要两个；{how.zh}。",
            ),
        ),
    )


def _columns(by: str, measure: str) -> dict[str, Words]:
    return {
        "period": Words("Month", "月份") if by == "month" else Words("Weekday", "星期"),
        "cycles": Words("Years", "年数") if by == "month" else Words("Weeks", "周数"),
        "total": Words(_MEASURES[measure].en.capitalize(), _MEASURES[measure].zh),
        "index": Words("Index", "指数"),
        "low": Words("At least", "下限"),
        "high": Words("At most", "上限"),
    }


def _definition(by: str, measure: str, what: object, level: float) -> Words:
    of, zh_of = ("the shop", "全店") if what is None else (f"`{what}`", f"“{what}”")
    en, zh = _MEASURES[measure].en, _MEASURES[measure].zh
    if by == "month":
        cycle = "year of twelve whole months, counted back from the last month that is over"
        rate, zh_cycle = f"{en} per day of each month", "从最近一个完整月份向前数的每十二个月"
        zh_rate = f"各月日均{zh}"
    else:
        cycle, rate, zh_cycle = "whole week from Monday", f"{en} of each weekday", "从周一开始的每个完整周"
        zh_rate = f"各星期{zh}"
    return Words(
        f"For {of}, in every {cycle}: {rate}, divided by their average over the cycle. The growth from the first cycle "
        f"to the last is taken out, evenly over time. The index is the mean over the cycles, 1 being the average, "
        f"with Student's interval of {level:.4g} from the differences between cycles, whose variance is taken to grow "
        "with the index, by one factor for all. Cycles without sales are left out; a period "
        "without any has no interval.",
        f"{zh_of}，{zh_cycle}中：{zh_rate}除以该周期的平均值；首尾周期间的增长按时间均匀扣除。"
        f"指数为各周期的平均，1 为平均水平，附 {level:.4g} 学生氏区间，"
        "由各周期之间的差异得出，并假定方差与指数成比例。没有销售的周期不计；从未有销售的时段没有区间。",
    )

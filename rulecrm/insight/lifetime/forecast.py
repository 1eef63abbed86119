"""What is to come: repeat orders week by week, and how many new customers a target needs.

In: a shop. Out: `repeat_forecast`, `customers_needed`.
Invariant: an interval covers chance and the parameters; what cannot be said is missing, with a remark.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, duration_of
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.lifetime import ahead, spending
from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.lifetime.model import Lifetime, amount_of, days_of, fit_lifetime, money_of
from rulecrm.insight.lifetime.totals import Sums, money_ahead, squares, sums_ahead
from rulecrm.insight.lifetime.value import COUNTING, beyond
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics.asked import checked_level

__all__ = ["customers_needed", "repeat_forecast"]


def repeat_forecast(
    shop: Shop, *, horizon: Length = "13w", level: float = 0.95, model: Lifetime | None = None
) -> Figure:
    """Repeat orders of the coming weeks, of the customers there are.

    Args:
        shop: the shop.
        horizon: how far is looked ahead; the last week is one that is over by then.
        level: confidence of the intervals.
        model: fitted before on the same shop as of the same T.

    Returns:
        A row for each week: `week` (1, 2, …), `start` and `end` (its first and its last day), `orders`, `low`, `high`.

    Raises:
        RulesError: R800 no length of time, R842 less than a week, R819 a confidence that is none.
    """
    weeks, sure = int(days_of(shop, horizon) / 7 + 1e-9), checked_level(level)
    if weeks < 1:
        message = f"`{horizon}` is shorter than a week"
        raise RulesError([Diagnostic("R842", message, help="the forecast is of whole weeks, such as `13w`")])
    fitted = model or fit_lifetime(shop)
    first = shop.today + dt.timedelta(days=1)
    starts = [first + dt.timedelta(weeks=number) for number in range(weeks)]
    frame = pl.DataFrame(
        {
            "week": pl.Series(range(1, weeks + 1), dtype=pl.Int64),
            "start": pl.Series(starts, dtype=pl.Date),
            "end": pl.Series([one + dt.timedelta(days=6) for one in starts], dtype=pl.Date),
        }
    )
    orders: list[pl.Series] = [pl.Series(name, [None] * weeks, dtype=pl.Float64) for name in ("orders", "low", "high")]
    rate = fitted.counted.orders_a_day
    if fitted.repeats is not None:
        sums = sums_ahead(fitted, np.arange(weeks + 1, dtype=np.float64) * 7)
        mean = sums.mean * rate
        orders[0] = pl.Series("orders", mean)
        if sums.error is not None:
            wide = NormalDist().inv_cdf(0.5 + sure / 2) * sums.error * rate
            orders[1:] = [pl.Series("low", np.maximum(mean - wide, 0.0)), pl.Series("high", mean + wide)]
    en = (
        f"{COUNTING.en}Expected purchase days of each of the coming weeks under the BG/NBD model, summed over every "
        f"customer who bought up to T, times the purchases that a repeat day has had so far ({rate:.3f}). Orders of "
        f"customers who are yet to come are not in it. The interval ({sure:.0%}) covers chance and the parameters, not "
        "seasons, campaigns and whatever else the model does not know. The first week begins on the day after that "
        "of T."
    )
    zh = (
        f"{COUNTING.zh}在 BG/NBD 模型下，截至 T 有购买的全部顾客在今后各周的预期购买日之和，"
        "乘以迄今每个复购日的购买次数"
        f"（{rate:.3f}）。不含尚未到来的新顾客的订单。区间（{sure:.0%}）涵盖随机性与参数的不确定，不含季节、活动等模型未知的因素。"
        "第一周从 T 的次日开始。"
    )
    columns = {
        "week": Words("Week", "周"),
        "start": Words("From", "起"),
        "end": Words("To", "止"),
        "orders": Words("Repeat orders", "复购订单"),
        "low": Words("Low", "下限"),
        "high": Words("High", "上限"),
    }
    remarks = (*fitted.remarks, *beyond(fitted, weeks * 7.0))
    title = Words("Repeat orders to come", "未来复购订单")
    return Figure("repeat_forecast", title, Words(en, zh), frame.with_columns(*orders), columns, remarks)


# --- new customers ----------------------------------------------------------------------------------------------------


@frozen
class _Newcomer:
    """What one new customer brings by the end of a period in which he comes at any time alike."""

    mean: float
    variance: float | None
    error: float | None


def customers_needed(
    shop: Shop,
    target: Decimal | int | str,
    *,
    period: Length = "90d",
    level: float = 0.95,
    model: Lifetime | None = None,
) -> Figure:
    """How many new customers the revenue of a coming period needs, beside the repeats of those who are there.

    Args:
        shop: the shop.
        target: revenue of the period, in the reporting currency.
        period: from T on.
        level: confidence of the ranges.
        model: fitted before on the same shop as of the same T.

    Returns:
        One row: `target`, `repeat_revenue`, `repeat_low`, `repeat_high`, `missing` (what is left to new customers),
        `per_customer` (what one of them brings in the period), `needed`, `needed_low`, `needed_high` (customers),
        `won_before` (customers who bought for the first time in a period as long before T).

    Raises:
        RulesError: R800 no length of time, R842 no amount, R819 a confidence that is none.
    """
    goal, days, sure = amount_of(target), days_of(shop, period), checked_level(level)
    fitted = model or fit_lifetime(shop)
    remarks = [*fitted.remarks, *beyond(fitted, days)]
    since = shop.before(duration_of(period))
    won = shop.purchases().filter((pl.col("number") == 1) & (pl.col("at") > since)).height
    row: dict[str, object] = {"target": goal, "won_before": won}
    one = _newcomer(fitted, days)
    if fitted.repeats is not None and not bool(np.isnan(fitted.value()).any()):
        found, more = _needed(float(goal), money_ahead(fitted, days), one, NormalDist().inv_cdf(0.5 + sure / 2))
        row |= found
        remarks += more
    if "needed" not in row:
        text = "How many new customers are needed cannot be said: what repeats or new customers bring is not known."
        remarks.append(Remark("R841", Words(text, "无法说明需要多少新顾客：复购或新顾客带来的金额未知。")))
    money = ("target", "repeat_revenue", "repeat_low", "repeat_high", "missing", "per_customer")
    counts = ("needed", "needed_low", "needed_high", "won_before")
    schema = dict.fromkeys(money, pl.Decimal(38, 4)) | dict.fromkeys(counts, pl.Int64())
    frame = pl.DataFrame([{name: row.get(name) for name in schema}], schema=schema)
    title = Words("New customers that a target needs", "达成目标所需的新顾客")
    return Figure(
        "customers_needed", title, _needed_words(shop, period, sure), frame, _NEEDED, tuple(remarks),
        currency=shop.currency,
    )  # fmt: skip


_NEEDED = {
    "target": Words("Target", "目标"),
    "repeat_revenue": Words("Revenue of repeats", "复购收入"),
    "repeat_low": Words("Repeats, low", "复购收入下限"),
    "repeat_high": Words("Repeats, high", "复购收入上限"),
    "missing": Words("Left to new customers", "需由新顾客完成"),
    "per_customer": Words("What a new customer brings", "每位新顾客带来"),
    "needed": Words("New customers needed", "所需新顾客"),
    "needed_low": Words("At best", "最少"),
    "needed_high": Words("At worst", "最多"),
    "won_before": Words("New customers in the period before", "上一同期新顾客"),
}


def _needed(goal: float, repeats: Sums, one: _Newcomer | None, z: float) -> tuple[dict[str, object], list[Remark]]:
    mean = float(repeats.mean[0])
    missing = max(goal - mean, 0.0)
    error = None if repeats.error is None else float(repeats.error[0])
    row: dict[str, object] = {"repeat_revenue": _money(mean), "missing": _money(missing)}
    if error is not None:
        row |= {"repeat_low": _money(max(mean - z * error, 0.0)), "repeat_high": _money(mean + z * error)}
    if one is None or one.mean <= 0:
        return row, []
    needed = missing / one.mean
    row |= {"per_customer": _money(one.mean), "needed": ceil(needed - 1e-9)}
    if error is not None and one.error is not None and one.variance is not None:
        # The target less repeats, over what one brings: errors of both, and the chance in what so many bring.
        spread = z * sqrt(error**2 + (needed * one.error) ** 2 + needed * one.variance)
        low, high = (max(goal - mean + side * spread, 0.0) / one.mean for side in (-1, 1))
        row |= {"needed_low": int(low), "needed_high": ceil(high - 1e-9)}
    if missing > 0:
        return row, []
    text = "The repeats that are expected reach the target without any new customer."
    return row, [Remark("R841", Words(text, "仅凭预期的复购即可达成目标，无需新顾客。"))]


def _newcomer(fitted: Lifetime, days: float) -> _Newcomer | None:
    """First day as it has been, repeats as the models expect of somebody of whom nothing is known yet."""
    first = fitted.counted.first_paid
    first = first[np.isfinite(first)]
    if fitted.repeats is None or not len(first):
        return None
    mean_value = fitted.flat
    if fitted.spending is not None:
        mean_value = spending.mean_of_all(fitted.spending.values)
    if mean_value is None:
        return None
    nodes, shares = np.polynomial.legendre.leggauss(8)
    left, shares = days * (nodes + 1) / 2, shares / 2
    nobody = np.zeros(1, np.int64)

    def repeats(values: Floats) -> Floats:
        return np.array([float(ahead.expected(values, nobody, nobody, left)[0] @ shares)])

    own = fitted.repeats.values
    number = float(repeats(own)[0])
    mean = float(first.mean()) + number * mean_value
    squared, unsure = squares(fitted, newcomers=True), fitted.repeats.error_of(repeats)
    if squared is None or unsure is None or len(first) < 2:
        return _Newcomer(mean, None, None)
    pairs = [float(ahead.moments(own, nobody, nobody, np.array([0.0, one]))[1][0, 0]) for one in left]
    of_repeats = number * float(squared[0][0]) + float(np.dot(pairs, shares)) * float(squared[1][0])
    variance = float(first.var(ddof=1)) + of_repeats - (number * mean_value) ** 2
    parts = [float(first.var(ddof=1)) / len(first), (float(unsure[0]) * mean_value) ** 2]
    if fitted.spending is not None:
        of_value = fitted.spending.error_of(lambda values: np.array([spending.mean_of_all(values) or np.inf]))
        if of_value is None or not np.isfinite(of_value[0]):
            return _Newcomer(mean, None, None)
        parts.append((number * float(of_value[0])) ** 2)
    return _Newcomer(mean, max(variance, 0.0), sqrt(sum(parts)))


def _needed_words(shop: Shop, period: Length, level: float) -> Words:
    length = duration_of(period).written(" ")
    en = (
        f"{COUNTING.en}Revenue of the {length} from T on, in {shop.currency}. What repeats of the present "
        "customers bring "
        "is their expected repeat days (BG/NBD) times the expected value of each (Gamma-Gamma); the rest of the "
        "target is "
        "left to new customers. One of them brings the mean of what first purchase days have brought, and the repeats "
        "that the models expect until the end, new customers coming on every day of the period alike. The range "
        f"({level:.0%}) covers chance and the parameters, not seasons or campaigns."
    )
    zh = (
        f"{COUNTING.zh}从 T 起 {length} 的收入，单位 {shop.currency}。现有顾客的复购收入为其预期复购日（BG/NBD）"
        "乘以每个复购日的预期"
        "金额（Gamma-Gamma）；目标的其余部分由新顾客完成。每位新顾客带来历史上首个购买日的平均金额，加上模型预期其至期末的复购，"
        f"假定新顾客在期内均匀到来。范围（{level:.0%}）涵盖随机性与参数的不确定，不含季节与活动。"
    )
    return Words(en, zh)


def _money(amount: float) -> Decimal:
    found = money_of(np.array([amount]))[0]
    assert isinstance(found, Decimal)
    return found

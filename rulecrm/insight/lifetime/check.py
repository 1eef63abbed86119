"""Whether the model of repeats foretold what then happened.

In: a shop, how much of its history is held back. Out: `clv_check`.
Invariant: the model is fitted on what was known when the held-back time began.
"""

from __future__ import annotations

import datetime as dt
from statistics import NormalDist

import numpy as np
import polars as pl

from rulecrm.insight.asking import Length, duration_of
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.lifetime.counted import purchase_days
from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.lifetime.model import Lifetime, fit_lifetime
from rulecrm.insight.lifetime.totals import sums_ahead
from rulecrm.insight.lifetime.value import COUNTING
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics.asked import checked_level

__all__ = ["clv_check"]

_MOST = 7


def clv_check(shop: Shop, *, holdout: Length = "90d", level: float = 0.95) -> Figure:
    """Predicted against actual repeats of a stretch of time that the model has not seen.

    Args:
        shop: the shop.
        holdout: how much time before T is held back.
        level: confidence of the intervals.

    Returns:
        A row for each number of repeats before (`repeats`: `0` … `6`, `7+`, `all`): `customers`, `predicted`, `low`,
        `high` and `actual`, each a mean of purchase days in the held-back time. Rows of nobody are left out.

    Raises:
        RulesError: R800 no length of time, R819 a confidence that is none.
    """
    sure, length = checked_level(level), duration_of(holdout)
    before = shop.at(shop.before(length))
    fitted = fit_lifetime(before)
    days = float((shop.today - before.today).days)
    remarks = list(fitted.remarks)
    schema = {
        "repeats": pl.String, "customers": pl.Int64, "predicted": pl.Float64, "low": pl.Float64, "high": pl.Float64,
        "actual": pl.Float64,
    }  # fmt: skip
    frame = pl.DataFrame(schema=schema)
    if fitted.counted.size:
        frame = _compared(fitted, _actual(shop, before, fitted), days, sure).cast(schema)  # type: ignore[arg-type]
        remarks += _told(frame)
    written = length.written(" ")
    en = (
        f"{COUNTING.en}The BG/NBD model is fitted as of {before.today}, {written} before T. Every customer "
        "who had "
        "bought by then is counted by the number of repeats so far; predicted is the mean number of purchase days that "
        f"the model expects of such customers in the {written} after, actual the mean that they had. The interval "
        f"({sure:.0%}) is where the actual mean is expected: it covers chance and the parameters."
    )
    zh = (
        f"{COUNTING.zh}BG/NBD 模型截至 {before.today}（T 之前 {written}）拟合。"
        "届时已购买的每位顾客按已有复购次数分组；"
        f"预测值是模型对此类顾客其后 {written} 内购买日数的预期均值，实际值是其真实均值。区间（{sure:.0%}）"
        "是实际均值的预期范围，"
        "涵盖随机性与参数的不确定。"
    )
    columns = {
        "repeats": Words("Repeats before", "此前复购次数"),
        "customers": Words("Customers", "顾客数"),
        "predicted": Words("Predicted", "预测"),
        "low": Words("Low", "下限"),
        "high": Words("High", "上限"),
        "actual": Words("Actual", "实际"),
    }
    title = Words("Repeats: predicted and actual", "复购：预测与实际")
    return Figure("clv_check", title, Words(en, zh), frame, columns, tuple(remarks))


def _actual(shop: Shop, before: Shop, fitted: Lifetime) -> Floats:
    """Purchase days of each customer after the day on which the model was fitted."""
    days = purchase_days(shop)
    later = days.day > (before.today - dt.date(1970, 1, 1)).days
    size = int(days.code.max(initial=-1)) + 1
    counts = np.bincount(days.code[later], minlength=size)
    first = np.searchsorted(days.code, np.arange(size))
    customers = shop.purchases().get_column("customer").gather(days.start[first])
    found = pl.DataFrame({"customer": customers, "days": counts})
    known = fitted.counted.customer.to_frame().join(found, on="customer", how="left", maintain_order="left")
    return known.get_column("days").fill_null(0).to_numpy().astype(np.float64)


def _compared(fitted: Lifetime, actual: Floats, days: float, level: float) -> pl.DataFrame:
    histories = fitted.histories
    group = np.minimum(histories.repeats, _MOST)
    present = np.unique(group)
    rows = np.vstack([(group == one).astype(np.float64) for one in present] + [np.ones(len(group))])
    size = rows @ histories.weight
    bought = rows @ np.bincount(histories.place, actual, len(group))
    names = [f"{one}+" if one == _MOST else str(one) for one in present] + ["all"]
    frame = pl.DataFrame({"repeats": names, "customers": size.astype(np.int64)})
    nothing = pl.lit(None, pl.Float64)
    if fitted.repeats is None:
        frame = frame.with_columns(nothing.alias("predicted"), nothing.alias("low"), nothing.alias("high"))
    else:
        sums = sums_ahead(fitted, np.array([0.0, days]), rows)
        frame = frame.with_columns(
            pl.Series("predicted", sums.mean / size), nothing.alias("low"), nothing.alias("high")
        )
        if sums.error is not None:
            wide = NormalDist().inv_cdf(0.5 + level / 2) * sums.error
            low, high = np.maximum(sums.mean - wide, 0.0) / size, (sums.mean + wide) / size
            frame = frame.with_columns(pl.Series("low", low), pl.Series("high", high))
    return frame.with_columns(pl.Series("actual", bought / size))


def _told(frame: pl.DataFrame) -> list[Remark]:
    row = frame.filter(pl.col("repeats") == "all").row(0, named=True)
    if row["low"] is None or row["low"] <= row["actual"] <= row["high"]:
        return []
    less = row["actual"] < row["low"]
    text = (
        f"Customers bought {'less' if less else 'more'} than the model expected ({row['actual']:.3f} purchase days "
        "each, "
        f"expected {row['low']:.3f} to {row['high']:.3f}): forecasts are off by about as much."
    )
    zh = (
        f"顾客的购买{'少于' if less else '多于'}模型预期（人均 {row['actual']:.3f} 个购买日，预期 {row['low']:.3f} 至 "
        f"{row['high']:.3f}）：预测会有大致相同的偏差。"
    )
    return [Remark("R835", Words(text, zh), {"repeats": "all"})]

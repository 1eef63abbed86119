"""What a price does to sales: the elasticity of units against price, product by product.

In: a shop. Out: `Figure` of elasticities with intervals.
Invariant: where prices or weeks do not allow a conclusion, there is none, and the reason is named.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, duration_of, whole
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.products.lines import lines_of
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics.asked import checked_level

__all__ = ["price_sensitivity"]

_TITLE = Words("Sensitivity of sales to price", "销量对价格的敏感度")
_COLUMNS = {
    "product": Words("Product", "商品"),
    "units": Words("Units", "件数"),
    "weeks": Words("Ordinary weeks", "平常周数"),
    "changes": Words("Price changes", "调价次数"),
    "lowest": Words("Lowest price", "最低价"),
    "highest": Words("Highest price", "最高价"),
    "elasticity": Words("Elasticity", "价格弹性"),
    "low": Words("At least", "下限"),
    "high": Words("At most", "上限"),
    "ten_off": Words("Units at 10 % off", "降价 10% 时的销量变化"),
    "why": Words("Why nothing can be said", "无法得出结论的原因"),
}
_WHY = {
    "too_few_weeks": Words("sold in too few weeks", "有销售的周数太少"),
    "never_changed": Words("the price never changed", "价格从未变动"),
    "sale_days": Words("the price moved only with sale days", "价格只在促销日变动"),
    "changed_once": Words(
        "the price changed only once, so that whatever else changed then cannot be told from it",
        "价格只变动过一次，无法与同时发生的其他变化区分",
    ),
    "often_unsold": Words(
        "in more than a fifth of the weeks nothing was sold, so that the price of these is not known",
        "超过五分之一的周没有销售，无从得知当时价格",
    ),
    "no_others": Words("no other product tells what kind of weeks these were", "没有其他商品可用来衡量各周的行情"),
}
_FEWEST = 3
_MOVED = 0.02
_SOLD = 0.8


def price_sensitivity(
    shop: Shop,
    *,
    within: Length = "1y",
    at_least: int = 10,
    sale_days: Collection[dt.date] = (),
    sale_from: float = 2.0,
    level: float = 0.95,
) -> Figure:
    """By what share units change when the price of a product changes by one percent.

    Args:
        shop: the shop; its facts need `amount`, and `quantity` where a line may be several units.
        within: how far back weeks count, from Monday, up to the last one that is over.
        at_least: how many ordinary weeks a product must have been sold in; 3 or more.
        sale_days: days of sales; their weeks are not ordinary.
        sale_from: weeks in which the shop sold at least so many times the median week are not ordinary either.
        level: of the intervals.

    Returns:
        A row for each product that was sold: `product` (key as given), `units` Int64, `weeks` Int64 (ordinary ones
        with sales), `changes` Int64 (by 2 % or more from one of them to the next), `lowest` and `highest` Decimal
        (mean price paid for a unit in a week), `elasticity`, `low`, `high`, `ten_off` (the share by which units
        change at a tenth off) Float64, `why` String: `too_few_weeks`, `never_changed`, `sale_days`, `changed_once`,
        `often_unsold`, `no_others`, or missing where something can be said. The most sensitive comes first.

    Raises:
        RulesError: R800 a length that is none; R819, R850 another argument that cannot be.
    """
    span = duration_of(within)
    checked_level(level)
    if not 1 < sale_from < math.inf:
        raise RulesError(
            [Diagnostic("R850", f"a week of sales has {sale_from:g} times the usual", help="ask for above 1")]
        )
    if not whole(at_least, _FEWEST):  # a line through two points has no interval
        raise RulesError([Diagnostic("R850", f"an elasticity is asked of {at_least} weeks", help="ask for 3 or more")])
    definition = _definition(within, at_least, sale_from, level)
    lines = lines_of(shop, "quantity", "amount")
    if isinstance(lines, Remark):
        return Figure("price_sensitivity", _TITLE, definition, _NOTHING, _COLUMNS, (lines,), currency=shop.currency)
    weekly = _weekly(lines, shop, shop.before(span))
    sales = [day - dt.timedelta(days=day.weekday()) for day in sale_days]
    summed = _summed(_marked(weekly, sales, sale_from), at_least)
    frame = _fitted(summed, level)
    return Figure(
        "price_sensitivity", _TITLE, definition, frame, _COLUMNS, _remarks(frame), currency=shop.currency
    )  # fmt: skip


def _weekly(lines: pl.DataFrame, shop: Shop, since: dt.datetime) -> pl.DataFrame:
    """`product`, `week` (its Monday), `units`, `price` Float64 in 1/10,000 units, of whole weeks with sales."""
    monday = pl.col("at").dt.convert_time_zone(shop.zone).dt.date().dt.truncate("1w").alias("week")
    today = shop.today
    this_week = today - dt.timedelta(days=today.weekday())
    begin = since.astimezone(ZoneInfo(shop.zone))
    first = begin.date() + dt.timedelta(days=begin.time() > dt.time())  # a day that is there in part does not count
    grouped = (
        lines.drop_nulls("amount")
        .group_by("product", monday)
        .agg(pl.col("quantity").sum().alias("units"), pl.col("amount").sum())
        .filter(
            (pl.col("units") > 0) & (pl.col("amount") > 0) & pl.col("week").is_between(first, this_week, closed="left")
        )
    )
    return grouped.with_columns((pl.col("amount") / pl.col("units")).alias("price")).drop("amount")


def _marked(weekly: pl.DataFrame, sales: Collection[dt.date], sale_from: float) -> pl.DataFrame:
    """With `others` (units of all other products in that week) and `ordinary` (it is no week of a sale)."""
    shop_units = weekly.group_by("week").agg(pl.col("units").sum().alias("all"))
    middle = pl.col("all").median()
    quiet = (pl.col("all") < sale_from * middle) & ~pl.col("week").is_in(list(sales))
    return weekly.join(shop_units.with_columns(quiet.alias("ordinary")), on="week").with_columns(
        (pl.col("all") - pl.col("units")).alias("others")
    )


def _summed(marked: pl.DataFrame, at_least: int) -> pl.DataFrame:
    """A row for each product: what its weeks come to, and why they allow no conclusion."""
    usual = pl.col("ordinary")
    ordered = marked.sort("product", "week")
    step = (pl.col("price").log() - pl.col("price").log().shift().over("product")).abs()
    steps = ordered.filter(usual).with_columns((step >= np.log1p(_MOVED)).alias("step"))
    compared = steps.filter(pl.col("others") > 0).with_columns(
        pl.col("price").log().alias("x"), (pl.col("units").log() - pl.col("others").log()).alias("y")
    )
    centred = compared.with_columns((pl.col(name) - pl.col(name).mean().over("product")).alias(name) for name in "xy")
    sums = centred.group_by("product").agg(
        pl.len().cast(pl.Int64).alias("n"),
        (pl.col("x") ** 2).sum().alias("xx"),
        (pl.col("x") * pl.col("y")).sum().alias("xy"),
        (pl.col("y") ** 2).sum().alias("yy"),
    )
    usual_weeks = steps.group_by("product").agg(
        pl.len().cast(pl.Int64).alias("weeks"),
        pl.col("step").sum().cast(pl.Int64).alias("changes"),
        (pl.col("price").max() / pl.col("price").min()).alias("moved"),
    )
    whole = ordered.group_by("product").agg(
        pl.col("units").sum(),
        pl.len().alias("sold"),
        ((pl.col("week").max() - pl.col("week").min()).dt.total_days() // 7 + 1).alias("spanned"),
        pl.col("price").min().alias("lowest"),
        pl.col("price").max().alias("highest"),
    )
    joined = whole.join(usual_weeks, on="product", how="left").join(sums, on="product", how="left")
    return joined.with_columns(pl.col("weeks", "changes", "n").fill_null(0)).with_columns(_why(at_least).alias("why"))


def _why(at_least: int) -> pl.Expr:
    moved = 1 + _MOVED
    return (
        pl.when(pl.col("sold") < at_least)
        .then(pl.lit("too_few_weeks"))
        .when(pl.col("highest") < moved * pl.col("lowest"))
        .then(pl.lit("never_changed"))
        .when(pl.col("moved").fill_null(1.0) < moved)
        .then(pl.lit("sale_days"))
        .when(pl.col("weeks") < at_least)
        .then(pl.lit("too_few_weeks"))
        .when(pl.col("changes") <= 1)
        .then(pl.lit("changed_once"))
        .when(pl.col("sold") < _SOLD * pl.col("spanned"))
        .then(pl.lit("often_unsold"))
        .when(pl.col("n") < at_least)
        .then(pl.lit("no_others"))
    )


def _fitted(summed: pl.DataFrame, level: float) -> pl.DataFrame:
    """The slopes of least squares, and Student's intervals of them."""
    from scipy.special import stdtrit

    said = summed.filter(pl.col("why").is_null())
    n, xx, xy, yy = (said.get_column(name).to_numpy().astype(np.float64) for name in ("n", "xx", "xy", "yy"))
    slope = xy / xx
    left = np.maximum(yy - slope * xy, 0.0)
    half = stdtrit(n - 2, 0.5 + level / 2) * np.sqrt(left / (n - 2) / xx)
    found = said.select("product").with_columns(
        pl.Series("elasticity", slope, pl.Float64),
        pl.Series("low", slope - half, pl.Float64),
        pl.Series("high", slope + half, pl.Float64),
        pl.Series("ten_off", 0.9**slope - 1, pl.Float64),
    )
    price = [Shop.paid(pl.col(name).round().cast(pl.Int64)).alias(name) for name in ("lowest", "highest")]
    return (
        summed.join(found, on="product", how="left")
        .with_columns(price)
        .select(_NOTHING.columns)
        .sort("elasticity", "product", nulls_last=True)
    )


_MONEY = pl.Decimal(38, 4)
_NOTHING = pl.DataFrame(
    schema={
        "product": pl.String,
        **dict.fromkeys(("units", "weeks", "changes"), pl.Int64),
        **dict.fromkeys(("lowest", "highest"), _MONEY),
        **dict.fromkeys(("elasticity", "low", "high", "ten_off"), pl.Float64),
        "why": pl.String,
    }
)


def _remarks(frame: pl.DataFrame) -> tuple[Remark, ...]:
    if frame.is_empty():
        nothing = Words("Nothing was sold in a whole week of this time.", "这段时间的完整周内没有销售。")
        return (Remark("R849", nothing),)
    counts = dict(frame.drop_nulls("why").group_by("why").len().iter_rows())
    return tuple(
        Remark(
            "R849",
            Words(
                f"Of {counts[why]} of {frame.height} products nothing can be said: {words.en}.",
                f"{frame.height} 个商品中有 {counts[why]} 个无法得出结论：{words.zh}。",
            ),
            {"why": why},
        )
        for why, words in _WHY.items()
        if why in counts
    )


def _definition(within: Length, at_least: int, sale_from: float, level: float) -> Words:
    return Words(
        f"Of each product, the whole weeks of the last {within} in which it was sold: the logarithm of its units over "
        "the units of all other products in that week, so that what moved all sales is taken out, against the "
        "logarithm of the mean price paid for a unit. Elasticity is the slope of least squares, with Student's "
        f"interval of {level:.4g}: at −2, one percent off sells two percent more. Weeks of sale days, and weeks in "
        f"which the shop sold {sale_from:g} times the median week or more, are left out. It takes {at_least} weeks and "
        "two changes of the price by 2 % or more. It says what went together, as no experiment was made: what else "
        "changed whenever the price did is in it.",
        f"对每个商品，取最近 {within} 内有销售的完整周："
        "以其销量与当周其他商品总销量之比的对数（从而扣除影响全店的因素），"
        f"对当周平均成交单价的对数作最小二乘回归，斜率即弹性，附 {level:.4g} 学生氏区间；"
        "弹性为 −2 表示降价 1% 多卖 2%。"
        f"促销日所在周，以及全店销量达到中位周 {sale_from:g} 倍以上的周不计。"
        f"至少需要 {at_least} 周和两次 2% 以上的调价。"
        "这不是实验：与调价同时发生的其他变化也包含在内。",
    )

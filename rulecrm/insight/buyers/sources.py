"""Where customers come from: new customers of each source, their second purchase, and what they are worth.

In: a `Shop`. Out: `sources`.
Invariant: a new customer has one source, that of the first purchase ever; all the rest is about those customers.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rulecrm.insight.asking import Length
from rulecrm.insight.buyers.reading import Period, instant, known_sum, per, period, priced
from rulecrm.insight.buyers.wording import COLUMNS, lacking, nothing, weak
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shares import shared, with_share
from rulecrm.insight.shop import Shop

__all__ = ["sources"]

_FEW = 30


def sources(shop: Shop, *, within: Length = "1y", again_within: Length = "45d") -> Figure:
    """What each source brought: new customers, and what became of them.

    Args:
        shop: a shop.
        within: how far back first purchases count.
        again_within: how long a customer has for the second purchase.

    Returns:
        A row for each `source` (String; missing where the first purchase names none), by new customers:
        `new_customers`, `share` (of all new customers), `base` (of them, whose time for the second purchase is over at
        T), `again` (of these, who bought again in time), `again_share` with `low` and `high` (Wilson, 95 %), `orders`
        (paid, of the new customers, up to T), `revenue`, `order_value`, `first_order_value` (Decimal), `refund_share`
        (of these orders).

    Raises:
        RulesError: R800 a length that is none.
    """
    stretch, patience = period(shop, within), period(shop, again_within)
    title = Words("Sources of new customers", "新客户来源")
    definition = Words(
        f"New are customers whose first purchase lies in the last {stretch.last.en}; their source is that of this "
        f"purchase. The second purchase is counted in the {patience.words.en} after the first, whichever way it "
        "came, of customers for whom that time is over. Orders, revenue and refunds are all those of the new "
        "customers up to now.",
        f"新客户为首次购买在最近 {stretch.words.zh} 内的客户，来源为该次购买的来源。二次购买为首购后 "
        f"{patience.words.zh}内的再次购买（不论来源），仅统计该期限已满的客户。订单、销售额与退款为这些新客户截至目前"
        "的全部记录。",
    )
    if not shop.has("purchase", "source"):
        remarks: list[Remark] = [lacking(Words("where customers come from", "客户来源"), "`source` of `orders`")]
        return Figure(
            "sources", title, definition, pl.DataFrame(schema=_COLUMNS), _TITLES, tuple(remarks), (), shop.currency
        )
    each = _each(shop, stretch, patience)
    frame = _counted(each)
    return Figure("sources", title, definition, frame, _TITLES, tuple(_remarks(shop, frame)), (), shop.currency)


_COLUMNS: Mapping[str, pl.DataType] = {
    "source": pl.String(), "new_customers": pl.Int64(), "share": pl.Float64(), "base": pl.Int64(), "again": pl.Int64(),
    "again_share": pl.Float64(), "low": pl.Float64(), "high": pl.Float64(), "orders": pl.Int64(),
    "revenue": pl.Decimal(38, 4), "order_value": pl.Decimal(38, 4), "first_order_value": pl.Decimal(38, 4),
    "refund_share": pl.Float64(),
}  # fmt: skip
_TITLES = {
    **COLUMNS,
    "source": Words("Source", "来源"),
    "new_customers": Words("New customers", "新客户数"),
    "share": Words("Share of new customers", "新客户占比"),
    "base": Words("Of them due for a second purchase", "二次购买期限已满的客户数"),
    "again": Words("Bought again in time", "按期二次购买客户数"),
    "again_share": Words("Second-purchase rate", "二次购买率"),
    "low": Words("Second-purchase rate, at least", "二次购买率下限"),
    "high": Words("Second-purchase rate, at most", "二次购买率上限"),
    "first_order_value": Words("Average first order", "平均首单金额"),
}


def _each(shop: Shop, stretch: Period, patience: Period) -> pl.DataFrame:
    """A row for each new customer."""
    bought = shop.purchases()
    first = bought.filter((pl.col("number") == 1) & stretch.rows())
    second = bought.filter(pl.col("number") == 2).select("code", pl.col("at").alias("second"))
    sums = bought.group_by("code").agg(pl.len().cast(pl.Int64).alias("orders"), known_sum("amount"))
    named = shop.rows("purchase", ["order", "source"]).select("order", pl.col("source").cast(pl.String))
    due = shop.shifted(pl.col("at"), patience.length)
    over = due <= instant(shop.as_of)
    return (
        first.select("customer", "code", "order", "at", pl.col("amount").alias("first_amount"))
        .join(named.collect(engine="in-memory"), on="order", how="left")
        .join(second, on="code", how="left")
        .join(sums, on="code", how="left")
        .join(_refunds(shop), on="customer", how="left")
        .with_columns(
            over.alias("over"),
            (over & (pl.col("second") <= due)).fill_null(value=False).alias("in_time"),
            pl.col("refunds").fill_null(0) if shop.has("purchase", "refunded") else pl.col("refunds"),
        )
    )


def _refunds(shop: Shop) -> pl.DataFrame:
    """How many purchases of a customer were refunded; those with none are left out."""
    if not shop.has("purchase", "refunded"):
        return shop.purchases().clear().select("customer", pl.lit(None, pl.Int64).alias("refunds"))
    back = shop.rows("purchase", ["customer", "refunded"]).filter("refunded")
    return back.group_by("customer").agg(pl.len().cast(pl.Int64).alias("refunds")).collect(engine="in-memory")


def _counted(each: pl.DataFrame) -> pl.DataFrame:
    sums = each.group_by("source").agg(
        pl.len().cast(pl.Int64).alias("new_customers"),
        pl.col("over").sum().cast(pl.Int64).alias("base"),
        pl.col("in_time").sum().cast(pl.Int64).alias("again"),
        pl.col("orders").sum(),
        known_sum("amount"), known_sum("refunds"), known_sum("first_amount"),
    )  # fmt: skip
    return (
        with_share(sums, "again", "base", names=("again_share", "low", "high"))
        .sort("new_customers", "source", descending=[True, False], nulls_last=True)
        .select(
            "source", "new_customers",
            shared(pl.col("new_customers"), pl.col("new_customers").sum()).alias("share"),
            "base", "again", "again_share", "low", "high", "orders",
            Shop.paid(pl.col("amount")).alias("revenue"),
            per(pl.col("amount"), pl.col("orders")).alias("order_value"),
            per(pl.col("first_amount"), pl.col("new_customers")).alias("first_order_value"),
            shared(pl.col("refunds"), pl.col("orders")).alias("refund_share"),
        )
    )  # fmt: skip


def _remarks(shop: Shop, frame: pl.DataFrame) -> list[Remark]:
    if frame.is_empty():
        return [nothing(Words("nobody bought for the first time in that time", "该时段内没有首次购买的客户"))]
    found = []
    if not priced(shop):
        found.append(lacking(Words("revenue", "销售额"), "`amount` of `orders`"))
    if not shop.has("purchase", "refunded"):
        found.append(lacking(Words("refunds", "退款"), "`refunded_at` of `orders`"))
    none, few = (
        [source or "–" for source, base in frame.select("source", "base").iter_rows() if base in those]
        for those in (range(1), range(1, _FEW))
    )
    if none:
        said = Words(
            f"Of {_listed(none)} no new customer's time for a second purchase is over: there is no rate yet.",
            f"来源 {_listed(none)} 的新客户尚无人满二次购买期限，暂无二次购买率。",
        )
        found.append(weak(said))
    if few:
        said = Words(
            f"Of {_listed(few)} fewer than {_FEW} customers can be judged: rates whose intervals overlap are not "
            "told apart.",
            f"来源 {_listed(few)} 可判断的客户不足 {_FEW} 位：区间重叠的比率无法区分高下。",
        )
        found.append(weak(said))
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")

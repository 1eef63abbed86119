"""Who serves: questions, purchases, ratings and answers of each member of the staff.

In: a `Shop`. Out: `staff`.
Invariant: a customer counts once for a member; a conversion is that of the customers whom the member was asked by.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rulecrm.insight.asking import Length
from rulecrm.insight.buyers.reading import Period, followed, instant, known_sum, per, period, priced
from rulecrm.insight.buyers.standard import standard
from rulecrm.insight.buyers.wording import COLUMNS, lacking, nothing, weak
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shares import shared, with_share
from rulecrm.insight.shop import Shop

__all__ = ["staff"]

_FEW = 30


def staff(shop: Shop, *, within: Length = "90d", converts: Length = "3d") -> Figure:
    """What each member of the staff was asked, and sold, and how that was rated.

    Args:
        shop: a shop.
        within: how far back work counts.
        converts: up to how long after a question a purchase is its fruit; questions whose time is not over at T do not
            count as asked.

    Returns:
        A row for each `staff` (String), by revenue: `asked` (customers who asked), `converted` (of them, who paid an
        order in time, whoever sold it), `conversion` with `low` and `high` (Wilson, 95 %), `orders` (paid, of the
        member), `buyers`, `revenue`, `order_value`, `again` (buyers with two orders or more of the member),
        `again_share`, `refund_share`, `ratings`, `rating` (mean, Float64), `low_rating_share` (up to `low_stars` of
        `std/staff.rules`), `response_seconds` (median, of rows of `answer`). A column that the facts cannot tell is
        missing throughout, and a remark says so.

    Raises:
        RulesError: R800 a length that is none.
    """
    stretch, patience = period(shop, within), period(shop, converts)
    # The kind `answer`, and what a low rating is, are the module's, which the shop's own rules need not import.
    module = standard(shop, "std/staff.rules", "staff_response")
    low_stars = module.param("low_stars")
    assert isinstance(low_stars, int)
    parts = {
        "asked": _asked(shop, stretch, patience),
        "sold": _sold(shop, stretch),
        "rated": _rated(shop, stretch, low_stars),
        "answered": _answered(module.shop, stretch),
    }
    frame = _joined([part for part in parts.values() if part is not None])
    remarks = _remarks(shop, parts, frame, stretch)
    return Figure(
        "staff",
        Words("Staff", "客服与销售人员"),
        Words(
            f"Of the last {stretch.last.en}. Asked are customers who put a question to the member whose "
            f"{patience.words.en} are over; converted are those of them who paid an order at most "
            f"{patience.words.en} after such a question, whoever sold it. Orders, buyers and revenue are those whose "
            "order names the member; again are buyers with two such orders or more. Ratings are those of reviews "
            f"that name the member, low up to {low_stars} stars; the response is the median of its answers.",
            f"最近 {stretch.words.zh}。咨询客户为向该人员提问且 {patience.words.zh}等待期已满的客户；转化客户为其中在"
            f"提问后 {patience.words.zh}内付款的客户，不论由谁成交。订单、购买客户与销售额按订单所属人员统计；复购客"
            f"户为在该人员处有两笔及以上订单的客户。评分取自指明该人员的评价，不高于 {low_stars} 分为低分；响应时间为"
            "其回复的中位数。",
        ),
        frame,
        {
            **COLUMNS,
            "staff": Words("Staff", "人员"),
            "asked": Words("Customers who asked", "咨询客户数"),
            "converted": Words("Of them bought", "转化客户数"),
            "conversion": Words("Conversion", "转化率"),
            "low": Words("Conversion, at least", "转化率下限"),
            "high": Words("Conversion, at most", "转化率上限"),
            "again": Words("Buyers who came again", "复购客户数"),
            "again_share": Words("Share who came again", "复购率"),
            "ratings": Words("Ratings", "评价数"),
            "rating": Words("Mean rating", "平均评分"),
            "low_rating_share": Words("Share of low ratings", "低分占比"),
            "response_seconds": Words("Seconds to an answer", "响应秒数"),
        },
        tuple(remarks),
        (),
        shop.currency,
    )


_COLUMNS: Mapping[str, pl.DataType] = {
    "asked": pl.Int64(), "converted": pl.Int64(), "conversion": pl.Float64(), "low": pl.Float64(),
    "high": pl.Float64(), "orders": pl.Int64(), "buyers": pl.Int64(), "revenue": pl.Decimal(38, 4),
    "order_value": pl.Decimal(38, 4), "again": pl.Int64(), "again_share": pl.Float64(), "refund_share": pl.Float64(),
    "ratings": pl.Int64(), "rating": pl.Float64(), "low_rating_share": pl.Float64(), "response_seconds": pl.Float64(),
}  # fmt: skip
_COUNTS = {"asked": ("asked", "converted"), "sold": ("orders", "buyers", "again"), "rated": ("ratings",)}
_LACKING = {
    "asked": ("`staff` of `inquiry`, or `paid_at` of `orders`", Words("conversion", "转化率")),
    "sold": ("`staff` of `orders`", Words("orders, revenue and repurchase", "订单、销售额与复购")),
    "rated": ("`staff` and `rating` of `review`", Words("ratings", "评分")),
    "answered": ("`staff` and `seconds` of `answer`", Words("the time of response", "响应时间")),
}


def _asked(shop: Shop, stretch: Period, patience: Period) -> pl.DataFrame | None:
    if not (shop.has("inquiry", "staff") and shop.has("purchase")):
        return None
    over = shop.shifted(pl.col("at"), patience.length) <= instant(shop.as_of)
    rows = shop.rows("inquiry", ["customer", "staff"]).filter(_named() & stretch.rows() & over)
    found = followed(rows.collect(engine="in-memory"), shop.purchases(), patience.length, shop)
    each = found.group_by(pl.col("staff").cast(pl.String)).agg(
        pl.col("customer").n_unique().cast(pl.Int64).alias("asked"),
        pl.col("customer").filter(pl.col("next").is_not_null()).n_unique().cast(pl.Int64).alias("converted"),
    )
    return with_share(each, "converted", "asked", names=("conversion", "low", "high"))


def _sold(shop: Shop, stretch: Period) -> pl.DataFrame | None:
    if not shop.has("purchase", "staff"):
        return None
    extra = [name for name in ("amount", "refunded") if shop.has("purchase", name)]
    rows = shop.rows("purchase", ["customer", "staff", *extra]).filter(_named() & stretch.rows())
    amount = pl.col("amount").sum() if "amount" in extra else pl.lit(None, pl.Int64)
    refunded = pl.col("refunded").sum() if "refunded" in extra else pl.lit(None, pl.Int64)
    each = (
        rows.group_by(pl.col("staff").cast(pl.String), "customer")
        .agg(pl.len().cast(pl.Int64).alias("orders"), amount.alias("amount"), refunded.cast(pl.Int64).alias("refunds"))
        .collect(engine="in-memory")
    )
    sums = each.group_by("staff").agg(
        pl.col("orders").sum(), pl.len().cast(pl.Int64).alias("buyers"),
        known_sum("amount"), known_sum("refunds"), (pl.col("orders") >= 2).sum().cast(pl.Int64).alias("again"),
    )  # fmt: skip
    return sums.select(
        "staff", "orders", "buyers",
        Shop.paid(pl.col("amount")).alias("revenue"),
        per(pl.col("amount"), pl.col("orders")).alias("order_value"),
        "again",
        shared(pl.col("again"), pl.col("buyers")).alias("again_share"),
        shared(pl.col("refunds"), pl.col("orders")).alias("refund_share"),
    )  # fmt: skip


def _rated(shop: Shop, stretch: Period, low_stars: int) -> pl.DataFrame | None:
    if not shop.has("review", "staff", "rating"):
        return None
    rows = shop.rows("review", ["customer", "staff", "rating"])
    rows = rows.filter(_named() & stretch.rows() & pl.col("rating").is_not_null())
    return (
        rows.group_by(pl.col("staff").cast(pl.String))
        .agg(
            pl.len().cast(pl.Int64).alias("ratings"),
            pl.col("rating").mean().alias("rating"),
            (pl.col("rating") <= low_stars).mean().alias("low_rating_share"),
        )
        .collect(engine="in-memory")
    )


def _answered(shop: Shop, stretch: Period) -> pl.DataFrame | None:
    if not shop.has("answer", "staff", "seconds"):
        return None
    rows = shop.rows("answer", ["staff", "seconds"]).filter(stretch.rows() & pl.col("staff").is_not_null())
    return (
        rows.group_by(pl.col("staff").cast(pl.String))
        .agg(pl.col("seconds").median().alias("response_seconds"))
        .collect(engine="in-memory")
    )


def _named() -> pl.Expr:
    return pl.col("staff").is_not_null() & pl.col("customer").is_not_null()


def _joined(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """All that is known of each member: counts that nothing was found for are 0, all else is missing."""
    empty = pl.Series("staff", [], pl.String)
    names = pl.concat([empty.to_frame(), *(part.select("staff") for part in parts)]).unique()
    for part in parts:
        names = names.join(part, on="staff", how="left")
        zero = [name for counts in _COUNTS.values() for name in counts if name in part.columns]
        names = names.with_columns(pl.col(*zero).fill_null(0)) if zero else names
    lacking_ = [pl.lit(None, dtype).alias(name) for name, dtype in _COLUMNS.items() if name not in names.columns]
    return names.with_columns(lacking_).select("staff", *_COLUMNS).sort(
        "revenue", "orders", "staff", descending=[True, True, False], nulls_last=True
    )  # fmt: skip


def _remarks(shop: Shop, parts: dict[str, pl.DataFrame | None], frame: pl.DataFrame, stretch: Period) -> list[Remark]:
    found = [lacking(_LACKING[name][1], _LACKING[name][0]) for name, part in parts.items() if part is None]
    if parts["sold"] is not None:
        if not priced(shop):
            found.append(lacking(Words("revenue", "销售额"), "`amount` of `orders`"))
        if not shop.has("purchase", "refunded"):
            found.append(lacking(Words("refunds", "退款"), "`refunded_at` of `orders`"))
        found += _unnamed(shop, stretch)
    if any(part is not None for part in parts.values()) and frame.is_empty():
        found.append(nothing(Words("no row of that time names a member of the staff", "该时段内没有指明人员的记录")))
    few = frame.filter((pl.col("asked") > 0) & (pl.col("asked") < _FEW)).get_column("staff").sort().to_list()
    if few:
        named = ", ".join(few[:5]) + (", …" if len(few) > 5 else "")
        said = Words(
            f"Fewer than {_FEW} customers asked {named}: conversions whose intervals overlap are not told apart.",
            f"向 {named} 咨询的客户不足 {_FEW} 位：区间重叠的转化率无法区分高下。",
        )
        found.append(weak(said))
    return found


def _unnamed(shop: Shop, stretch: Period) -> list[Remark]:
    rows = shop.rows("purchase", ["staff"]).filter(stretch.rows())
    total, unnamed = rows.select(pl.len(), pl.col("staff").is_null().sum().alias("none")).collect().row(0)
    if not unnamed:
        return []
    said = Words(
        f"{unnamed:,} of {total:,} purchases name no member of the staff; they are in no row.",
        f"{total:,} 次购买中有 {unnamed:,} 次未指明人员，未计入任何一行。",
    )
    return [weak(said)]

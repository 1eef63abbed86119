"""What moves buyers: a lower price, a coupon, something new.

In: a `Shop`. Out: `sensitivity`.
Invariant: the bands of each sense hold every judged customer exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, whole
from rulecrm.insight.buyers.reading import Period, known_sum, per, period, priced
from rulecrm.insight.buyers.wording import COLUMNS, lacking, length, nothing
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shares import with_share
from rulecrm.insight.shop import Shop
from rulecrm.model.durations import Duration

__all__ = ["sensitivity"]

_BANDS: Mapping[str, Words] = {
    "never": Words("never", "从不"),
    "seldom": Words("less than 30 %", "不足 30%"),
    "sometimes": Words("30 % to below 70 %", "30% 至不足 70%"),
    "mostly": Words("70 % to below 100 %", "70% 至不足 100%"),
    "always": Words("always", "总是"),
}
_SENSES: Mapping[str, tuple[str, Words]] = {
    "price": ("`discount` of `orders`", Words("sensitivity to price", "价格敏感度")),
    "coupon": ("`coupon` of `orders`", Words("sensitivity to coupons", "优惠券敏感度")),
    "newness": (
        "`listed_at` of `products`, with `items` that name them", Words("sensitivity to newness", "新品敏感度"),
    ),
}  # fmt: skip


def sensitivity(shop: Shop, *, within: Length = "1y", new_for: Length = "30d", at_least: int = 2) -> Figure:
    """How buyers part by the share of their purchases that were discounted, couponed, or of something new.

    Args:
        shop: a shop.
        within: how far back purchases count.
        new_for: how long a product is new after it was put on sale.
        at_least: how many purchases (of newness: lines whose product has a day of listing) make a customer judged.

    Returns:
        A row for each sense (`sense`: `price`, `coupon`, `newness`) and band (`band`: `never`, `seldom` below 30 %,
        `sometimes` below 70 %, `mostly`, `always`): `customers`, `base` (all judged), `share` with `low` and `high`
        (Wilson, 95 %), `purchases` (of newness: lines) and `revenue` and `order_value` (Decimal, a purchase or line),
        `discount_rate` (Float64, what was taken off as a share of full prices; of `price` alone). Senses that the facts
        cannot tell are left out, and a remark says so.

    Raises:
        RulesError: R800 a length that is none.
    """
    if not whole(at_least, 0):
        raise RulesError([Diagnostic("R850", f"`{at_least}` is no number of purchases", help="ask for 1 or more")])
    stretch, novelty = period(shop, within), period(shop, new_for)
    parts, remarks = [], []
    for sense in _SENSES:
        rows = _judged(shop, sense, stretch, novelty.length)
        if rows is None:
            columns, what = _SENSES[sense]
            remarks.append(lacking(what, columns, about={"sense": sense}))
            continue
        part = _banded(sense, rows, at_least)
        parts.append(part)
        remarks += _said(sense, part, at_least)
    if parts and not priced(shop):
        remarks.append(lacking(Words("revenue", "销售额"), "`amount` of `orders`"))
    fresh = length(novelty.length)
    return Figure(
        "sensitivity",
        Words("Sensitivity to price, coupons and newness", "价格、优惠券与新品敏感度"),
        Words(
            f"Customers with at least {at_least} purchases in the last {stretch.last.en}, by the share of their "
            "purchases that had something taken off (price), used a coupon (coupon), or, of the lines whose product "
            f"has a day of listing, were bought within {fresh.en} of that day (newness). A purchase whose discount "
            "is not told counts as bought at full price.",
            f"最近 {stretch.words.zh} 内至少有 {at_least} 次购买的客户，按其打折购买（价格）、用券购买（优惠券）的次"
            f"数占比分档；新品按有上架日期的订单行中上架 {fresh.zh}内购买的占比分档。未注明折扣的购买视为原价。",
        ),
        pl.concat(parts) if parts else _banded("price", _nothing(), at_least).clear(),
        {
            **COLUMNS,
            "sense": Words("Sensitivity to", "敏感类型"),
            "band": Words("Share of purchases", "购买占比分档"),
            "base": Words("Customers judged", "判断客户数"),
            "share": Words("Share of customers", "客户占比"),
            "discount_rate": Words("Mean discount", "平均折扣率"),
        },
        tuple(remarks),
        (),
        shop.currency,
    )


def _judged(shop: Shop, sense: str, stretch: Period, new_for: Duration) -> pl.DataFrame | None:
    """`customer`, `moved` Boolean, `amount` and `off` Int64 of each purchase or line; None where it cannot be told."""
    kind, column = {
        "price": ("purchase", "discount"),
        "coupon": ("purchase", "coupon"),
        "newness": ("item", "listed_at"),
    }[sense]
    if not shop.has(kind, column):
        return None
    amounts = priced(shop, kind)
    rows = shop.rows(kind, ["customer", column, *(["amount"] if amounts else [])])
    rows = rows.filter(stretch.rows() & pl.col("customer").is_not_null())
    off = pl.lit(None, pl.Int64)
    if sense == "price":
        off = pl.col("discount").fill_null(0)
        moved = off > 0
    elif sense == "coupon":
        moved = pl.col("coupon").is_not_null()
    else:
        rows = rows.filter(pl.col("listed_at").is_not_null())
        moved = pl.col("at") <= shop.shifted(pl.col("listed_at"), new_for)
    amount = pl.col("amount") if amounts else pl.lit(None, pl.Int64)
    chosen = rows.select("customer", moved.alias("moved"), amount.alias("amount"), off.alias("off"))
    return chosen.collect(engine="in-memory")


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={"customer": pl.String, "moved": pl.Boolean, "amount": pl.Int64, "off": pl.Int64})


def _banded(sense: str, rows: pl.DataFrame, at_least: int) -> pl.DataFrame:
    """One row a band; counts of whole customers, sums of whole units."""
    known = [known_sum(name) for name in ("amount", "off")]
    each = rows.group_by("customer").agg(
        pl.len().cast(pl.Int64).alias("purchases"), pl.col("moved").sum().cast(pl.Int64), *known
    )
    judged = each.filter(pl.col("purchases") >= at_least)
    moved, n = pl.col("moved"), pl.col("purchases")
    # Whole numbers: 3 of 10 are 30 %, whatever 0.3 is in binary.
    band = (
        pl.when(moved == 0).then(pl.lit("never"))
        .when(moved == n).then(pl.lit("always"))
        .when(10 * moved < 3 * n).then(pl.lit("seldom"))
        .when(10 * moved < 7 * n).then(pl.lit("sometimes"))
        .otherwise(pl.lit("mostly"))
    )  # fmt: skip
    sums = judged.group_by(band.alias("band")).agg(
        pl.len().cast(pl.Int64).alias("customers"), pl.col("purchases").sum(), *known
    )
    bands = pl.DataFrame({"band": list(_BANDS)})
    found = bands.join(sums, on="band", how="left", maintain_order="left").with_columns(
        pl.col("customers", "purchases").fill_null(0), pl.lit(judged.height, pl.Int64).alias("base")
    )
    if rows.get_column("amount").is_not_null().any():  # then nothing in a band is nothing, not unknown
        found = found.with_columns(pl.col("amount").fill_null(0))
    full = pl.col("amount") + pl.col("off")
    return with_share(found, "customers", "base").select(
        pl.lit(sense).alias("sense"), "band", "customers", "base", "share", "low", "high", "purchases",
        Shop.paid(pl.col("amount")).alias("revenue"),
        per(pl.col("amount"), n).alias("order_value"),
        pl.when(full > 0).then(pl.col("off") / full).alias("discount_rate"),
    )  # fmt: skip


def _said(sense: str, part: pl.DataFrame, at_least: int) -> list[Remark]:
    if int(part.get_column("base")[0]):
        return []
    what = _SENSES[sense][1]
    told = Words(
        f"nobody has {at_least} purchases in that time that tell of {what.en}",
        f"该时段内没有客户有 {at_least} 次可用于判断{what.zh}的购买",
    )
    return [nothing(told)]

"""What is bought: categories, brands and products of a segment against the whole shop.

In: a `Shop`, a segment. Out: `preferences`.
Invariant: a share counts customers, each once.
"""

from __future__ import annotations

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, known, whole
from rulecrm.insight.buyers.reading import Period, known_sum, members, of_members, period, priced
from rulecrm.insight.buyers.wording import COLUMNS, lacking, nothing, weak
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shares import shared, with_share
from rulecrm.insight.shop import Shop

__all__ = ["preferences"]

_BY = {
    "category": Words("categories", "品类"), "brand": Words("brands", "品牌"), "product": Words("products", "商品"),
}  # fmt: skip
_FEW = 30


def preferences(
    shop: Shop, *, segment: str | None = None, by: str = "category", within: Length = "1y", top: int = 10
) -> Figure:
    """What most customers of a segment bought, and how much more of them than of all buyers.

    Args:
        shop: a shop.
        segment: a segment of customers; all buyers where it is left out.
        by: `category`, `brand` or `product`.
        within: how far back purchases count.
        top: how many rows; those that most customers of the segment bought.

    Returns:
        `name` String, `customers` Int64 (of the segment, who bought it), `share` (of the segment's buyers) with `low`
        and `high` (Wilson, 95 %), `shop_customers`, `shop_share`, `index` (share / shop_share; 1 is as all) with
        `index_low`, `index_high`, `lines` Int64, `revenue` Decimal and `revenue_share`, of the segment.

    Raises:
        RulesError: R120 an unknown segment or `by`; R800 `within` is no length of time.
    """
    known(by, _BY, "preference")
    if not whole(top, 0):
        raise RulesError([Diagnostic("R850", f"`{top}` preferences cannot be listed", help="ask for 1 or more")])
    stretch = period(shop, within)
    who = None if segment is None else members(shop, segment)
    kind = _kind(shop, by)
    remarks = _lacks(shop, kind, by)
    rows = _rows(shop, kind, by, stretch)
    own = rows if who is None else of_members(rows, who)
    buyers = own.get_column("customer").n_unique()
    if kind is not None and not buyers:
        remarks.append(nothing(Words("nobody of them bought anything in that time", "该时段内没有人购买")))
    if 0 < buyers < _FEW:
        few = Words(f"Only {buyers} of them bought: the intervals are wide.", f"仅有 {buyers} 位客户购买，区间较宽。")
        remarks.append(weak(few))
    frame = _counted(rows, own, max(top, 1))
    if segment is None:  # all against all would be 1, and its interval would mislead
        frame = frame.with_columns(
            pl.lit(None, pl.Float64).alias(name) for name in ("index", "index_low", "index_high")
        )
    told = _BY[by]
    whom = Words("all customers", "全部客户")
    if segment is not None:
        whom = Words(f"the customers in the segment {segment}", f"人群 {segment}")
    origin = None if segment is None else shop.origin(segment)
    return Figure(
        "preferences",
        Words(f"Preferred {told.en} of {whom.en}", f"{whom.zh}偏好的{told.zh}"),
        Words(
            f"Of {whom.en} who bought anything in the last {stretch.last.en}, the share who bought each of the "
            f"{told.en}. The index is that share divided by the share among all buyers of the shop, the segment "
            "included: 1 is as all, 2 is twice as likely; without a segment there is none. The interval of the "
            "index is that of the share (Wilson, 95 %), the shop's own share taken as known.",
            f"最近 {stretch.words.zh} 内，{whom.zh}中有购买的客户里，购买过各{told.zh}的客户占比。指数为该占比除以全"
            "店购买客户的占比（含该人群）：1 表示与全店相同，2 表示两倍；未指定人群时没有指数。指数区间由占比区间（"
            "Wilson，95%）得出，全店占比视为已知。",
        ),
        frame,
        _COLUMNS,
        tuple(remarks),
        () if origin is None else (origin,),
        shop.currency,
    )


_COLUMNS = {
    **COLUMNS,
    "name": Words("Name", "名称"),
    "share": Words("Share of the segment's buyers", "人群购买客户占比"),
    "shop_customers": Words("Customers in the shop", "全店客户数"),
    "shop_share": Words("Share of the shop's buyers", "全店购买客户占比"),
    "index": Words("Index", "指数"),
    "index_low": Words("Index, at least", "指数下限"),
    "index_high": Words("Index, at most", "指数上限"),
    "lines": Words("Lines", "购买行数"),
}


def _kind(shop: Shop, by: str) -> str | None:
    """The rows that tell what was bought: lines, or where they do not tell it whole orders."""
    return next((kind for kind in ("item", "purchase") if shop.has(kind, by)), None)


def _lacks(shop: Shop, kind: str | None, by: str) -> list[Remark]:
    if kind is None:
        return [lacking(_BY[by], f"`{by}` of `items` or `orders`")]
    found = []
    if kind == "purchase":
        said = Words(
            f"There are no lines of orders with `{by}`: that of the whole order is counted.",
            f"没有带 `{by}` 的订单明细，按整单的 `{by}` 统计。",
        )
        found.append(weak(said))
    if not priced(shop, kind):
        found.append(lacking(Words("revenue", "销售额"), f"`amount` of `{kind}`"))
    return found


def _rows(shop: Shop, kind: str | None, by: str, stretch: Period) -> pl.DataFrame:
    """`customer`, `name`, and `amount` (missing where the rows have none)."""
    if kind is None:
        return pl.DataFrame(schema={"customer": pl.String, "name": pl.String, "amount": pl.Int64})
    amounts = priced(shop, kind)
    rows = shop.rows(kind, ["customer", by, *(["amount"] if amounts else [])])
    rows = rows.filter(stretch.rows() & pl.col("customer").is_not_null())
    amount = pl.col("amount") if amounts else pl.lit(None, pl.Int64).alias("amount")
    return rows.select("customer", pl.col(by).cast(pl.String).alias("name"), amount).collect(engine="in-memory")


def _counted(rows: pl.DataFrame, own: pl.DataFrame, top: int) -> pl.DataFrame:
    everyone, buyers = (frame.get_column("customer").n_unique() for frame in (rows, own))
    of_shop = _each(rows).select("name", pl.col("customers").alias("shop_customers"))
    found = _each(own).sort("customers", "name", descending=[True, False]).head(top)
    found = found.join(of_shop, on="name", how="left", maintain_order="left")
    found = with_share(found.with_columns(pl.lit(buyers, pl.Int64).alias("whole")), "customers", "whole")
    shop_share = shared(pl.col("shop_customers"), pl.lit(everyone))
    amount, total = pl.col("amount"), int(own.get_column("amount").sum() or 0)
    return found.select(
        "name", "customers", "share", "low", "high", "shop_customers",
        shop_share.alias("shop_share"),
        (pl.col("share") / shop_share).alias("index"),
        (pl.col("low") / shop_share).alias("index_low"),
        (pl.col("high") / shop_share).alias("index_high"),
        "lines",
        Shop.paid(amount).alias("revenue"),
        shared(amount, pl.lit(total)).alias("revenue_share"),
    )  # fmt: skip


def _each(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each name how many customers, lines, and what they cost; lines without a name are left out."""
    return (
        rows.filter(pl.col("name").is_not_null())
        .group_by("name")
        .agg(
            pl.col("customer").n_unique().cast(pl.Int64).alias("customers"),
            pl.len().cast(pl.Int64).alias("lines"),
            known_sum("amount"),
        )
    )

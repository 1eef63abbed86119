"""Who brings the revenue: customers by how often they bought.

In: a shop, perhaps a length of time. Out: a `Figure` with a row for each number of purchases.
Invariant: the rows add up to all customers, orders and revenue.
"""

from __future__ import annotations

import polars as pl

from rulecrm.insight.asking import Length, duration_of
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.repurchase.spoken import COLUMNS, instant_said, length_said, without_amounts
from rulecrm.insight.shares import with_share
from rulecrm.insight.shop import Shop

__all__ = ["order_shares"]

_NAMES = ("1", "2", "3", "4", "5+")


def order_shares(shop: Shop, *, last: Length | None = None) -> Figure:
    """Customers, orders and revenue by how many purchases a customer made.

    Args:
        shop: a shop as of T.
        last: only purchases of so long a time before T; all where it is left out.

    Returns:
        `purchases` String (`1` to `4`, `5+`), `customers` Int64, `orders` Int64, `revenue` Decimal, `revenue_share`
        Float64, `order_value` Decimal (revenue by orders that have an amount), `customer_share`, `low`, `high` Float64
        (Wilson, 95 %). Five rows, whoever there is.

    Raises:
        RulesError: R800 no length of time.
    """
    length = None if last is None else duration_of(last)
    bought = shop.purchases().lazy()
    if length is not None:
        bought = bought.filter(pl.col("at") > shop.before(length))
    each = bought.group_by("code").agg(
        orders=pl.len().cast(pl.Int64), revenue=pl.col("amount").sum(), priced=pl.col("amount").count().cast(pl.Int64)
    )
    found = (
        each.group_by(pl.col("orders").clip(upper_bound=len(_NAMES)).alias("row"))
        .agg(pl.len().cast(pl.Int64).alias("customers"), pl.col("orders", "revenue", "priced").sum())
        .collect(engine="in-memory")
    )
    rows = pl.DataFrame({"row": range(1, len(_NAMES) + 1), "purchases": _NAMES}, schema_overrides={"row": pl.Int64})
    full = rows.join(found, on="row", how="left", maintain_order="left").with_columns(
        pl.col("customers", "orders", "revenue", "priced").fill_null(0)
    )
    orders, priced = int(full["orders"].sum()), int(full["priced"].sum())
    frame = _shown(full, priced=priced > 0)
    instant = instant_said(shop.as_of, shop.zone)
    return Figure(
        "order_shares",
        Words("Revenue by number of purchases", "按购买次数的销售额占比"),
        _definition(instant, length_said(length) if length else None),
        frame,
        {name: COLUMNS[name] for name in ("purchases", "customers", "orders", "revenue", "low", "high")}
        | {
            "revenue_share": Words("Share of revenue", "销售额占比"),
            "order_value": Words("Average order value", "客单价"),
            "customer_share": Words("Share of customers", "客户占比"),
        },
        _remarks(orders, orders - priced, full, instant),
        currency=shop.currency,
    )


def _shown(full: pl.DataFrame, *, priced: bool) -> pl.DataFrame:
    total = pl.col("revenue").sum()
    all_ = full.with_columns(pl.col("customers").sum().alias("all"))
    return (
        with_share(all_, "customers", "all")
        .with_columns(
            pl.when(total > 0).then(pl.col("revenue") / total).alias("revenue_share"),
            # Half up, in whole 1/10,000 units.
            Shop.paid(
                pl.when(pl.col("priced") > 0).then((2 * pl.col("revenue") + pl.col("priced")) // (2 * pl.col("priced")))
            ).alias("order_value"),
            Shop.paid(pl.when(priced).then("revenue")).alias("revenue"),
            pl.col("share").alias("customer_share"),
        )
        .select(
            "purchases", "customers", "orders", "revenue", "revenue_share", "order_value", "customer_share", "low",
            "high",
        )
    )  # fmt: skip


def _definition(instant: Words, length: Words | None) -> Words:
    which = (
        Words(f"up to {instant.en}", f"截至{instant.zh}的全部购买")
        if length is None
        else Words(f"in the {length.en} up to {instant.en}", f"截至{instant.zh}的最近{length.zh}内的购买")
    )
    return Words(
        f"Customers are put into rows by how many purchases they made {which.en}. `orders` and `revenue` are those "
        "purchases and what was paid for them, refunds not taken off; `order_value` is revenue by order. `5+` are five "
        "purchases and more. What cannot be divided, as nobody bought so often, is left blank. The interval is "
        "Wilson's, 95%, of the share of customers.",
        f"{which.zh}，按每位客户的购买次数分行。`orders` 与 `revenue` 为这些购买的笔数与支付金额（未扣退款），"
        "`order_value` 为每单金额。`5+` 为五次及以上。无人达到的次数留空。区间为客户占比的 95% 威尔逊区间。",
    )


def _remarks(orders: int, unpriced: int, full: pl.DataFrame, instant: Words) -> tuple[Remark, ...]:
    if not orders:
        words = Words(
            f"Nobody bought in the time looked at, up to {instant.en}.", f"截至{instant.zh}，所看时段内无人购买。"
        )
        return (Remark("R820", words),)
    told = without_amounts(orders, unpriced)
    if unpriced < orders and not int(full["revenue"].sum()) > 0:
        words = Words(
            "All purchases together cost nothing, so there are no shares of revenue.",
            "全部购买金额合计不大于零，因此没有销售额占比。",
        )
        told = (*told, Remark("R822", words))
    return told

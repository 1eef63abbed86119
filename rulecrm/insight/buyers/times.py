"""When customers buy: hours and weekdays of the zone.

In: a `Shop`. Out: `buying_times`.
Invariant: every purchase of the period is in one of the 168 cells.
"""

from __future__ import annotations

import polars as pl

from rulecrm.insight.asking import Length
from rulecrm.insight.buyers.reading import members, of_members, period, priced
from rulecrm.insight.buyers.wording import COLUMNS, lacking, nothing, weak
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shares import shared
from rulecrm.insight.shop import Shop

__all__ = ["buying_times"]

_CELLS = 7 * 24


def buying_times(shop: Shop, *, segment: str | None = None, within: Length = "1y") -> Figure:
    """How many purchases fall into each hour of each weekday, by the clock of the rules' zone.

    Args:
        shop: a shop.
        segment: a segment of customers; all where it is left out.
        within: how far back purchases count.

    Returns:
        168 rows: `weekday` (1 Monday to 7 Sunday), `hour` (0 to 23), `purchases`, `customers` (Int64), `share` (of the
        purchases), `revenue` (Decimal), `revenue_share`.

    Raises:
        RulesError: R120 an unknown segment; R800 `within` is no length of time.
    """
    stretch = period(shop, within)
    rows = shop.purchases().filter(stretch.rows()).select("customer", "at", "amount")
    rows = rows if segment is None else of_members(rows, members(shop, segment))
    local = pl.col("at").dt.convert_time_zone(shop.zone)
    counts = (
        rows.group_by(local.dt.weekday().cast(pl.Int64).alias("weekday"), local.dt.hour().cast(pl.Int64).alias("hour"))
        .agg(
            pl.len().cast(pl.Int64).alias("purchases"),
            pl.col("customer").n_unique().cast(pl.Int64).alias("customers"),
            pl.col("amount").sum(),
        )
    )  # fmt: skip
    cells = pl.DataFrame(
        [(weekday, hour) for weekday in range(1, 8) for hour in range(24)],
        schema={"weekday": pl.Int64, "hour": pl.Int64},
        orient="row",
    )
    all_cells = cells.join(counts, on=["weekday", "hour"], how="left", maintain_order="left").fill_null(0)
    amount = pl.col("amount") if priced(shop) else pl.lit(None, pl.Int64)
    total = int(rows.get_column("amount").sum() or 0)
    frame = all_cells.select(
        "weekday", "hour", "purchases", "customers",
        shared(pl.col("purchases"), pl.lit(rows.height)).alias("share"),
        Shop.paid(amount).alias("revenue"),
        shared(amount, pl.lit(total)).alias("revenue_share"),
    )  # fmt: skip
    origin = None if segment is None else shop.origin(segment)
    whom = Words("all customers", "全部客户") if segment is None else Words(f"the segment {segment}", f"人群 {segment}")
    return Figure(
        "buying_times",
        Words("Hours and weekdays of purchases", "购买时段（小时 × 星期）"),
        Words(
            f"Paid orders of {whom.en} in the last {stretch.last.en}, by the weekday and the hour of payment on the "
            f"clock of {shop.zone}. The share is that of all of these orders.",
            f"最近 {stretch.words.zh} 内{whom.zh}的付款订单，按 {shop.zone} 时区的付款星期与小时统计；占比为占全部上"
            "述订单之比。",
        ),
        frame,
        {
            **COLUMNS,
            "weekday": Words("Weekday, 1 is Monday", "星期（1 为周一）"),
            "hour": Words("Hour", "小时"),
            "share": Words("Share of purchases", "购买次数占比"),
        },
        tuple(_remarks(shop, rows)),
        () if origin is None else (origin,),
        shop.currency,
    )


def _remarks(shop: Shop, rows: pl.DataFrame) -> list[Remark]:
    if rows.is_empty():
        return [nothing(Words("nobody of them bought anything in that time", "该时段内没有人购买"))]
    found = [] if priced(shop) else [lacking(Words("revenue", "销售额"), "`amount` of `orders`")]
    if rows.height < _CELLS:
        said = Words(
            f"There are {rows.height} purchases for {_CELLS} cells: what one cell shows is chance.",
            f"仅有 {rows.height} 次购买，分布于 {_CELLS} 个格子，单个格子的数值多为偶然。",
        )
        found.append(weak(said))
    clock = rows.get_column("at").dt.convert_time_zone(shop.zone).dt.time()
    if rows.height > 1 and clock.n_unique() == 1:
        said = Words(
            "Every payment has the same time of day: the facts tell days, not hours.",
            "所有付款的时刻都相同：数据只有日期，没有时刻。",
        )
        found.append(weak(said))
    return found

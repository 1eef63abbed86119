"""Who stays: the cohorts of those who first bought in one period, and what they did in the periods after it.

In: a shop, a calendar unit. Out: a `Figure` with a row for each cohort and period.
Invariant: a cell whose period is not over at T is missing, never small.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from rulecrm.insight.asking import known
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.repurchase.spoken import COLUMNS, instant_said, nobody, without_amounts
from rulecrm.insight.shares import with_share
from rulecrm.insight.shop import Shop

__all__ = ["Unit", "cohorts"]

Unit = Literal["week", "month", "quarter"]

_EVERY = {"week": "1w", "month": "1mo", "quarter": "1q"}
_SAID = {"week": Words("week", "周"), "month": Words("month", "月"), "quarter": Words("quarter", "季度")}


def cohorts(shop: Shop, *, by: Unit = "month") -> Figure:
    """How many customers of each cohort, and how much of its revenue, there were in each period after it.

    Args:
        shop: a shop as of T.
        by: `week` (from Monday), `month` or `quarter` of the zone's calendar.

    Returns:
        `cohort` Date (first day of the period of the first purchase), `size` Int64 customers, `period` Int64 (0 is the
        cohort's own), `retained` Int64 customers who bought in that period, `share` Float64 of the size, `low` and
        `high` Float64 (Wilson, 95 %), `revenue` Decimal, `revenue_share` Float64 of the revenue of period 0. All but
        cohort, size and period are missing where the period is not over at T.

    Raises:
        RulesError: R120 another unit.
    """
    known(by, _EVERY, "unit of cohorts")
    priced = shop.purchases().get_column("amount").count() > 0
    cells = _grid(_cells(shop, by), shop, by)
    known_cells = cells.with_columns(_when_over("retained"), _when_over("revenue") if priced else pl.col("revenue"))
    first = pl.col("revenue").first().over("cohort")
    frame = (
        with_share(known_cells, "retained", "size")
        .with_columns(pl.when(first > 0).then(pl.col("revenue") / first).alias("revenue_share"))
        .with_columns(Shop.paid(pl.col("revenue")).alias("revenue"))
        .select("cohort", "size", "period", "retained", "share", "low", "high", "revenue", "revenue_share")
    )
    return Figure(
        "cohorts",
        Words(f"Retention by {_SAID[by].en} of first purchase", f"按首购{_SAID[by].zh}的留存"),
        _definition(shop, by),
        frame,
        {name: COLUMNS[name] for name in frame.columns if name in COLUMNS}
        | {"revenue_share": Words("Revenue against period 0", "相对首期的销售额")},
        _remarks(shop, by),
        currency=shop.currency,
    )


def _cells(shop: Shop, by: Unit) -> pl.DataFrame:
    """What was bought: `cohort`, `period`, `retained`, `revenue` (Int64; missing where none of them has an amount)."""
    began = pl.col("day").dt.truncate(_EVERY[by])
    rows = shop.purchases().lazy().select("code", "number", "amount", began.alias("began"))
    # Purchases are in order, so a customer's first one in a period is where the period changes.
    new = (pl.col("number") == 1) | (pl.col("began") != pl.col("began").shift())
    cohort = pl.when(pl.col("number") == 1).then("began").forward_fill()
    return (
        rows.with_columns(cohort.alias("cohort"), new.alias("new"))
        .group_by("cohort", "began")
        .agg(
            retained=pl.col("new").sum().cast(pl.Int64),
            revenue=pl.when(pl.col("amount").count() > 0).then(pl.col("amount").sum()),
        )
        .with_columns((_ordinal("began", by) - _ordinal("cohort", by)).alias("period"))
        .drop("began")
        .collect(engine="in-memory")
    )


def _grid(cells: pl.DataFrame, shop: Shop, by: Unit) -> pl.DataFrame:
    """Every cell up to the period of T, and whether it is `over`."""
    today = shop.today
    running = int(pl.select(pl.lit(today).alias("day")).select(_ordinal("day", by)).item())
    return (
        cells.filter(pl.col("period") == 0)
        .select("cohort", pl.col("retained").alias("size"))
        .sort("cohort")
        .with_columns(pl.int_ranges(0, running - _ordinal("cohort", by) + 1, dtype=pl.Int64).alias("period"))
        .explode("period", empty_as_null=False, keep_nulls=False)
        # At its last instant a period is not over; at the first one of the next it is.
        .with_columns((_ordinal("cohort", by) + pl.col("period") < running).alias("over"))
        .join(cells, on=["cohort", "period"], how="left", maintain_order="left")
    )


def _ordinal(day: str, by: Unit) -> pl.Expr:
    """A running number of the unit that holds a Date."""
    date = pl.col(day)
    match by:
        case "week":
            return (date.cast(pl.Int32).cast(pl.Int64) + 3) // 7
        case "month":
            return date.dt.year().cast(pl.Int64) * 12 + date.dt.month().cast(pl.Int64)
        case "quarter":
            return date.dt.year().cast(pl.Int64) * 4 + date.dt.quarter().cast(pl.Int64)


def _when_over(column: str) -> pl.Expr:
    """Nobody and nothing where nothing was bought; missing where the period is not over."""
    return pl.when("over").then(pl.col(column).fill_null(0)).alias(column)


def _definition(shop: Shop, by: Unit) -> Words:
    instant, unit = instant_said(shop.as_of, shop.zone), _SAID[by]
    monday = " (from Monday)" if by == "week" else ""
    return Words(
        f"As of {instant.en}. A cohort are the customers whose first purchase lies in one calendar {unit.en}{monday}. "
        f"`retained` is how many of them bought at least once in the {unit.en} that many {unit.en}s later, `share` "
        "that "
        f"of all of the cohort, with Wilson's interval, 95%. `revenue` is what the cohort paid in that {unit.en}, "
        f"refunds not taken off, and `revenue_share` that against what it paid in its first {unit.en}. A {unit.en} "
        "that "
        "is not over is left blank.",
        f"截至{instant.zh}。同期群为首购在同一自然{unit.zh}{'（周一起）' if by == 'week' else ''}的客户。"
        f"`retained` 为其中在其后第 N 个{unit.zh}至少购买一次的人数，`share` 为其占同期群的比例，附 95% 威尔逊区间。"
        f"`revenue` 为该{unit.zh}内的支付金额（未扣退款），`revenue_share` 为其与首{unit.zh}金额之比。"
        f"尚未结束的{unit.zh}留空。",
    )


def _remarks(shop: Shop, by: Unit) -> tuple[Remark, ...]:
    instant, bought = instant_said(shop.as_of, shop.zone), shop.purchases()
    if not bought.height:
        return (nobody(instant),)
    running = Words(
        f"The {_SAID[by].en} of {instant.en} is not over: its cells are blank, and the cohort that begins in it, where "
        "there is one, still grows.",
        f"{instant.zh}所在的{_SAID[by].zh}尚未结束：相应单元格留空，该期的新客数仍会增加。",
    )
    return (Remark("R824", running), *without_amounts(bought.height, bought.get_column("amount").null_count()))

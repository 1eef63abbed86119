"""Figures as an expert would write them in Polars by hand: the same questions, the same answers, nothing else.

In: the shop's frames, T. Out: frames with the columns that `insights` compares.
Invariant: nothing of rulecrm is used; definitions are those that the figures state.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from tests.benchmarks.shop import Shop

__all__ = ["cohorts", "order_shares", "pauses", "rfm_grid", "second_purchase"]

_ZONE = "Asia/Shanghai"


def _purchases(shop: Shop, as_of: dt.datetime) -> pl.LazyFrame:
    at = pl.col("paid_at")
    return (
        shop.orders.lazy()
        .filter(at <= as_of.astimezone(dt.UTC))
        .select("customer", at.alias("at"), (pl.col("amount") * 100).cast(pl.Int64).alias("cents"))
    )


def second_purchase(shop: Shop, as_of: dt.datetime) -> pl.DataFrame:
    """Who has had 45 days since the first purchase, and who of them came back in these."""
    now = as_of.astimezone(dt.UTC)
    two = _purchases(shop, as_of).group_by("customer").agg(pl.col("at").bottom_k(2).sort().alias("firsts"))
    firsts = two.select(
        first=pl.col("firsts").list.first(), second=pl.col("firsts").list.get(1, null_on_oob=True)
    ).with_columns(until=pl.col("first").dt.convert_time_zone(_ZONE).dt.offset_by("45d").dt.convert_time_zone("UTC"))
    over = firsts.filter(pl.col("until") <= now)
    return over.select(
        base=pl.len().cast(pl.Int64), repeated=(pl.col("second") <= pl.col("until")).sum().cast(pl.Int64)
    ).collect()


def cohorts(shop: Shop, as_of: dt.datetime) -> pl.DataFrame:
    """By month of first purchase and months since: how many bought."""
    month = pl.col("at").dt.convert_time_zone(_ZONE).dt.date().dt.truncate("1mo")
    active = _purchases(shop, as_of).select("customer", month.alias("month")).unique()
    number = pl.col("month").dt.year().cast(pl.Int64) * 12 + pl.col("month").dt.month()
    return (
        active.with_columns(cohort=pl.col("month").min().over("customer"))
        .with_columns(period=number - (pl.col("cohort").dt.year().cast(pl.Int64) * 12 + pl.col("cohort").dt.month()))
        .group_by("cohort", "period")
        .agg(retained=pl.len().cast(pl.Int64))
        .filter(pl.col("cohort").dt.offset_by(pl.format("{}mo", "period")) < as_of.date().replace(day=1))
        .sort("cohort", "period")
        .collect()
    )


def order_shares(shop: Shop, as_of: dt.datetime) -> pl.DataFrame:
    """Customers, orders and cents by number of purchases."""
    each = _purchases(shop, as_of).group_by("customer").agg(bought=pl.len(), cents=pl.col("cents").sum())
    return (
        each.group_by(purchases=pl.col("bought").clip(upper_bound=5))
        .agg(
            customers=pl.len().cast(pl.Int64), orders=pl.col("bought").sum().cast(pl.Int64), cents=pl.col("cents").sum()
        )
        .sort("purchases")
        .collect()
    )


def rfm_grid(shop: Shop, as_of: dt.datetime) -> pl.DataFrame:
    """Buyers of two years by fifths of recency and of frequency; equal figures have equal scores."""
    since = as_of.replace(year=as_of.year - 2).astimezone(dt.UTC)
    each = (
        _purchases(shop, as_of)
        .filter(pl.col("at") > since)
        .group_by("customer")
        .agg(last=pl.col("at").max(), bought=pl.len(), cents=pl.col("cents").sum())
    )

    def fifth(column: str) -> pl.Expr:
        below = pl.col(column).rank("min").cast(pl.Int64) - 1
        return below * 5 // pl.len() + 1

    return (
        each.with_columns(recency=fifth("last"), frequency=fifth("bought"))
        .group_by("recency", "frequency")
        .agg(
            customers=pl.len().cast(pl.Int64), orders=pl.col("bought").sum().cast(pl.Int64), cents=pl.col("cents").sum()
        )
        .sort("recency", "frequency")
        .collect()
    )


def pauses(shop: Shop, as_of: dt.datetime) -> pl.DataFrame:
    """Of each buyer, the whole days from the first purchase to the second, or to T, and whether it was the second."""
    now = pl.lit(as_of.astimezone(dt.UTC))
    two = _purchases(shop, as_of).group_by("customer").agg(pl.col("at").bottom_k(2).sort().alias("firsts"))
    first, second = pl.col("firsts").list.first(), pl.col("firsts").list.get(1, null_on_oob=True)
    # Shanghai has kept one offset since 1991: a day has 24 hours there. A pause of four days and an hour ends on day 5.
    day = 86_400_000_000
    seen = (now - first).dt.total_microseconds() // day
    took = -(-(second - first).dt.total_microseconds() // day)
    again = second.is_not_null() & (took <= seen)
    return two.select(lasted=pl.when(again).then(took).otherwise(seen), again=again).collect()

"""The fifty segments by hand, in Polars, as an expert would write them for speed.

In: the three frames of the shop (lazy, in memory or from Parquet), T. Out: customer → fifty Booleans.
Invariant: no query per segment. A source is read once, an aggregate is computed once, a filter that is narrow comes
before the grouping it feeds, and everything per customer is joined to the customers once.

Money is counted in cents (`amount` holds two decimals), so sums are exact. What is asked of the whole population
(means, quintiles) is taken from the joined frame.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
from attrs import frozen
from polars import col

from tests.benchmarks.expert_predicates import predicates
from tests.benchmarks.shop import CATEGORIES, Shop, ago, utc

__all__ = ["Sources", "answers", "in_order", "metrics"]

_DRESS, _COSMETICS = CATEGORIES.index("dress"), CATEGORIES.index("cosmetics")
_SHIFT = 51
"""Microseconds since 1970 fit in 51 bits until 2041: a count above them orders by count, then by time."""


@frozen
class Sources:
    """Where the rows come from, and whether each source is sorted by customer, then time (`paid_at`, `at`)."""

    customers: pl.LazyFrame
    orders: pl.LazyFrame
    events: pl.LazyFrame
    by_customer: bool = False

    @classmethod
    def of(cls, shop: Shop, *, by_customer: bool = False) -> Sources:
        """From frames in memory."""
        return cls(shop.customers.lazy(), shop.orders.lazy(), shop.events.lazy(), by_customer)

    @classmethod
    def read(cls, folder: Path) -> Sources:
        """From Parquet files: the columns in use, each file once, which beats scanning within the queries."""
        orders = ["customer", "placed_at", "paid_at", "refunded_at", "amount", "category"]
        return cls(
            pl.read_parquet(folder / "customers.parquet", columns=["customer"]).lazy(),
            pl.read_parquet(folder / "orders.parquet", columns=orders).lazy(),
            pl.read_parquet(folder / "events.parquet", columns=["customer", "kind", "at", "channel"]).lazy(),
        )


def answers(sources: Sources, as_of: dt.datetime) -> pl.DataFrame:
    """Customer and the fifty Booleans, in the order of the rules file."""
    known = metrics(sources, as_of)
    return known.select("customer", **predicates(known, as_of))


def metrics(sources: Sources, as_of: dt.datetime) -> pl.DataFrame:
    """Everything the fifty predicates look at, one row a customer; missing where there is nothing."""
    now = utc(as_of)
    purchases = (
        sources.orders.filter(col("paid_at") <= now)
        .select(
            "customer",
            at="paid_at",
            cents=col("amount").to_physical().cast(pl.Int64),
            category=col("category").to_physical(),
            refunded=(col("refunded_at") <= now).fill_null(value=False),
        )
        .collect()
        .lazy()
    )
    events = sources.events.filter(col("at") <= now).select("customer", "kind", "at", "channel")
    parts = [
        _totals(purchases, as_of),
        _quarter(purchases, as_of),
        _rhythm(purchases, sorted_already=sources.by_customer),
        _lately(events, as_of),
        _flag("favours_dress", _favours_dress(purchases)),
        _flag("placed_three", _placed_three(sources.orders, as_of)),
        _flag("unpaid", _unpaid(sources.orders, as_of)),
        _flag("never_opens", _never_open(events)),
        _flag("stopped_coming", _stopped_coming(events, as_of)),
        _flag("cart_left", _carts_left(events, sources.orders, as_of)),
        _flag("researcher", _researchers(events, sources.orders, as_of)),
        _sale(purchases),
    ]
    known = sources.customers.select("customer")
    # Grouping is fastest streamed and all at once, joins on keys that fit the memory are fastest not streamed.
    for part in pl.collect_all(parts):
        known = known.join(part.lazy(), on="customer", how="left")
    zeros = ("purchases", "in_30d", "in_90d", "cosmetics", "views")
    flags = (
        "favours_dress", "placed_three", "unpaid", "never_opens",
        "stopped_coming", "cart_left", "researcher", "mail_read",
    )  # fmt: skip
    return known.with_columns(col(*zeros).fill_null(0), col(*flags).fill_null(value=False)).collect(engine="in-memory")


def _flag(name: str, customers: pl.LazyFrame) -> pl.LazyFrame:
    """Only those for whom something holds are joined: the rest are the nulls of the left join."""
    return customers.select("customer", pl.lit(value=True).alias(name))


def _totals(purchases: pl.LazyFrame, as_of: dt.datetime) -> pl.LazyFrame:
    """What needs all purchases, in one pass."""
    year, two_years = ago(as_of, 365), ago(as_of, 730)
    eight_hours, day = 8 * 3_600_000_000, 86_400_000_000  # Shanghai has kept UTC+8 throughout
    this_year = col("at") > year
    return (
        purchases.with_columns(
            cents_365=pl.when(this_year).then("cents").otherwise(0),
            this_year=this_year,
            cents_ago=pl.when(col("at").is_between(two_years, year, closed="right")).then("cents").otherwise(0),
            is_ago=col("at").is_between(two_years, year, closed="right"),
            evening=(col("at").to_physical() + eight_hours) % day >= 18 * 3_600_000_000,
            bit=(2 ** col("category").cast(pl.UInt32)).cast(pl.UInt32),
        )
        .group_by("customer")
        .agg(
            purchases=pl.len(),
            first_at=col("at").min(),
            last_at=col("at").max(),
            spent=col("cents").sum(),
            dearest=col("cents").max(),
            any_365=col("this_year").any(),
            spent_365=col("cents_365").sum(),
            any_ago=col("is_ago").any(),
            spent_ago=col("cents_ago").sum(),
            refunded=col("refunded").sum(),
            evenings=col("evening").sum(),
            categories=col("bit").bitwise_or(),
        )
    )


def _quarter(purchases: pl.LazyFrame, as_of: dt.datetime) -> pl.LazyFrame:
    """What needs the last 90 days alone."""
    month = col("at") > ago(as_of, 30)
    return (
        purchases.filter(col("at") > ago(as_of, 90))
        .group_by("customer")
        .agg(
            in_90d=pl.len(),
            spent_90=col("cents").sum(),
            in_30d=month.sum(),
            spent_30=pl.when(month).then("cents").sum(),
            cosmetics=(col("category") == _COSMETICS).sum(),
        )
    )


def _rhythm(purchases: pl.LazyFrame, *, sorted_already: bool) -> pl.LazyFrame:
    """The gap to the second purchase and the median gap, of those who bought twice."""
    rows = purchases.select("customer", "at")
    if not sorted_already:
        rows = in_order(rows)
    return (
        rows.with_columns(
            gap=(col("at") - col("at").shift(1)).to_physical(),
            again=col("customer") == col("customer").shift(1),
            second=(col("customer") != col("customer").shift(2)).fill_null(value=True),
        )
        .filter("again")
        .group_by("customer")
        .agg(
            median_gap=col("gap").median().round(0, mode="half_to_even").cast(pl.Int64),
            second_gap=pl.when("second").then("gap").max(),
        )
    )


def _favours_dress(purchases: pl.LazyFrame) -> pl.LazyFrame:
    """Those who bought dresses most often, or as often as anything else and last: only theirs need be counted."""
    weight = pl.len().cast(pl.Int64) * 2**_SHIFT + col("at").max().to_physical()
    dresses = purchases.filter(col("category") == _DRESS).group_by("customer").agg(dress=weight)
    others = (
        purchases.filter(col("category") != _DRESS)
        .select("customer", "category", "at")
        .join(dresses, on="customer", how="semi")
        .group_by("customer", "category")
        .agg(weight=weight)
        .group_by("customer")
        .agg(other=col("weight").max())
    )
    return dresses.join(others, on="customer", how="left").filter((col("dress") > col("other")).fill_null(value=True))


def _sale(purchases: pl.LazyFrame) -> pl.LazyFrame:
    """The first purchase of the sale day that was large enough; it counts where it is the first of all."""
    start = dt.datetime(2024, 11, 10, 16, tzinfo=dt.UTC)
    large = (col("at") >= start) & (col("at") < start + dt.timedelta(days=1)) & (col("cents") >= 299_00)
    return purchases.filter(large).group_by("customer").agg(sale_at=col("at").min())


def _placed_three(orders: pl.LazyFrame, as_of: dt.datetime) -> pl.LazyFrame:
    return orders.filter(col("placed_at") <= utc(as_of)).group_by("customer").len().filter(col("len") >= 3)


def _unpaid(orders: pl.LazyFrame, as_of: dt.datetime) -> pl.LazyFrame:
    now = utc(as_of)
    recent = col("placed_at").is_between(now - dt.timedelta(hours=24), now - dt.timedelta(hours=1))
    late = col("paid_at").is_null() | (col("paid_at") > now)
    return orders.filter(recent & late).select("customer").unique()


def _never_open(events: pl.LazyFrame) -> pl.LazyFrame:
    written_to = events.filter(col("kind") == "message").group_by("customer").len().filter(col("len") >= 3)
    return written_to.join(events.filter(col("kind") == "open"), on="customer", how="anti")


def _stopped_coming(events: pl.LazyFrame, as_of: dt.datetime) -> pl.LazyFrame:
    visits = events.filter(col("kind") == "visit").group_by("customer").agg(last=col("at").max())
    return visits.filter(col("last") < ago(as_of, 180))


def _lately(events: pl.LazyFrame, as_of: dt.datetime) -> pl.LazyFrame:
    """Views of 30 days, mails opened in 10."""
    view = (col("kind") == "view") & (col("at") > ago(as_of, 30))
    mail = (col("kind") == "open") & (col("channel") == "email") & (col("at") > ago(as_of, 10))
    return events.filter(view | mail).group_by("customer").agg(views=view.sum(), mail_read=mail.any())


def _carts_left(events: pl.LazyFrame, orders: pl.LazyFrame, as_of: dt.datetime) -> pl.LazyFrame:
    """A cart of the last three days that no order followed within 24 hours, which have passed."""
    now, day = utc(as_of), dt.timedelta(hours=24)
    start = ago(as_of, 3)
    carts = events.filter(col("kind") == "cart", col("at") > start, col("at") <= now - day).select("customer", "at")
    orders = orders.filter(col("placed_at") > start, col("placed_at") <= now).select("customer", "placed_at")
    followed = (
        carts.join(orders, on="customer")
        .filter(col("placed_at") > col("at"), col("placed_at") <= col("at") + day)
        .select("customer", "at")
    )
    left = carts.join(followed, on=["customer", "at"], how="anti")
    return left.select("customer").unique()


def _researchers(events: pl.LazyFrame, orders: pl.LazyFrame, as_of: dt.datetime) -> pl.LazyFrame:
    """Three views within 7 days, then the last inquiry, and no order since; from the rarer event to the commoner."""
    start = ago(as_of, 90)
    recent = events.filter(col("at") > start)
    inquiries = recent.filter(col("kind") == "inquiry").group_by("customer").agg(asked=col("at").max())
    orders = orders.filter(col("placed_at") > start, col("placed_at") <= utc(as_of)).select("customer", "placed_at")
    answered = inquiries.join(orders, on="customer").filter(col("placed_at") > col("asked"))
    views = (
        recent.filter(col("kind") == "view")
        .join(inquiries.join(answered, on="customer", how="anti"), on="customer")
        .filter(col("at") < col("asked"))
        .select("customer", "at")
        .sort("customer", "at")
    )
    third = (col("customer") == col("customer").shift(2)) & (col("at") - col("at").shift(2) <= dt.timedelta(days=7))
    return views.filter(third).select("customer").unique()


def in_order(rows: pl.LazyFrame) -> pl.LazyFrame:
    """`customer` and `at`, sorted by both: one wide integer sorts several times faster than two columns do."""
    if not rows.collect_schema()["customer"].is_integer():
        return rows.sort("customer", "at")
    key, low = col("key"), 2**64
    return (
        rows.select(key=col("customer").cast(pl.Int128) * low + col("at").to_physical())
        .sort("key")
        .select(customer=(key // low).cast(pl.Int64), at=(key % low).cast(pl.Int64).cast(pl.Datetime("us", "UTC")))
    )

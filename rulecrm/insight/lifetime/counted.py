"""Customers as the models of repeat purchases see them: how often, when last, for how long.

In: purchases of a shop. Out: `Counted`, one entry a customer; `Collapsed`, one a distinct history.
Invariant: 0 <= recency <= age, recency 0 exactly where there is no repeat; nothing is a float before it must be.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from attrs import frozen
from numpy.typing import NDArray

from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.shop import Shop
from rulecrm.model.types import MONEY_SCALE

__all__ = ["WEEK", "Collapsed", "Counted", "collapse", "count_customers", "local_day", "purchase_days"]

Ints = NDArray[np.int64]

WEEK = 7.0
"""Days of the unit in which time enters the models, as in the papers."""


@frozen(eq=False)
class Counted:
    """Every customer who bought up to T, in the order of their keys.

    Attributes:
        customer: keys.
        repeats: Int64, days with a purchase after the first such day (x).
        recency: Int64, days from the first to the last day with a purchase (t_x).
        age: Int64, days from the first day with a purchase to the day of T (T).
        paid: Float64, what was paid on the repeat days in all, in the reporting currency; NaN where it is not known.
        first_paid: Float64, what was paid on the first day; NaN likewise.
        orders: how many purchases the repeat days hold, all customers together.
        priced: whether the facts have amounts.
    """

    customer: pl.Series
    repeats: Ints
    recency: Ints
    age: Ints
    paid: Floats
    first_paid: Floats
    orders: int
    priced: bool

    @property
    def size(self) -> int:
        """How many customers."""
        return len(self.repeats)

    @property
    def average(self) -> Floats:
        """What a repeat day brought on average; NaN where there is none, or its amounts are not known."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.repeats > 0, self.paid / self.repeats, np.nan)

    @property
    def priced_repeats(self) -> Floats:
        """Repeats whose amounts are known: the repeats, or none; of the others the models have learnt nothing."""
        return np.where(np.isnan(self.average), 0.0, self.repeats)

    @property
    def orders_a_day(self) -> float:
        """Purchases of a repeat day with any; 1 where there is no repeat day."""
        days = int(self.repeats.sum())
        return self.orders / days if days else 1.0


@frozen(eq=False)
class Collapsed:
    """Distinct histories (x, t_x, T), each with the number of customers who have it.

    Attributes:
        repeats, recency, age: Int64, in days.
        weight: Int64, customers.
        place: Int64 of each customer, its history.
    """

    repeats: Ints
    recency: Ints
    age: Ints
    weight: Ints
    place: Ints


def local_day(shop: Shop) -> dt.date:
    """The day of T in the zone of the rules."""
    return shop.as_of.astimezone(ZoneInfo(shop.zone)).date()


def purchase_days(shop: Shop) -> pl.DataFrame:
    """A row for each customer and day with a purchase, in the order of time within a customer.

    Returns:
        `customer`, `code` (of the customer), `day` Date, `orders` UInt32 and `amount` Int64 in 1/10,000 units, missing
        where an amount of the day is.
    """
    known = pl.when(pl.col("amount").is_not_null().all()).then(pl.col("amount").sum())
    return (
        shop.purchases()
        .group_by("code", "day", maintain_order=True)
        .agg(pl.col("customer").first(), pl.len().alias("orders"), known.alias("amount"))
        .select("customer", "code", "day", "orders", "amount")
    )


def count_customers(shop: Shop) -> Counted:
    """Every customer who bought up to T."""
    today = local_day(shop)
    first = pl.col("day") == pl.col("day").min().over("code")
    days = purchase_days(shop).with_columns(first.alias("first"))
    later, begun = pl.col("amount").filter(~pl.col("first")), pl.col("amount").filter(pl.col("first")).first()
    table = (
        days.group_by("code", maintain_order=True)
        .agg(
            pl.col("customer").first(),
            (pl.len().cast(pl.Int64) - 1).alias("repeats"),
            (pl.col("day").max() - pl.col("day").min()).dt.total_days().alias("recency"),
            (pl.lit(today) - pl.col("day").min()).dt.total_days().alias("age"),
            pl.when(later.is_not_null().all()).then(later.sum()).alias("paid"),
            begun.alias("first_paid"),
            pl.col("orders").filter(~pl.col("first")).sum().cast(pl.Int64).alias("orders"),
        )
        .sort("code")
    )
    units = 10.0**MONEY_SCALE
    return Counted(
        table["customer"],
        table["repeats"].to_numpy(),
        table["recency"].to_numpy(),
        table["age"].to_numpy(),
        table["paid"].cast(pl.Float64).fill_null(float("nan")).to_numpy() / units,
        table["first_paid"].cast(pl.Float64).fill_null(float("nan")).to_numpy() / units,
        int(table["orders"].sum()),
        shop.has("purchase", "amount"),
    )


def collapse(counted: Counted) -> Collapsed:
    """The distinct histories."""
    table = pl.DataFrame({"x": counted.repeats, "t": counted.recency, "age": counted.age}).with_row_index("row")
    groups = table.group_by("x", "t", "age").agg(pl.len().alias("weight"), "row").sort("x", "t", "age")
    place = np.empty(counted.size, np.int64)
    rows = groups.with_row_index("place").select("place", "row").explode("row", empty_as_null=False)
    place[rows["row"].to_numpy()] = rows["place"].cast(pl.Int64).to_numpy()
    return Collapsed(
        groups["x"].to_numpy(),
        groups["t"].to_numpy(),
        groups["age"].to_numpy(),
        groups["weight"].cast(pl.Int64).to_numpy(),
        place,
    )

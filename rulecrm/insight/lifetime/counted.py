"""Customers as the models of repeat purchases see them: how often, when last, for how long.

In: purchases of a shop. Out: `Counted`, one entry a customer; `Collapsed`, one a distinct history.
Invariant: 0 <= recency <= age, recency 0 exactly where there is no repeat; nothing is a float before it must be.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from attrs import frozen
from numpy.typing import NDArray

from rulecrm.insight.lifetime.fitting import Floats
from rulecrm.insight.shop import Shop
from rulecrm.model.types import MONEY_SCALE

__all__ = ["WEEK", "Collapsed", "Counted", "Days", "collapse", "count_customers", "purchase_days"]

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


@frozen(eq=False)
class Days:
    """A row for each customer and day with a purchase, by customer and in the order of time.

    Attributes:
        code: of the customer, 0, 1, ….
        day: days since 1970-01-01 in the zone of the rules.
        orders: purchases of the day.
        amount: Int64 in 1/10,000 units.
        unknown: purchases of the day whose amount is not known.
        start: the row in `shop.purchases()` that begins the day.
    """

    code: Ints
    day: Ints
    orders: Ints
    amount: Ints
    unknown: Ints
    start: Ints


def purchase_days(shop: Shop) -> Days:
    """Days with a purchase; purchases of one day and customer lie beside each other already."""
    rows = shop.purchases().select(
        pl.col("code").cast(pl.Int64),
        pl.col("day").to_physical().cast(pl.Int64),
        pl.col("amount").fill_null(0),
        pl.col("amount").is_null().cast(pl.Int64).alias("unknown"),
    )
    code, day = rows["code"].to_numpy(), rows["day"].to_numpy()
    start = _starts(code, day)
    return Days(
        code[start],
        day[start],
        np.diff(np.append(start, len(code))),
        _sums(rows["amount"].to_numpy(), start),
        _sums(rows["unknown"].to_numpy(), start),
        start,
    )


def _starts(*columns: Ints) -> Ints:
    """Rows that differ from the row before in any column."""
    size = len(columns[0])
    fresh = np.zeros(max(size - 1, 0), np.bool_)
    for column in columns:
        fresh |= column[1:] != column[:-1]
    return np.flatnonzero(np.concatenate([np.ones(min(size, 1), np.bool_), fresh]))


def _sums(values: Ints, start: Ints) -> Ints:
    """Of the rows from each start to the next."""
    return np.add.reduceat(values, start) if len(start) else np.empty(0, np.int64)


def count_customers(shop: Shop) -> Counted:
    """Every customer who bought up to T."""
    today = (shop.today - dt.date(1970, 1, 1)).days
    days = purchase_days(shop)
    first = _starts(days.code)
    count = np.diff(np.append(first, len(days.code)))
    born, last = days.day[first], days.day[first + count - 1]
    unknown = _sums(days.unknown, first) - days.unknown[first]
    later = _sums(days.amount, first) - days.amount[first]
    units = 10.0**MONEY_SCALE
    return Counted(
        shop.purchases().get_column("customer").gather(days.start[first]),
        count - 1,
        last - born,
        today - born,
        np.where(unknown == 0, later / units, np.nan),
        np.where(days.unknown[first] == 0, days.amount[first] / units, np.nan),
        int(days.orders.sum() - days.orders[first].sum()),
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

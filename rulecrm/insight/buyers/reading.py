"""What the figures about buyers read, and the sums that they share.

In: a `Shop`. Out: frames of rows in a period, members of a segment, expressions for shares, intervals and mean amounts.
Invariant: a sum of money stays a whole number of 1/10,000 units until it is shown.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

import polars as pl
from attrs import frozen
from polars import selectors

from rulecrm.insight.asking import Length, duration_of, known
from rulecrm.insight.buyers.wording import length
from rulecrm.insight.figure import Words
from rulecrm.insight.shop import Shop
from rulecrm.model.durations import Duration

__all__ = [
    "INSTANT", "Period", "followed", "instant", "known_sum", "members", "of_members", "per", "period",
    "priced", "segment_of", "worded",
]  # fmt: skip

INSTANT = pl.Datetime("us", "UTC")

Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)


@frozen
class Period:
    """A stretch of time that ends at T: (start, T].

    Attributes:
        start: instant, in UTC, that is left out.
        length: as asked.
        words: the length in words.
    """

    start: dt.datetime
    length: Duration
    words: Words

    @property
    def last(self) -> Words:
        """What stands behind `the last`: `year`, `45 days`."""
        return Words(self.words.en.removeprefix("1 "), self.words.zh)

    def rows(self) -> pl.Expr:
        """Whether `at` lies in it, of rows up to T."""
        return pl.col("at") > instant(self.start)


def period(shop: Shop, within: Length) -> Period:
    """The last `within` up to T, on the calendar of the zone.

    Raises:
        RulesError: R800 it is no length of time.
    """
    duration = duration_of(within)
    return Period(shop.before(duration), duration, length(duration))


def instant(at: dt.datetime) -> pl.Expr:
    """An instant as a literal."""
    return pl.lit(at).cast(INSTANT)


def priced(shop: Shop, kind: str = "purchase") -> bool:
    """Whether the rows of a kind have amounts."""
    return shop.has(kind, "amount")


def segment_of(shop: Shop, name: str) -> str:
    """The name of a segment of customers.

    Raises:
        RulesError: R120 no segment of customers is called so.
    """
    definitions = shop.rules.program.definitions
    return known(
        name, [one.symbol for one in definitions if one.form == "segment" and one.subject == "customer"], "segment"
    )


def members(shop: Shop, segment: str) -> pl.DataFrame:
    """Keys of the customers in a segment as of T: one column, `customer`.

    Raises:
        RulesError: R120 no segment of customers is called so.
    """
    return shop.result([segment_of(shop, segment)]).segment(segment)


def of_members(rows: pl.DataFrame, who: pl.DataFrame) -> pl.DataFrame:
    """The rows of some customers."""
    return rows.join(who.select(pl.col("customer").cast(rows.schema["customer"])), on="customer", how="semi")


def worded(rows: Rows) -> Rows:
    """Rows whose keys, where they are categories in one frame and text in another, can meet."""
    return rows.with_columns((selectors.categorical() | selectors.enum()).cast(pl.String))


def followed(rows: pl.DataFrame, by: pl.DataFrame, within: Duration, shop: Shop) -> pl.DataFrame:
    """Rows, and the first later instant at which something followed.

    Args:
        rows: `customer` and `at`.
        by: what may follow: `customer` and `at`.
        within: up to how long after; later is not following.
        shop: whose zone days are counted in.

    Returns:
        The rows in the order of time, and `next` Datetime in UTC: later than `at`, at most `within` after it; missing
        where nothing followed.
    """
    later = worded(by.select("customer", "at", pl.col("at").alias("next"))).sort("at")
    found = (
        worded(rows)
        .sort("at")
        .join_asof(later, on="at", by="customer", strategy="forward", allow_exact_matches=False, check_sortedness=False)
    )
    in_time = pl.col("next") <= shop.shifted(pl.col("at"), within)
    return found.with_columns(pl.when(in_time).then("next").alias("next"))


# --- sums ---------------------------------------------------------------------------------------------------------


def known_sum(name: str) -> pl.Expr:
    """A sum; missing, not 0, of nothing that is known."""
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)


def per(amount: pl.Expr, count: pl.Expr) -> pl.Expr:
    """Money for each (Decimal): whole units over a count, halves to even; missing over none."""
    amount, count = amount.cast(pl.Int64), pl.when(count > 0).then(count.cast(pl.Int64))
    below = amount // count
    rest = 2 * (amount - below * count)
    up = (rest > count) | ((rest == count) & (below % 2 != 0))
    return Shop.paid(below + up.cast(pl.Int64))

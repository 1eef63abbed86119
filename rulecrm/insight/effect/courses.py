"""What customers did, in the order of time, asked about stretches of time.

In: rows of customers with instants and values. Out: how many rows, and what they come to, in (after, until].
Invariant: amounts are whole units throughout; no sum is a float.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.course import search

__all__ = ["Course"]


@frozen(eq=False)
class Course:
    """Rows by customer, and of each customer in the order of time.

    Attributes:
        at: microseconds since 1970-01-01 UTC.
        offsets: where the rows of customer 0, 1, … begin; one more at the end.
        running: what all rows before each come to; one more at the end.
    """

    at: Ints
    offsets: Ints
    running: Ints

    @classmethod
    def of(cls, rows: pl.LazyFrame | pl.DataFrame, customers: pl.DataFrame) -> Course:
        """The rows of some customers.

        Args:
            rows: `customer`, `at` Datetime in UTC, `value` Int64; customers that are not asked about are left out.
            customers: `customer` String and `code`, 0, 1, … in order.
        """
        keyed = rows.lazy().with_columns(pl.col("customer").cast(pl.String))
        mine = keyed.join(customers.lazy(), on="customer").select("code", pl.col("at").cast(pl.Int64), "value")
        ordered = mine.collect(engine="in-memory").sort("code", "at")
        codes = ordered.get_column("code").to_numpy()
        offsets = np.searchsorted(codes, np.arange(customers.height + 1))
        # A sum that wraps round is still right in what two of them differ by.
        running = np.concatenate([[0], np.cumsum(ordered.get_column("value").fill_null(0).to_numpy())])
        return cls(ordered.get_column("at").to_numpy(), offsets, running.astype(np.int64))

    def within(self, codes: Ints, after: Ints, until: Ints) -> tuple[Ints, Ints]:
        """For each customer the number of rows in (after, until], and what their values come to."""
        first = search(self.offsets, self.at, codes, after)
        last = search(self.offsets, self.at, codes, until)
        return last - first, self.running[last] - self.running[first]

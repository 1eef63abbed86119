"""Lines: which journeys know of one another, and who may enter again.

In: customers and values of a field. Out: numbers of lines; when a line is free.
Invariant: journeys are of one line exactly if they are of one customer and, where the rule names a field, agree in it.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.model.machine import Reentry
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.register import NEVER

__all__ = ["Lines", "Rule"]


@frozen
class Rule:
    """The rule for entering again, by the calendar of a zone."""

    reentry: Reentry
    zone: str

    @property
    def once(self) -> bool:
        """Whether nobody enters twice."""
        return self.reentry.how == "never"

    def free_again(self, entered: Ints, ended: Ints) -> Ints:
        """From when on a line may be entered again after journeys; NEVER where it may not."""
        if self.once:
            return np.full(len(entered), NEVER)
        if self.reentry.after is None:
            return ended
        return np.maximum(ended, calendar.later(entered, self.reentry.after, self.zone))


class Lines:
    """Numbers for lines: the customer's code where there is no value, and numbers beyond all codes where there is."""

    def __init__(self, customers: int, code: Ints, line: pl.Series) -> None:
        self._customers = customers
        self._words = (
            pl.DataFrame({"code": pl.Series(code).cast(pl.Int64), "line": line})
            .drop_nulls()
            .unique()
            .sort("code", "line")
            .with_row_index("number", customers)
        )

    def __len__(self) -> int:
        return self._customers + len(self._words)

    def of(self, code: Ints, line: pl.Series) -> Ints:
        """The number of each line; −1 for one that was never heard of."""
        if line.null_count() == len(line):
            return code.astype(np.int64)
        frame = pl.DataFrame({"code": pl.Series(code).cast(pl.Int64), "line": line})
        found = frame.join(self._words, on=["code", "line"], how="left", maintain_order="left")
        number = pl.when(pl.col("line").is_null()).then("code").otherwise("number").cast(pl.Int64).fill_null(-1)
        lines: Ints = found.select(number).to_series().to_numpy()
        return lines

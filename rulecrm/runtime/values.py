"""Values: a column with one value a point, or one value for all points.

In: nothing. Out: the types that the engine hands about.
Invariant: values are physical (`model.types`).
"""

from __future__ import annotations

import polars as pl
from attrs import frozen

__all__ = ["Fixed", "Value"]


@frozen(eq=False)
class Fixed:
    """One value for all points; None where it is missing."""

    value: object
    dtype: pl.DataType

    def expr(self) -> pl.Expr:
        """As an expression."""
        return pl.lit(self.value, dtype=self.dtype)


Value = pl.Series | Fixed
"""The value of an expression at points."""

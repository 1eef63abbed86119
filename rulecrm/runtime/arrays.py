"""Names for the arrays that the kernels pass around.

In: nothing. Out: type aliases, and the steps between NumPy arrays and Polars columns.
Invariant: a column without missing values is shared with its array, not copied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["Array", "Bools", "Floats", "Ints", "expand", "masked", "split"]

Ints = npt.NDArray[np.signedinteger[Any]]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]


def split(column: pl.Series) -> tuple[Array, Bools | None]:
    """The values of a numeric or Boolean column, and where they are present (None: everywhere).

    Where a value is missing the array holds 0.
    """
    if column.null_count() == 0:
        return column.to_numpy(), None
    present = column.is_not_null().to_numpy()
    zero = False if column.dtype == pl.Boolean else 0
    return column.fill_null(zero).to_numpy(), present


def masked(values: Array, present: Bools | None) -> pl.Series:
    """A column of these values, missing where `present` is false."""
    column = pl.Series(values)
    if present is None or present.all():
        return column
    return column.zip_with(pl.Series(present), pl.Series([None], dtype=column.dtype))


def expand(lower: Ints, upper: Ints) -> tuple[Ints, Ints]:
    """Every position of every stretch [lower, upper): (which stretch, position), in order."""
    # Mostly few stretches have rows at all, and only they are written out.
    filled = np.flatnonzero(upper > lower)
    begins = lower[filled].astype(np.int64)
    lengths = upper[filled] - begins
    starts = np.cumsum(lengths) - lengths
    which = np.repeat(filled, lengths)
    positions = np.repeat(begins - starts, lengths)
    positions += np.arange(len(positions))
    return which, positions

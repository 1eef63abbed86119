"""The largest sums and products that fit.

In: integers about to be added or multiplied. Out: whether they may be too large, and the error for those that are.
Invariant: a number that does not fit is refused; it never wraps round to another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.runtime.arrays import Array

__all__ = ["LARGEST", "furthest", "is_large", "refusing", "too_large"]

LARGEST = float(2**63)
"""The first number past an Int64. An amount of money is a ten-thousandth of that many units."""


def is_large(values: Array) -> bool:
    """Whether some sum of these values might not fit."""
    if not len(values) or max(-float(values.min()), float(values.max())) * len(values) < LARGEST / 2:
        return False
    return float(np.abs(values.astype(np.float64)).sum()) >= LARGEST / 2


def furthest(column: pl.Series) -> int | None:
    """How far from 0 the whole numbers of a column are at most; None for a column of anything else."""
    if not column.dtype.is_integer():
        return None
    least, most = column.min(), column.max()
    if least is None or most is None:
        return 0
    assert isinstance(least, int)
    assert isinstance(most, int)
    return max(-least, most)


def too_large() -> RulesError:
    """The error for a sum or product that does not fit."""
    message = "a sum or product is too large: amounts go up to 922 million million units, whole numbers to 9.2e18"
    return RulesError([Diagnostic("R442", message)])


@contextmanager
def refusing() -> Iterator[None]:
    """Within this a product that does not fit its column raises `too_large`."""
    try:
        yield
    except pl.exceptions.InvalidOperationError as error:
        if "i128" in str(error):
            raise too_large() from None
        raise

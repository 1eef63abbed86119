"""Exact division of integers, halves to the even neighbour.

In: Int64 or Int128 columns, or arrays. Out: the same.
Invariant: the result is the integer nearest to the exact quotient; never through a float.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl

from rulecrm.runtime.arrays import Ints

__all__ = ["divide", "divide_arrays", "scale"]


def divide(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Numerator / denominator as Int64, missing where the denominator is 0."""
    wide = numerator.cast(pl.Int128)
    below = denominator.cast(pl.Int128)
    sign = pl.when(below < 0).then(-1).otherwise(1).cast(pl.Int128)
    top, bottom = wide * sign, below * sign
    safe = pl.when(bottom == 0).then(None).otherwise(bottom)
    quotient = top // safe
    twice = (top - quotient * safe) * 2
    up = (twice > safe) | ((twice == safe) & (quotient % 2 == 1))
    return (quotient + up.cast(pl.Int128)).cast(pl.Int64)


def scale(column: pl.Expr, by: Fraction) -> pl.Expr:
    """Column × an exact constant, as Int64."""
    if by.denominator == 1:
        return (column.cast(pl.Int128) * by.numerator).cast(pl.Int64)
    return divide(column.cast(pl.Int128) * by.numerator, pl.lit(by.denominator))


def divide_arrays(numerator: Ints, denominator: Ints) -> Ints:
    """Numerator / denominator for positive denominators."""
    quotient = _floor(numerator, denominator)
    twice = (numerator - quotient * denominator) * 2
    up = (twice > denominator) | ((twice == denominator) & (quotient % 2 == 1))
    result: Ints = quotient + up.astype(np.int64)
    return result


def _floor(numerator: Ints, denominator: Ints) -> Ints:
    """The quotient rounded down.

    Processors divide floats several times faster than integers: below 2**53 the float quotient is at most one off, and
    the remainder tells which way.
    """
    if not len(numerator) or max(-int(numerator.min()), int(numerator.max())) >= 2**53:
        exact: Ints = numerator // denominator
        return exact
    guess = np.floor(numerator / denominator).astype(np.int64)
    rest = numerator - guess * denominator
    guess -= rest < 0
    guess += rest >= denominator
    return guess

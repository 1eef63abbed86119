"""Operands: columns of numbers that are compared with constants.

In: a column, and everything it is going to be compared with. Out: `Operand`, which compares.
Invariant: a comparison with a missing value is false; the answer has no missing values.

A column that is compared with many constants is replaced by its place among them: a comparison then reads one byte or
two a value, where a number has eight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.runtime.arrays import split
from rulecrm.runtime.cuts import Number, above, reached

__all__ = ["Number", "Operand", "compare", "make_operand"]

_MANY = 32
"""Comparisons of one column from which on its place among the constants is worked out first."""
_MOST = 60_000
_BITS: Mapping[pl.DataType, int] = {pl.Int8(): 7, pl.Int16(): 15, pl.Int32(): 31, pl.Int64(): 63}


def compare(op: str, column: pl.Series, constant: Number) -> pl.Series:
    """`column op constant`, missing where the column is."""
    match op:
        case "ge":
            return column >= constant
        case "gt":
            return column > constant
        case "lt":
            return column < constant
        case "le":
            return column <= constant
        case "eq":
            return column == constant
    assert op == "ne", op
    return column != constant


@frozen(eq=False)
class _Numbers:
    """A column of numbers, and where it has them (None: everywhere)."""

    column: pl.Series
    present: pl.Series | None
    limit: Number
    """Integers from −`limit` up to it, exclusively, are of the column's dtype."""

    def compare(self, op: str, constant: Number) -> pl.Series | None:
        """Where `value op constant` holds; None where the column's dtype has no room for the constant."""
        if not -self.limit <= constant < self.limit:
            return None
        found = compare(op, self.column, constant)
        # Missing and false is false, so nothing missing is left.
        return found if self.present is None else found & self.present


@frozen(eq=False)
class _Places:
    """The places of a column's values among constants: how many of them each reaches.

    Missing values lie below all constants in `low` and above them in `high`.
    """

    low: pl.Series
    high: pl.Series
    present: pl.Series | None
    places: Mapping[Number, pl.Series]

    def compare(self, op: str, constant: Number) -> pl.Series | None:
        """Where `value op constant` holds, for a constant announced with this operator."""
        match op:
            case "ge":
                return self.low >= self.places[constant]
            case "gt":
                return self.low >= self.places[above(constant)]
            case "lt":
                return self.high < self.places[constant]
            case "le":
                return self.high < self.places[above(constant)]
            case "eq":
                return self.low == self.places[constant]
        differs = self.low != self.places[constant]
        return differs if self.present is None else differs & self.present


Operand = _Numbers | _Places
"""Compares a column with constants."""


def make_operand(column: pl.Series, compared: Sequence[tuple[str, Number]]) -> Operand | None:
    """A column made ready for these comparisons (operator, constant); None for one that is not of numbers."""
    if column.dtype.is_unsigned_integer():
        column = column.cast(pl.Int64)
    bits = _BITS.get(column.dtype)
    if bits is None and column.dtype != pl.Float64:
        return None
    if len(compared) >= _MANY:
        places = _place(column, compared)
        if places is not None:
            return places
    present = column.is_not_null() if column.null_count() else None
    return _Numbers(column, present, math.inf if bits is None else 2**bits)


def _place(column: pl.Series, compared: Sequence[tuple[str, Number]]) -> _Places | None:
    whole = column.dtype.is_integer()
    cuts: set[Number] = set()
    for op, constant in compared:
        if isinstance(constant, float) is whole or not math.isfinite(constant):
            return None
        if op not in ("gt", "le"):
            cuts.add(constant)
        if op not in ("ge", "lt"):
            cuts.add(above(constant))
    ordered = sorted(cuts)
    if len(ordered) > _MOST or (whole and not -(2**63) <= ordered[0] <= ordered[-1] < 2**63):
        return None
    values, present = split(column)
    found = pl.Series(reached(values, np.array(ordered, np.int64 if whole else np.float64)))
    wide = found.dtype == pl.UInt16
    places = {cut: _literal(place, wide=wide) for place, cut in enumerate(ordered, start=1)}
    if present is None:
        return _Places(found, found, None, places)
    there = pl.Series(present)
    low = found.zip_with(there, _literal(0, wide=wide))
    high = found.zip_with(there, _literal(len(ordered) + 1, wide=wide))
    return _Places(low, high, there, places)


@lru_cache(maxsize=4096)
def _literal(place: int, *, wide: bool) -> pl.Series:
    return pl.Series([place], dtype=pl.UInt16 if wide else pl.UInt8)

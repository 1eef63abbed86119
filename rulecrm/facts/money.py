"""Money: from what a frame holds to whole 1/10,000 of a unit, and from one currency to another.

In: decimals, whole units or text, and a table of rates. Out: Int64 expressions.
Invariant: no float is touched; a conversion is the exact product, rounded half to even to four decimals.
"""

from __future__ import annotations

import polars as pl

from rulecrm.facts.findings import Problem
from rulecrm.model.types import MONEY_SCALE

__all__ = ["LIMIT", "RATE_SCALE", "from_decimal", "from_text", "from_units", "rounded_product"]

LIMIT = 2**63 - 1
"""The greatest amount, in 1/10,000 of a unit: about 922 million million units."""

RATE_SCALE = 12
"""Decimals of a rate that are kept; a rate with more is refused."""

_UNIT: int = 10**MONEY_SCALE
_PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$"
_FINER = r"\.[0-9]{4}[0-9]*[1-9]"


def _int128(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.Int128)


def _too_large(column: str, bad: pl.Expr) -> Problem:
    return Problem("R413", column, f"`{column}` is too large an amount", bad)


def _too_fine(column: str, bad: pl.Expr) -> Problem:
    return Problem("R413", column, f"`{column}` has more than {MONEY_SCALE} decimals", bad)


def from_units(expression: pl.Expr, column: str) -> tuple[pl.Expr, list[Problem]]:
    """Amounts of integers of whole units."""
    bound = LIMIT // _UNIT
    return expression.cast(pl.Int64, strict=False) * _UNIT, [_too_large(column, ~expression.is_between(-bound, bound))]


def from_decimal(expression: pl.Expr, column: str, scale: int) -> tuple[pl.Expr, list[Problem]]:
    """Amounts of decimals of this scale, taken from the integers that hold them."""
    held = expression.to_physical()
    if scale <= MONEY_SCALE:
        factor: int = 10 ** (MONEY_SCALE - scale)
        bound = LIMIT // factor
        bad = ~held.is_between(_int128(-bound), _int128(bound))
        return held.cast(pl.Int64, strict=False) * factor, [_too_large(column, bad)]
    parts = _int128(10 ** (scale - MONEY_SCALE))
    whole = held // parts
    return whole.cast(pl.Int64, strict=False), [
        _too_fine(column, held % parts != 0),
        _too_large(column, ~whole.is_between(_int128(-LIMIT), _int128(LIMIT))),
    ]


def from_text(expression: pl.Expr, column: str) -> tuple[pl.Expr, list[Problem]]:
    """Amounts of plain decimal text such as `-12.50`; thousands separators and exponents are refused."""
    text = expression.cast(pl.String).str.strip_chars()
    plain = text.str.contains(_PLAIN)
    held = text.str.to_decimal(scale=MONEY_SCALE).to_physical()
    fits = held.is_between(_int128(-LIMIT), _int128(LIMIT)).fill_null(value=False)
    return held.cast(pl.Int64, strict=False), [
        Problem("R413", column, f"`{column}` is no decimal number", ~plain),
        _too_fine(column, plain & text.str.contains(_FINER)),
        _too_large(column, plain & ~fits),
    ]


def rounded_product(amount: pl.Expr, rate: pl.Expr) -> pl.Expr:
    """Amount (Int64, 1/10,000 units) × rate (Int64, 10^-12), rounded half to even; Int64, and an error beyond it."""
    parts = _int128(10**RATE_SCALE)
    exact = amount.cast(pl.Int128) * rate.cast(pl.Int128)
    below = exact // parts
    twice = (exact - below * parts).cast(pl.Int64) * 2
    half = pl.lit(10**RATE_SCALE, dtype=pl.Int64)
    floor = below.cast(pl.Int64)
    up = (twice > half) | ((twice == half) & (floor % 2 != 0))
    return floor + up.cast(pl.Int64)

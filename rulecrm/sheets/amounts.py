"""Amounts of money, as people's files write them.

In: a column of text, the signs of its currency, what separates its digits. Out: a `Cell` of exact decimals.
Invariant: no float is touched; an amount that may be read in two ways is refused, whatever the other rows have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum

import polars as pl

from rulecrm.sheets.cells import Cell, Made, bare, nothing, pick

__all__ = ["MONEY", "Digits", "money"]

MONEY = pl.Decimal(38, 4)
"""What amounts are."""


class Digits(Enum):
    """What separates thousands and what decimals; it is the format that knows, or the market, never one cell."""

    POINT = "1,234.56"
    COMMA = "1.234,56"
    SPACE = "1 234,56"
    UNSAID = "either"
    """Nobody knows: an amount that reads in both ways, such as `1.234`, is refused."""


_EXAMPLES = {Digits.UNSAID: "1234.56"}
_PLAIN = r"^[0-9]{1,14}(?:\.[0-9]{1,4})?$"
_POINT = r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?|\.[0-9]+"
_COMMA = r"(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+)(?:,[0-9]*)?|,[0-9]+"
_SPACE = r"(?:[0-9]+|[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+)(?:[,.][0-9]*)?"
_PATTERNS = {Digits.POINT: _POINT, Digits.COMMA: _COMMA, Digits.SPACE: _SPACE, Digits.UNSAID: f"{_POINT}|{_COMMA}"}
_DOUBTFUL = r"^[1-9][0-9]{0,2}[.,][0-9]{3}$"


def money(column: str, *, signs: Iterable[str] = (), digits: Digits = Digits.POINT) -> Cell:
    """An amount: Decimal(38, 4), in units of the currency.

    Args:
        column: of the file.
        signs: of the currency, that may stand before or behind: `¥`, `元`, `CNY`; any other refuses the row.
        digits: what separates thousands and decimals.
    """
    told = tuple(sorted(signs, key=len, reverse=True))

    def make(frame: pl.DataFrame) -> Made:
        words = bare(frame, column)
        separated = digits is Digits.COMMA or digits is Digits.UNSAID  # where a point may be among the thousands
        if not separated and words.str.contains(_PLAIN).all():
            return Made(_exact(words))
        return _made(words, column, told, digits)

    return Cell(make)


def _exact(plain: pl.Series) -> pl.Series:
    return plain.str.to_decimal(scale=4).cast(MONEY)


def _made(words: pl.Series, column: str, signs: Sequence[str], digits: Digits) -> Made:
    body, negative = _unsigned(words, signs)
    doubtful = body.str.contains(_DOUBTFUL) & (digits is Digits.UNSAID)
    good = body.str.contains(f"^(?:{_PATTERNS[digits]})$") & ~doubtful
    plain = _pointed(body, digits).str.replace(r"(\.[0-9]*?)0+$", "$1").str.strip_suffix(".")
    fine = plain.str.contains(r"^[0-9]*(?:\.[0-9]{0,4})?$")
    small = plain.str.contains(r"^0*[0-9]{0,14}(?:\.|$)")
    usable = good & fine & small
    exact = _exact(pick(usable, plain, nothing(plain)))
    there = words.is_not_null()
    return Made(
        pick(negative, -exact, exact),
        [
            (there & doubtful, f"`{column}` may be read in two ways: nothing says what separates its decimals"),
            (there & ~good, f"`{column}` is no amount such as {_EXAMPLES.get(digits, digits.value)}"),
            (there & ~fine, f"`{column}` has more than four decimals"),
            (there & ~small, f"`{column}` is too large an amount"),
        ],
    )


def _unsigned(words: pl.Series, signs: Sequence[str]) -> tuple[pl.Series, pl.Series]:
    """Digits and what separates them, and whether a minus or the brackets of accountants stand around."""
    bracketed = words.str.contains(r"^\(.*\)$")
    body = pick(bracketed, words.str.strip_prefix("(").str.strip_suffix(")"), words)
    minus = body.str.contains(r"^[^0-9]*[-\u2212]")
    if signs:
        word = "|".join(re.escape(sign) for sign in signs)
        body = body.str.replace(rf"^([-\u2212+]?)\s*(?:{word})\s*", "$1").str.replace(rf"\s*(?:{word})$", "")
    return body.str.replace(r"^[-\u2212+]\s*", ""), bracketed ^ minus


def _pointed(body: pl.Series, digits: Digits) -> pl.Series:
    """Amounts with a point before the decimals and nothing between the thousands."""
    point = body.str.replace_all(",", "", literal=True)
    comma = body.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    match digits:
        case Digits.POINT:
            return point
        case Digits.COMMA:
            return comma
        case Digits.SPACE:
            return body.str.replace_all(r"[ \u00a0\u202f]", "").str.replace(",", ".", literal=True)
    return pick(body.str.contains(f"^(?:{_POINT})$"), point, comma)

"""What the cells of a file mean, as expressions.

In: names of columns of text, and what a format knows of them: signs of money, the order of digits, zones. Out: `Cell`s,
each a value and the rows in which the text is none, with the reason.
Invariant: an empty cell is missing; a cell that is not understood, or may mean two things, refuses its row and never
becomes missing in silence. Money is exact: no float is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

import polars as pl
from attrs import field, frozen

__all__ = ["MONEY", "Cell", "Digits", "count", "either", "identifier", "instant", "money", "said", "text"]

MONEY = pl.Decimal(38, 4)
"""What amounts are."""

INSTANT = pl.Datetime("us", "UTC")
_AROUND = " \t\r\n\u3000\xa0\ufeff\u200b"
_NULLS = ("", "null", "NULL", '"null"')
_SCIENTIFIC = r"^\d(?:[.,]\d+)?[eE]\+?\d+$"


@frozen(eq=False)
class Cell:
    """A column of a canonical frame, made of text.

    Attributes:
        value: of the column's type.
        wrong: where there is text and no value can be made of it.
        reason: what is wrong then; it names the column and no value.
        more: further things that may be wrong.
    """

    value: pl.Expr
    wrong: pl.Expr | None = None
    reason: str = ""
    more: Sequence[tuple[pl.Expr, str]] = field(default=())


class Digits(Enum):
    """What separates thousands and what decimals; it is the format that knows, or the market, never one cell."""

    POINT = "1,234.56"
    COMMA = "1.234,56"
    SPACE = "1 234,56"
    UNSAID = "either"
    """Nobody knows: an amount that reads in both ways, such as `1.234`, is refused."""


# --- words --------------------------------------------------------------------------------------------------------


def _bare(column: str) -> pl.Expr:
    """The text of a cell without what spreadsheets put around it: spaces, `="…"`; missing where there is nothing."""
    bare = pl.col(column).str.strip_chars(_AROUND)
    formula = pl.when(bare.str.starts_with('="')).then(bare.str.extract(r'^="(?s:(.*))"$')).otherwise(bare)
    bare = formula.fill_null(bare).str.strip_chars(_AROUND)
    return pl.when(bare.is_in(_NULLS)).then(None).otherwise(bare)


def _plain(column: str) -> pl.Expr:
    """The same without the apostrophe by which spreadsheets say that a number is text."""
    bare = _bare(column).str.strip_prefix("'").str.strip_chars(_AROUND)
    return pl.when(bare != "").then(bare)


def text(column: str) -> Cell:
    """Words, such as a title: they stay as they are, `null` and nothing are missing."""
    return Cell(_bare(column))


def identifier(column: str, *, needed: bool = False) -> Cell:
    """A number that is a name: all its digits stay, and one that a spreadsheet has rounded is refused.

    Args:
        column: of the file.
        needed: whether a row without it is refused.
    """
    value = _plain(column)
    more = [(value.is_null(), f"`{column}` is empty")] if needed else []
    reason = f"`{column}` has been rounded by a spreadsheet"
    return Cell(value, value.str.contains(_SCIENTIFIC).fill_null(value=False), reason, more)


def said(value: str | None) -> Cell:
    """What is the same in all rows: the settings, or the format itself, say it."""
    return Cell(pl.lit(value, dtype=pl.String))


def either(first: Cell, second: Cell) -> Cell:
    """The first where it has a value, and the second elsewhere; both must be understood."""
    problems = [(cell.wrong, cell.reason) for cell in (first, second) if cell.wrong is not None]
    return Cell(pl.coalesce(first.value, second.value), more=[*problems, *first.more, *second.more])


# --- numbers ------------------------------------------------------------------------------------------------------


def count(column: str) -> Cell:
    """A number of things: Int64; `2.0` is 2, and `1,000` is 1000."""
    bare = _plain(column)
    good = bare.str.contains(r"^(?:\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.0+)?$")
    digits = bare.str.replace(r"\.0+$", "").str.replace_all(",", "", literal=True)
    value = pl.when(good).then(digits).cast(pl.Int64, strict=False)
    return Cell(value, bare.is_not_null() & ~good, f"`{column}` is no whole number")


def money(column: str, *, signs: Iterable[str] = (), digits: Digits = Digits.POINT) -> Cell:
    """An amount: Decimal(38, 4), in units of the currency.

    Args:
        column: of the file.
        signs: of the currency, that may stand before or behind: `¥`, `元`, `CNY`; any other refuses the row.
        digits: what separates thousands and decimals.
    """
    bare = _plain(column)
    body, negative = _unsigned(bare, tuple(signs))
    good, doubtful = _written(body, digits)
    plain = _pointed(body, digits)
    fine = plain.str.contains(r"^\d+(?:\.\d{0,4}0*)?$")
    small = plain.str.contains(r"^0*\d{1,14}(?:\.|$)")
    usable = good & fine & small
    exact = pl.when(usable).then(plain.str.strip_suffix(".")).str.to_decimal(scale=4).cast(MONEY)
    there = bare.is_not_null()
    more = [
        (there & good & ~fine, f"`{column}` has more than four decimals"),
        (there & good & fine & ~small, f"`{column}` is too large an amount"),
        (there & doubtful, f"`{column}` may be read in two ways: nothing says what separates its decimals"),
    ]
    value = pl.when(negative).then(-exact).otherwise(exact)
    return Cell(value, there & ~good & ~doubtful, f"`{column}` is no amount such as {_EXAMPLES[digits]}", more)


_EXAMPLES = {
    Digits.POINT: "1,234.56",
    Digits.COMMA: "1.234,56",
    Digits.SPACE: "1 234,56",
    Digits.UNSAID: "1234.56",
}

_POINT = r"(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?|\.\d+"
_COMMA = r"(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d*)?|,\d+"
_SPACE = r"(?:\d+|\d{1,3}(?:[ \u00a0\u202f]\d{3})+)(?:[,.]\d*)?"
_PATTERNS = {Digits.POINT: _POINT, Digits.COMMA: _COMMA, Digits.SPACE: _SPACE, Digits.UNSAID: f"{_POINT}|{_COMMA}"}


def _unsigned(bare: pl.Expr, signs: Sequence[str]) -> tuple[pl.Expr, pl.Expr]:
    """Digits and what separates them, and whether a minus or the brackets of accountants stand around."""
    bracketed = bare.str.contains(r"^\(.*\)$")
    body = pl.when(bracketed).then(bare.str.strip_prefix("(").str.strip_suffix(")")).otherwise(bare)
    minus = body.str.contains(r"[-\u2212]")
    if signs:
        longest = sorted(signs, key=len, reverse=True)
        word = "|".join(re.escape(sign) for sign in longest)
        body = body.str.replace(rf"^([-\u2212+]?)\s*(?:{word})\s*", "$1").str.replace(rf"\s*(?:{word})$", "")
    return body.str.replace(r"^[-\u2212+]\s*", ""), bracketed ^ minus


def _written(body: pl.Expr, digits: Digits) -> tuple[pl.Expr, pl.Expr]:
    """Whether an amount is written as `digits` says, and whether it may be read in two ways."""
    good = body.str.contains(f"^(?:{_PATTERNS[digits]})$").fill_null(value=False)
    if digits is not Digits.UNSAID:
        return good, pl.lit(value=False)
    doubtful = body.str.contains(r"^[1-9]\d{0,2}[.,]\d{3}$").fill_null(value=False)
    return good & ~doubtful, doubtful


def _pointed(body: pl.Expr, digits: Digits) -> pl.Expr:
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
    return pl.when(body.str.contains(f"^(?:{_POINT})$")).then(point).otherwise(comma)


# --- time ---------------------------------------------------------------------------------------------------------


def instant(column: str, forms: Sequence[str], zone: str | None) -> Cell:
    """An instant: Datetime of microseconds in UTC.

    Args:
        column: of the file.
        forms: ways of writing it, as `strptime` and Polars know them; one with `%z` has the offset in the cell.
        zone: IANA name of the zone of wall clocks; None where every form has an offset. A time that a change of the
            clock skips is read with the offset before it, one that it repeats is the earlier.
    """
    bare = _plain(column).str.replace(r"^0000-00-00.*$", "")
    bare = pl.when(bare != "").then(bare)
    read = [_form(bare, form, zone) for form in forms]
    value = pl.coalesce(read)
    value = pl.when(value.dt.year().is_between(1990, 2200)).then(value)
    return Cell(value, bare.is_not_null() & value.is_null(), f"`{column}` is no time such as {_example(forms[0])}")


def _form(bare: pl.Expr, form: str, zone: str | None) -> pl.Expr:
    if "%z" in form:
        return bare.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
    if zone is None:
        raise ValueError(f"times as {form} have no offset, so a zone is needed")
    if not any(part in form for part in ("%H", "%I", "%T", "%R")):
        return _utc(bare.str.to_date(form, strict=False).cast(pl.Datetime("us")), zone)
    return _utc(bare.str.to_datetime(form, strict=False, time_unit="us"), zone)


def _utc(naive: pl.Expr, zone: str) -> pl.Expr:
    """Instants of wall-clock times; a gap is bridged from three hours, or a skipped day, before it."""

    def aware(shifted: pl.Expr) -> pl.Expr:
        return shifted.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")

    around = [pl.duration(hours=hours, time_unit="us") for hours in (3, 25)]
    return pl.coalesce(aware(naive), *(aware(naive - back) + back for back in around))


_SHOWN: Mapping[str, str] = {
    "%Y": "2026", "%y": "26", "%m": "05", "%d": "31", "%H": "20", "%I": "08", "%p": "PM", "%M": "41", "%S": "00",
    "%b": "May", "%z": "+0100", "%.f": "", "%T": "20:41:00", "%R": "20:41",
}  # fmt: skip


def _example(form: str) -> str:
    for part, shown in _SHOWN.items():
        form = form.replace(part, shown)
    return form

"""What the cells of a file mean.

In: names of columns of text, and what a format knows of them: signs of money, the order of digits, zones. Out: `Cell`s,
which make of a frame of text a column of values, and say in which rows the text is none, with the reason.
Invariant: an empty cell is missing; a cell that is not understood, or may mean two things, refuses its row and never
becomes missing in silence. Money is exact: no float is touched.

Cells are worked out a step at a time, for whole columns: most files write every amount and every time in one plain way,
and what the others need is asked only of the columns that have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl
from attrs import frozen

__all__ = [
    "Cell",
    "Made",
    "absent",
    "bare",
    "chosen",
    "count",
    "drawn",
    "either",
    "identifier",
    "known",
    "nothing",
    "pick",
    "said",
    "text",
]

_AROUND = " \t\r\n\u3000\xa0\ufeff\u200b"
_NULLS = ("", "null", "NULL", '"null"')
_FRACTION = r"^[0-9]{8,15}\.0+$"
"""A long number that a program took for a number; beyond fifteen digits it may have lost some."""
_SCIENTIFIC = r"^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+$|^[0-9][.,][0-9]+[eE][0-9]+$|^[0-9]{16,}\.0+$"
"""As spreadsheets write it; `1E5` may well be what a seller calls a product."""


@frozen(eq=False)
class Made:
    """A column that was made of text.

    Attributes:
        value: a value for each row, null where the text is empty or none.
        wrong: what is wrong, in the order in which it is told: of which rows (Boolean), and why. A reason names the
            file's column and no value, so that reasons can be counted.
    """

    value: pl.Series
    wrong: Sequence[tuple[pl.Series, str]] = ()


@frozen(eq=False)
class Cell:
    """A column of a canonical frame, before there are any rows to make it of."""

    make: Callable[[pl.DataFrame], Made]


# --- words --------------------------------------------------------------------------------------------------------


def bare(frame: pl.DataFrame, column: str, *, apostrophe: bool = True) -> pl.Series:
    """The text of cells without what spreadsheets put around it; missing where there is nothing, or `null`.

    Args:
        frame: of text.
        column: its name there.
        apostrophe: whether one at the beginning says that a number is text, and goes.
    """
    words = frame.get_column(column).str.strip_chars(_AROUND)
    formula = words.str.starts_with('="')
    if formula.any():
        inner = words.str.extract(r'^="(?s:(.*))"$')
        words = pick(formula & inner.is_not_null(), inner, words).str.strip_chars(_AROUND)
    if apostrophe and words.str.starts_with("'").any():
        words = words.str.strip_prefix("'").str.strip_chars(_AROUND)
    empty = words.is_in(_NULLS)
    return pick(empty, nothing(words), words) if empty.any() else words


def pick(when: pl.Series, then: pl.Series, otherwise: pl.Series) -> pl.Series:
    """The one where a condition holds, the other elsewhere."""
    return then.zip_with(when.fill_null(value=False), otherwise)


def nothing(like: pl.Series) -> pl.Series:
    """As many nulls."""
    return pl.repeat(None, len(like), dtype=like.dtype, eager=True)


def text(column: str, *, needed: bool = False) -> Cell:
    """Words, such as a title: they stay as they are, `null` and nothing are missing.

    Args:
        column: of the file.
        needed: whether a row without it is refused.
    """

    def make(frame: pl.DataFrame) -> Made:
        words = bare(frame, column, apostrophe=False)
        return Made(words, absent(words, column) if needed else ())

    return Cell(make)


def identifier(column: str, *, needed: bool = False) -> Cell:
    """A number that is a name: all its digits stay, and one that a spreadsheet has rounded is refused.

    Args:
        column: of the file.
        needed: whether a row without it is refused.
    """

    def make(frame: pl.DataFrame) -> Made:
        name = bare(frame, column)
        fraction = name.str.contains(_FRACTION)
        if fraction.any():
            name = pick(fraction, name.str.replace(r"\.0+$", ""), name)
        rounded = (name.str.contains(_SCIENTIFIC), f"`{column}` has been rounded by a spreadsheet")
        return Made(name, [*(absent(name, column) if needed else ()), rounded])

    return Cell(make)


def drawn(column: str, pattern: str, group: int = 1) -> Cell:
    """The part of a text that a pattern finds; missing where it finds none, for nothing hangs on it."""
    return Cell(lambda frame: Made(bare(frame, column).str.extract(pattern, group)))


def said(value: str | None) -> Cell:
    """What is the same in all rows: the settings, or the format itself, say it."""
    return Cell(lambda frame: Made(pl.repeat(value, frame.height, dtype=pl.String, eager=True)))


def absent(value: pl.Series, column: str) -> list[tuple[pl.Series, str]]:
    """That a cell is empty which must not be."""
    return [(value.is_null(), f"`{column}` is empty")]


def known(header: Iterable[str], columns: Mapping[str, tuple[str, Cell]]) -> dict[str, Cell]:
    """Those columns whose column in the file, the first of each pair, is there."""
    there = set(header)
    return {name: cell for name, (column, cell) in columns.items() if column in there}


# --- of several ---------------------------------------------------------------------------------------------------


def either(*cells: Cell) -> Cell:
    """The first that has a value; all must be understood."""

    def make(frame: pl.DataFrame) -> Made:
        made = [cell.make(frame) for cell in cells]
        value = made[0].value
        for one in made[1:]:
            value = pick(value.is_not_null(), value, one.value)
        return Made(value, [wrong for one in made for wrong in one.wrong])

    return Cell(make)


def chosen(column: str, then: Cell, otherwise: Cell) -> Cell:
    """The one where a column of the file has something, the other elsewhere; both must be understood."""

    def make(frame: pl.DataFrame) -> Made:
        first, second = then.make(frame), otherwise.make(frame)
        value = pick(bare(frame, column).is_not_null(), first.value, second.value)
        return Made(value, [*first.wrong, *second.wrong])

    return Cell(make)


# --- numbers ------------------------------------------------------------------------------------------------------

_COUNT = r"^(?:[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.0+)?$"


def count(column: str) -> Cell:
    """A number of things: Int64; `2.0` is 2, and `1,000` is 1000."""

    def make(frame: pl.DataFrame) -> Made:
        words = bare(frame, column)
        value = words.cast(pl.Int64, strict=False)
        strange = words.is_not_null() & (value.is_null() | ~words.str.contains(r"^[0-9]{1,12}$"))
        if not strange.any():
            return Made(value)
        good = words.str.contains(_COUNT)
        plain = words.str.replace(r"\.0+$", "").str.replace_all(",", "", literal=True).cast(pl.Int64, strict=False)
        return Made(
            pick(good, plain, nothing(plain)), [(words.is_not_null() & ~good, f"`{column}` is no whole number")]
        )

    return Cell(make)

"""Workbooks: xlsx and xls.

In: a path. Out: the first sheet that has anything, as a frame of text.
Invariant: a cell of text comes as it is; a number, a date, a truth value as the workbook would show it in full;
a number that has more digits than spreadsheets keep as one that was rounded.

A workbook has no place for more than 1,048,576 rows, and is read whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from rulecrm.sheets.faults import fault

if TYPE_CHECKING:
    import fastexcel

__all__ = ["first_rows", "sheet"]

_LONG = r"^[0-9]{16,19}$"
_EXACT = 2**53
"""Up to here a workbook's numbers have every digit; spreadsheets themselves keep fifteen."""


def first_rows(path: Path, count: int) -> list[list[str]]:
    """The first rows of the sheet, cells as text.

    Raises:
        RulesError: as `sheet` does.
    """
    return [[cell or "" for cell in row] for row in sheet(path, rows=count).rows()]


def sheet(path: Path, *, rows: int | None = None) -> pl.DataFrame:
    """The first sheet that has anything: String columns, nothing taken for a header.

    Raises:
        RulesError: R720, the workbook is damaged or has a password; R725, the extra `sheets` is not installed.
    """
    book = _opened(path)
    from fastexcel import FastExcelError

    for name in book.sheet_names:
        try:
            frame = book.load_sheet(name, header_row=None, dtypes="string", n_rows=rows).to_polars()
        except FastExcelError as error:
            raise _damaged(path) from error
        if frame.height:
            return frame.with_columns(_unrounded(book, name, frame))
    raise fault("R720", path, "there is nothing in it", fix="download it again")


def _unrounded(book: fastexcel.ExcelReader, name: str, frame: pl.DataFrame) -> list[pl.Series]:
    """The columns whose long numbers are numbers in the workbook, and those of which digits are lost as `2.3E+18`."""
    columns = []
    for place, column in enumerate(frame):
        long = column.str.contains(_LONG).fill_null(value=False)
        if not long.any():
            continue
        whole = column.zip_with(long, pl.repeat(None, len(column), dtype=pl.String, eager=True)).cast(pl.UInt64)
        zeros = (10 ** (whole.cast(pl.String).str.len_bytes() - 15).cast(pl.Int64)).cast(pl.UInt64)
        lost = (whole >= _EXACT) | (whole % zeros == 0)
        floats = whole.cast(pl.Float64).cast(pl.UInt64, strict=False)
        if lost.all() and (floats == whole).all() and _numbers(book, name, place, long):
            told = whole.map_elements(lambda number: f"{number:.14E}", return_dtype=pl.String)
            columns.append(told.zip_with(long, column).alias(column.name))
    return columns


def _numbers(book: fastexcel.ExcelReader, name: str, place: int, long: pl.Series) -> bool:
    """Whether a column, from its first long number on, holds numbers and no text."""
    first = long.arg_true()[0]
    below = book.load_sheet(name, header_row=None, skip_rows=first, use_columns=[place], schema_sample_rows=None)
    return below.to_polars().dtypes[0].is_numeric()


def _opened(path: Path) -> fastexcel.ExcelReader:
    try:
        import fastexcel
    except ImportError as error:
        fix = "pip install 'rulecrm[sheets]', or save it as CSV"
        raise fault("R725", path, "it is a workbook, and what reads those is not installed", fix=fix) from error
    try:
        # Its bytes: by a path, the name's ending would say what it is, and downloads are often named wrong.
        return fastexcel.read_excel(path.read_bytes())
    except fastexcel.FastExcelError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> Exception:
    return fault(
        "R720", path, "the workbook cannot be opened: it is damaged, or has a password", fix="download it again"
    )

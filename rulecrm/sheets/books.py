"""Workbooks: xlsx and xls.

In: a path. Out: the first sheet that has anything, as a frame of text.
Invariant: a cell of text comes as it is; a number, a date, a truth value as the workbook would show it in full.

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
            return frame
    raise fault("R720", path, "there is nothing in it", fix="download it again")


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

"""Workbooks: cells as they are shown in full, whatever the file is called."""

from __future__ import annotations

import builtins
import datetime as dt
from pathlib import Path

import pytest
import xlsxwriter

from rulecrm.diagnostics import RulesError
from rulecrm.sheets import LINE, ORIGINAL, frames, sample


def written(path: Path, rows: list[list[object]], sheets: tuple[str, ...] = ("Orders",)) -> Path:
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
        clock = book.add_format({"num_format": "dd/mm/yy"})
        for name in sheets:
            sheet = book.add_worksheet(name)
        for line, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, dt.datetime):
                    sheet.write_datetime(line, place, cell, clock)
                elif cell is not None:
                    sheet.write(line, place, cell)
    return path


ROWS = [
    ["Orders of May"],
    ["Order ID ", "Buyer", "Paid", "At", "Units"],
    ["0012", "ann", 1250.5, dt.datetime(2026, 5, 14, 11, 23, 45), 2],
    [None, None, None, None, None],
    [1234567890123456, "bob", "8,50", "14.05.2026", 1.0],
]


@pytest.mark.parametrize("name", ["orders.xlsx", "orders.xls", "orders.csv", "orders"])
def test_cells_are_text_as_they_are(tmp_path, name):
    seen = sample(written(tmp_path / name, ROWS))
    assert (seen.kind, seen.header, seen.preamble) == ("xlsx", ("Order ID", "Buyer", "Paid", "At", "Units"), 1)
    assert seen.rows[0]["Order ID"] == "0012"
    (chunk,) = frames(seen, of="orders")
    assert chunk.frame.drop(ORIGINAL).rows() == [
        ("0012", "ann", "1250.5", "2026-05-14 11:23:45", "2", 3),
        ("1234567890123456", "bob", "8,50", "14.05.2026", "1", 5),
    ]
    assert chunk.frame[ORIGINAL][0] == "0012\tann\t1250.5\t2026-05-14 11:23:45\t2"
    assert not chunk.refused


def test_only_what_is_asked_for_is_given(tmp_path):
    (chunk,) = frames(sample(written(tmp_path / "a.xlsx", ROWS)), of="orders", wanted=("Paid", "none"))
    assert chunk.frame.columns == ["Paid", LINE, ORIGINAL]


def test_the_first_sheet_that_has_anything_is_read(tmp_path):
    assert sample(written(tmp_path / "a.xlsx", ROWS, ("empty", "Orders"))).header[0] == "Order ID"


def test_a_workbook_with_nothing_in_it(tmp_path):
    with pytest.raises(RulesError, match="R720"):
        sample(written(tmp_path / "a.xlsx", []))


def test_a_workbook_that_was_cut_off(tmp_path):
    path = written(tmp_path / "a.xlsx", ROWS)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(RulesError, match="R720"):
        sample(path)


def test_without_what_reads_workbooks_it_says_what_to_install(tmp_path, monkeypatch):
    path = written(tmp_path / "a.xlsx", ROWS)
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "fastexcel":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RulesError) as caught:
        sample(path)
    (one,) = caught.value.diagnostics
    assert one.code == "R725"
    assert "rulecrm[sheets]" in str(one.help)


@pytest.mark.parametrize("number", [2345678901234567890, 1234567890123460])
def test_a_number_that_lost_digits_is_told_as_rounded(tmp_path, number):
    (chunk,) = frames(sample(written(tmp_path / "a.xlsx", [ROWS[1], [number, "ann", 1, None, 2]])), of="orders")
    assert chunk.frame["Order ID"].to_list() == [f"{number:.14E}"]


@pytest.mark.parametrize(
    "numbers",
    [["2345678901234568192"], [1234567890123456], [1234567890123456, 1234567890123460], ["9999999999999999999", "7"]],
)
def test_a_number_that_has_all_its_digits_stays(tmp_path, numbers):
    rows = [[number, "ann", 1, None, 2] for number in numbers]
    (chunk,) = frames(sample(written(tmp_path / "a.xlsx", [ROWS[1], *rows])), of="orders")
    assert chunk.frame["Order ID"].to_list() == [str(number) for number in numbers]

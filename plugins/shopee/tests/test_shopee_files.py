from __future__ import annotations

import datetime as dt
import unicodedata
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import xlsxwriter
from rulecrm_shopee.files import FORMATS
from rulecrm_shopee.files.columns import LANGUAGES, MARKETS

from rulecrm.diagnostics import RulesError
from rulecrm.sheets import recognise


def read(path: Path, **options: str):
    found, seen, _ = recognise(path, FORMATS)
    frames, refused, remarks = {}, [], {}
    for batch in found.read(seen, options):
        for name, rows in batch.rows.items():
            frames.setdefault(name, []).append(rows)
        refused += batch.refused
        remarks.update(batch.remarks)
    return {name: pl.concat(parts) for name, parts in frames.items()}, refused, remarks


def written(path: Path, columns, rows) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("orders")
        for line, cells in enumerate([columns, *([row.get(name, "") for name in columns] for row in rows)]):
            for place, cell in enumerate(cells):
                sheet.write(line, place, cell)
    return path


AMOUNTS = {
    "IDR": ("Rp 150.000", 150000),
    "THB": ("1,250.50", "1250.50"),
    "VND": ("150.000", 150000),
    "TWD": (1250, 1250),
    None: ("₱1,250.50", "1250.50"),
}


@pytest.mark.parametrize("reading", LANGUAGES, ids=lambda one: one.language)
def test_each_language_is_read(tmp_path, reading):
    names = {name: ones[0] for name, ones in reading.names.items()}
    columns = [*names.values(), "Total Discount(PHP)"] if reading.language == "English" else list(names.values())
    currency = reading.currency or "PHP"
    market = MARKETS[currency]
    amount, value = AMOUNTS[reading.currency]
    row = {
        names["order"]: "2401AB", names["status"]: "??", names["placed_at"]: "2026-03-08 02:30", names["title"]: "Tea", names["quantity"]: 2,
        names["customer"]: "ann_1", names["amount"]: amount, names["price"]: amount, names["paid_at"]: "2026-03-08 02:31",
    }  # fmt: skip
    rows = [row, {**row, names["title"]: "Cup", names["quantity"]: 1}]
    frames, refused, remarks = read(written(tmp_path / "a.xlsx", columns, rows))
    assert not refused
    assert remarks == {"unknown status '??'": 1}
    (order,) = frames["orders"].to_dicts()
    local = dt.datetime(2026, 3, 8, 2, 30, tzinfo=ZoneInfo(market.zone))
    assert (order["order"], order["customer"], order["amount"], order["currency"]) == (
        "2401AB",
        "ann_1",
        Decimal(value),
        currency,
    )
    assert (order["quantity"], order["placed_at"], order["changed_at"]) == (3, local, local + dt.timedelta(minutes=1))
    assert frames["items"].select("item", "title", "quantity").rows() == [("1", "Tea", 2), ("2", "Cup", 1)]


def test_accents_may_be_letters_of_their_own(tmp_path):
    (reading,) = (one for one in LANGUAGES if one.currency == "VND")
    columns = [unicodedata.normalize("NFD", ones[0]) for ones in reading.names.values()]
    found, _, recognised = recognise(written(tmp_path / "a.xlsx", columns, []), FORMATS)
    assert found.name == "shopee-orders"
    assert "Vietnamese" in recognised.why


def test_english_without_a_currency_asks(tmp_path):
    columns = [ones[0] for ones in LANGUAGES[0].names.values()]
    row = {
        "Order ID": "1",
        "Order Status": "Completed",
        "Order Creation Date": "2026-01-01 00:00",
        "Product Name": "x",
        "Quantity": "1",
        "Grand Total": "5",
    }
    path = written(tmp_path / "a.xlsx", columns, [row])
    assert recognise(path, FORMATS)[2].asks == ("currency",)
    with pytest.raises(RulesError, match="R723"):
        read(path)
    frames, _, _ = read(path, currency="SGD")
    assert frames["orders"].select("currency", "placed_at").row(0) == (
        "SGD",
        dt.datetime(2025, 12, 31, 16, tzinfo=dt.UTC),
    )


def test_lines_that_disagree_on_the_orders_amount_are_refused(tmp_path):
    columns = [ones[0] for ones in LANGUAGES[0].names.values()]
    row = {
        "Order ID": "1",
        "Order Status": "Completed",
        "Order Creation Date": "2026-01-01 00:00",
        "Product Name": "x",
        "Quantity": "1",
        "Grand Total": "5",
    }
    frames, refused, _ = read(written(tmp_path / "a.xlsx", columns, [row, {**row, "Grand Total": "6"}]), currency="SGD")
    assert frames == {}
    assert [one.reason for one in refused] == ["the lines of its order disagree on `amount`"] * 2


def test_a_decimal_comma_where_there_is_none_is_refused(tmp_path):
    names = {name: ones[0] for name, ones in next(one for one in LANGUAGES if one.currency == "IDR").names.items()}
    row = {
        names["order"]: "1",
        names["status"]: "Selesai",
        names["placed_at"]: "2026-01-01 00:00",
        names["title"]: "x",
        names["quantity"]: "1",
        names["amount"]: "12.50",
    }
    _, refused, _ = read(written(tmp_path / "a.xlsx", list(names.values()), [row]))
    assert [one.reason for one in refused] == ["`Total Pembayaran` is no amount such as 1.234,56"]

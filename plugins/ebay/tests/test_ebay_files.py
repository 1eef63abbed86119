from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from rulecrm_ebay.files import FORMATS
from rulecrm_ebay.files.columns import ORDERS

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


def written(path: Path, rows, currency: str = "$") -> Path:
    """As the report is: an empty line above, an empty row below the header, and what it ends with."""
    columns = ORDERS["as of 2026"]
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerow([""] * len(columns))
    for row in rows:
        writer.writerow([row.get(name, "").replace("$", currency) for name in columns])
    end = (
        '\r\n"2","record(s) downloaded,"," from Jul-01-26 00:00:00 to Jul-31-26 23:59:59"\r\n"Seller ID : the-shop"\r\n'
    )
    path.write_text("\r\n" + out.getvalue() + end, "utf-8-sig", newline="")
    return path


ONE = {
    "Sales Record Number": "101", "Order Number": "01-11111-11111", "Buyer Username": "ann1", "Buyer Name": "Ann A",
    "Buyer Email": "a1@members.ebay.com", "Ship To City": "Austin", "Ship To State": "TX", "Ship To Country": "United States",
    "Item Number": "3331", "Item Title": 'Pipe, 5"', "Quantity": "1", "Sold For": "$1,325.00", "Shipping And Handling": "$0.00",
    "Total Price": "$1,325.00", "Sale Date": "Jul-25-26", "Paid On Date": "Jul-26-26", "Transaction ID": "T1",
}  # fmt: skip
SUMMARY = {
    "Sales Record Number": "102", "Order Number": "02-22222-22222", "Buyer Username": "bob2", "Quantity": "3",
    "Shipping And Handling": "$4.00", "Total Price": "$34.00", "Sale Date": "Jul-27-26", "Paid On Date": "Jul-27-26",
}  # fmt: skip
PARTS = [
    {"Sales Record Number": "102", "Order Number": "02-22222-22222", "Buyer Username": "bob2", "Item Number": "1", "Item Title": "A",
     "Quantity": "2", "Sold For": "$10.00", "Sale Date": "Jul-27-26", "Transaction ID": "T2"},
    {"Sales Record Number": "102", "Order Number": "02-22222-22222", "Buyer Username": "bob2", "Item Number": "2", "Item Title": "B",
     "Quantity": "1", "Sold For": "$10.00", "Sale Date": "Jul-27-26", "Transaction ID": "T3"},
]  # fmt: skip


def test_a_report_with_what_stands_around_it(tmp_path):
    frames, refused, _ = read(written(tmp_path / "a.csv", [ONE, SUMMARY, *PARTS]))
    assert not refused
    first, second = frames["orders"].drop("original").to_dicts()
    assert first == {
        "order": "01-11111-11111", "customer": "ann1", "country": "United States", "province": "TX", "city": "Austin",
        "payment_method": None, "currency": "USD", "placed_at": dt.datetime(2026, 7, 25, 7, tzinfo=dt.UTC),
        "paid_at": dt.datetime(2026, 7, 26, 7, tzinfo=dt.UTC), "shipped_at": None, "amount": Decimal(1325), "shipping_fee": Decimal(0),
        "quantity": 1, "changed_at": dt.datetime(2026, 7, 26, 7, tzinfo=dt.UTC),
    }  # fmt: skip
    assert (second["amount"], second["shipping_fee"], second["quantity"]) == (34, 4, 3)
    assert frames["items"].select("order", "item", "product", "quantity", "amount").rows() == [
        ("01-11111-11111", "T1", "3331", 1, Decimal(1325)),
        ("02-22222-22222", "T2", "1", 2, None),
        ("02-22222-22222", "T3", "2", 1, Decimal(10)),
    ]
    assert frames["customers"].select("customer", "email").rows() == [("ann1", "a1@members.ebay.com"), ("bob2", None)]


def test_an_order_that_is_not_paid_has_the_number_of_its_record(tmp_path):
    frames, _, _ = read(written(tmp_path / "a.csv", [{**ONE, "Order Number": "", "Paid On Date": ""}]))
    assert frames["orders"].select("order", "paid_at").row(0) == ("101", None)


def test_pounds_want_a_zone(tmp_path):
    path = written(tmp_path / "a.csv", [ONE], "£")
    assert recognise(path, FORMATS)[2].asks == ("zone",)
    with pytest.raises(RulesError, match="R723"):
        read(path)
    frames, refused, _ = read(path, zone="Europe/London")
    assert not refused
    assert frames["orders"].select("currency", "placed_at").row(0) == (
        "GBP",
        dt.datetime(2026, 7, 24, 23, tzinfo=dt.UTC),
    )


def test_an_amount_of_another_currency_is_refused(tmp_path):
    _, refused, _ = read(
        written(tmp_path / "a.csv", [ONE, {**ONE, "Order Number": "9", "Total Price": "€5.00"}]), currency="USD"
    )
    assert [one.reason for one in refused] == ["`Total Price` is no amount such as 1,234.56"]

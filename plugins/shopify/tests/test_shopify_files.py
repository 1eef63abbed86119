from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from rulecrm_shopify.files import FORMATS
from rulecrm_shopify.files.columns import ORDERS

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


def written(path: Path, rows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ORDERS["as of 2026"], restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


FIRST = {
    "Name": "#1001", "Email": "ann@example.com", "Financial Status": "paid", "Paid at": "2026-05-14 11:23:45 +0100",
    "Fulfillment Status": "fulfilled", "Fulfilled at": "2026-05-15 09:00:00 +0100", "Accepts Marketing": "yes", "Currency": "GBP",
    "Shipping": "3.00", "Total": "43.00", "Discount Code": "MAY", "Discount Amount": "2.00", "Created at": "2026-05-14 11:20:00 +0100",
    "Lineitem quantity": "2", "Lineitem name": "Tea, green", "Lineitem price": "15.00", "Lineitem sku": "T1",
    "Lineitem fulfillment status": "fulfilled", "Billing Name": "Ann A", "Shipping City": "Leeds", "Shipping Country": "GB",
    "Notes": 'ring the "bell"\ntwice,\n\nplease', "Refunded Amount": "0.00", "Id": "5550001", "Source": "web", "Lineitem discount": "1.00",
}  # fmt: skip
SECOND = {
    "Name": "#1001",
    "Created at": "2026-05-14 11:20:00 +0100",
    "Lineitem quantity": "1",
    "Lineitem name": "Cup",
    "Lineitem price": "12.00",
    "Lineitem sku": "C1",
}


@pytest.mark.parametrize("apart", [False, True])
def test_what_an_order_has_stands_on_its_first_row(tmp_path, apart):
    other = {
        **FIRST,
        "Name": "#1002",
        "Id": "5550002",
        "Email": "",
        "Phone": "'+4477",
        "Notes": "",
        "Accepts Marketing": "no",
        "Total": "15",
    }
    rows = [FIRST, other, SECOND] if apart else [FIRST, SECOND, other]
    frames, refused, remarks = read(written(tmp_path / "a.csv", rows))
    assert (refused, remarks) == ([], {})
    first, second = frames["orders"].drop("original").to_dicts()
    assert first == {
        "order": "5550001", "customer": "ann@example.com", "amount": Decimal(43), "shipping_fee": Decimal(3), "discount": Decimal(2),
        "refund_amount": Decimal(0), "currency": "GBP", "coupon": "MAY", "channel": "web", "country": "GB", "province": None,
        "city": "Leeds", "payment_method": None, "quantity": 3, "status": "paid, fulfilled", "cancelled_at": None,
        "placed_at": dt.datetime(2026, 5, 14, 10, 20, tzinfo=dt.UTC), "paid_at": dt.datetime(2026, 5, 14, 10, 23, 45, tzinfo=dt.UTC),
        "shipped_at": dt.datetime(2026, 5, 15, 8, tzinfo=dt.UTC), "changed_at": dt.datetime(2026, 5, 15, 8, tzinfo=dt.UTC),
    }  # fmt: skip
    assert (second["customer"], second["amount"]) == ("+4477", 15)
    items = frames["items"].filter(pl.col("order") == "5550001")
    assert items.select("item", "title", "quantity", "price", "amount", "currency", "product").rows() == [
        ("1", "Tea, green", 2, Decimal(15), Decimal(29), "GBP", "T1"),
        ("2", "Cup", 1, Decimal(12), Decimal(12), "GBP", "C1"),
    ]
    assert frames["customers"].select("customer", "email", "phone", "accepts_email").rows() == [
        ("ann@example.com", "ann@example.com", None, True),
        ("+4477", None, "+4477", False),
    ]


def test_a_file_without_ids_is_known_by_names(tmp_path):
    frames, _, _ = read(written(tmp_path / "a.csv", [{**FIRST, "Id": ""}]))
    assert frames["orders"]["order"].to_list() == ["#1001"]


def test_a_time_without_an_offset_is_refused(tmp_path):
    frames, refused, _ = read(written(tmp_path / "a.csv", [{**FIRST, "Created at": "2026-05-14 11:20:00"}]))
    assert frames == {}
    assert [one.reason for one in refused] == ["`Created at` is no time such as 2026-05-31 20:41:00 +0100"]

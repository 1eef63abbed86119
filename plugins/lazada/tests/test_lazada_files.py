from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rulecrm_lazada.files import FORMATS
from rulecrm_lazada.files.columns import ORDERS

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


QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
COLUMNS = ORDERS["the 77 columns of 2026"]


def written(path: Path, rows) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for line, cells in enumerate([COLUMNS, *([row.get(name, "") for name in COLUMNS] for row in rows)]):
            for place, cell in enumerate(cells):
                sheet.write_string(line, place, cell)
    return path


ROW = {
    "orderItemId": "9001", "orderNumber": "700000000000001", "lazadaSku": "L1", "createTime": "03 Jun 2026 20:41",
    "updateTime": "05 Jun 2026 08:00", "customerName": "น***า", "shippingCountry": "Thailand", "payMethod": "COD", "paidPrice": "100.00",
    "unitPrice": "120.00", "shippingFee": "10.00", "itemName": "Tea", "status": "confirmed",
}  # fmt: skip


def test_it_has_77_columns():
    assert len(COLUMNS) == len(set(COLUMNS)) == 77


@QUICK
@given(
    units=st.lists(
        st.tuples(
            st.sampled_from("123"),
            st.sampled_from("AB"),
            st.sampled_from(["100.00", "80.50"]),
            st.sampled_from(["shipped", "returned"]),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_units_become_lines_and_none_is_lost(tmp_path, units):
    rows = [
        {**ROW, "orderItemId": str(n), "orderNumber": order, "lazadaSku": sku, "paidPrice": paid, "status": status}
        for n, (order, sku, paid, status) in enumerate(units)
    ]
    frames, refused, remarks = read(written(tmp_path / "a.xlsx", rows))
    assert (refused, remarks) == ([], {})
    amounts, counts = {}, {}
    for order, sku, paid, status in units:
        amounts[order] = amounts.get(order, 0) + Decimal(paid) + 10
        counts[order, sku, Decimal(paid), status] = counts.get((order, sku, Decimal(paid), status), 0) + 1
    orders = frames["orders"]
    assert dict(orders.select("order", "amount").rows()) == amounts
    items = frames["items"].select("order", "product", "amount", "status", "quantity").rows()
    assert {(order, sku, amount / number, status): number for order, sku, amount, status, number in items} == counts
    assert frames["items"].select("order", "item").is_unique().all()
    assert set(orders["placed_at"]) == {dt.datetime(2026, 6, 3, 13, 41, tzinfo=dt.UTC)}
    assert set(orders["currency"]) == {"THB"}
    assert orders["customer"].null_count() == orders.height
    assert frames["customers"].height == 0


def test_a_market_that_nothing_tells_must_be_said(tmp_path):
    path = written(tmp_path / "a.xlsx", [{**ROW, "shippingCountry": ""}])
    assert recognise(path, FORMATS)[2].asks == ("zone", "currency")
    with pytest.raises(RulesError, match="R723"):
        read(path)
    frames, _, _ = read(path, zone="Asia/Manila", currency="PHP")
    assert frames["orders"].select("currency", "placed_at").row(0) == (
        "PHP",
        dt.datetime(2026, 6, 3, 12, 41, tzinfo=dt.UTC),
    )


def test_states_of_units_and_unknown_ones(tmp_path):
    rows = [{**ROW, "status": "shipped"}, {**ROW, "orderItemId": "2", "status": "teleported"}]
    frames, _, remarks = read(written(tmp_path / "a.xlsx", rows))
    assert frames["orders"]["status"].to_list() == ["shipped, teleported"]
    assert remarks == {"unknown status 'teleported'": 1}

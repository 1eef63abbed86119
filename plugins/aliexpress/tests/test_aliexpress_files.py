from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
import xlwt
from rulecrm_aliexpress.files import FORMATS
from rulecrm_aliexpress.files.columns import ORDERS

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


COLUMNS = ORDERS["the generation without buyers' mail"]
PRODUCTS = next(name for name in COLUMNS if name.startswith("产品信息"))
CELL = """【1】 Women sweater 【new】 (2 colours)
(产品属性: Color:Red + Size:L)
(商家编码: SW-01)
(产品数量: 2 piece)
【2】 Cup
(商家编码: )
(产品数量: 1 piece)"""
ROW = {
    "订单号": "8012345678901234", "订单状态": "订单完成", "买家名称": "Ivan Ivanov", "下单时间": "2026-03-08 02:30", "付款时间": "2026-03-08 03:30",
    "产品总金额": "US $20.00", "物流费用": "US $3.45", "订单金额": "US $23.45", "满立减": "", PRODUCTS: CELL, "收货国家": "Russian Federation",
    "州/省": "Moscow", "城市": "Moscow", "发货时间": "", "确认收货时间": "2026-04-01 00:00",
}  # fmt: skip


def as_xlsx(path: Path, columns, rows) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for line, cells in enumerate([columns, *([row.get(name, "") for name in columns] for row in rows)]):
            for place, cell in enumerate(cells):
                sheet.write_string(line, place, cell)
    return path


def as_xls(path: Path, columns, rows) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("orders")
    for line, cells in enumerate([columns, *([row.get(name, "") for name in columns] for row in rows)]):
        for place, cell in enumerate(cells):
            sheet.write(line, place, cell)
    book.save(str(path))
    return path


@pytest.mark.parametrize("write", [as_xls, as_xlsx])
@pytest.mark.parametrize("name", ["orders.xls", "orders.xlsx"])
def test_an_order_and_its_packed_lines(tmp_path, write, name):
    frames, refused, remarks = read(write(tmp_path / name, COLUMNS, [ROW]))
    assert (refused, remarks) == ([], {})
    (order,) = frames["orders"].drop("original").to_dicts()
    placed = dt.datetime(2026, 3, 8, 10, 30, tzinfo=dt.UTC)  # the clock skips from 2 to 3 that night
    done = dt.datetime(2026, 4, 1, 7, tzinfo=dt.UTC)
    assert order == {
        "order": "8012345678901234", "customer": "Ivan Ivanov", "currency": "USD", "placed_at": placed, "paid_at": placed,
        "shipped_at": None, "completed_at": done, "amount": Decimal("23.45"), "shipping_fee": Decimal("3.45"), "discount": None,
        "status": "订单完成", "country": "Russian Federation", "province": "Moscow", "city": "Moscow", "changed_at": done, "quantity": 3,
    }  # fmt: skip
    assert frames["items"].select("order", "item", "title", "product", "quantity").rows() == [
        ("8012345678901234", "1", "Women sweater 【new】 (2 colours)", "SW-01", 2),
        ("8012345678901234", "2", "Cup", None, 1),
    ]
    assert frames["customers"].select("customer", "nick", "platform").rows() == [
        ("Ivan Ivanov", "Ivan Ivanov", "aliexpress")
    ]


def test_mail_tells_buyers_apart_where_there_is_any(tmp_path):
    columns = ORDERS["the generation with buyers' mail"]
    path = as_xlsx(tmp_path / "a.xlsx", columns, [{**ROW, "买家邮箱": "i@example.com"}, {**ROW, "订单号": "2"}])
    frames, _, _ = read(path)
    assert frames["orders"]["customer"].to_list() == ["i@example.com", "Ivan Ivanov"]
    assert "names alone" not in recognise(path, FORMATS)[2].why
    assert "names alone" in recognise(as_xlsx(tmp_path / "b.xlsx", COLUMNS, [ROW]), FORMATS)[2].why


def test_amounts_of_another_currency_are_refused_or_said(tmp_path):
    path = as_xlsx(tmp_path / "a.xlsx", COLUMNS, [{**ROW, "订单金额": "€ 5.00", "物流费用": "", "产品总金额": ""}])
    assert [one.reason for one in read(path)[1]] == ["`订单金额` is no amount such as 1,234.56"]
    assert read(path, currency="EUR")[0]["orders"].select("amount", "currency").row(0) == (Decimal(5), "EUR")


def test_a_number_that_a_spreadsheet_rounded_is_refused(tmp_path):
    frames, refused, _ = read(as_xlsx(tmp_path / "a.xlsx", COLUMNS, [ROW, {**ROW, "订单号": "8.01235E+15"}]))
    assert frames["orders"].height == 1
    assert [(one.reason, one.place) for one in refused] == [
        ("`订单号` has been rounded by a spreadsheet", "a.xlsx, row 3")
    ]

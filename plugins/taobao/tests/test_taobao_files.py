"""The files of 已卖出的宝贝: whatever orders there are, written as each generation writes them, are read as they were."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rulecrm_taobao.files import FORMATS
from rulecrm_taobao.files.columns import DETAILS, ORDERS, STATUSES

from rulecrm.diagnostics import RulesError
from rulecrm.sheets import recognise, summary

CHINA = ZoneInfo("Asia/Shanghai")
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path, **options: str) -> tuple[dict[str, pl.DataFrame], list[object], dict[str, int]]:
    found, seen, _ = recognise(path, FORMATS)
    frames: dict[str, list[pl.DataFrame]] = {}
    refused, remarks = [], {}
    for batch in found.read(seen, options):
        for name, rows in batch.rows.items():
            frames.setdefault(name, []).append(rows)
        refused += batch.refused
        for what, number in batch.remarks.items():
            remarks[what] = remarks.get(what, 0) + number
    return {name: pl.concat(parts) for name, parts in frames.items()}, refused, remarks


def as_csv(path: Path, columns: list[str], rows: list[dict[str, str]], encoding: str = "gb18030") -> Path:
    """As the pages write them: numbers of orders as formulas, some names of columns with a space behind."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([f"{name} " if name in {"收货地址", "宝贝标题", "物流单号"} else name for name in columns])
    for row in rows:
        writer.writerow([row.get(name, "") for name in columns])
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def as_xlsx(path: Path, columns: list[str], rows: list[dict[str, str]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for line, cells in enumerate([columns, *([row.get(name, "") for name in columns] for row in rows)]):
            for place, cell in enumerate(cells):
                sheet.write_string(line, place, cell)
    return path


WALL = st.datetimes(dt.datetime(2012, 1, 1), dt.datetime(2026, 11, 1)).map(lambda one: one.replace(microsecond=0))
AMOUNT = st.decimals(0, 10**7, places=2)
NAME = st.text(st.characters(codec="gb18030", categories=["L", "N"]), min_size=1, max_size=8).filter(
    lambda name: name.lower() != "null"
)
PLACES = {"浙江省 杭州市 西湖区 文三路1号": ("浙江省", "杭州市"), "上海 上海市 浦东新区 世纪大道": ("上海", "上海市"),
          "新疆维吾尔自治区 伊犁哈萨克自治州 伊宁市 x": ("新疆维吾尔自治区", "伊犁哈萨克自治州"), "海外 某地": (None, None), "": (None, None)}  # fmt: skip


@st.composite
def orders(draw):
    numbers = draw(st.lists(st.integers(10**17, 10**19), unique=True, max_size=8))
    made = []
    for number in numbers:
        placed = draw(WALL)
        paid = placed + dt.timedelta(minutes=draw(st.integers(0, 9000))) if draw(st.booleans()) else None
        done = paid + dt.timedelta(days=3) if paid and draw(st.booleans()) else None
        made.append({
            "number": str(number), "buyer": draw(NAME), "total": draw(AMOUNT), "paid": draw(AMOUNT), "fee": draw(AMOUNT),
            "placed_at": placed, "paid_at": paid, "done_at": done, "status": draw(st.sampled_from(STATUSES)),
            "units": draw(st.integers(1, 99)), "place": draw(st.sampled_from(sorted(PLACES))), "back": draw(AMOUNT),
        })  # fmt: skip
    return made


def cells(order, formula: bool) -> dict[str, str]:
    def clock(at):
        return at.strftime("%Y-%m-%d %H:%M:%S") if at else ""

    return {
        "订单编号": f'="{order["number"]}"' if formula else order["number"],
        "买家会员名": order["buyer"],
        "总金额": str(order["total"]),
        "买家实际支付金额": str(order["paid"]) if order["paid_at"] else "0",
        "买家应付邮费": str(order["fee"]),
        "订单状态": order["status"],
        "收货地址": order["place"],
        "联系手机": "'13800000000",
        "买家留言": '"null"',
        "订单创建时间": clock(order["placed_at"]),
        "订单付款时间": clock(order["paid_at"]),
        "确认收货时间": clock(order["done_at"]),
        "发货时间": "",
        "宝贝总数量": str(order["units"]),
        "宝贝标题": '羊毛衫 "L", 红\n第二行',
        "店铺名称": "某店",
        "退款金额": f"{order['back']}元",
        "卖家服务费": "0.00元",
    }


def utc(at):
    return at and at.replace(tzinfo=CHINA).astimezone(dt.UTC)


@QUICK
@given(
    orders=orders(), generation=st.sampled_from(sorted(ORDERS)), kind=st.sampled_from(["gb18030", "utf-8-sig", "xlsx"])
)
def test_orders_are_read_as_they_were(tmp_path, orders, generation, kind):
    columns = list(ORDERS[generation])
    rows = [cells(order, formula=kind != "xlsx") for order in orders]
    path = (
        as_xlsx(tmp_path / "a.xlsx", columns, rows)
        if kind == "xlsx"
        else as_csv(tmp_path / "a.csv", columns, rows, kind)
    )
    found, _, recognised = recognise(path, FORMATS)
    assert found.name == "taobao-orders"
    assert generation in recognised.why
    frames, refused, remarks = read(path)
    assert (refused, remarks) == ([], {})
    expected = []
    for order in orders:
        one = {
            "order": order["number"], "customer": order["buyer"], "status": order["status"], "currency": "CNY",
            "amount": order["paid"] if order["paid_at"] else order["total"], "shipping_fee": order["fee"],
            "quantity": order["units"], "placed_at": utc(order["placed_at"]), "paid_at": utc(order["paid_at"]), "shop": "某店",
            "province": PLACES[order["place"]][0], "city": PLACES[order["place"]][1],
        }  # fmt: skip
        if "确认收货时间" in columns:
            one |= {"completed_at": utc(order["done_at"]), "refund_amount": order["back"]}
        if "发货时间" in columns:
            one["shipped_at"] = None
        stages = [one["placed_at"], one["paid_at"], one.get("completed_at")]
        one["changed_at"] = max(at for at in stages if at)
        expected.append(one)
    kept = frames["orders"].drop("original")
    assert sorted(kept.to_dicts(), key=str) == sorted(
        ({name: one.get(name) for name in kept.columns} for one in expected), key=str
    )
    assert set(kept.columns) == (set(expected[0]) if expected else set(kept.columns))
    assert sorted(frames["customers"]["customer"]) == sorted({order["buyer"] for order in orders})
    assert set(frames["customers"]["platform"]) <= {"taobao"}


def one_order(path: Path, encoding: str = "gb18030", **changes: str):
    columns = list(ORDERS["the generation after 2019"])
    plain = {
        "订单编号": "1", "买家会员名": "张三", "买家实际支付金额": "5.00", "总金额": "6.00", "订单状态": "交易成功",
        "订单创建时间": "2024-03-05 10:00:00", "订单付款时间": "2024-03-05 10:05:00",
    }  # fmt: skip
    return read(
        as_csv(path / "ExportOrderList1.csv", columns, [plain, {**plain, "订单编号": "2", **changes}], encoding)
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"订单编号": ""}, "`订单编号` is empty"),
        ({"订单编号": "1.23457E+18"}, "`订单编号` has been rounded by a spreadsheet"),
        ({"买家会员名": "null"}, "`买家会员名` is empty"),
        ({"买家实际支付金额": "2024-03-05 10:00:00"}, "`买家实际支付金额` is no amount such as 1,234.56"),
        ({"买家实际支付金额": "1.234,56"}, "`买家实际支付金额` is no amount such as 1,234.56"),
        ({"总金额": "$5"}, "`总金额` is no amount such as 1,234.56"),
        ({"订单创建时间": "128.00"}, "`订单创建时间` is no time such as 2026-05-31 20:41:00"),
        ({"订单创建时间": ""}, "`订单创建时间` is empty"),
        ({"宝贝总数量": "两"}, "`宝贝总数量` is no whole number"),
    ],
    ids=range(9),
)
def test_a_row_that_is_not_understood_is_refused_with_its_text(tmp_path, changes, reason):
    frames, refused, _ = one_order(tmp_path, **changes)
    assert frames["orders"]["order"].to_list() == ["1"]
    (one,) = refused
    assert (one.frame, one.reason, one.place) == ("orders", reason, "ExportOrderList1.csv, line 3")
    assert all(value in one.original for value in changes.values())


def test_a_state_that_nobody_knows_is_kept_and_told(tmp_path):
    frames, refused, remarks = one_order(tmp_path, 订单状态="卖家部分发货")
    assert frames["orders"]["status"].to_list() == ["交易成功", "卖家部分发货"]
    assert not refused
    assert remarks == {"unknown status '卖家部分发货'": 1}


def test_a_state_gives_no_instant(tmp_path):
    frames, _, _ = one_order(tmp_path, 订单状态="交易关闭", 退款金额="5.00")
    closed = frames["orders"].row(1, named=True)
    assert "cancelled_at" not in closed
    assert "refunded_at" not in closed
    assert (closed["completed_at"], closed["refund_amount"]) == (None, Decimal(5))


def test_the_shop_may_be_said(tmp_path):
    columns = list(ORDERS["the generation of 2016"])
    row = {
        "订单编号": "1",
        "买家会员名": "张三",
        "买家实际支付金额": "5",
        "订单状态": "交易成功",
        "订单创建时间": "2024/3/5 9:07",
    }
    frames, refused, _ = read(as_csv(tmp_path / "a.csv", columns, [row]), shop="mine")
    assert not refused
    assert frames["orders"].select("shop", "placed_at").row(0) == ("mine", dt.datetime(2024, 3, 5, 1, 7, tzinfo=dt.UTC))


def test_a_page_kept_under_the_files_name_is_said(tmp_path):
    path = tmp_path / "ExportOrderList1.csv"
    path.write_bytes("<html><body>请登录</body></html>".encode("gbk"))
    with pytest.raises(RulesError, match="R720"):
        recognise(path, FORMATS)


def test_a_file_without_a_needed_column_names_it(tmp_path):
    columns = [name for name in ORDERS["the generation of 2016"] if name != "买家会员名"]
    path = as_csv(tmp_path / "a.csv", columns, [])
    with pytest.raises(RulesError) as caught:
        recognise(path, FORMATS)
    (one,) = caught.value.diagnostics
    assert (one.code, one.data["nearest"], one.data["missing"]) == ("R721", "taobao-orders", ["买家会员名"])


LINE = st.tuples(NAME, AMOUNT, st.integers(1, 9), AMOUNT)


@QUICK
@given(
    lines=st.lists(
        st.tuples(st.sampled_from(["100000000000000001", "100000000000000002", "100000000000000003"]), LINE), max_size=9
    ),
    newer=st.booleans(),
)
def test_lines_are_read_as_they_were(tmp_path, lines, newer):
    columns = list(DETAILS["the newer generation" if newer else "the older generation"])
    rows = []
    for place, (order, (title, price, units, paid)) in enumerate(lines):
        rows.append({
            "子订单编号": f"'{order}{place}", "主订单编号": order, "订单编号": f'="{order}"', "标题": title, "价格": str(price),
            "购买数量": str(units), "商家编码": "K1" if place % 2 else "null", "外部系统编号": "W1", "订单状态": "交易成功",
            "买家实际支付金额": str(paid), "退款金额": "无退款金额" if False else "0.00", "订单创建时间": "2024-03-05 10:00:00", "订单付款时间": "",
        })  # fmt: skip
    frames, refused, _ = read(as_csv(tmp_path / "ExportOrderDetailList1.csv", columns, rows))
    assert refused == []
    if not lines:
        assert frames == {}
        return
    seen: dict[str, int] = {}
    expected = set()
    for place, (order, (title, price, units, paid)) in enumerate(lines):
        seen[order] = seen.get(order, 0) + 1
        expected.add(
            (
                order,
                f"{order}{place}" if newer else str(seen[order]),
                title,
                price,
                units,
                paid if newer else None,
                "K1" if place % 2 else "W1",
            )
        )
    items = frames["items"]
    if not newer:
        assert "amount" not in items.columns
        items = items.with_columns(pl.lit(None).alias("amount"))
    assert set(items.select("order", "item", "title", "price", "quantity", "amount", "product").rows()) == expected
    assert items.height == len(lines)


def test_what_a_seller_compares_with_the_screen(tmp_path):
    columns = list(ORDERS["the generation after 2019"])
    rows = [
        {"订单编号": "1", "买家会员名": "张三", "买家实际支付金额": "5.00", "总金额": "5", "订单状态": "交易成功", "宝贝总数量": "2",
         "订单创建时间": "2024-03-05 00:30:00", "订单付款时间": "2024-03-05 10:05:00"},
        {"订单编号": "2", "买家会员名": "李四", "买家实际支付金额": "7.50", "总金额": "7.50", "订单状态": "交易成功", "宝贝总数量": "1",
         "订单创建时间": "2024-04-01 23:30:00", "订单付款时间": "2024-04-02 10:05:00"},
        {"订单编号": "3", "买家会员名": "张三", "买家实际支付金额": "0", "总金额": "9.00", "订单状态": "等待买家付款", "宝贝总数量": "1",
         "订单创建时间": "2024-03-07 12:00:00"},
        {"订单编号": "4", "买家会员名": "张三", "买家实际支付金额": "x", "总金额": "9.00", "订单状态": "等待买家付款",
         "订单创建时间": "2024-03-07 12:00:00"},
    ]  # fmt: skip
    found, seen, _ = recognise(as_csv(tmp_path / "a.csv", columns, rows), FORMATS)
    told = summary(found.read(seen, {}), "Asia/Shanghai")
    assert (told.orders, told.buyers, told.units, told.lines) == (3, 2, 4, 0)
    assert told.amounts == {("CNY", "交易成功"): (2, Decimal("12.50")), ("CNY", "等待买家付款"): (1, Decimal("9.00"))}
    assert (told.first, told.last) == (dt.date(2024, 3, 5), dt.date(2024, 4, 1))
    assert told.refused == {"`买家实际支付金额` is no amount such as 1,234.56": 1}

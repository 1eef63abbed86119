"""`ExportOrderList`: a row an order.

In: a sample of such a file. Out: batches of `orders` and `customers`.
Invariant: an instant is one that the file has; a state without one (`交易关闭`) is in `status` and nowhere else.

Times are of the wall clock in China. The buyer's key is 买家会员名, for the file has no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rulecrm.plugin import Batch, Sample
from rulecrm.sheets import (
    LINE,
    Cell,
    chosen,
    count,
    drawn,
    frames,
    identifier,
    instant,
    latest,
    money,
    remarks,
    said,
    take,
    text,
)
from rulecrm_taobao.files.columns import STATUSES

__all__ = ["FORMS", "SIGNS", "ZONE", "read"]

ZONE = "Asia/Shanghai"
SIGNS = ("¥", "￥", "元", "CNY", "RMB")
FORMS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M")
"""As the file has them, and as spreadsheets in China write them when they keep the file."""

_STAGES = {
    "placed_at": "订单创建时间",
    "paid_at": "订单付款时间",
    "shipped_at": "发货时间",
    "completed_at": "确认收货时间",
}
_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|"
    "甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_PLACE = rf"^((?:{_PROVINCES})\S*)\s+(\S+?(?:市|州|地区|盟|县|区))\s"
_USED = (
    "订单编号", "买家会员名", "买家实际支付金额", "总金额", "买家应付邮费", "宝贝总数量", "订单状态", "收货地址",
    "店铺名称", "退款金额", *_STAGES.values(),
)  # fmt: skip


def read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    """The batches of a file; of the options it knows `shop`."""
    columns = _columns(set(sample.header), options.get("shop"))
    for chunk in frames(sample, of="orders", wanted=_USED):
        rows, refused = take(chunk.frame, "orders", columns, sample)
        orders = latest(rows.drop(LINE), tuple(_STAGES))
        yield Batch(
            {"orders": orders, "customers": _customers(orders)},
            refused=[*chunk.refused, *refused],
            remarks=remarks(orders, STATUSES),
        )


def _columns(header: set[str], shop: str | None) -> dict[str, Cell]:
    """What each column of `orders` is made of; those that this generation has not are left out."""
    stages = {
        name: instant(column, FORMS, ZONE, needed=name == "placed_at")
        for name, column in _STAGES.items()
        if column in header
    }
    columns = {
        "order": identifier("订单编号", needed=True),
        "customer": text("买家会员名", needed=True),
        "status": text("订单状态"),
        "currency": said("CNY"),
        "amount": _amount(header),
        **stages,
    }
    optional = {
        "shipping_fee": ("买家应付邮费", money("买家应付邮费", signs=SIGNS)),
        "refund_amount": ("退款金额", money("退款金额", signs=SIGNS)),
        "quantity": ("宝贝总数量", count("宝贝总数量")),
        "province": ("收货地址", drawn("收货地址", _PLACE, 1)),
        "city": ("收货地址", drawn("收货地址", _PLACE, 2)),
        "shop": ("店铺名称", text("店铺名称")),
    }
    columns.update({name: cell for name, (column, cell) in optional.items() if column in header})
    return {**columns, "shop": said(shop)} if shop else columns


def _amount(header: set[str]) -> Cell:
    """What was paid; of an order that is not paid, of which the file says 0, what is to be paid."""
    paid = money("买家实际支付金额", signs=SIGNS)
    if "总金额" not in header or _STAGES["paid_at"] not in header:
        return paid
    return chosen(_STAGES["paid_at"], paid, money("总金额", signs=SIGNS))


def _customers(orders: pl.DataFrame) -> pl.DataFrame:
    """The buyers of these orders."""
    return orders.group_by("customer", maintain_order=True).agg(
        pl.col("customer").first().alias("nick"),
        pl.lit("taobao").alias("platform"),
        pl.col("changed_at").max(),
    )

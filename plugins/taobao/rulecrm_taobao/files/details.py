"""`ExportOrderDetailList`: a row a line of an order.

In: a sample of such a file. Out: batches of `items`.
Invariant: all lines that the file has of an order are in one batch.

The older generation numbers no lines; they are numbered as they come. It has the price of one unit and not what was
paid, so its lines have no `amount`. The platform's own number of a product is in neither; the seller's code is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rulecrm.plugin import Batch, Sample
from rulecrm.sheets import (
    LINE,
    Cell,
    count,
    either,
    identifier,
    instant,
    latest,
    lines,
    money,
    remarks,
    said,
    text,
    whole_orders,
)
from rulecrm_taobao.files.columns import STATUSES
from rulecrm_taobao.files.orders import FORMS, SIGNS, ZONE

__all__ = ["read"]

_USED = (
    "订单编号", "子订单编号", "主订单编号", "标题", "价格", "购买数量", "外部系统编号", "订单状态", "商家编码",
    "买家实际支付金额", "退款金额", "订单创建时间", "订单付款时间",
)  # fmt: skip


def read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    """The batches of a file; of the options it knows `shop`."""
    columns = _columns(set(sample.header), options.get("shop"))
    read = lines(sample, columns, wanted=_USED)
    items = latest(read.frame, ("placed_at", "paid_at")).drop(LINE, "placed_at", strict=False)
    if "item" not in items.columns and items.height:
        number = pl.int_range(1, pl.len() + 1).over("order").cast(pl.String)
        items = items.with_columns(number.alias("item"))
    for part in whole_orders(items):
        yield Batch({"items": part}, remarks=remarks(part, STATUSES))
    yield Batch({}, refused=read.refused)


def _columns(header: set[str], shop: str | None) -> dict[str, Cell]:
    """What each column of `items` is made of; those that this generation has not are left out."""
    columns = {
        "order": identifier("主订单编号" if "主订单编号" in header else "订单编号", needed=True),
        "title": text("标题"),
        "price": money("价格", signs=SIGNS),
        "quantity": count("购买数量"),
        "status": text("订单状态"),
        "currency": said("CNY"),
    }
    codes = [identifier(name) for name in ("商家编码", "外部系统编号") if name in header]
    optional = {
        "item": ("子订单编号", identifier("子订单编号", needed=True)),
        "amount": ("买家实际支付金额", money("买家实际支付金额", signs=SIGNS)),
        "refund_amount": ("退款金额", money("退款金额", signs=SIGNS)),
        "placed_at": ("订单创建时间", instant("订单创建时间", FORMS, ZONE)),
        "paid_at": ("订单付款时间", instant("订单付款时间", FORMS, ZONE)),
    }
    columns.update({name: cell for name, (column, cell) in optional.items() if column in header})
    if codes:
        columns["product"] = either(*codes)
    return {**columns, "shop": said(shop)} if shop else columns

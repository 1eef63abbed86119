"""The files of 已卖出的宝贝 (sold items) that sellers download by hand.

In: nothing. Out: `FORMATS`.
Invariant: loading this does not load Polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rulecrm.plugin import Batch, FileFormat, Recognised, Sample
from rulecrm.sheets import by_columns
from rulecrm_taobao.files.columns import DETAILS, DETAILS_NEEDED, ORDERS, ORDERS_NEEDED

__all__ = ["FORMATS"]


def _orders(sample: Sample) -> Recognised | None:
    return by_columns(sample, ORDERS_NEEDED, ORDERS)


def _details(sample: Sample) -> Recognised | None:
    if not {"订单编号", "主订单编号"} & set(sample.header) or "买家会员名" in sample.header:
        return None
    return by_columns(sample, DETAILS_NEEDED, DETAILS)


def _read_orders(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    from rulecrm_taobao.files.orders import read

    return read(sample, options)


def _read_details(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    from rulecrm_taobao.files.details import read

    return read(sample, options)


FORMATS: tuple[FileFormat, ...] = (
    FileFormat(
        "taobao-orders",
        "已卖出的宝贝 → 批量导出 → 订单报表 (ExportOrderList): a row an order",
        _orders,
        _read_orders,
        (ORDERS_NEEDED,),
        "Asia/Shanghai",
    ),
    FileFormat(
        "taobao-details",
        "已卖出的宝贝 → 批量导出 → 宝贝报表 (ExportOrderDetailList): a row a line of an order",
        _details,
        _read_details,
        (("订单编号", *DETAILS_NEEDED), ("主订单编号", *DETAILS_NEEDED)),
        "Asia/Shanghai",
    ),
)

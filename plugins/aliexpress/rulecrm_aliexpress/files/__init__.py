"""The export of orders of the seller's pages (in Chinese).

In: nothing. Out: `FORMATS`.
Invariant: loading this does not load Polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rulecrm.plugin import Batch, FileFormat, Recognised, Sample
from rulecrm.sheets import by_columns
from rulecrm_aliexpress.files.columns import NEEDED, ORDERS

__all__ = ["FORMATS"]


def _recognise(sample: Sample) -> Recognised | None:
    found = by_columns(sample, NEEDED, ORDERS)
    if found is None or "买家邮箱" in sample.header:
        return found
    return Recognised(found.sure, f"{found.why}; buyers are told apart by their names alone")


def _read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    from rulecrm_aliexpress.files.orders import read

    return read(sample, options)


FORMATS: tuple[FileFormat, ...] = (
    FileFormat(
        "aliexpress-orders",
        "交易 → 所有订单 → 导出订单: a row an order",
        _recognise,
        _read,
        (NEEDED,),
        "America/Los_Angeles",
    ),
)

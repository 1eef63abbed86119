"""The export of orders that the admin pages give.

In: nothing. Out: `FORMATS`.
Invariant: loading this does not load Polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rulecrm.plugin import Batch, FileFormat, Recognised, Sample
from rulecrm.sheets import by_columns
from rulecrm_shopify.files.columns import NEEDED, ORDERS

__all__ = ["FORMATS"]


def _recognise(sample: Sample) -> Recognised | None:
    return by_columns(sample, NEEDED, ORDERS)


def _read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    from rulecrm_shopify.files.orders import read

    return read(sample, options)


FORMATS: tuple[FileFormat, ...] = (
    FileFormat(
        "shopify-orders",
        "Admin → Orders → Export: a row a line of an order, what the order has on its first row alone",
        _recognise,
        _read,
        (NEEDED,),
    ),
)

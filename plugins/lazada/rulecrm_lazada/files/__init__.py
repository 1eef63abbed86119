"""The export of orders of Seller Center.

In: nothing. Out: `FORMATS`.
Invariant: loading this does not load Polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rulecrm.plugin import Batch, FileFormat, Recognised, Sample
from rulecrm.sheets import by_columns
from rulecrm_lazada.files.columns import NEEDED, ORDERS, market_of

__all__ = ["FORMATS"]


def _recognise(sample: Sample) -> Recognised | None:
    found = by_columns(sample, NEEDED, ORDERS)
    if found is None:
        return None
    market = market_of(sample)
    if market is None:
        return Recognised(found.sure, found.why, asks=("zone", "currency"))
    return Recognised(found.sure, f"{found.why}; sent within {market.name}, so times are of {market.zone}")


def _read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    from rulecrm_lazada.files.orders import read

    return read(sample, options)


FORMATS: tuple[FileFormat, ...] = (
    FileFormat("lazada-orders", "Seller Center → Orders → Export: a row a unit", _recognise, _read, (NEEDED,)),
)

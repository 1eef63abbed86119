"""The Orders report of Seller Hub.

In: nothing. Out: `FORMATS`.
Invariant: loading this does not load Polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rulecrm.plugin import Batch, FileFormat, Recognised, Sample
from rulecrm.sheets import by_columns
from rulecrm_ebay.files.columns import NEEDED, ORDERS

__all__ = ["FORMATS"]


def _recognise(sample: Sample) -> Recognised | None:
    found = by_columns(sample, NEEDED, ORDERS)
    if found is None or any("$" in row.get("Total Price", "") for row in sample.rows):
        return found
    return Recognised(found.sure, found.why, asks=("zone",))


def _read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    from rulecrm_ebay.files.orders import read

    return read(sample, options)


FORMATS: tuple[FileFormat, ...] = (
    FileFormat(
        "ebay-orders",
        "Seller Hub → Orders → Download report → Orders report: a row a line, and one for orders of several",
        _recognise,
        _read,
        (NEEDED,),
    ),
)

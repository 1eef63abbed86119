"""The order reports that sellers download by hand.

In: nothing. Out: `FORMATS`.
Invariant: loading this does not load Polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rulecrm.plugin import Batch, FileFormat, Recognised, Sample
from rulecrm.sheets import by_columns
from rulecrm_amazon.files.columns import ALL, ALL_NEEDED, UNSHIPPED, UNSHIPPED_NEEDED

__all__ = ["FORMATS"]


def _all(sample: Sample) -> Recognised | None:
    return by_columns(sample, ALL_NEEDED, ALL)


def _unshipped(sample: Sample) -> Recognised | None:
    return by_columns(sample, UNSHIPPED_NEEDED, UNSHIPPED)


def _read_all(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    from rulecrm_amazon.files.every import read

    return read(sample, options)


def _read_unshipped(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    from rulecrm_amazon.files.unshipped import read

    return read(sample, options)


FORMATS: tuple[FileFormat, ...] = (
    FileFormat(
        "amazon-all-orders",
        "Seller Central → Orders → Order Reports → All Orders: a row a line of an order",
        _all,
        _read_all,
        (ALL_NEEDED,),
    ),
    FileFormat(
        "amazon-unshipped",
        "Seller Central → Orders → Order Reports → Unshipped Orders: a row a line of an order",
        _unshipped,
        _read_unshipped,
        (UNSHIPPED_NEEDED,),
    ),
)

"""The export of orders of Seller Centre.

In: nothing. Out: `FORMATS`.
Invariant: loading this does not load Polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rulecrm.plugin import Batch, FileFormat, Recognised, Sample
from rulecrm.sheets import by_columns
from rulecrm_shopee.files.columns import LANGUAGES, currency_of, needed, reading_of

__all__ = ["FORMATS"]


def _recognise(sample: Sample) -> Recognised | None:
    reading = reading_of(sample.header)
    if reading is None:
        return None
    found = by_columns(
        sample,
        needed(reading, sample.header),
        {f"in {reading.language}": tuple(reading.columns(sample.header).values())},
    )
    if found is None:
        return None
    there = len(reading.columns(sample.header)) / len(reading.names)
    currency = currency_of(sample.header, reading)
    if currency is None:
        return Recognised(there, found.why, asks=("currency",))
    return Recognised(there, f"{found.why}; amounts are in {currency}")


def _read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    from rulecrm_shopee.files.orders import read

    return read(sample, options)


FORMATS: tuple[FileFormat, ...] = (
    FileFormat(
        "shopee-orders",
        "Seller Centre → My Orders → Export: a row a line of an order, in the language of the page",
        _recognise,
        _read,
        tuple(
            tuple(reading.names[name][0] for name in ("order", "status", "placed_at", "title", "quantity"))
            for reading in LANGUAGES
        ),
    ),
)

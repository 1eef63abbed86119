"""Events beside those of the shop's own frames: what was told of messages.

In: the rows of a kind as the shop's frames give them, and further events. Out: both together.
Invariant: an event that is in both is there once, as the shop's frames have it; a key is what it is in those frames.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from rulecrm.facts.reading import is_text, physical
from rulecrm.facts.source import Source
from rulecrm.model.schema import Kind

__all__ = ["FURTHER", "admitted", "together"]

FURTHER = ("channel", "campaign", "wave", "variant", "reason", "text")
"""Fields that further events have, all of them text; in `event` is their id, in `at` their instant."""


def admitted(events: pl.DataFrame, before: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Further events by kind, with those that were there before.

    Args:
        events: `kind`, `event`, `at` (Datetime with a zone), `customer` (text) and the columns `FURTHER`.
        before: as this function gave them.
    """
    frame = events.select(
        "kind", "event", pl.col("at").dt.cast_time_unit("us").to_physical(), "customer", *FURTHER
    )  # fmt: skip
    found = dict(before)
    for (kind,), rows in frame.group_by("kind", maintain_order=True):
        fresh = rows.drop("kind")
        old = found.get(str(kind))
        both = fresh if old is None else pl.concat([old, fresh])
        found[str(kind)] = both.unique("event", keep="first", maintain_order=True)
    return found


def together(
    own: pl.LazyFrame | None, further: pl.DataFrame, kind: Kind, wanted: Collection[str], sources: Mapping[str, Source]
) -> pl.LazyFrame:
    """The shop's rows of a kind and further ones.

    Args:
        own: the shop's; None where no frame has the kind.
        further: those of the kind.
        kind: the kind.
        wanted: fields that are asked for; what neither has is missing in every row.
        sources: the shop's frames, for what a key of a customer is in them.
    """
    schema = pl.Schema() if own is None else own.collect_schema()
    keys = _keys(further, schema.get("customer", _key_dtype(sources)))
    named = {name: pl.col(name) for name in ("at", "customer", "event", *FURTHER)}
    kept = ["at", "customer", "event", *(name for name in wanted if name not in ("customer", "event"))]
    absent = {name: pl.lit(None, physical(kind.columns[name].type)) for name in kept if name not in named}
    more = keys.lazy().select((named | absent)[name].alias(name) for name in kept)
    if own is None:
        return more
    if "event" in schema:
        own = own.with_columns(pl.col("event").cast(pl.String))
        more = more.join(own.select("event"), on="event", how="anti")
    texts = [name for name, dtype in schema.items() if is_text(dtype) and name in kept]
    # What the frame has as a category is text beside texts that it never saw.
    return pl.concat([own.with_columns(pl.col(texts).cast(pl.String)), more], how="diagonal")


def _keys(further: pl.DataFrame, dtype: pl.DataType) -> pl.DataFrame:
    """The rows whose customers can be in the shop's frames, with keys as they are there."""
    if not dtype.is_integer():
        return further
    number = pl.col("customer").cast(dtype, strict=False)
    # "007" and "7 " are no keys of an integer column, whatever a conversion makes of them.
    same = number.cast(pl.String) == pl.col("customer")
    return further.filter(same.fill_null(value=False)).with_columns(number)


def _key_dtype(sources: Mapping[str, Source]) -> pl.DataType:
    """What a customer's key is in the shop's frames."""
    dtypes = [source.schema["customer"] for source in sources.values() if "customer" in source.schema]
    return pl.Int64() if any(dtype.is_integer() for dtype in dtypes) else pl.String()

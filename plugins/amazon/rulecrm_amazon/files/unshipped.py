"""Unshipped Orders: a row a line of an order that is not confirmed as shipped.

In: a sample of such a file. Out: batches of `orders`, `items` and `customers`.
Invariant: of money the file says nothing, and nothing is said of it. The buyer's key is the alias that Amazon gives for
mail, which stays the same for a buyer and a seller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rulecrm.plugin import Batch, Sample
from rulecrm.sheets import (
    Cell,
    agreed,
    count,
    identifier,
    instant,
    latest,
    lines,
    said,
    text,
    together,
    total,
    whole_orders,
)
from rulecrm_amazon.files.every import FORMS

__all__ = ["read"]

_OPTIONAL = {
    "customer": "buyer-email",
    "title": "product-name",
    "country": "ship-country",
    "province": "ship-state",
    "city": "ship-city",
}
_USED = ("order-id", "order-item-id", "purchase-date", "payments-date", "quantity-purchased", *_OPTIONAL.values())


def read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    """The batches of a file; of the options it knows `shop`."""
    columns = _columns(set(sample.header), options.get("shop"))
    read = lines(sample, columns, wanted=_USED, one=("customer", "placed_at", "paid_at"))
    own = [
        name for name in ("customer", "placed_at", "paid_at", "country", "province", "city", "shop") if name in columns
    ]
    frame = latest(read.frame, ("placed_at", "paid_at"))
    for part in whole_orders(frame):
        orders = part.group_by("order", maintain_order=True).agg(
            *agreed(*own), total("quantity"), pl.col("changed_at").max(), together()
        )
        if "customer" not in orders.columns:
            orders = orders.with_columns(pl.lit(None, dtype=pl.String).alias("customer"))
        kept = ("order", "item", "title", "quantity", "changed_at", "shop", "original")
        items = part.select(name for name in kept if name in part.columns)
        yield Batch({"orders": orders, "items": items, "customers": _customers(orders)})
    yield Batch({}, refused=read.refused)


def _columns(header: set[str], shop: str | None) -> dict[str, Cell]:
    columns = {
        "order": identifier("order-id", needed=True),
        "item": identifier("order-item-id", needed=True),
        "placed_at": instant("purchase-date", FORMS, needed=True),
        "quantity": count("quantity-purchased"),
    }
    if "payments-date" in header:
        columns["paid_at"] = instant("payments-date", FORMS)
    columns.update({name: text(column) for name, column in _OPTIONAL.items() if column in header})
    return {**columns, "shop": said(shop)} if shop else columns


def _customers(orders: pl.DataFrame) -> pl.DataFrame:
    known = orders.filter(pl.col("customer").is_not_null())
    return known.group_by("customer", maintain_order=True).agg(
        pl.col("customer").first().alias("email"),
        pl.lit("amazon").alias("platform"),
        pl.col("changed_at").max(),
    )

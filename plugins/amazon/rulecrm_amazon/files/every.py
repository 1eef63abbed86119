"""All Orders: a row a line of an order.

In: a sample of such a file. Out: batches of `orders` and `items`.
Invariant: the file tells nothing of who bought, so `customer` is null: none is made up.

`item-price` is that of all units. In the United States and Canada taxes come on top of prices; elsewhere a price has
its VAT in it (https://developer-docs.amazon.com/sp-api/docs/option-1-allow-amazon-to-create-invoices-for-you), and the
columns of taxes only tell how much of it that is. Pending orders have no prices; their `amount` is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rulecrm.plugin import Batch, Sample
from rulecrm.sheets import (
    LINE,
    MONEY,
    Cell,
    agreed,
    count,
    identifier,
    instant,
    joined,
    lines,
    money,
    remarks,
    said,
    text,
    together,
    total,
    whole_orders,
)  # fmt: skip
from rulecrm_amazon.files.columns import STATUSES

__all__ = ["FORMS", "read"]

FORMS = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%z")
"""ISO 8601 with the offset; reports write UTC."""

_PRICES = ("item-price", "shipping-price", "gift-wrap-price")
_TAXES = ("item-tax", "shipping-tax", "gift-wrap-tax")
_DISCOUNTS = ("item-promotion-discount", "ship-promotion-discount")
_BESIDE = ("USD", "CAD")
"""Currencies of the marketplaces where prices are without taxes."""

_WORDS = {
    "channel": "sales-channel",
    "country": "ship-country",
    "province": "ship-state",
    "city": "ship-city",
}
_USED = (
    "amazon-order-id", "order-item-id", "purchase-date", "last-updated-date", "order-status", "product-name", "asin",
    "item-status", "quantity", "currency", *_PRICES, *_TAXES, *_DISCOUNTS, *_WORDS.values(),
)  # fmt: skip


_TOLD = pl.when((pl.col("amount") != 0) | pl.col("currency").is_not_null()).then(pl.col("amount")).alias("amount")
"""Cancelled lines have no currency, as a rule, and nothing of no currency is no amount."""


def read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    """The batches of a file; of the options it knows `shop`."""
    columns = _columns(set(sample.header), options.get("shop"))
    read = lines(sample, columns, wanted=_USED, one=("currency", "placed_at"), prepared=_summed)
    for part in whole_orders(read.frame):
        orders = _orders(part)
        yield Batch({"orders": orders, "items": _items(part)}, remarks=remarks(orders, STATUSES))
    yield Batch({}, refused=read.refused)


def _columns(header: set[str], shop: str | None) -> dict[str, Cell]:
    columns = {
        "order": identifier("amazon-order-id", needed=True),
        "placed_at": instant("purchase-date", FORMS, needed=True),
        "changed_at": instant("last-updated-date", FORMS),
        "status": text("order-status"),
        "quantity": count("quantity"),
        "currency": text("currency"),
        **{name: money(name) for name in (*_PRICES, *_TAXES, *_DISCOUNTS) if name in header},
    }
    optional = {"item": identifier("order-item-id"), "product": identifier("asin"), "title": text("product-name")}
    names = {"item": "order-item-id", "product": "asin", "title": "product-name"}
    columns.update({name: cell for name, cell in optional.items() if names[name] in header})
    columns.update({name: text(column) for name, column in _WORDS.items() if column in header})
    if "item-status" in header:
        columns["item_status"] = text("item-status")
    return {**columns, "shop": said(shop)} if shop else columns


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """Lines with `amount`, `discount` and `shipping_fee` instead of the file's columns of money."""

    def summed(*names: str) -> pl.Expr:
        there = [pl.col(name).fill_null(0) for name in names if name in rows.columns]
        return pl.sum_horizontal(there).cast(MONEY) if there else pl.lit(0, dtype=MONEY)

    taxes = pl.when(pl.col("currency").is_in(_BESIDE)).then(summed(*_TAXES)).otherwise(pl.lit(0, dtype=MONEY))
    shipping_tax = (
        pl.when(pl.col("currency").is_in(_BESIDE)).then(summed("shipping-tax")).otherwise(pl.lit(0, dtype=MONEY))
    )
    priced = pl.col("item-price").is_not_null()
    cancelled = pl.col("quantity") == 0
    amount = (summed(*_PRICES) + taxes - summed(*_DISCOUNTS)).cast(MONEY)
    return rows.with_columns(
        pl.when(priced | cancelled).then(amount).alias("amount"),
        pl.when(priced).then(summed(*_DISCOUNTS)).alias("discount"),
        pl.when(priced).then((summed("shipping-price") + shipping_tax).cast(MONEY)).alias("shipping_fee"),
    ).drop(*_PRICES, *_TAXES, *_DISCOUNTS, strict=False)


def _orders(part: pl.DataFrame) -> pl.DataFrame:
    own = [name for name in (*_WORDS, "shop") if name in part.columns]
    return (
        part.group_by("order", maintain_order=True)
        .agg(
            pl.lit(None, dtype=pl.String).alias("customer"),
            *agreed("placed_at", "currency", *own),
            pl.col("changed_at").max(),
            joined("status", ", "),
            *(total(name) for name in ("amount", "discount", "shipping_fee", "quantity")),
            together(),
        )
        .with_columns(_TOLD)
    )


def _items(part: pl.DataFrame) -> pl.DataFrame:
    """The lines as they are; a report without numbers of lines has them numbered as they come."""
    number = pl.int_range(1, pl.len() + 1).over("order").cast(pl.String)
    given = pl.col("item") if "item" in part.columns else pl.lit(None, dtype=pl.String)
    named = part.with_columns(pl.coalesce(given, number).alias("item"), _TOLD)
    if "item_status" in named.columns:
        named = named.with_columns(pl.col("item_status").alias("status")).drop("item_status")
    kept = (
        "order",
        "item",
        "product",
        "title",
        "quantity",
        "amount",
        "discount",
        "currency",
        "status",
        "changed_at",
        "shop",
        "original",
    )
    return named.select(name for name in kept if name in named.columns).drop(LINE, strict=False)

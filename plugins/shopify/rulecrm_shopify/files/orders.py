"""The export of orders.

In: a sample of such a file. Out: batches of `orders`, `items` and `customers`.
Invariant: what an order has stands on its first row; its other rows, which have the same `Name`, are lines alone.

The number of an order is its `Id`, which is that of the API, and `Name` (`#1001`) in files without. The file does not
number customers: a buyer's key is the e-mail address, or the phone number where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from rulecrm.plugin import Batch, Sample
from rulecrm.sheets import (
    MONEY,
    Cell,
    agreed,
    count,
    either,
    identifier,
    instant,
    known,
    latest,
    lines,
    money,
    remarks,
    said,
    text,
    together,
    whole_orders,
)  # fmt: skip

__all__ = ["read"]

FORMS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z")
_STAGES = {
    "placed_at": "Created at",
    "paid_at": "Paid at",
    "shipped_at": "Fulfilled at",
    "cancelled_at": "Cancelled at",
}
_AMOUNTS = {
    "amount": "Total",
    "shipping_fee": "Shipping",
    "discount": "Discount Amount",
    "refund_amount": "Refunded Amount",
    "line_price": "Lineitem price",
    "line_discount": "Lineitem discount",
}
_WORDS = {
    "currency": "Currency",
    "coupon": "Discount Code",
    "channel": "Source",
    "country": "Shipping Country",
    "province": "Shipping Province",
    "city": "Shipping City",
    "payment_method": "Payment Method",
    "money_status": "Financial Status",
    "goods_status": "Fulfillment Status",
    "email": "Email",
    "nick": "Billing Name",
    "accepts": "Accepts Marketing",
    "title": "Lineitem name",
    "line_status": "Lineitem fulfillment status",
}
_USED = (
    "Name", "Id", "Phone", "Lineitem quantity", "Lineitem sku", *_STAGES.values(), *_AMOUNTS.values(), *_WORDS.values(),
)  # fmt: skip
_STATUSES = (
    "authorized", "expired", "paid", "partially_paid", "partially_refunded", "pending", "refunded", "voided",
    "fulfilled", "unfulfilled", "partial", "restocked",
)  # fmt: skip


def read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    """The batches of a file; of the options it knows `shop`."""
    columns = _columns(sample.header, options.get("shop"))
    read = lines(sample, columns, wanted=_USED, one=("currency", "placed_at", "customer"))
    for part in whole_orders(read.frame):
        named = part.with_columns(pl.coalesce(pl.col("id").drop_nulls().first().over("order"), "order").alias("order"))
        orders = _orders(named)
        told = remarks(orders.select(pl.col("status").str.split(", ")).explode("status"), _STATUSES)
        customers = _customers(named)
        items = _items(named)
        yield Batch({"orders": orders, "items": items, "customers": customers}, remarks=told)
    yield Batch({}, refused=read.refused)


def _columns(header: Sequence[str], shop: str | None) -> dict[str, Cell]:
    there = set(header)
    contact = [cell for name, cell in (("Email", text("Email")), ("Phone", identifier("Phone"))) if name in there]
    columns = {
        "order": identifier("Name", needed=True),
        "id": identifier("Id") if "Id" in there else said(None),
        "customer": either(*contact) if contact else said(None),
        "quantity": count("Lineitem quantity"),
        **known(there, {name: (column, instant(column, FORMS)) for name, column in _STAGES.items()}),
        **known(there, {name: (column, money(column)) for name, column in _AMOUNTS.items()}),
        **known(there, {name: (column, text(column)) for name, column in _WORDS.items()}),
        **known(
            there, {"product": ("Lineitem sku", identifier("Lineitem sku")), "phone": ("Phone", identifier("Phone"))}
        ),
    }
    return {**columns, "shop": said(shop)} if shop else columns


def _orders(part: pl.DataFrame) -> pl.DataFrame:
    own = [
        name
        for name in ("customer", "amount", "shipping_fee", "discount", "refund_amount", "currency", "coupon", "channel",
                     "country", "province", "city", "payment_method", *_STAGES, "shop")
        if name in part.columns
    ]  # fmt: skip
    orders = part.group_by("order", maintain_order=True).agg(
        *agreed(*own, *(name for name in ("money_status", "goods_status") if name in part.columns)),
        pl.col("quantity").sum(),
        together(),
    )
    both = [name for name in ("money_status", "goods_status") if name in orders.columns]
    status = pl.concat_str(both, separator=", ", ignore_nulls=True).replace("", None).alias("status")
    return latest(orders.with_columns(status).drop(both), tuple(_STAGES))


def _items(part: pl.DataFrame) -> pl.DataFrame:
    """The lines, numbered as they come; what a line costs is its price times its units, without its discount."""
    number = pl.int_range(1, pl.len() + 1).over("order").cast(pl.String).alias("item")
    off = pl.col("line_discount").fill_null(0) if "line_discount" in part.columns else pl.lit(0)
    price = pl.col("line_price")
    rows = part.filter(pl.col("title").is_not_null() | pl.col("quantity").is_not_null())
    amount = (price * pl.col("quantity") - off).cast(MONEY).alias("amount")
    status = pl.col("line_status") if "line_status" in part.columns else pl.lit(None, dtype=pl.String)
    items = rows.with_columns(
        number,
        amount,
        price.alias("price"),
        status.alias("status"),
        pl.col("currency").drop_nulls().first().over("order"),
    )
    kept = (
        "order",
        "item",
        "product",
        "title",
        "quantity",
        "price",
        "amount",
        "currency",
        "status",
        "shop",
        "original",
    )
    return items.select(name for name in kept if name in items.columns)


def _customers(part: pl.DataFrame) -> pl.DataFrame:
    there = part.filter(pl.col("customer").is_not_null())
    dated = latest(there, tuple(_STAGES)).sort("changed_at", nulls_last=False, maintain_order=True)
    words = [name for name in ("email", "phone", "nick") if name in dated.columns]
    accepts = (
        pl.col("accepts")
        .str.to_lowercase()
        .replace_strict({"yes": True, "no": False}, default=None, return_dtype=pl.Boolean)
    )
    return dated.group_by("customer", maintain_order=True).agg(
        *(pl.col(name).drop_nulls().last() for name in words),
        *([accepts.drop_nulls().last().alias("accepts_email")] if "accepts" in dated.columns else []),
        pl.lit("shopify").alias("platform"),
        pl.col("changed_at").max(),
    )

"""The export of orders: a row a unit.

In: a sample of such a file. Out: batches of `orders` and `items`, and `customers` where the file tells who bought.
Invariant: units of one product at one price and in one state are one line with their number; no unit is lost.

Names are masked, so they are no key; the buyer's key is `customerEmail`, and null in the many files without one.
Times are wall clocks of the market.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rulecrm.plugin import Batch, Sample
from rulecrm.sheets import (
    Cell,
    agreed,
    fault,
    identifier,
    instant,
    joined,
    known,
    lines,
    money,
    remarks,
    said,
    text,
    together,
    total,
    whole_orders,
)  # fmt: skip
from rulecrm_lazada.files.columns import STATUSES, market_of

__all__ = ["read"]

_FORMS = ("%d %b %Y %H:%M", "%d %b %Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
_TIMES = {"placed_at": "createTime", "delivered_at": "deliveredDate", "changed_at": "updateTime"}
_MONEY = {
    "paid": "paidPrice",
    "price": "unitPrice",
    "shipping_fee": "shippingFee",
    "refund_amount": "refundAmount",
}
_WORDS = {
    "customer": "customerEmail",
    "title": "itemName",
    "payment_method": "payMethod",
    "country": "shippingCountry",
    "province": "shippingRegion",
    "city": "shippingCity",
    "status": "status",
}


def read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    """The batches of a file; of the options it knows `zone`, `currency` and `shop`.

    Raises:
        RulesError: R723, nothing says the zone or the currency.
    """
    read = lines(sample, _columns(sample, options), one=("customer", "placed_at"))
    for part in whole_orders(read.frame):
        orders = _orders(part)
        told = remarks(part, STATUSES)
        yield Batch({"orders": orders, "items": _items(part), "customers": _customers(orders)}, remarks=told)
    yield Batch({}, refused=read.refused)


def _columns(sample: Sample, options: Mapping[str, str]) -> dict[str, Cell]:
    market = market_of(sample)
    zone = options.get("zone") or (market.zone if market else None)
    currency = options.get("currency") or (market.currency if market else None)
    for name, value in (("zone", zone), ("currency", currency)):
        if value is None:
            raise fault("R723", sample.path, f"nothing in it says the {name}", fix=f"say it: --{name}", asks=name)
    there = set(sample.header)
    signs = (currency or "", "฿", "₫", "₱", "RM", "Rp", "S$")
    columns = {
        "order": identifier("orderNumber", needed=True),
        "item": identifier("orderItemId", needed=True),
        "product": identifier("lazadaSku"),
        "currency": said(currency),
        **known(there, {name: (column, instant(column, _FORMS, zone)) for name, column in _TIMES.items()}),
        **known(there, {name: (column, money(column, signs=signs)) for name, column in _MONEY.items()}),
        **known(there, {name: (column, text(column)) for name, column in _WORDS.items()}),
    }
    if "customer" not in columns:
        columns["customer"] = said(None)
    shop = options.get("shop")
    return {**columns, "shop": said(shop)} if shop else columns


def _orders(part: pl.DataFrame) -> pl.DataFrame:
    own = [
        name
        for name in ("customer", "currency", "payment_method", "country", "province", "city", "placed_at", "shop")
        if name in part.columns
    ]
    fee = pl.col("shipping_fee").fill_null(0).sum() if "shipping_fee" in part.columns else pl.lit(0)
    refunds = [pl.col("refund_amount").sum()] if "refund_amount" in part.columns else []
    # An order has arrived when its last unit has.
    arrived = (
        pl.when(pl.col("delivered_at").is_not_null().all()).then(pl.col("delivered_at").max()).alias("delivered_at")
    )
    return part.group_by("order", maintain_order=True).agg(
        *agreed(*own),
        (total("paid") + fee).cast(part.schema["paid"]).alias("amount"),
        *([total("shipping_fee")] if "shipping_fee" in part.columns else []),
        *refunds,
        pl.len().cast(pl.Int64).alias("quantity"),
        *([arrived] if "delivered_at" in part.columns else []),
        *([pl.col("changed_at").max()] if "changed_at" in part.columns else []),
        joined("status", ", "),
        together(),
    )


def _items(part: pl.DataFrame) -> pl.DataFrame:
    alike = [name for name in ("order", "product", "title", "price", "paid", "status") if name in part.columns]
    own = [name for name in ("currency", "shop") if name in part.columns]
    items = (
        part.with_columns(pl.col("paid").alias("amount"))
        .group_by(alike, maintain_order=True)
        .agg(
            pl.col("item").first(),
            pl.len().cast(pl.Int64).alias("quantity"),
            total("amount"),
            *agreed(*own),
            *([pl.col("changed_at").max()] if "changed_at" in part.columns else []),
            together(),
        )
    )
    return items.drop("paid")


def _customers(orders: pl.DataFrame) -> pl.DataFrame:
    dated = orders if "changed_at" in orders.columns else orders.with_columns(pl.col("placed_at").alias("changed_at"))
    return (
        dated.filter(pl.col("customer").is_not_null())
        .group_by("customer", maintain_order=True)
        .agg(
            pl.col("customer").first().alias("email"),
            pl.lit("lazada").alias("platform"),
            pl.col("changed_at").max(),
        )
    )

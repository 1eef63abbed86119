"""The export of orders: a row a line, what the order has repeated on each.

In: a sample of such a file. Out: batches of `orders`, `items` and `customers`.
Invariant: what is the order's is taken once, and lines that disagree on it are refused; no amount of it is summed.

Times are wall clocks of the market. The buyer's key is the user name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rulecrm.plugin import Batch, Sample
from rulecrm.sheets import (
    Cell,
    Digits,
    agreed,
    count,
    either,
    fault,
    identifier,
    instant,
    latest,
    lines,
    money,
    remarks,
    said,
    text,
    together,
    whole_orders,
)  # fmt: skip
from rulecrm_shopee.files.columns import MARKETS, STATUSES, currency_of, reading_of

__all__ = ["read"]

_FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d-%m-%Y %H:%M", "%d/%m/%Y %H:%M")
_STAGES = ("placed_at", "paid_at", "shipped_at", "completed_at")
_OF_ORDER = ("customer", "status", "amount", "shipping_fee", "discount", "province", "city", "payment_method", *_STAGES)


def read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    """The batches of a file; of the options it knows `currency`, `zone` and `shop`.

    Raises:
        RulesError: R723, nothing says the currency, or the zone of a currency that is of no market.
    """
    columns = _columns(sample, options)
    read = lines(sample, columns, one=("customer", "amount", "placed_at"))
    for part in whole_orders(read.frame):
        own = [name for name in (*_OF_ORDER, "currency", "shop") if name in part.columns]
        orders = part.group_by("order", maintain_order=True).agg(*agreed(*own), pl.col("quantity").sum(), together())
        orders = latest(orders, _STAGES)
        told = remarks(orders, STATUSES)
        yield Batch({"orders": orders, "items": _items(part), "customers": _customers(orders)}, remarks=told)
    yield Batch({}, refused=read.refused)


def _columns(sample: Sample, options: Mapping[str, str]) -> dict[str, Cell]:
    reading = reading_of(sample.header)
    assert reading is not None  # it was recognised
    currency = options.get("currency") or currency_of(sample.header, reading)
    if currency is None:
        raise fault("R723", sample.path, "nothing in it says the currency", fix="say it: --currency", asks="currency")
    market = MARKETS.get(currency)
    zone = options.get("zone") or (market.zone if market else None)
    if zone is None:
        raise fault(
            "R723", sample.path, f"nothing says the zone of a market in {currency}", fix="say it: --zone", asks="zone"
        )
    signs = market.signs if market else (currency,)
    digits = Digits.COMMA if market and market.points else Digits.POINT
    names = reading.columns(sample.header)
    columns = {
        "order": identifier(names["order"], needed=True),
        "status": text(names["status"]),
        "title": text(names["title"]),
        "quantity": count(names["quantity"]),
        "currency": said(currency),
    }
    for name, column in names.items():
        if name in _STAGES:
            columns[name] = instant(column, _FORMS, zone, needed=name == "placed_at")
        elif name in ("amount", "shipping_fee", "discount", "price", "line"):
            columns[name] = money(column, signs=signs, digits=digits)
        elif name in ("customer", "variation", "province", "city", "payment_method"):
            columns[name] = text(column)
    codes = [identifier(names[name]) for name in ("product", "sku", "parent") if name in names]
    if codes:
        columns["product"] = either(*codes)
    if "customer" not in columns:
        columns["customer"] = said(None)
    shop = options.get("shop")
    return {**columns, "shop": said(shop)} if shop else columns


def _items(part: pl.DataFrame) -> pl.DataFrame:
    """The lines, numbered as they come, for the file has no numbers of theirs."""
    number = pl.int_range(1, pl.len() + 1).over("order").cast(pl.String).alias("item")
    items = part.drop("amount", strict=False).rename({"line": "amount"}, strict=False).with_columns(number)
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


def _customers(orders: pl.DataFrame) -> pl.DataFrame:
    return (
        orders.filter(pl.col("customer").is_not_null())
        .group_by("customer", maintain_order=True)
        .agg(
            pl.col("customer").first().alias("nick"),
            pl.lit("shopee").alias("platform"),
            pl.col("changed_at").max(),
        )
    )

"""The Orders report.

In: a sample of such a file. Out: batches of `orders`, `items` and `customers`.
Invariant: an order of several lines that was paid at once has a row of its own besides, with its totals and no item
number; that row is no line, and its totals are those of the order.

Dates have no time of day: an instant is that day's midnight in the zone, which is eBay's own (US Pacific) in dollars
and must be said otherwise. The report has no state of an order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rulecrm.plugin import Batch, Sample
from rulecrm.sheets import (
    Cell,
    agreed,
    count,
    either,
    fault,
    identifier,
    instant,
    known,
    latest,
    lines,
    money,
    said,
    text,
    together,
    total,
    whole_orders,
)  # fmt: skip

__all__ = ["read"]

_PACIFIC = "America/Los_Angeles"
_FORMS = ("%b-%d-%y", "%b-%d-%y %H:%M:%S", "%d-%b-%y", "%d-%b-%Y", "%b-%d-%Y", "%Y-%m-%d")
_STAGES = {"placed_at": "Sale Date", "paid_at": "Paid On Date", "shipped_at": "Shipped On Date"}
_SIGNS = {
    "AU $": "AUD", "C $": "CAD", "US $": "USD", "$": "USD", "£": "GBP", "€": "EUR", "EUR": "EUR", "GBP": "GBP",
    "USD": "USD", "AUD": "AUD", "CAD": "CAD", "CHF": "CHF", "PLN": "PLN",
}  # fmt: skip
"""What stands before amounts; a bare dollar is that of the United States."""

_TRAILER = r"(?i)record\(s\) downloaded|^\"?\s*Seller ID\s*:"
_WORDS = {
    "customer": "Buyer Username",
    "nick": "Buyer Name",
    "email": "Buyer Email",
    "country": "Ship To Country",
    "province": "Ship To State",
    "city": "Ship To City",
    "payment_method": "Payment Method",
    "title": "Item Title",
}
_IDS = {"product": "Item Number", "item": "Transaction ID"}
_MONEY = {"amount": "Total Price", "price": "Sold For", "shipping_fee": "Shipping And Handling"}


def read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    """The batches of a file; of the options it knows `zone`, `currency` and `shop`.

    Raises:
        RulesError: R723, nothing says the zone or the currency.
    """
    columns = _columns(sample, options)
    read = lines(sample, columns, trailer=_TRAILER, one=("customer",))
    for part in whole_orders(read.frame):
        orders = _orders(part)
        yield Batch({"orders": orders, "items": _items(part), "customers": _customers(part)})
    yield Batch({}, refused=read.refused)


def _columns(sample: Sample, options: Mapping[str, str]) -> dict[str, Cell]:
    there, currency = set(sample.header), options.get("currency") or _currency(sample)
    zone = options.get("zone") or (_PACIFIC if currency == "USD" else None)
    for name, value in (("zone", zone), ("currency", currency)):
        if value is None:
            raise fault("R723", sample.path, f"nothing in it says the {name}", fix=f"say it: --{name}", asks=name)
    signs = [sign for sign, code in _SIGNS.items() if code == currency]
    columns = {
        "order": either(identifier("Order Number"), identifier("Sales Record Number", needed=True)),
        "quantity": count("Quantity"),
        "currency": said(currency),
        **known(there, {name: (column, instant(column, _FORMS, zone)) for name, column in _STAGES.items()}),
        **known(there, {name: (column, text(column)) for name, column in _WORDS.items()}),
        **known(there, {name: (column, identifier(column)) for name, column in _IDS.items()}),
        **known(there, {name: (column, money(column, signs=signs)) for name, column in _MONEY.items()}),
    }
    shop = options.get("shop")
    return {**columns, "shop": said(shop)} if shop else columns


def _currency(sample: Sample) -> str | None:
    """What the signs before the first amounts say; None where they are of several, or of none that is known."""
    amounts = [row.get("Total Price", "").strip() for row in sample.rows]
    signs = {
        next((code for sign, code in _SIGNS.items() if amount.startswith(sign)), "") for amount in amounts if amount
    }
    return signs.pop() or None if len(signs) == 1 else None


def _orders(part: pl.DataFrame) -> pl.DataFrame:
    line = pl.col("product").is_not_null()
    own = [
        name
        for name in ("customer", "country", "province", "city", "payment_method", "currency", *_STAGES, "shop")
        if name in part.columns
    ]

    def whole(name: str) -> pl.Expr:
        """That of the order's own row; where there is none, the sum of the lines."""
        own_row = pl.col(name).filter(~line).drop_nulls().first()
        return pl.coalesce(own_row, total(name)).alias(name)

    orders = part.group_by("order", maintain_order=True).agg(
        *agreed(*own),
        *(whole(name) for name in ("amount", "shipping_fee") if name in part.columns),
        pl.col("quantity").filter(line).sum(),
        together(),
    )
    return latest(orders, tuple(_STAGES))


def _items(part: pl.DataFrame) -> pl.DataFrame:
    rows = part.filter(pl.col("product").is_not_null())
    number = pl.int_range(1, pl.len() + 1).over("order").cast(pl.String)
    given = pl.col("item") if "item" in part.columns else pl.lit(None, dtype=pl.String)
    unique = given.is_unique().over("order") & given.is_not_null()
    items = rows.with_columns(pl.when(unique.all().over("order")).then(given).otherwise(number).alias("item"))
    if "price" in items.columns:
        # Whether `Sold For` is that of one unit or of all is not documented; of one unit it is the same.
        items = items.with_columns(pl.when(pl.col("quantity") == 1).then("price").alias("amount"))
    else:
        items = items.drop("amount")
    kept = ("order", "item", "product", "title", "quantity", "price", "amount", "currency", "shop", "original")
    return items.select(name for name in kept if name in items.columns)


def _customers(part: pl.DataFrame) -> pl.DataFrame:
    there = latest(part.filter(pl.col("customer").is_not_null()), tuple(_STAGES))
    words = [name for name in ("nick", "email") if name in there.columns]
    return there.group_by("customer", maintain_order=True).agg(
        *(pl.col(name).drop_nulls().last() for name in words),
        pl.lit("ebay").alias("platform"),
        pl.col("changed_at").max(),
    )

"""The export of orders: a row an order, all its lines in one cell.

In: a sample of such a file. Out: batches of `orders`, `items` and `customers`.
Invariant: every line that a cell marks with 【n】 is a row of `items`; its whole text stays in `original`.

Times are wall clocks of the US Pacific zone, as all of AliExpress's are. A cell has neither prices nor the platform's
numbers of products. The buyer's key is 买家邮箱, and 买家名称 in the files without: there, two buyers of one name are
one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from rulecrm.plugin import Batch, Sample
from rulecrm.sheets import (
    LINE,
    Cell,
    either,
    frames,
    identifier,
    instant,
    known,
    latest,
    money,
    remarks,
    said,
    take,
    text,
)  # fmt: skip
from rulecrm_aliexpress.files.columns import PRODUCTS, STATUSES

__all__ = ["read"]

_ZONE = "America/Los_Angeles"
_FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S")
_STAGES = {"placed_at": "下单时间", "paid_at": "付款时间", "shipped_at": "发货时间", "completed_at": "确认收货时间"}
_MONEY = {"amount": "订单金额", "shipping_fee": "物流费用", "discount": "满立减"}
_WORDS = {
    "status": "订单状态",
    "country": "收货国家",
    "province": "州/省",
    "city": "城市",
    "nick": "买家名称",
    "email": "买家邮箱",
}
_SIGNS = {"USD": ("US $", "US$", "USD", "$"), "EUR": ("€", "EUR"), "RUB": ("руб.", "RUB"), "CNY": ("¥", "￥", "CNY")}

_LINE = r"【\d+】(?s:[^【]|【\D)*"
_TITLE = r"(?s)^【\d+】\s*(.*?)\s*(?:[(（](?:产品属性|商家编码|产品数量|物流等级)|$)"
_CODE = r"[(（]商家编码\s*[:：]\s*([^)）\n]*?)\s*[)）]"
_UNITS = r"[(（]产品数量\s*[:：]\s*(\d+)"


def read(sample: Sample, options: Mapping[str, str]) -> Iterator[Batch]:
    """The batches of a file; of the options it knows `currency` (US dollars where it is not said) and `shop`."""
    currency = options.get("currency") or "USD"
    products = next((name for name in sample.header if name.startswith(PRODUCTS)), None)
    columns = _columns(sample, currency, products, options.get("shop"))
    for chunk in frames(sample, of="orders"):
        rows, refused = take(chunk.frame, "orders", columns, sample)
        orders = latest(rows, tuple(_STAGES))
        items = _items(orders, currency)
        units = items.group_by("order").agg(
            pl.when(pl.col("quantity").is_not_null().all()).then(pl.col("quantity").sum()).alias("quantity")
        )
        whole = orders.join(units, on="order", how="left", maintain_order="left")
        yield Batch(
            {
                "orders": whole.drop("products", "nick", "email", LINE, strict=False),
                "items": items,
                "customers": _customers(orders),
            },
            refused=[*chunk.refused, *refused],
            remarks=remarks(orders, STATUSES),
        )


def _columns(sample: Sample, currency: str, products: str | None, shop: str | None) -> dict[str, Cell]:
    there, signs = set(sample.header), _SIGNS.get(currency, (currency,))
    buyer = [text(name) for name in ("买家邮箱", "买家名称") if name in there]
    columns = {
        "order": identifier("订单号", needed=True),
        "customer": either(*buyer) if buyer else said(None),
        "currency": said(currency),
        "products": text(products) if products is not None else said(None),
        **known(there, {name: (column, instant(column, _FORMS, _ZONE)) for name, column in _STAGES.items()}),
        **known(there, {name: (column, money(column, signs=signs)) for name, column in _MONEY.items()}),
        **known(there, {name: (column, text(column)) for name, column in _WORDS.items()}),
    }
    return {**columns, "shop": said(shop)} if shop else columns


def _items(orders: pl.DataFrame, currency: str) -> pl.DataFrame:
    cells = orders.select("order", "status", "changed_at", pl.col("products").str.extract_all(_LINE).alias("original"))
    line = pl.col("original")
    return (
        cells.explode("original")
        .filter(line.is_not_null())
        .select(
            "order",
            line.str.extract(r"^【(\d+)】").alias("item"),
            line.str.extract(_TITLE).replace("", None).alias("title"),
            line.str.extract(_CODE).replace("", None).alias("product"),
            line.str.extract(_UNITS).cast(pl.Int64, strict=False).alias("quantity"),
            pl.lit(currency).alias("currency"),
            "status",
            "changed_at",
            line.str.strip_chars().alias("original"),
        )
    )


def _customers(orders: pl.DataFrame) -> pl.DataFrame:
    words = [name for name in ("nick", "email") if name in orders.columns]
    return (
        orders.filter(pl.col("customer").is_not_null())
        .group_by("customer", maintain_order=True)
        .agg(
            *(pl.col(name).drop_nulls().last() for name in words),
            pl.lit("aliexpress").alias("platform"),
            pl.col("changed_at").max(),
        )
    )

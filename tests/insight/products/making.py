"""Small shops for tests of what is sold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import polars as pl

import rulecrm
from rulecrm.insight import Shop

RULES = 'timezone "Asia/Shanghai"\ncurrency CNY\n'


def instant(text: str) -> dt.datetime:
    """An instant as Shanghai's clock shows it."""
    naive = dt.datetime.fromisoformat(text)
    return naive.replace(tzinfo=dt.timezone(dt.timedelta(hours=8))).astimezone(dt.UTC)


Line = tuple[str, str, str, str | dt.datetime]
"""Order, customer, product, when it was paid."""


def items_of(lines: Iterable[Line], **columns: object) -> pl.DataFrame:
    """Items, with further columns."""
    listed = list(lines)
    frame = pl.DataFrame(
        {
            "order": [line[0] for line in listed],
            "customer": [line[1] for line in listed],
            "product": [line[2] for line in listed],
            "paid_at": [instant(line[3]) if isinstance(line[3], str) else line[3] for line in listed],
        },
        schema={"order": pl.String, "customer": pl.String, "product": pl.String, "paid_at": pl.Datetime("us", "UTC")},
    )
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


def orders_of(items: pl.DataFrame, **columns: object) -> pl.DataFrame:
    """The orders of items: one row an order."""
    orders = items.group_by("order", maintain_order=True).agg(
        pl.col("customer").first(), pl.col("paid_at").first(), pl.col("paid_at").first().alias("placed_at")
    )
    return orders.with_columns(pl.Series(name, values) for name, values in columns.items())


def shop_of(as_of: str, rules: str = "", **frames: pl.DataFrame) -> Shop:
    """A shop of Shanghai as of an instant of its clock."""
    facts = rulecrm.Facts.from_frames(**frames)
    return Shop.of(rulecrm.loads(RULES + rules), facts, as_of=instant(as_of))


def yuan(*amounts: str) -> pl.Series:
    """Amounts as decimals."""
    return pl.Series([Decimal(one) for one in amounts], dtype=pl.Decimal(18, 2))

"""A world as the frames that a host would pass in.

In: a `World`. Out: Polars frames by name, with the dtypes of the door.
Invariant: every frame has all its columns and dtypes even when it has no rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from tests.oracle.values import Value
from tests.oracle.world import STAGES, World

__all__ = ["frames_of"]

INSTANT = pl.Datetime("us", "UTC")
MONEY = pl.Decimal(38, 4)
TEXTS = pl.List(pl.String)

SCHEMAS: Mapping[str, Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "customers": {
        "customer": pl.String, "joined_at": INSTANT, "nick": pl.String, "birthday": pl.Date, "city": pl.String,
        "member_level": pl.Int64, "points": pl.Int64, "member_until": pl.Date, "tags": TEXTS,
        "accepts_email": pl.Boolean, "blocked": pl.Boolean, "email": pl.String, "email_consent_at": INSTANT,
        "score": pl.Float64, "zone": pl.String, "accepts_sms": pl.Boolean, "sms_consent_at": INSTANT,
        "accepts_sms_service": pl.Boolean,
    },
    "products": {
        "product": pl.String, "listed_at": INSTANT, "title": pl.String, "category": pl.String, "price": MONEY,
        "tags": TEXTS,
    },
    "orders": {
        "order": pl.String, "customer": pl.String, "product": pl.String, **{f"{stage}_at": INSTANT for stage in STAGES},
        "amount": MONEY, "discount": MONEY, "refund_amount": MONEY, "quantity": pl.Int64, "category": pl.String,
        "coupon": pl.String, "channel": pl.String, "city": pl.String, "currency": pl.String,
    },
    "items": {
        "customer": pl.String, "product": pl.String, "order": pl.String, "paid_at": INSTANT, "category": pl.String,
        "tags": TEXTS, "quantity": pl.Int64, "amount": MONEY, "cost": MONEY, "currency": pl.String,
    },
    "events": {
        "event": pl.String, "kind": pl.String, "at": INSTANT, "customer": pl.String, "product": pl.String,
        "category": pl.String, "channel": pl.String, "rating": pl.Int64, "quantity": pl.Int64, "reason": pl.String,
    },
    "live_watch": {
        "at": INSTANT, "customer": pl.String, "room": pl.String, "minutes": pl.Int64, "heat": pl.Float64, "gift": MONEY,
    },
    "rates": {"currency": pl.String, "date": pl.Date, "rate": pl.Decimal(38, 6)},
}  # fmt: skip


def frames_of(world: World) -> dict[str, pl.DataFrame]:
    """Frames by the names that `Facts.from_frames` takes; no `rates` where there are none."""
    records: dict[str, Sequence[Mapping[str, Value]]] = {
        "customers": world.customers,
        "products": world.products,
        "orders": world.orders,
        "items": world.items,
        "events": world.events,
        **world.kinds,
    }
    if world.rates:
        records["rates"] = world.rates
    return {name: _frame(rows, SCHEMAS[name]) for name, rows in records.items()}


def _frame(rows: Sequence[Mapping[str, Value]], schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    columns = {name: [_plain(row.get(name)) for row in rows] for name in schema}
    return pl.DataFrame(columns, schema=schema)  # type: ignore[arg-type]


def _plain(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value

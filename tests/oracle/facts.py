"""Worlds written as lines, for examples worked out by hand.

In: lines `CUSTOMER KIND INSTANT [NAME=VALUE …]`, an instant as UTC. Out: a `World`.
Invariant: `order` and `purchase` lines are orders that were placed, or placed and paid, at that instant; `placed+paid`
lines are both at once. Values are whole numbers where they look like one; `amount` is money.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from tests.oracle.values import Value
from tests.oracle.world import World

__all__ = ["at", "world_of"]

Record = dict[str, Value]
STAGES: dict[str, tuple[str, ...]] = {
    "order": ("placed_at",),
    "purchase": ("paid_at",),
    "placed+paid": ("placed_at", "paid_at"),
    "delivery": ("delivered_at",),
}


def at(text: str) -> dt.datetime:
    """An instant written in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def world_of(lines: str, customers: Sequence[Record] = (), currency: str = "CNY") -> World:
    """The world of these lines, rows numbered in the order of their writing."""
    orders: list[Record] = []
    events: list[Record] = []
    for number, line in enumerate(line.split() for line in lines.strip().splitlines() if line.strip()):
        customer, kind, when, *pairs = line
        fields: Record = {"customer": customer, **dict(_pair(pair) for pair in pairs)}
        if kind in STAGES:
            orders.append({"order": f"o{number:03}", **dict.fromkeys(STAGES[kind], at(when)), **fields})
        else:
            events.append({"event": f"e{number:03}", "kind": kind, "at": at(when), **fields})
    return World(customers=customers, orders=orders, events=events, currency=currency)


def _pair(text: str) -> tuple[str, Value]:
    name, _, value = text.partition("=")
    if name == "amount":
        return name, Decimal(value)
    if name.endswith("_at"):
        return name, at(value)
    return name, int(value) if value.lstrip("-").isdigit() else value

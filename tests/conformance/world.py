"""The shop that every case of conformance is asked about: twelve customers on Wednesday, 18 June 2025, at noon.

In: nothing. Out: `facts(schema)`, the rows below as frames.
Invariant: each row is written out, so that a reader can find the members of a case by eye. Days without a time of day
are meant at 10:00 in Shanghai.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

from rulecrm import Facts
from rulecrm.model.schema import Schema

__all__ = ["AS_OF", "CUSTOMERS", "facts"]

AS_OF = "2025-06-18T12:00"
"""T: a Wednesday, in the zone of the cases."""

ZONE = ZoneInfo("Asia/Shanghai")

Cell = object
Row = Mapping[str, Cell]

CUSTOMERS = ("ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal", "ivy", "jon", "kim", "leo")

_PERSON = (
    "customer", "joined_at", "gender", "birthday", "language", "state", "member_level", "points", "member_until",
    "tags",
)  # fmt: skip
_PERSONS: Sequence[tuple[Cell, ...]] = (
    ("ann", "2024-07-01T09", "female", "1990-06-18", "zh-CN", "active", 3, 1200, "2025-06-25", ["vip", "mother"]),
    ("bob", "2025-02-20T09", "male", "1985-06-20", "zh-CN", "active", 1, 300, "2025-12-31", ["dealer"]),
    ("cat", "2025-05-30T09", "female", "1992-02-29", "zh-CN", "active", 2, 500, "2025-07-10", ["vip"]),
    ("dan", "2025-01-01T09", "male", "2000-07-01", "zh-CN", "active", 0, 0, None, []),
    ("eve", "2023-12-01T09", "female", None, "en-US", "active", 3, 900, "2025-05-31", ["vip", "overseas"]),
    ("fay", "2024-09-01T09", "female", "1999-06-30", "zh-CN", "active", 2, 450, "2025-06-18", ["mother"]),
    ("gus", "2025-01-15T09", "male", "1970-12-12", "zh-CN", "active", 1, 200, "2025-06-19", ["complainer"]),
    ("hal", "2025-05-01T09", "male", "2005-06-17", "zh-CN", "disabled", 0, 10, None, []),
    ("ivy", "2025-06-10T09", "female", "1995-11-11", "zh-CN", "active", 0, 0, None, []),
    ("jon", "2025-05-19T09", "male", "1988-03-08", "zh-CN", "active", 1, 50, "2025-06-17", ["bargain"]),
    ("kim", "2025-06-17T15", None, None, None, None, None, None, None, None),
    ("leo", "2025-06-10T09", "male", "1979-06-21", "ru", "active", 0, 120, "2026-02-01", []),
)

_PLACE = ("country", "province", "city", "cities", "postal_code", "latitude", "longitude")
_PLACES: Mapping[str, tuple[Cell, ...]] = {
    "ann": ("CN", "Shanghai", "Shanghai", ["Shanghai", "Suzhou"], "200000", 31.23, 121.47),
    "bob": ("CN", "Beijing", "Beijing", ["Beijing"], "100000", 39.90, 116.40),
    "cat": ("CN", "Shanghai", "Shanghai", ["Shanghai"], "201100", 31.11, 121.38),
    "dan": ("CN", "Guangdong", "Guangzhou", ["Guangzhou", "Shenzhen"], "510000", 23.13, 113.26),
    "eve": ("US", "California", "San Francisco", ["San Francisco"], "94103", 37.77, -122.42),
    "fay": ("CN", "Zhejiang", "Hangzhou", ["Hangzhou"], "310000", 30.27, 120.15),
    "gus": ("CN", "Jiangsu", "Suzhou", ["Suzhou"], "215000", 31.30, 120.60),
    "hal": ("CN", "Beijing", "Beijing", ["Beijing"], "100001", 39.95, 116.30),
    "ivy": ("CN", "Shanghai", "Shanghai", ["Shanghai"], "200030", 31.19, 121.43),
    "jon": ("CN", "Hubei", "Wuhan", ["Wuhan"], "430000", 30.59, 114.31),
    "leo": ("RU", "Moscow", "Moscow", ["Moscow"], "101000", 55.75, 37.62),
}

_REACH = (
    "email", "phone", "accepts_email", "accepts_sms", "accepts_im", "email_consent_at", "consent_method", "blocked",
)  # fmt: skip
_REACHES: Mapping[str, tuple[Cell, ...]] = {
    "ann": ("ann@qq.com", "+8613800000001", True, True, True, "2024-07-01T09", "checkout", False),
    "bob": ("Bob@Gmail.com", "+8613800000002", True, False, False, "2025-02-20T09", "form", False),
    "cat": ("cat@163.com", "+8613800000003", False, True, False, None, None, False),
    "dan": ("dan@qq.com", None, True, None, False, "2025-01-01T09", "form", False),
    "eve": ("eve@yahoo.com", "+14155550005", False, False, False, None, None, False),
    "fay": ("fay@qq.com", "+8613800000006", True, True, True, "2024-09-01T09", "checkout", False),
    "gus": ("gus@corp.example", "+8613800000007", True, False, False, "2025-01-15T09", "form", False),
    "hal": (None, "+8613800000008", None, True, False, None, None, False),
    "ivy": ("ivy@qq.com", "+8613800000009", False, True, False, None, None, False),
    "jon": ("jon@163.com", "+8613800000010", False, True, False, None, None, False),
    "kim": (None, None, None, None, None, None, None, True),
    "leo": ("leo@mail.ru", "+79160000012", True, False, False, "2025-06-10T09", "form", False),
}

_OWN = ("shoe_size", "sizes", "addresses", "appointment_at", "accepts_email_for_service", "churn_risk")
_OWNS: Mapping[str, tuple[Cell, ...]] = {
    "ann": (37, {"top": "M", "chest": 88}, [("Shanghai", True, "2024-07-01"), ("Suzhou", False, "2020-03-01")], None,
            True, 0.05),
    "bob": (43, {"top": "L", "chest": 104}, None, None, None, 0.7),
    "cat": (38, None, [("Suzhou", True, "2025-02-01")], None, None, 0.2),
    "dan": (None, None, [], "2025-06-19T10", True, None),
    "eve": (None, None, [(None, True, None)], None, False, 0.9),
    "ivy": (None, None, None, "2025-06-18T16", None, None),
}  # fmt: skip

_ARRIVED = {"shipped_at": "2025-06-11", "delivered_at": "2025-06-13", "completed_at": "2025-06-16"}

# customer, day, product, amount, and what else there is to say
_ORDERS: Sequence[tuple[str, str, str, int, Row]] = (
    ("ann", "2024-07-10", "p1", 100, {}),
    ("ann", "2024-08-10", "p1", 100, {}),
    ("ann", "2024-09-10", "p1", 100, {}),
    ("ann", "2024-10-10", "p1", 100, {}),
    ("ann", "2024-11-10", "p1", 100, {}),
    ("ann", "2024-12-10", "p2", 100, {}),
    ("ann", "2025-01-10", "p1", 100, {}),
    ("ann", "2025-02-10", "p1", 100, {}),
    ("ann", "2025-03-10", "p1", 100, {}),
    ("ann", "2025-04-10", "p1", 100, {}),
    ("ann", "2025-05-10", "p1", 100, {}),
    ("ann", "2025-06-10", "p3", 350, _ARRIVED),
    ("bob", "2025-03-01", "p2", 80, {}),
    ("cat", "2025-06-01", "p1", 200, {}),
    ("cat", "2025-06-15", "p4", 60, {}),
    ("eve", "2024-01-10", "p3", 500, {}),
    ("eve", "2024-03-10", "p3", 600, {}),
    ("eve", "2024-05-10", "p1", 700, {}),
    ("fay", "2024-10-01", "p3", 300, {}),
    ("fay", "2025-06-10", "p2", 150, {}),
    ("gus", "2025-02-01", "p4", 50, {"refunded_at": "2025-02-06", "refund_amount": 50}),
    ("gus", "2025-03-01", "p4", 50, {"refunded_at": "2025-03-06", "refund_amount": 50}),
    ("gus", "2025-04-01", "p4", 50, {"refunded_at": "2025-04-06", "refund_amount": 20}),
    ("gus", "2025-05-01", "p4", 50, {}),
    ("hal", "2025-05-04", "p2", 70, {"paid_at": None, "cancelled_at": "2025-05-05"}),
    ("hal", "2025-06-18", "p1", 90, {"paid_at": None}),
    ("jon", "2025-05-20", "p4", 40, {"coupon": "M10", "discount": 10}),
    ("jon", "2025-05-25", "p4", 40, {"coupon": "M10", "discount": 10}),
    ("jon", "2025-06-01", "p4", 40, {"coupon": "M10", "discount": 10}),
    ("jon", "2025-06-08", "p4", 40, {"coupon": "M10", "discount": 10}),
    ("jon", "2025-06-17", "p4", 40, {"coupon": "618", "discount": 10}),
    ("leo", "2025-06-11T20", "p2", 120, {"paid_at": "2025-06-12T09"}),
)

_PRODUCTS = {
    "p1": ("dress", "Lian", ["summer"]),
    "p2": ("shoe", "Pao", []),
    "p3": ("coat", "Lian", ["winter"]),
    "p4": ("tea", "Cha", []),
    "p5": ("scarf", "Lian", ["winter"]),
}

_EVENTS: Sequence[tuple[str, str, str, Row]] = (
    ("bob", "2025-05-01", "cart", {"product": "p3", "amount": 300}),
    ("cat", "2025-06-14T19", "view", {"product": "p4"}),
    ("cat", "2025-06-14T20", "cart", {"product": "p4", "amount": 60}),
    ("cat", "2025-06-17T20", "view", {"product": "p1"}),
    ("dan", "2025-05-28", "visit", {}),
    ("dan", "2025-06-03", "visit", {}),
    ("dan", "2025-06-05", "view", {"product": "p3"}),
    ("dan", "2025-06-05T11", "inquiry", {"text": "is it warm?"}),
    ("dan", "2025-06-10", "visit", {}),
    ("dan", "2025-06-17", "visit", {}),
    ("gus", "2025-03-10", "visit", {}),
    ("gus", "2025-04-10", "visit", {}),
    ("fay", "2025-06-09", "favourite", {"product": "p2"}),
    ("ivy", "2025-06-16T09", "view", {"product": "p1"}),
    ("ivy", "2025-06-16T10", "cart", {"product": "p1", "amount": 90}),
    ("ivy", "2025-06-17T10", "view", {"product": "p2"}),
    ("ivy", "2025-06-18T09", "checkout", {}),
    ("leo", "2025-06-10T09", "view", {"product": "p2"}),
    ("leo", "2025-06-10T10", "view", {"product": "p2"}),
    ("leo", "2025-06-10T11", "view", {"product": "p2"}),
    ("leo", "2025-06-11T09", "inquiry", {"text": "size 42?"}),
    # what came of our own messages
    ("ann", "2025-06-06T10", "message", {"channel": "email", "campaign": "618", "wave": "1", "variant": "a"}),
    ("ann", "2025-06-06T11", "message_delivered", {"channel": "email", "campaign": "618", "wave": "1", "variant": "a"}),
    ("ann", "2025-06-06T12", "open", {"channel": "email", "campaign": "618", "wave": "1", "variant": "a"}),
    ("ann", "2025-06-06T13", "click", {"channel": "email", "campaign": "618", "wave": "1", "variant": "a"}),
    ("bob", "2025-06-06T10", "message", {"channel": "email", "campaign": "618", "wave": "1", "variant": "b"}),
    ("bob", "2025-06-06T11", "bounce", {"channel": "email", "campaign": "618", "reason": "hard"}),
    ("cat", "2025-06-15T18", "message", {"channel": "sms", "campaign": "618", "wave": "2"}),
    ("cat", "2025-06-15T19", "message_delivered", {"channel": "sms", "campaign": "618", "wave": "2"}),
    ("dan", "2025-06-06T10", "message", {"channel": "email", "campaign": "618", "wave": "1", "variant": "a"}),
    ("dan", "2025-06-06T11", "message_delivered", {"channel": "email", "campaign": "618", "wave": "1", "variant": "a"}),
    ("dan", "2025-06-07T09", "open", {"channel": "email", "campaign": "618", "wave": "1", "variant": "a"}),
    ("eve", "2025-03-01", "message", {"channel": "email", "campaign": "winback"}),
    ("eve", "2025-03-01T11", "message_delivered", {"channel": "email", "campaign": "winback"}),
    ("eve", "2025-03-01T12", "complaint", {"channel": "email", "campaign": "winback"}),
    ("eve", "2025-03-02", "unsubscribe", {"channel": "email"}),
    ("fay", "2025-06-08", "message", {"channel": "im", "campaign": "618"}),
    ("fay", "2025-06-08T11", "message_delivered", {"channel": "im", "campaign": "618"}),
    ("fay", "2025-06-08T12", "reply", {"channel": "im", "text": "thanks"}),
    ("gus", "2025-06-06T10", "message", {"channel": "email", "campaign": "618", "wave": "1", "variant": "b"}),
    ("gus", "2025-06-06T11", "bounce", {"channel": "email", "campaign": "618", "reason": "soft"}),
    ("jon", "2025-06-06T10", "message", {"channel": "sms", "campaign": "618"}),
    ("jon", "2025-06-13T10", "message", {"channel": "sms", "campaign": "618"}),
    ("jon", "2025-06-17T08", "message", {"channel": "sms", "campaign": "618"}),
    ("jon", "2025-06-17T08:30", "message_delivered", {"channel": "sms", "campaign": "618"}),
    ("jon", "2025-06-17T09", "click", {"channel": "sms", "campaign": "618"}),
)  # fmt: skip

_PETS: Sequence[tuple[Cell, ...]] = (
    ("ann", "2025-01-01", "dog", "2020-01-01"),
    ("gus", "2025-02-01", "cat", "2018-05-05"),
    ("gus", "2025-02-01T11", "cat", "2019-05-05"),
)


def facts(schema: Schema, *, live_watch: pl.DataFrame | None = None, rates: pl.DataFrame | None = None) -> Facts:
    """The shop as facts, read for a schema that declares what the cases do; further frames where they are given."""
    return Facts.from_frames(
        customers=_customers(), orders=_orders(), items=_items(), events=_events(), pet=_pets(), live_watch=live_watch,
        rates=rates, schema=schema,
    )  # fmt: skip


def _instant(text: Cell) -> dt.datetime | None:
    if text is None:
        return None
    written = str(text)
    return dt.datetime.fromisoformat(written if "T" in written else f"{written}T10").replace(tzinfo=ZONE)


def _date(text: Cell) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(str(text))


def _money(amount: Cell) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


def _customers() -> pl.DataFrame:
    rows: list[dict[str, Cell]] = []
    for person in _PERSONS:
        row = dict(zip(_PERSON, person, strict=True))
        key = str(row["customer"])
        for names, table in ((_PLACE, _PLACES), (_REACH, _REACHES), (_OWN, _OWNS)):
            row.update(zip(names, table.get(key, (None,) * len(names)), strict=True))
        for name in ("joined_at", "email_consent_at", "appointment_at"):
            row[name] = _instant(row[name])
        for name in ("birthday", "member_until"):
            row[name] = _date(row[name])
        row["addresses"] = _addresses(row["addresses"])
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _addresses(told: Cell) -> list[Row] | None:
    if told is None:
        return None
    assert isinstance(told, list)
    return [{"city": city, "main": main, "since": _date(since)} for city, main, since in told]


def _orders() -> pl.DataFrame:
    rows = []
    for number, (customer, day, product, amount, more) in enumerate(_ORDERS):
        category, brand, _ = _PRODUCTS[product]
        stages = {
            f"{stage}_at": _instant(more.get(f"{stage}_at"))
            for stage in ("shipped", "delivered", "completed", "cancelled", "refunded")
        }
        rows.append({
            "order": f"o{number:02}", "customer": customer, "product": product, "category": category, "brand": brand,
            "placed_at": _instant(day), "paid_at": _instant(more.get("paid_at", day)), **stages,
            "amount": _money(amount), "discount": _money(more.get("discount", 0)),
            "refund_amount": _money(more.get("refund_amount")), "coupon": more.get("coupon"),
        })  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def _items() -> pl.DataFrame:
    rows = []
    for number, (_, _, product, amount, _) in enumerate(_ORDERS):
        lines = [(product, amount)] if amount != 350 else [("p3", 250), ("p5", 100)]
        for item, value in lines:
            category, brand, tags = _PRODUCTS[item]
            rows.append({
                "order": f"o{number:02}", "product": item, "category": category, "brand": brand, "tags": tags,
                "quantity": 1, "amount": _money(value), "cost": _money(value // 2),
            })  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides={"tags": pl.List(pl.String)})


def _events() -> pl.DataFrame:
    names = ("product", "channel", "campaign", "wave", "variant", "reason", "text")
    rows = [
        {
            "event": f"e{number:03}", "kind": kind, "customer": customer, "at": _instant(day),
            "amount": _money(more.get("amount")), **{name: more.get(name) for name in names},
        }
        for number, (customer, day, kind, more) in enumerate(_EVENTS)
    ]  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def _pets() -> pl.DataFrame:
    rows = [
        {"customer": customer, "at": _instant(day), "species": species, "born": _date(born)}
        for customer, day, species, born in _PETS
    ]
    return pl.DataFrame(rows)

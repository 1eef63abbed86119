"""Little shops, drawn by number, and the slow arithmetic that figures about them are compared with.

In: a seed. Out: `Little`: rows as Python has them, and a `Shop` over them.
Invariant: days are counted on the clock of Berlin, by `zoneinfo` alone; nothing of the library is asked.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl
from attrs import frozen

import rulecrm
from rulecrm.insight import Shop

__all__ = ["NOW", "ZONE", "Little", "Row", "is_wilson", "little", "loaded", "moved", "up_to"]

ZONE = ZoneInfo("Europe/Berlin")
NOW = dt.datetime(2025, 4, 20, 10, tzinfo=dt.UTC)
RULES = 'timezone "Europe/Berlin"\ncurrency EUR\nsegment again "Bought again" = count(purchase) >= 2\n'

Row = dict[str, object]

_EVENTS = ("visit", "view", "favourite", "cart", "inquiry", "review")
_TEXTS = (None, "Any DISCOUNT?", "可以便宜吗", "is it warm?")


@cache
def loaded(text: str) -> rulecrm.Rules:
    """Rules, read once."""
    return rulecrm.loads(text)


@frozen
class Little:
    """A shop of a handful of customers."""

    orders: Sequence[Row]
    items: Sequence[Row]
    events: Sequence[Row]
    products: Sequence[Row]
    answers: Sequence[Row]

    def shop(self, rules: str = RULES, *, at: dt.datetime = NOW) -> Shop:
        facts = rulecrm.Facts.from_frames(
            orders=pl.DataFrame(self.orders, schema_overrides=_TYPES, infer_schema_length=None),
            items=pl.DataFrame(self.items, schema_overrides=_TYPES, infer_schema_length=None),
            events=pl.DataFrame(self.events, schema_overrides=_TYPES, infer_schema_length=None),
            products=pl.DataFrame(self.products, schema_overrides=_TYPES, infer_schema_length=None),
            answer=pl.DataFrame(self.answers, schema_overrides=_TYPES, infer_schema_length=None),
            schema=loaded('import "std/staff.rules"').program.schema,
        )
        return Shop.of(loaded(rules), facts, as_of=at)

    def seen(self, kind: str, start: dt.datetime | None = None) -> list[Row]:
        """Events of a kind up to now, after an instant."""
        rows = [row for row in self.events if row["kind"] == kind]
        return [row for row in rows if row["at"] <= NOW and (start is None or row["at"] > start)]  # type: ignore[operator]

    def bought(self, start: dt.datetime | None = None) -> list[Row]:
        """Purchases up to now, after an instant, in the order of time and number."""
        return up_to(self.orders, "paid_at", start)


_INSTANT = pl.Datetime("us", "UTC")
_TYPES = {
    **dict.fromkeys(("placed_at", "paid_at", "cancelled_at", "refunded_at", "at", "listed_at"), _INSTANT),
    **dict.fromkeys(("amount", "discount", "refund_amount"), pl.Decimal(18, 2)),
    **dict.fromkeys(("coupon", "staff", "source", "category", "brand", "product", "text", "kind_of_abuse"), pl.String),
    "rating": pl.Int64,
    "seconds": pl.Float64,
}  # fmt: skip


def up_to(rows: Sequence[Row], column: str, start: dt.datetime | None = None) -> list[Row]:
    """Rows whose instant is there and not after now, in order."""
    found = [row for row in rows if row[column] is not None and row[column] <= NOW]  # type: ignore[operator]
    found = [row for row in found if start is None or row[column] > start]  # type: ignore[operator]
    return sorted(found, key=lambda row: (row[column], row["order"]))  # type: ignore[arg-type, return-value]


def moved(at: dt.datetime, days: int) -> dt.datetime:
    """An instant moved by days of the calendar, on the clock of Berlin."""
    wall = at.astimezone(ZONE).replace(tzinfo=None) + dt.timedelta(days=days)
    return wall.replace(tzinfo=ZONE).astimezone(dt.UTC)


def is_wilson(low: object, high: object, part: int, whole: int) -> bool:
    """Whether these are the shares p for which (part/whole − p)² = z² p (1 − p) / whole (Wilson, 1927)."""
    if not whole:
        return low is None and high is None
    z2 = 1.959963984540054**2
    for bound in (low, high):
        assert isinstance(bound, float)
        if not -1e-12 <= bound <= 1 + 1e-12:
            return False
        if abs((part / whole - bound) ** 2 - z2 * bound * (1 - bound) / whole) > 1e-9:
            return False
    return bool(low <= part / whole + 1e-12 and part / whole <= high + 1e-12)  # type: ignore[operator]


def little(seed: int, *, customers: int = 9, orders: int = 30) -> Little:
    """A shop by its number."""
    draw = random.Random(seed)
    names = [f"c{number}" for number in range(customers)]
    # By the hour, around a change of the clocks, so that instants meet and days are 23 hours long.
    hours = draw.choice((200, 24 * 40, 24 * 200))

    def instant() -> dt.datetime:
        return NOW - dt.timedelta(hours=draw.randrange(-48, hours))

    def maybe(value: object, share: float = 0.5) -> object:
        return value if draw.random() < share else None

    staff, source = (lambda: draw.choice((None, "s1", "s2", "s3"))), (lambda: draw.choice((None, "ads", "friends")))
    products = [
        {
            "product": f"p{number}", "category": draw.choice((None, "tea", "cup")), "brand": draw.choice(("Lian", "Cha")),
            "listed_at": maybe(instant(), 0.7),
        }
        for number in range(4)
    ]  # fmt: skip
    made: list[Row] = []
    for number in range(orders):
        placed = instant()
        paid = maybe(placed + dt.timedelta(hours=draw.randrange(3)), 0.8)
        made.append({
            "order": f"o{number:02}", "customer": draw.choice(names), "placed_at": placed, "paid_at": paid,
            "cancelled_at": None if paid else maybe(placed + dt.timedelta(hours=5)),
            "refunded_at": maybe(paid + dt.timedelta(hours=draw.randrange(200)), 0.3) if isinstance(paid, dt.datetime) else None,
            "refund_amount": maybe(Decimal(draw.randrange(500)) / 100, 0.3),
            "amount": Decimal(draw.randrange(500, 20_000)) / 100, "discount": maybe(Decimal(draw.choice((0, 0, 7, 19)))),
            "coupon": maybe("M10", 0.3), "staff": staff(), "source": source(),
        })  # fmt: skip
    items: list[Row] = [
        {
            "order": row["order"],
            "product": draw.choice(products)["product"],
            "amount": Decimal(draw.randrange(9_000)) / 100,
        }
        for row in made
        for _ in range(draw.randrange(3))
    ]
    items = items or [{"order": made[0]["order"], "product": "p0", "amount": Decimal(1)}]
    events: list[Row] = [
        {
            "kind": kind, "customer": draw.choice(names), "at": instant(), "staff": staff(),
            "product": draw.choice(products)["product"], "text": draw.choice(_TEXTS),
            "rating": maybe(draw.randrange(1, 6), 0.8) if kind == "review" else None,
            "kind_of_abuse": maybe("insult", 0.1), "amount": maybe(Decimal(draw.randrange(99)), 0.8),
        }
        for kind in _EVENTS
        for _ in range(draw.randrange(1, 12))
    ]  # fmt: skip
    answers: list[Row] = [
        {"customer": draw.choice(names), "at": instant(), "staff": staff(), "seconds": float(draw.randrange(600))}
        for _ in range(6)
    ]
    return Little(made, items, events, products, answers)

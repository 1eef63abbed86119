"""The facts of a small shop as plain Python rows, and what of them can be seen as of an instant.

In: rows as dictionaries, one for each line of a canonical frame. Out: rows of a kind as of T.
Invariant: nothing of a row that happened after T can be read through `Row`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import field, frozen

from tests.oracle.values import Value, money
from tests.oracle.zone import Zone

__all__ = ["EVENT_KINDS", "ORDER_KINDS", "STAGES", "SUBJECTS", "Row", "World"]

Record = Mapping[str, Value]

SUBJECTS = ("customer", "person", "product", "staff", "shop", "source")
STAGES = ("placed", "paid", "shipped", "delivered", "completed", "cancelled", "refunded")
ORDER_KINDS = {
    "order": "placed_at",
    "purchase": "paid_at",
    "shipment": "shipped_at",
    "delivery": "delivered_at",
    "completion": "completed_at",
    "cancellation": "cancelled_at",
    "refund": "refunded_at",
}
EVENT_KINDS = (
    "visit", "view", "favourite", "cart", "checkout", "inquiry", "review", "referral", "message", "message_delivered",
    "open", "click", "reply", "bounce", "complaint", "unsubscribe",
)  # fmt: skip
FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)
SINCE = {"customer": "joined_at", "product": "listed_at"}


@frozen
class Row:
    """One fact, seen as of `now`."""

    kind: str
    record: Record
    now: dt.datetime
    position: int
    world: World = field(repr=False)
    zone: Zone = field(repr=False)

    @property
    def at(self) -> dt.datetime:
        """When it happened."""
        value = self.record[_instant_of(self.kind)]
        assert isinstance(value, dt.datetime)
        return value

    @property
    def order(self) -> tuple[dt.datetime, tuple[str, int]]:
        """Its place among the rows of its kind."""
        return self.at, _natural_key(self)

    def has(self, name: str, declared: frozenset[str]) -> bool:
        """Whether a row of this kind has such a field; `declared` are the fields of a declared kind."""
        return name == "at" or name in SUBJECTS or name in self.record or name in STAGES or name in declared

    def read(self, name: str) -> Value:
        """A field as of `now`."""
        if name == "at":
            return self.at
        if self.kind not in ORDER_KINDS:
            return self._amount(name)
        if name in STAGES:
            return self._reached(name) is not None
        if name.removesuffix("_at") in STAGES:
            return self._reached(name.removesuffix("_at"))
        if name == "refund_amount":
            return self._amount("refund_amount") if self._reached("refunded") is not None else None
        if (name, self.kind) == ("amount", "refund") and self.record.get("refund_amount") is not None:
            return self._amount("refund_amount")
        return self._amount(name)

    def _amount(self, name: str) -> Value:
        """A field, money in the reporting currency."""
        value = self.record.get(name)
        if not isinstance(value, Decimal):
            return value
        currency = self.record.get("currency") or self.world.currency
        assert isinstance(currency, str)
        return self.world.convert(value, currency, self.zone.day(self.at))

    def _reached(self, stage: str) -> dt.datetime | None:
        at = self.record.get(f"{stage}_at")
        return at if isinstance(at, dt.datetime) and at <= self.now else None


def _instant_of(kind: str) -> str:
    if kind in ORDER_KINDS:
        return ORDER_KINDS[kind]
    return "paid_at" if kind == "item" else "at"


def _key(record: Record, subject: str) -> Value:
    """Whose a record is; who is linked with nobody is a person by himself."""
    return record.get(subject, record.get("customer")) if subject == "person" else record.get(subject)


@frozen
class World:
    """Every fact there is, past and future.

    `customers` and `products` are one record a subject; `orders` one an order, with the instants of its stages;
    `items` one a line, with `paid_at`; `events` one an event, with `kind` and `at`; `kinds` the rows of declared kinds.
    Money is Decimal; a row with a `currency` other than the reporting one is converted at the latest of the `rates`
    (records of `currency`, `date` and `rate`, reporting units for one unit) on or before the row's local day.
    """

    customers: Sequence[Record] = ()
    products: Sequence[Record] = ()
    orders: Sequence[Record] = ()
    items: Sequence[Record] = ()
    events: Sequence[Record] = ()
    kinds: Mapping[str, Sequence[Record]] = field(factory=dict)
    rates: Sequence[Record] = ()
    currency: str = "CNY"

    def rows(self, kind: str, subject: str, key: str, now: dt.datetime, zone: Zone) -> list[Row]:
        """Rows of a kind that belong to a subject and are not after `now`, in their order."""
        rows = [
            row
            for row in self._seen(kind, now, zone)
            if _key(row.record, subject) == key
        ]  # fmt: skip
        return sorted(rows, key=lambda row: row.order)

    def first_seen(self, customer: str) -> dt.datetime | None:
        """When a customer became known: `joined_at` or the first fact, whichever is earlier."""
        joined = self.attribute("customer", customer, "joined_at")
        instants = [row.at for row in self._everything() if row.record.get("customer") == customer]
        return min([joined, *instants] if isinstance(joined, dt.datetime) else instants, default=None)

    def earliest(self) -> dt.datetime | None:
        """When the first fact happened."""
        return min((row.at for row in self._everything()), default=None)

    def latest(self) -> dt.datetime:
        """When the last fact happened; long ago where there is none."""
        return max((row.at for row in self._everything()), default=dt.datetime.min.replace(tzinfo=dt.UTC))

    def _everything(self) -> Iterator[Row]:
        for kind in (*ORDER_KINDS, "item", *EVENT_KINDS, *self.kinds):
            yield from self._seen(kind, FOREVER, Zone("UTC"))

    def keys(self, subject: str, now: dt.datetime) -> list[str]:
        """Keys of the subjects that exist at `now`, sorted."""
        found: set[str] = set()
        for record in self.frame(subject):
            since = record.get(SINCE[subject])
            if since is None or since <= now:  # type: ignore[operator]
                found.add(str(record[subject]))
        for kind in (*ORDER_KINDS, "item", *EVENT_KINDS, *self.kinds):
            for row in self._seen(kind, now, Zone("UTC")):
                key = row.record.get(subject)
                if key is not None:
                    found.add(str(key))
        return sorted(found)

    def frame(self, subject: str) -> Sequence[Record]:
        """Records of the subject's own frame."""
        return {"customer": self.customers, "product": self.products}.get(subject, ())

    def attribute(self, subject: str, key: str, name: str) -> Value:
        """An attribute of a subject; missing where the subject or the column is not listed."""
        for record in self.frame(subject):
            if record[subject] == key:
                return record.get(name)
        return None

    def convert(self, amount: Decimal, currency: str, day: dt.date) -> Decimal:
        """An amount in the reporting currency; KeyError where there is no rate yet."""
        if currency == self.currency:
            return money(Fraction(amount))
        known = {
            rate["date"]: rate["rate"] for rate in self.rates if rate["currency"] == currency and rate["date"] <= day
        }  # type: ignore[operator]
        if not known:
            raise KeyError(currency, day)
        return money(Fraction(amount) * Fraction(known[max(known)]))  # type: ignore[arg-type,type-var]

    def _seen(self, kind: str, now: dt.datetime, zone: Zone) -> Iterator[Row]:
        if kind in ORDER_KINDS:
            records: Sequence[Record] = self.orders
        elif kind == "item":
            records = self.items
        elif kind in self.kinds:
            records = self.kinds[kind]
        else:
            records = [record for record in self.events if record["kind"] == kind]
        for position, record in enumerate(records):
            at = record.get(_instant_of(kind))
            if isinstance(at, dt.datetime) and at <= now:
                yield Row(kind, record, now, position, self, zone)


def _natural_key(row: Row) -> tuple[str, int]:
    name = "order" if row.kind in ORDER_KINDS else "event" if row.kind in EVENT_KINDS else ""
    key = str(row.record.get(name) or "")
    return key, 0 if key else row.position  # where rows arrive late, the others stand elsewhere and are the same

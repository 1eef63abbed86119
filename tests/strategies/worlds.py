"""Small shops: facts as plain Python rows.

In: a zone and an instant T that the facts cluster around. Out: `World` values.
Invariant: numbers are multiples of 0.25 and money has at most 4 decimals, so that sums are exact in every engine; rows
that a definition could not put in order differ in their instant.

A row is drawn as bytes, one a field, each of which picks from the pool of that field: one choice a row is quick to draw,
and bytes shrink towards the first, plainest member of each pool.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from hypothesis import strategies as st

from tests.oracle.values import Value
from tests.oracle.world import STAGES, World
from tests.oracle.zone import Zone
from tests.strategies.clocks import Focus, instants_around

__all__ = ["CATEGORIES", "CHANNELS", "CITIES", "CUSTOMERS", "GENERATED_EVENTS", "PRODUCTS", "TAGS", "worlds"]

CUSTOMERS = tuple(f"c{number}" for number in range(8))
PRODUCTS = ("p0", "p1", "p2")
CATEGORIES = ("dress", "连衣裙", "Shoe", "shoe", "")
CITIES = ("Paris", "上海", "paris", "New York")
CHANNELS = ("email", "sms", "im")
TAGS = ("vip", "new", "Old")
GENERATED_EVENTS = ("view", "cart", "inquiry", "open", "review", "visit")

Record = dict[str, Value]
Pools = Mapping[str, Sequence[Value]]

AMOUNTS = tuple(
    map(Decimal, ["100", "0", "0.01", "5", "10", "19.99", "99.5", "299", "300", "0.0001", "1234567.8901", "100", "100"])
)
QUANTITIES = (0, 1, 2, 3, 4)
NUMBERS = tuple(quarters / 4 for quarters in range(-8, 21))
BIRTHDAYS = (
    dt.date(1990, 11, 12), dt.date(1988, 2, 29), dt.date(1999, 12, 31), dt.date(2001, 3, 1), dt.date(1970, 1, 1),
)  # fmt: skip
AHEAD = (dt.date(2025, 11, 12), dt.date(2025, 11, 30), dt.date(2024, 3, 1), dt.date(2026, 1, 1))
TAG_LISTS = ((), ("vip",), ("new", "Old"), ("Old", "Old"), ("vip", "new"))
RATES = tuple(map(Decimal, ["1", "7.1234", "0.048515", "7.00005", "0.5"]))


def _or_missing(pool: Sequence[Value], weight: int = 1) -> Sequence[Value]:
    """The pool, and missing about once in `4 / weight` draws."""
    return (*pool, *[None] * max(1, len(pool) * weight // 3))


def _rows(pools: Pools, most: int) -> st.SearchStrategy[list[Record]]:
    """Rows with a value of each pool; often none or few, often about as many as allowed."""
    names, width = list(pools), len(pools)

    def row(choices: bytes) -> Record:
        return {name: pools[name][choice % len(pools[name])] for name, choice in zip(names, choices, strict=True)}

    one = st.binary(min_size=width, max_size=width).map(row)
    many = st.lists(one, min_size=most // 3, max_size=most)
    return st.one_of(many, many, many, st.lists(one, max_size=3))


def _customers(when: Sequence[Value]) -> Pools:
    return {
        "joined_at": _or_missing(when, 3),
        "nick": _or_missing(("Ann", "ann", "  Bo ", "小明")),
        "birthday": _or_missing(BIRTHDAYS),
        "city": _or_missing(CITIES),
        "member_level": _or_missing(QUANTITIES),
        "points": _or_missing((-2, -1, 0, 1, 5)),
        "member_until": _or_missing(AHEAD),
        "tags": _or_missing(TAG_LISTS),
        "accepts_email": (True, False, None),
        "blocked": (False, True, None),
        "email": _or_missing(("a@X.com", "b@x.com", "nobody")),
        "email_consent_at": _or_missing(when),
        "score": _or_missing(NUMBERS),
    }


def _orders(when: Sequence[Value], currencies: Sequence[str], customers: Sequence[str]) -> Pools:
    return {
        "customer": customers,
        "placed_at": _or_missing(when),
        "paid_at": _or_missing(when),
        "amount": _or_missing(AMOUNTS),
        "quantity": _or_missing(QUANTITIES),
        "category": _or_missing(CATEGORIES),
        "product": _or_missing(PRODUCTS),
        **{f"{stage}_at": (*[None] * len(when), *when)[:256] for stage in STAGES[2:]},
        "discount": _or_missing(AMOUNTS),
        "refund_amount": _or_missing(AMOUNTS),
        "coupon": (None, "M10", "M20"),
        "channel": _or_missing(CHANNELS),
        "city": _or_missing(CITIES),
        "currency": currencies,
    }


def _items(when: Sequence[Value], currencies: Sequence[str], customers: Sequence[str]) -> Pools:
    return {
        "customer": customers,
        "paid_at": _or_missing(when),
        "amount": _or_missing(AMOUNTS),
        "quantity": _or_missing(QUANTITIES),
        "category": _or_missing(CATEGORIES),
        "product": _or_missing(PRODUCTS),
        "order": _or_missing(("o0", "o1", "o2")),
        "tags": _or_missing(TAG_LISTS),
        "cost": _or_missing(AMOUNTS),
        "currency": currencies,
    }


def _events(when: Sequence[Value], customers: Sequence[str], kinds: Sequence[str]) -> Pools:
    return {
        "kind": kinds,
        "at": when,
        "customer": customers,
        "product": _or_missing(PRODUCTS),
        "category": _or_missing(CATEGORIES),
        "channel": _or_missing(CHANNELS),
        "rating": _or_missing((1, 2, 3, 4, 5)),
        "quantity": _or_missing(QUANTITIES),
    }


def _watches(when: Sequence[Value], customers: Sequence[str]) -> Pools:
    return {
        "at": when,
        "customer": customers,
        "room": _or_missing(("a", "b")),
        "minutes": _or_missing(QUANTITIES),
        "heat": _or_missing(NUMBERS),
        "gift": _or_missing(AMOUNTS),
    }


def _products(when: Sequence[Value]) -> Pools:
    return {
        "listed_at": _or_missing(when, 3),
        "title": _or_missing(("Red", "red")),
        "category": _or_missing(CATEGORIES),
        "price": _or_missing(AMOUNTS),
        "tags": _or_missing(TAG_LISTS),
    }


@st.composite
def worlds(
    draw: st.DrawFn,
    zone: str,
    now: dt.datetime,
    focus: Focus,
    *,
    currencies: tuple[str, ...] = ("CNY",),
    most: int = 30,
) -> World:
    """A shop of up to 8 customers and `most` orders and events, its facts clustered around `now`."""
    when = instants_around(zone, now, focus.lengths)
    active = draw(st.sampled_from((CUSTOMERS[:2], CUSTOMERS[:1], CUSTOMERS[:4], CUSTOMERS)))
    customers = draw(_rows(_customers(when), 8))
    products = draw(_rows(_products(when), 3))
    orders = draw(_rows(_orders(when, currencies, active), most))
    items = draw(_rows(_items(when, currencies, active), most // 2))
    events = draw(_rows(_events(when, active, focus.events), most))
    watches = draw(_rows(_watches(when, active), most // 3))
    return World(
        customers=[{"customer": key, **record} for key, record in zip(reversed(CUSTOMERS), customers, strict=False)],
        products=[{"product": key, **record} for key, record in zip(PRODUCTS, products, strict=False)],
        orders=[{"order": f"o{number:02}", **order} for number, order in enumerate(orders)],
        items=_apart(items, "paid_at"),
        events=[{"event": f"e{number:02}", **event} for number, event in enumerate(events)],
        kinds={"live_watch": _apart(watches, "at")},
        rates=draw(_rates(zone, now, currencies)),
    )


def _apart(records: list[Record], column: str) -> list[Record]:
    """Rows without a natural key, moved by microseconds so that no two share an instant."""
    taken: set[Value] = set()
    moved = []
    for record in records:
        at = record[column]
        while at is not None and at in taken:
            at = at - dt.timedelta(microseconds=1)  # type: ignore[operator]
        taken.add(at)
        moved.append({**record, column: at})
    return moved


@st.composite
def _rates(draw: st.DrawFn, zone: str, now: dt.datetime, currencies: tuple[str, ...]) -> list[Record]:
    """One rate long ago for every currency, and some near `now`, so that every amount can be converted."""
    today = Zone(zone).day(now)
    days = [dt.date(1970, 1, 1), *(today - dt.timedelta(days=back) for back in (400, 30, 7, 1, 0, -1))]
    rates: list[Record] = []
    for currency in currencies:
        if currency != "CNY":
            kept = [days[0], *draw(st.lists(st.sampled_from(days[1:]), unique=True, max_size=4))]
            rates += [{"currency": currency, "date": day, "rate": draw(st.sampled_from(RATES))} for day in kept]
    return rates

"""Small shops in which much happens at one instant.

In: `Moments`. Out: `World` values with orders and events alone.
Invariant: instants come from one small pool; every row has all fields, so that any rule may ask for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from hypothesis import strategies as st

from tests.oracle.values import Value
from tests.oracle.world import STAGES, World
from tests.strategies.moments import Moments

__all__ = ["CHANNELS", "EVENTS", "PRODUCTS", "shops"]

Record = dict[str, Value]

EVENTS = ("view", "cart", "open", "review", "visit")
GATES = ("unsubscribe", "bounce", "complaint")
CHANNELS = ("sms", "email")
PRODUCTS = ("p0", "p1")
AMOUNTS = tuple(map(Decimal, ("100", "50", "10", "0", "299")))
CUSTOMERS = tuple(f"c{number}" for number in range(4))
ZONES = (None, "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Pacific/Apia")


def _pick(pool: Sequence[Value], byte: int) -> Value:
    return pool[byte % len(pool)]


@st.composite
def shops(draw: st.DrawFn, moments: Moments, *, most: int = 12) -> World:
    """Up to four customers, up to `most` orders and as many events."""
    when = moments.instants()
    active = CUSTOMERS[: draw(st.sampled_from((1, 1, 2, 2, 4)))]
    customers = draw(st.lists(st.binary(min_size=8, max_size=8), max_size=len(active) + 1))
    orders = draw(st.lists(st.binary(min_size=12, max_size=12), min_size=most // 4, max_size=most))
    events = draw(st.lists(st.binary(min_size=7, max_size=7), min_size=most // 4, max_size=most))
    kinds = (*[kind for kind in moments.kinds if kind in EVENTS] * 2, *EVENTS)
    gates = draw(st.lists(st.binary(min_size=5, max_size=5), max_size=draw(st.sampled_from((0, 2)))))
    return World(
        customers=[_customer(key, one, when) for key, one in zip(reversed(CUSTOMERS), customers, strict=False)],
        orders=[_order(number, one, when, active) for number, one in enumerate(orders)],
        events=[
            *(_event(number, one, when, active, kinds) for number, one in enumerate(events)),
            *(_gate(number, one, when, active) for number, one in enumerate(gates, start=len(events))),
        ],
    )


def _customer(key: str, choices: bytes, when: Sequence[dt.datetime]) -> Record:
    joined, zone, *accepts, given, blocked, points = choices[:8]
    return {
        "customer": key,
        "joined_at": _pick((None, *when), joined),
        "zone": _pick(ZONES, zone),
        "accepts_sms": _pick((True, None, True, None, True, False), accepts[0]),
        "accepts_email": _pick((True, None, True, None, False), accepts[1]),
        "accepts_sms_service": _pick((None, True, False), points // 4),
        "sms_consent_at": _pick((None, *when), given),
        "email_consent_at": _pick((None, None, *when), accepts[2]),
        "blocked": _pick((None, False, None, False, None, False, True), blocked),
        "points": _pick((None, 0, 1, 5), points),
    }


def _order(number: int, choices: bytes, when: Sequence[dt.datetime], active: Sequence[str]) -> Record:
    who, placed, *later, amount, category, product, quantity = choices
    at = _pick(when, placed)
    paid = _pick((at, at, *when, None), later[0])
    stages = [_pick((None, None, at, *when), choice) for choice in later[1:6]]
    reached: Record = {f"{stage}_at": one for stage, one in zip(STAGES[2:], stages, strict=True)}
    return {
        "order": f"o{number:02}",
        "customer": _pick(active, who),
        "placed_at": _pick((at, at, at, None), who // 4),
        "paid_at": paid,
        **reached,
        "amount": _pick(AMOUNTS, amount),
        "category": _pick(("dress", "shoe", None), category),
        "product": _pick((*PRODUCTS, None), product),
        "quantity": _pick((1, 2, None), quantity),
        "channel": None,
        "discount": None,
        "refund_amount": None,
        "coupon": None,
        "city": None,
        "currency": "CNY",
    }


def _event(
    number: int, choices: bytes, when: Sequence[dt.datetime], active: Sequence[str], kinds: Sequence[str] = EVENTS
) -> Record:
    who, kind, at, rating, category, product, channel = choices
    return {
        "event": f"e{number:02}",
        "kind": _pick(kinds, kind),
        "customer": _pick(active, who),
        "at": _pick(when, at),
        "rating": _pick((1, 3, 5, None), rating),
        "category": _pick(("dress", "shoe", None), category),
        "product": _pick((*PRODUCTS, None), product),
        "channel": _pick((*CHANNELS, None), channel),
        "quantity": None,
        "reason": None,
    }


def _gate(number: int, choices: bytes, when: Sequence[dt.datetime], active: Sequence[str]) -> Record:
    who, kind, at, channel, reason = choices
    plain = _event(number, bytes((who, 0, at, 3, 2, 2, 2)), when, active)
    channels = _pick((*CHANNELS, None), channel)
    return {**plain, "kind": _pick(GATES, kind), "channel": channels, "reason": _pick(("hard", "soft", None), reason)}

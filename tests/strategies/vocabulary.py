"""The words that generated rules are made of: kinds, fields, attributes, literals.

In: nothing. Out: small tables, written for the tests and independent of the schema.
Invariant: every name here is in the worlds that `worlds` makes.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.oracle.world import ORDER_KINDS, STAGES
from tests.strategies.worlds import CATEGORIES, CHANNELS, CITIES, GENERATED_EVENTS, PRODUCTS

__all__ = ["ATTRIBUTES", "FIELDS", "LITERALS", "PREAMBLE", "SUBJECT_KINDS", "UNITS", "WORDS"]

Fields = Mapping[str, tuple[str, ...]]

_ORDER: Fields = {
    "int": ("quantity",),
    "money": ("amount", "discount", "refund_amount"),
    "text": ("category", "coupon", "channel", "city", "product", "order"),
    "instant": ("at", "at", *(f"{stage}_at" for stage in STAGES)),
    "bool": STAGES,
}
_EVENT: Fields = {
    "int": ("rating", "quantity"), "text": ("category", "channel", "product"), "instant": ("at",),
}  # fmt: skip
_ITEM: Fields = {
    "int": ("quantity",),
    "money": ("amount", "cost"),
    "text": ("category", "product", "order"),
    "instant": ("at",),
    "list": ("tags",),
}
_WATCH: Fields = {
    "int": ("minutes",), "number": ("heat",), "money": ("gift",), "text": ("room",), "instant": ("at",),
}  # fmt: skip

FIELDS: Mapping[str, Fields] = {
    "purchase": _ORDER,
    **dict.fromkeys(ORDER_KINDS, _ORDER),
    **dict.fromkeys(GENERATED_EVENTS, _EVENT),
    "item": _ITEM,
    "live_watch": _WATCH,
    "dressy": _ORDER,
    "dear": _ORDER,
    "shop_view": _EVENT,
}
"""Fields by kind or collection, by type."""

SUBJECT_KINDS: Mapping[str, tuple[str, ...]] = {
    "customer": tuple(FIELDS),
    "product": tuple(kind for kind in FIELDS if kind != "live_watch"),
}
"""Kinds whose rows belong to a subject."""

ATTRIBUTES: Mapping[str, Fields] = {
    "customer": {
        "int": ("member_level", "points"),
        "number": ("score",),
        "text": ("nick", "city", "email"),
        "instant": ("joined_at", "email_consent_at"),
        "date": ("birthday", "member_until"),
        "bool": ("accepts_email", "blocked"),
        "list": ("tags",),
    },
    "product": {
        "money": ("price",), "text": ("title", "category"), "instant": ("listed_at",), "list": ("tags",),
    },
}  # fmt: skip

WORDS: Mapping[str, tuple[str, ...]] = {
    "category": CATEGORIES, "product": PRODUCTS, "channel": CHANNELS, "city": CITIES, "coupon": ("M10", "M20"),
    "order": ("o00", "o01"), "room": ("a", "b"), "nick": ("Ann", "小明", "bo"), "email": ("a@X.com", "x.com"),
    "title": ("red", "Red"),
}  # fmt: skip
"""Texts that a field or attribute may hold."""

LITERALS: Mapping[str, tuple[str, ...]] = {
    "int": ("1", "2", "0", "3", "4", "-1"),
    "number": ("0.5", "1.5", "0.25", "2", "50%", "80%", "0.3"),
    "money": ("100 CNY", "5 CNY", "299 CNY", "0 CNY", "19.99 CNY", "1234567.8901 CNY", "0.0001 CNY"),
    "text": ('"dress"', '"shoe"', '"email"', '"paris"'),
    "bool": ("true", "false"),
}

UNITS = ("day", "week", "month", "quarter", "year")

PREAMBLE = """\
timezone "{zone}"
currency CNY
kind live_watch {{ room: text, minutes: int, heat: number, gift: money }}
attribute score: number
param some_days: duration = 7d
param some_amount: money = 100 CNY
collection dressy = purchase where category in ["dress", "连衣裙"]
collection dear = dressy where amount >= some_amount and not refunded
collection shop_view = view where channel is not missing and age(at) <= 1y
"""

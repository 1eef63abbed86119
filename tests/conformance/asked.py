"""What people can ask in other systems, by file of cases, and what cannot be asked here yet.

In: nothing. Out: `ASKED` and `NOT_YET`.
Invariant: each item of `ASKED` begins the docstring of one case or more in its file.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ASKED", "NOT_YET"]

ASKED: Mapping[str, tuple[str, ...]] = {
    "comparisons": (
        "equal", "not equal", "less", "more", "at least", "at most", "between", "in a list", "not in a list", "set",
        "not set", "text contains", "text starts with", "text ends with", "text matches", "text does not contain",
        "text does not start with", "text does not end with", "text does not match", "case-insensitive",
        "a list contains any", "a list contains all", "a list contains none", "a list contains a substring",
        "length of a list", "unset numbers do not surprise",
    ),
    "dates": (
        "before", "after", "on", "between", "in the last N hours", "in the last N days", "in the last N weeks",
        "in the last N months", "in the next N hours", "in the next N days", "in the next N weeks",
        "in the next N months", "more than N ago", "today", "yesterday", "tomorrow", "this week", "last week",
        "next week", "this month", "last month", "next month", "this quarter", "last quarter", "next quarter",
        "this year", "last year", "next year", "anniversary today", "anniversary in the next N days",
        "anniversary this month", "29 February falls on 1 March", "day of week", "hour of day",
    ),
    "done": (
        "ever", "never", "at least N times", "at most N times", "exactly N times", "zero times", "in the last N",
        "before X", "between", "more than N ago", "conditions on the event's own fields", "sum", "mean", "min", "max",
        "first time in a window", "last time", "regularly, in at least m of the last n weeks",
        "regularly, in at least m of the last n months", "stopped", "restarted", "streaks", "distinct categories",
        "distinct products", "value of a field of the first", "value of a field of the last",
        "value of a field of the n-th", "time between occurrences",
    ),
    "sequences": (
        "A then B", "A then not B within D", "A at least N times then B", "within a total window",
        "for the same product", "funnel steps with a completion window",
    ),
    "purchases": (
        "number of orders", "amount spent, all time", "amount spent, last 365 days", "amount spent, last 730 days",
        "average order value", "products bought, by id", "products bought, by tag", "products bought, by category",
        "products bought, by brand and date", "products bought, by quantity", "first product", "last product",
        "orders cancelled", "refunds", "net revenue", "discounts", "coupons used", "days since last",
        "compared with the customer's own usual interval", "compared with the population, top 25 % by value",
        "compared with the population, above the average order value",
    ),
    "abandonment": ("cart", "checkout", "browse", "inquiry"),
    "messages": (
        "sent", "delivered", "opened", "clicked", "bounced, hard", "bounced, soft", "complained", "unsubscribed",
        "replied", "a given campaign", "a given wave", "a given variant", "a given channel", "never received",
        "counts in a window", "last touched N days ago",
    ),
    "consent": (
        "subscribed per channel", "unsubscribed per channel", "per purpose", "with date", "with method",
        "reachable by SMS", "reachable by e-mail", "reachable by IM", "on a block list", "e-mail domain",
        "phone country",
    ),
    "people": (
        "country", "province", "city, several addresses", "postal code", "within N km of a point", "language",
        "gender", "age from birthday", "account state", "member level", "tags", "custom fields", "nested fields",
        "arrays of records",
    ),
    "groups": (
        "in another segment", "not in it", "nested to any depth", "in a segment since when", "entered in the last N days",
        "left in the last N days", "group now", "group before", "group changed", "RFM group now", "RFM group before",
        "RFM group changed", "random bucket", "manual list",
    ),
    "population": ("historic value", "percentile", "a probability that comes in as an attribute"),
    "ready": (  # champions, needs attention and hibernating want a larger shop: tests/std/test_rfm.py
        "VIP", "loyal", "promising", "at risk with high value", "cannot lose", "one and done",
        "never bought but reachable", "new", "one-time", "repeat", "lapsed 180 days", "abandoned cart",
        "checkout started in 24 hours and no order", "birthday soon", "price-sensitive", "refund-prone",
    ),
}  # fmt: skip
"""Items by file of cases, in the words that its docstrings begin with."""

_SENDING = "decisions of the engine's own sending are written by a ledger that this version does not have"
_JOURNEY = "lifecycles are checked and not yet run; a classification and `as of` answer what needs no memory"
_MODEL = "no model is fitted by this version; a figure worked out elsewhere comes in as an attribute"

NOT_YET: Mapping[str, str] = {
    "in control": _SENDING,
    "in holdout": _SENDING,
    "in a variant without a message": _SENDING,
    "lifecycle state": _JOURNEY,
    "previous state": _JOURNEY,
    "days in state": _JOURNEY,
    "a list uploaded by hand, with history": "a list is a param or an attribute; who was put in when is not kept",
    "predicted value": _MODEL,
    "probability of being lost": _MODEL,
    "expected next purchase": _MODEL,
    "expected orders": _MODEL,
}
"""Items that no line can ask, and why."""

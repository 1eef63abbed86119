"""Fields of the platform's JSON, one by one.

In: values as JSON gives them. Out: text, whole numbers, amounts, instants.
Invariant: an amount goes through no float; what cannot be understood is a `ValueError` whose words have no value of the
row in them.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from rulecrm.plugin.fields import finite, inner, text, without

__all__ = ["amount", "instant", "key", "number", "private"]

_PERSONAL = frozenset(
    {"fullName", "email", "primaryPhone", "phoneNumber", "addressLine1", "addressLine2", "postalCode", "companyName",
     "taxIdentifier", "buyerCheckoutNotes", "giftDetails", "shipToReferenceId", "ebayReference"}
)  # fmt: skip


def key(value: object, name: str) -> str:
    """A key, which is text.

    Raises:
        ValueError: it is none.
    """
    found = text(value)
    if found is None:
        raise ValueError(f"`{name}` is missing")
    return found


def number(value: object, name: str) -> int | None:
    """A whole number, or None where there is none.

    Raises:
        ValueError: it is something else.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"`{name}` is no whole number")


def amount(value: object, name: str) -> Decimal | None:
    """What an `Amount` comes to, in whole units of its currency; None where there is none.

    Raises:
        ValueError: it is no number.
    """
    told = inner(value).get("value")
    if told is None:
        return None
    read = finite(told) if isinstance(told, str) else None
    if read is None:
        raise ValueError(f"`{name}` is no amount")
    return read


def instant(value: object, name: str) -> dt.datetime | None:
    """An instant, which eBay writes in ISO 8601 and UTC; None where there is none.

    Raises:
        ValueError: it is none, or names no zone.
    """
    told = text(value)
    if told is None:
        return None
    try:
        read = dt.datetime.fromisoformat(told)
    except ValueError:
        raise ValueError(f"`{name}` is no instant") from None
    if read.tzinfo is None:
        raise ValueError(f"`{name}` is an instant without its zone")
    return read.astimezone(dt.UTC)


def private(value: object) -> object:
    """The same, without what is personal: names, numbers, streets, what the buyer wrote."""
    return without(value, _PERSONAL.__contains__)

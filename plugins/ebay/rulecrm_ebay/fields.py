"""Fields of the platform's JSON, one by one.

In: values as JSON gives them. Out: text, whole numbers, amounts, instants.
Invariant: an amount goes through no float; what cannot be understood is a `ValueError` whose words have no value of the
row in them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

__all__ = ["Json", "amount", "inner", "instant", "key", "listed", "number", "private", "text"]

Json = Mapping[str, object]

_PERSONAL = frozenset(
    {"fullName", "email", "primaryPhone", "phoneNumber", "addressLine1", "addressLine2", "postalCode", "companyName",
     "taxIdentifier", "buyerCheckoutNotes", "giftDetails", "shipToReferenceId", "ebayReference"}
)  # fmt: skip


def inner(value: object, *names: str) -> Json:
    """A JSON object, or the one at the end of a path of names in it; an empty one where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Json]:
    """The objects of a list; none where there is no list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """Text that is not empty, or None."""
    return value.strip() or None if isinstance(value, str) else None


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
    try:
        read = Decimal(told) if isinstance(told, str) else Decimal("NaN")
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite():
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
    if isinstance(value, Mapping):
        return {name: private(one) for name, one in value.items() if name not in _PERSONAL}
    return [private(one) for one in value] if isinstance(value, list) else value

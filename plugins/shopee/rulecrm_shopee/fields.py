"""Fields of the platform's JSON, one by one.

In: values as JSON gives them. Out: text, whole numbers, amounts, instants.
Invariant: an amount goes through no float; what cannot be understood is a `ValueError` whose words have no value of the
row in them; `clear` leaves out what is masked with stars.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from rulecrm.plugin.fields import finite, text, without

__all__ = ["amount", "clear", "instant", "number", "private"]

_PERSONAL = frozenset(
    {"buyer_username", "name", "phone", "town", "district", "zipcode", "full_address", "geolocation", "note",
     "message_to_seller", "dropshipper", "dropshipper_phone", "buyer_cpf_id", "invoice_data", "payment_info", "user",
     "text_reason", "image", "virtual_contact_number", "prescription_images", "buyer_proof_of_collection"}
)  # fmt: skip


def clear(value: object) -> str | None:
    """Text of or about a person that is not masked, or None; the platform masks with stars."""
    found = text(value)
    return None if found is None or "*" in found else found


def number(value: object, name: str) -> int | None:
    """A whole number, or None where there is none.

    Raises:
        ValueError: it is something else.
    """
    if value is None or value == "":
        return None
    read = finite(value)
    if read is None or read != read.to_integral_value():
        raise ValueError(f"`{name}` is no whole number")
    return int(read)


def amount(value: object, name: str) -> Decimal | None:
    """An amount in whole units of its currency, or None where there is none.

    Raises:
        ValueError: it is no number.
    """
    if value is None or value == "":
        return None
    read = finite(value)
    if read is None:
        raise ValueError(f"`{name}` is no amount")
    return read


def instant(value: object, name: str) -> dt.datetime | None:
    """The instant of so many seconds since 1970 (UTC); None where there is none, which is also told as 0.

    Raises:
        ValueError: it is no such number.
    """
    seconds = number(value, name)
    if not seconds:
        return None
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"`{name}` is no instant") from None


def private(value: object) -> object:
    """The same, without what is personal: names, numbers, streets, what the buyer wrote."""
    return without(value, _PERSONAL.__contains__)

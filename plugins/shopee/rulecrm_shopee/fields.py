"""Fields of the platform's JSON, one by one.

In: values as JSON gives them. Out: text, whole numbers, amounts, instants.
Invariant: an amount goes through no float; what cannot be understood is a `ValueError` whose words have no value of the
row in them; `clear` leaves out what is masked with stars.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

__all__ = ["Json", "amount", "clear", "exact", "inner", "instant", "key", "listed", "number", "private", "text"]

Json = Mapping[str, object]

_PERSONAL = frozenset(
    {"buyer_username", "name", "phone", "town", "district", "zipcode", "full_address", "geolocation", "note",
     "message_to_seller", "dropshipper", "dropshipper_phone", "buyer_cpf_id", "invoice_data", "payment_info", "user",
     "text_reason", "image", "virtual_contact_number", "prescription_images", "buyer_proof_of_collection"}
)  # fmt: skip


def exact(body: bytes) -> Json | None:
    """The JSON object of an answer, its numbers with a fraction as `Decimal`; None where it is none."""
    try:
        found = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def inner(value: object) -> Json:
    """A JSON object; an empty one where there is none."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Json]:
    """The objects of a list; none where there is no list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """Text that is not empty, or None."""
    return value.strip() or None if isinstance(value, str) else None


def clear(value: object) -> str | None:
    """Text of or about a person that is not masked, or None; the platform masks with stars."""
    found = text(value)
    return None if found is None or "*" in found else found


def key(value: object, name: str) -> str:
    """A key as text, whether JSON has it as a number or as text.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = text(value)
    if found is None:
        raise ValueError(f"`{name}` is missing")
    return found


def number(value: object, name: str) -> int | None:
    """A whole number, or None where there is none.

    Raises:
        ValueError: it is something else.
    """
    if value is None or value == "":
        return None
    read = _decimal(value)
    if not read.is_finite() or read != read.to_integral_value():
        raise ValueError(f"`{name}` is no whole number")
    return int(read)


def amount(value: object, name: str) -> Decimal | None:
    """An amount in whole units of its currency, or None where there is none.

    Raises:
        ValueError: it is no number.
    """
    if value is None or value == "":
        return None
    read = _decimal(value)
    if not read.is_finite():
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
    if isinstance(value, Mapping):
        return {name: private(one) for name, one in value.items() if name not in _PERSONAL}
    return [private(one) for one in value] if isinstance(value, list) else value


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return Decimal("NaN")
    try:
        return Decimal(value)
    except InvalidOperation:
        return Decimal("NaN")

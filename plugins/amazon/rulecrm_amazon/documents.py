"""What stands in Amazon's documents, read with care, and who must not be read from them.

In: JSON. Out: texts, instants, exact amounts, or a `ValueError` whose words hold no value.
Invariant: a field that is not there is None; one that is there and makes no sense is an error, never None. Amounts are
never floats.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from rulecrm.plugin import Refused, Row
from rulecrm.plugin.fields import finite, without

__all__ = [
    "Understood", "bare", "customer_of", "dictionaries", "dictionary", "instant", "latest", "money", "refused", "text",
    "told", "whole",
]  # fmt: skip

_PERSONAL = frozenset(
    {
        "addressextendedfields", "addressline1", "addressline2", "addressline3", "buyer", "buyeremail", "buyerinfo",
        "buyername", "buyertaxinfo", "buyertaxinformation", "companyname", "customizedurl", "deliverypreference",
        "extendedfields", "giftmessage", "giftmessagetext", "legalname", "municipality", "name", "phone", "postalcode",
        "purchaseordernumber", "serialnumbers", "taxregistrationaddress", "taxregistrationnumber", "taxregistrations",
        "trackingnumber",
    }
)  # fmt: skip
"""Fields that tell of a person, in lower case; those of developer-docs.amazon.com/sp-api/docs/access-orders-pii and
what stands beside them, in both versions of the API."""


@frozen
class Understood:
    """What one order became.

    Attributes:
        order: its row.
        items: rows of its lines.
        customer: the row of its buyer, where Amazon tells who that is.
        remarks: what was odd.
    """

    order: Row
    items: Sequence[Row]
    customer: Row | None = None
    remarks: Sequence[str] = ()


def dictionary(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    """What stands under a name, empty where nothing does.

    Raises:
        ValueError: something else stands there.
    """
    found = document.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError(f"`{name}` is no object")  # noqa: TRY004 - it is the row that is wrong
    return found


def dictionaries(document: Mapping[str, object], name: str) -> Sequence[Mapping[str, object]]:
    """The list under a name, empty where there is none.

    Raises:
        ValueError: it is no list of objects.
    """
    found = document.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"`{name}` is no list of objects")
    return found


def text(document: Mapping[str, object], name: str) -> str | None:
    """The text under a name; an empty one is none."""
    found = document.get(name)
    if found is None:
        return None
    if not isinstance(found, str):
        raise ValueError(f"`{name}` is no text")  # noqa: TRY004 - it is the row that is wrong
    return found.strip() or None


def whole(document: Mapping[str, object], name: str) -> int | None:
    """The whole number under a name."""
    found = document.get(name)
    if found is None:
        return None
    if type(found) is not int:
        raise ValueError(f"`{name}` is no whole number")
    return found


def instant(document: Mapping[str, object], name: str) -> dt.datetime | None:
    """The instant under a name, aware: ISO 8601 with its offset, which Amazon gives as Z."""
    written = text(document, name)
    if written is None:
        return None
    try:
        found = dt.datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"`{name}` is no instant") from None
    if found.tzinfo is None:
        raise ValueError(f"`{name}` is an instant without a zone")
    return found.astimezone(dt.UTC)


def money(document: Mapping[str, object], name: str) -> tuple[Decimal, str] | None:
    """The amount under a name and its currency; both versions of the API spell its fields, each in its own way.

    Raises:
        ValueError: there is one and it is no number, or has no currency.
    """
    found = dictionary(document, name)
    amount = text(found, "amount") or text(found, "Amount")
    if amount is None:
        return None
    currency = text(found, "currencyCode") or text(found, "CurrencyCode")
    if currency is None:
        raise ValueError(f"`{name}` has no currency")
    exact = finite(amount)
    if exact is None:
        raise ValueError(f"`{name}` is no amount")
    return exact, currency


def told(**fields: object) -> dict[str, object]:
    """Fields of which Amazon says something; of the others there is no key."""
    return {name: value for name, value in fields.items() if value is not None}


def customer_of(alias: str) -> str:
    """The key of a buyer: the first 32 hexadecimal digits of SHA-256 (FIPS 180-4) of the alias in lower case.

    Amazon tells no id of a buyer, only an alias of its own making at which the seller may write to them
    (`…@marketplace.amazon.com`). The alias is personal; its hash tells nothing to those who have not got the alias.
    """
    return hashlib.sha256(alias.strip().lower().encode()).hexdigest()[:32]


def refused(order: Mapping[str, object], reason: str, place: str) -> Refused:
    """An order that cannot be understood."""
    return Refused("orders", reason, bare(order), place)


def bare(document: object) -> str:
    """A document as text, without what tells of a person."""
    return json.dumps(without(document, lambda name: name.lower() in _PERSONAL), ensure_ascii=False, sort_keys=True)


def latest(customers: Iterable[Row]) -> list[Row]:
    """One row a customer, that of the order that changed last; of equally late ones the last given."""
    found: dict[object, Row] = {}
    for row in customers:
        other = found.get(row["customer"])
        if other is None or not _after(other["changed_at"], row["changed_at"]):
            found[row["customer"]] = row
    return list(found.values())


def _after(one: object, other: object) -> bool:
    return isinstance(one, dt.datetime) and isinstance(other, dt.datetime) and one > other

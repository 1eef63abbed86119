"""Fields of the platform's JSON, one by one.

In: values as JSON gives them. Out: text, amounts, instants.
Invariant: an amount goes through no float; what cannot be understood is a `ValueError` whose words have no value of the
row in them.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from rulecrm.plugin.fields import finite, without

__all__ = ["amount", "instant", "key", "private", "text"]

_NOTHING = frozenset({"", "null", "None"})
_PERSONAL = frozenset(
    {"customer_first_name", "customer_last_name", "address_billing", "national_registration_number", "tax_code",
     "branch_number", "gift_message", "buyer_note", "remarks", "delivery_info", "digital_delivery_info",
     "extra_attributes", "personalization", "first_name", "last_name", "phone", "phone2", "address1", "address2",
     "address3", "address4", "address5", "post_code"}
)  # fmt: skip
_THOUSAND = 1000


def text(value: object) -> str | None:
    """Text that says something, or None; Lazada writes `null` as text, too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None if not isinstance(value, str) or value.strip() in _NOTHING else value.strip()


def key(value: object, name: str) -> str:
    """A key as text, whether JSON has it as a number or as text.

    Raises:
        ValueError: there is none.
    """
    found = text(value)
    if found is None:
        raise ValueError(f"`{name}` is missing")
    return found


def amount(value: object, name: str) -> Decimal | None:
    """An amount, or None where there is none.

    Raises:
        ValueError: it is no number.
    """
    if value is None or (isinstance(value, str) and value.strip() in _NOTHING):
        return None
    read = finite(str(value).replace(",", ""))
    if isinstance(value, bool) or read is None:
        raise ValueError(f"`{name}` is no amount")
    return read


def instant(value: object, name: str, zone: ZoneInfo) -> dt.datetime | None:
    """An instant; None where there is none.

    Args:
        value: in one of the ways in which the platform writes them: ISO 8601, `2021-05-25 14:02:38 +0700`, or
            milliseconds since 1970.
        name: of the field, for messages.
        zone: of the country, for those that name none.

    Raises:
        ValueError: it is written in another way.
    """
    told = text(value)
    if told is None or told == "0":
        return None
    try:
        if told.isdecimal():
            whole, part = divmod(int(told), _THOUSAND)
            return dt.datetime.fromtimestamp(whole, dt.UTC) + dt.timedelta(milliseconds=part)
        read = dt.datetime.fromisoformat(told.replace(" +", "+").replace(" -", "-"))
        return (read if read.tzinfo is not None else read.replace(tzinfo=zone)).astimezone(dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"`{name}` is no instant that is written as the platform writes them") from None


def private(value: object) -> object:
    """The same, without what is personal: names, numbers, streets, what the buyer wrote."""
    return without(value, _PERSONAL.__contains__)

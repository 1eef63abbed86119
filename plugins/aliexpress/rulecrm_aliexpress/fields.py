"""Fields of the platform's JSON, one by one.

In: values as JSON gives them. Out: text, whole numbers, amounts, lists.
Invariant: an amount goes through no float; what cannot be understood is a `ValueError` whose words have no value of the
row in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from rulecrm.plugin import fields
from rulecrm.plugin.fields import Json, finite, inner, text, without

__all__ = ["amount", "currency", "listed", "number", "private"]

_PERSONAL = frozenset(
    {"buyer_signer_fullname", "buyer_signer_first_name", "buyer_signer_last_name", "first_name", "last_name",
     "contact_person", "mobile_no", "phone_number", "phone_area", "phone_country", "fax_number", "fax_area",
     "fax_country", "address", "address2", "detail_address", "localized_address", "zip", "memo", "buyer_memo",
     "order_msg_list", "cpf_number"}
)  # fmt: skip


def number(value: object, name: str) -> int | None:
    """A whole number, or None where there is none.

    Raises:
        ValueError: it is something else.
    """
    if value is None or value == "":
        return None
    read = finite(str(value))
    if isinstance(value, bool) or read is None or read != read.to_integral_value():
        raise ValueError(f"`{name}` is no whole number")
    return int(read)


def amount(value: object, name: str) -> Decimal | None:
    """The amount of a `SimpleMoney` or `GlobalMoneyStr`: its text, in whole units of its currency.

    Raises:
        ValueError: it is no number.
    """
    told = inner(value)
    found = told.get("amount", told.get("amount_str"))
    if found is None or found == "":
        return None
    read = finite(str(found))
    if read is None:
        raise ValueError(f"`{name}` is no amount")
    return read


def currency(*values: object) -> str | None:
    """The currency of the first amount that names one."""
    return next((found for value in values if (found := text(inner(value).get("currency_code")))), None)


def listed(value: object) -> list[Json]:
    """The objects of a list, which may stand in an object named after its elements."""
    if isinstance(value, Mapping):
        value = next((one for one in value.values() if isinstance(one, list)), [])
    return fields.listed(value)


def private(value: object) -> object:
    """The same, without what is personal: names, numbers, streets, what the buyer wrote."""
    return without(value, _PERSONAL.__contains__)

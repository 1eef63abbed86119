"""Fields of the platform's JSON, one by one.

In: values as JSON gives them. Out: text, whole numbers, amounts, lists.
Invariant: an amount goes through no float; what cannot be understood is a `ValueError` whose words have no value of the
row in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

__all__ = ["amount", "currency", "inner", "key", "listed", "number", "private", "text"]

Json = Mapping[str, object]

_PERSONAL = frozenset(
    {"buyer_signer_fullname", "buyer_signer_first_name", "buyer_signer_last_name", "first_name", "last_name",
     "contact_person", "mobile_no", "phone_number", "phone_area", "phone_country", "fax_number", "fax_area",
     "fax_country", "address", "address2", "detail_address", "localized_address", "zip", "memo", "buyer_memo",
     "order_msg_list", "cpf_number"}
)  # fmt: skip


def text(value: object) -> str | None:
    """Text that is not empty, or None."""
    return value.strip() or None if isinstance(value, str) else None


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
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        read = Decimal("NaN")
    if isinstance(value, bool) or not read.is_finite() or read != read.to_integral_value():
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
    try:
        read = Decimal(str(found))
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite():
        raise ValueError(f"`{name}` is no amount")
    return read


def currency(*values: object) -> str | None:
    """The currency of the first amount that names one."""
    return next((found for value in values if (found := text(inner(value).get("currency_code")))), None)


def inner(value: object) -> Json:
    """A JSON object; an empty one where there is none."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> Iterator[Json]:
    """The objects of a list, which may stand in an object named after its elements."""
    if isinstance(value, Mapping):
        value = next((one for one in value.values() if isinstance(one, list)), [])
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, Mapping))


def private(value: object) -> object:
    """The same, without what is personal: names, numbers, streets, what the buyer wrote."""
    if isinstance(value, Mapping):
        return {name: private(one) for name, one in value.items() if name not in _PERSONAL}
    return [private(one) for one in value] if isinstance(value, list) else value

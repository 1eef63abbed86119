"""Fields of Shopify's JSON, one by one.

In: values as JSON gives them. Out: text, numbers, instants, amounts.
Invariant: an amount goes through no float; what cannot be understood is a `ValueError` whose words have no value of the
row in them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from rulecrm.plugin import fields
from rulecrm.plugin.fields import Json, finite, inner, text, without

__all__ = ["amount", "currency", "instant", "key", "listed", "number", "original", "told", "words"]

_PERSONAL = frozenset({"firstName", "emailAddress", "phoneNumber"})


def words(value: object) -> list[str]:
    """The texts of a list."""
    return [found for one in value if (found := text(one))] if isinstance(value, list) else []


def key(value: object, name: str) -> str:
    """The number at the end of a global id, `gid://shopify/Order/450789469`: the same that files have.

    Raises:
        ValueError: there is none.
    """
    found = (text(value) or "").rpartition("/")[2].partition("?")[0]
    if not found:
        raise ValueError(f"`{name}` is missing")
    return found


def number(value: object, name: str) -> int:
    """A whole number.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"`{name}` is no whole number")  # noqa: TRY004 - it is the row that is wrong
    return value


def instant(value: object, name: str) -> dt.datetime | None:
    """An instant of ISO 8601 with its offset, in UTC; None where there is none.

    Raises:
        ValueError: it is something else.
    """
    if value is None:
        return None
    try:
        found = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError(f"`{name}` is no instant")
    return found.astimezone(dt.UTC)


def amount(bag: object, name: str) -> Decimal | None:
    """The amount of a `MoneyBag` in the shop's currency; None where there is none.

    Raises:
        ValueError: it is no decimal text.
    """
    if bag is None:
        return None
    told = inner(inner(bag).get("shopMoney")).get("amount")
    found = finite(told) if isinstance(told, str) else None
    if found is None:
        raise ValueError(f"`{name}` is no amount")
    return found


def currency(bag: object) -> str | None:
    """The shop's currency, as a `MoneyBag` names it."""
    return text(inner(inner(bag).get("shopMoney")).get("currencyCode"))


def listed(value: object) -> Sequence[Json]:
    """The objects of a list, or of a connection's `nodes`."""
    return fields.listed(value.get("nodes") if isinstance(value, Mapping) else value)


def told(node: Json, name: str) -> Sequence[Json]:
    """The objects of a list that is there of every row, be it empty; one that is not there is not empty.

    Raises:
        ValueError: it is not there.
    """
    if not isinstance(node.get(name), list):
        raise ValueError(f"`{name}` is missing")  # noqa: TRY004 - it is the row that is wrong
    return listed(node.get(name))


def original(node: Json) -> str:
    """A node as it came, as JSON, without what is personal."""
    return json.dumps(without(node, _PERSONAL.__contains__), ensure_ascii=False)

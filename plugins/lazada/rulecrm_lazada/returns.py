"""What was paid back, from the platform's reverse orders.

In: answers of `/reverse/getreverseordersforseller`. Out: rows of `orders` that say when and how much was paid back, and
nothing else of the order.
Invariant: a refund counts once it is `REFUND_SUCCESS`; of an order with several, the amount is that of all.

`refunded_at` is `return_order_line_gmt_modified` of the last such line: Lazada tells no other time of it, and nothing
comes after that state. Amounts are in hundredths of the currency, in Vietnam in whole dong. Rows have no `changed_at`:
what they say is not in the order, and makes the order no newer.

Sources: open.lazada.com, `/reverse/getreverseordersforseller`; that it has nothing beyond page 100, and does not always
mind `trade_order_id`, is as public code has met it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from rulecrm.plugin.fields import Json, inner, listed
from rulecrm.plugin.platforms import LaterError, Refused
from rulecrm_lazada.fields import amount, instant, key, private, text
from rulecrm_lazada.settings import Country

__all__ = ["FURTHEST_PAGE", "Returns"]

API = "/reverse/getreverseordersforseller"
FURTHEST_PAGE = 100
_PAGE = 50
_DONE = "REFUND_SUCCESS"
_WHOLE = "vn"
_SECONDS = 11
"""Digits above which a number is milliseconds: seconds have as many from the year 5138 on."""


class Gateway(Protocol):
    """What answers calls: `rulecrm.plugin.gateways.PathGateway`."""

    async def call(self, api: str, parameters: Mapping[str, str]) -> Mapping[str, object]:
        """The answer's JSON."""


class Returns:
    """The reverse orders of an account.

    Args:
        gateway: answers its calls.
        code: of the country, in lower case.
        country: for times without a zone.
    """

    def __init__(self, gateway: Gateway, code: str, country: Country) -> None:
        self._gateway = gateway
        self._hundredths = Decimal(1) if code == _WHOLE else Decimal("0.01")
        self._zone = country.zone

    async def page(self, begin: dt.datetime, end: dt.datetime, page: int) -> tuple[Sequence[Json], int]:
        """Reverse orders of which a line changed between two instants, and how many pages there are."""
        result = await self._asked(
            {"ReverseOrderLineModifiedTimeRangeStart": _millis(begin),
             "ReverseOrderLineModifiedTimeRangeEnd": _millis(end), "page_no": str(page)}
        )  # fmt: skip
        total = text(result.get("total")) or "0"
        return list(listed(result.get("items"))), -(-int(total) // _PAGE) if total.isdecimal() else 1

    async def rows(self, found: Sequence[Json]) -> tuple[list[dict[str, object]], list[Refused]]:
        """What the reverse orders of a page say of their orders."""
        rows: list[dict[str, object]] = []
        refused: list[Refused] = []
        by_order: dict[str, list[Json]] = {}
        for one in found:
            by_order.setdefault(text(one.get("trade_order_id")) or "", []).append(one)
        for order, some in by_order.items():
            if not any(line.get("reverse_status") == _DONE for one in some for line in _lines(one)):
                continue
            try:
                rows.append(self._row(order, [*some, *await self._others(order)]))
            except ValueError as error:
                told = json.dumps(private(some), ensure_ascii=False, default=str)
                refused.append(Refused("orders", str(error), told, API))
        return rows, refused

    async def _others(self, order: str) -> list[Json]:
        """Reverse orders of one order, whenever they changed."""
        result = await self._asked({"trade_order_id": order, "page_no": "1"})
        return [one for one in listed(result.get("items")) if text(one.get("trade_order_id")) == order]

    async def _asked(self, parameters: Mapping[str, str]) -> Json:
        found = await self._gateway.call(API, {**parameters, "page_size": str(_PAGE)})
        result = inner(found.get("result"))
        if not result or result.get("success") in (False, "false"):
            raise LaterError(f"Lazada gave no result for {API}")
        return result

    def _row(self, order: str, found: Sequence[Json]) -> dict[str, object]:
        lines = {
            key(line.get("reverse_order_line_id"), "reverse_order_line_id"): line
            for one in found for line in _lines(one) if line.get("reverse_status") == _DONE
        }  # fmt: skip
        amounts = [amount(one.get("refund_amount"), "refund_amount") for one in lines.values()]
        row: dict[str, object] = {
            "order": key(order, "trade_order_id"),
            "refunded_at": max(self._changed(one) for one in lines.values()),
            "refund_amount": sum((one * self._hundredths for one in amounts if one is not None), Decimal(0)),
        }
        buyers = [buyer for one in lines.values() if (buyer := text(inner(one.get("buyer")).get("buyer_id")))]
        return {**row, "customer": buyers[0]} if buyers else row

    def _changed(self, line: Json) -> dt.datetime:
        told, name = text(line.get("return_order_line_gmt_modified")), "return_order_line_gmt_modified"
        if told is not None and told.isdecimal() and len(told) < _SECONDS:
            told += "000"  # sellers have been given seconds, too
        found = instant(told, name, self._zone)
        if found is None:
            raise ValueError(f"`{name}` is missing")
        return found


def _lines(one: Json) -> Sequence[Json]:
    return list(listed(one.get("reverse_order_lines")))


def _millis(at: dt.datetime) -> str:
    return str(int(at.timestamp() * 1000))

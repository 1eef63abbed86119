"""The Messaging and the Solicitations API, as the fake has them.

In: calls about an order. Out: what may be sent for it; what was sent is kept.
Invariant: no order has two requests for a review, none outside its window; no message of a kind that is not offered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from rulecrm.testing.http import Call, Reply, as_json
from rulecrm.testing.markets import Trade
from rulecrm_amazon.fake.documents import MARKETPLACE, status_of
from rulecrm_amazon.fake.tokens import error

__all__ = ["Desk"]

_REVIEW = "productReviewAndSellerFeedback"
_LENGTHS = {"confirmCustomizationDetails": 800, "confirmDeliveryDetails": 2000, "confirmOrderDetails": 2000,
            "confirmServiceDetails": 2000, "unexpectedProblem": 2000}  # fmt: skip
_BEFORE = ("confirmCustomizationDetails", "confirmDeliveryDetails", "confirmOrderDetails", "unexpectedProblem")
_BEHIND = ("confirmDeliveryDetails", "unexpectedProblem")


class Desk:
    """What may be sent about orders.

    Args:
        take: keeps what was sent: the address, the words.
    """

    def __init__(self, take: Callable[[str, str], bool]) -> None:
        self._take = take
        self._asked: set[str] = set()

    def actions(self, api: str, trade: Trade | None, query: Mapping[str, str], now: dt.datetime) -> Reply:
        """The actions that are offered; `api` is `messaging` or `solicitations`."""
        if trade is None:
            missing = (400, "InvalidInput") if api == "messaging" else (404, "NotFound")
            return error(*missing, "The order was not found.")
        if query["marketplaceIds"] != MARKETPLACE:
            return error(400, "InvalidInput", "The order is not of this marketplace.")
        kinds = _kinds(trade, now) if api == "messaging" else (_REVIEW,) if self._open(trade, now) else ()
        part = "messages" if api == "messaging" else "solicitations"
        path = f"/{api}/v1/orders/{trade.order}"
        links = [{"href": f"{path}/{part}/{kind}?marketplaceIds={MARKETPLACE}", "name": kind} for kind in kinds]
        return as_json({"_links": {"actions": links, "self": {"href": f"{path}?marketplaceIds={MARKETPLACE}"}}})

    def solicit(self, trade: Trade | None, query: Mapping[str, str], now: dt.datetime) -> Reply:
        """Ask the buyer of an order for a review."""
        if trade is None or query["marketplaceIds"] != MARKETPLACE:
            return error(404, "NotFound", "The order was not found.")
        if not _in_time(trade, now):
            said = "You can't use this feature to request a review outside the 5-30 day range after the order delivery"
            return error(403, "Unauthorized", f"{said} date.")
        if not self._open(trade, now):
            said = "The requested solicitation is not available for this amazonOrderId."
            return error(403, "Unauthorized", said)
        self._asked.add(trade.order)
        self._take(f"{trade.order}@{MARKETPLACE}", "")
        return as_json({}, 201)

    def message(self, kind: str, trade: Trade | None, call: Call, now: dt.datetime) -> Reply:
        """Send the buyer of an order a message."""
        if trade is None or call.query["marketplaceIds"] != MARKETPLACE:
            return error(400, "InvalidInput", "The order was not found.")
        told = call.json()
        words = told.get("text") if isinstance(told, dict) else None
        if not isinstance(told, dict) or set(told) - {"text"} or not isinstance(words, str):
            return error(400, "InvalidInput", "The body is not of the schema.")
        if not 1 <= len(words) <= _LENGTHS[kind]:
            return error(400, "InvalidInput", f"text must have 1 to {_LENGTHS[kind]} characters.")
        if kind not in _kinds(trade, now):
            return error(403, "Unauthorized", "The requested message is not available for this amazonOrderId.")
        self._take(f"{trade.order}@{MARKETPLACE}", words)
        return as_json({}, 201)

    def _open(self, trade: Trade, now: dt.datetime) -> bool:
        return status_of(trade) == "SHIPPED" and _in_time(trade, now) and trade.order not in self._asked


def _in_time(trade: Trade, now: dt.datetime) -> bool:
    """From 5 days after the earliest day of delivery, the 2nd, to 30 days after the latest, the 5th after the order."""
    return trade.placed_at + dt.timedelta(days=2 + 5) <= now <= trade.placed_at + dt.timedelta(days=5 + 30)


def _kinds(trade: Trade, now: dt.datetime) -> tuple[str, ...]:
    if status_of(trade) == "UNSHIPPED":
        return _BEFORE
    late = now > trade.placed_at + dt.timedelta(days=5 + 30)
    return _BEHIND if status_of(trade) == "SHIPPED" and not late else ()

"""`getOrders` and `getOrderItems` of the Orders API v0, which Amazon removes on 2027-03-27.

In: a window, the token of a page. Out: a page of orders, the items of each fetched one by one (0.5 calls a second).
Invariant: what Amazon gave is on the page, understood or not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from rulecrm.plugin import LaterError, Refused
from rulecrm_amazon.api import Api, Operation, RefusedError
from rulecrm_amazon.documents import Understood, dictionaries, dictionary, instant, refused, text
from rulecrm_amazon.orders import iso
from rulecrm_amazon.rows_v0 import understand_v0
from rulecrm_amazon.settings import Settings
from rulecrm_amazon.source import Page

__all__ = ["OldOrders"]

_GET = Operation("getOrders", "GET", "/orders/v0/orders", 0.0167, 20, ("payload", "Orders"))
_ITEMS = Operation("getOrderItems", "GET", "/orders/v0/orders/{}/orderItems", 0.5, 30, ("payload", "OrderItems"))
_MOST_PAGES = 100
"""Pages of items of one order; more would be a token that leads back."""


class OldOrders:
    """The Orders API v0 of an account."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._settings = settings
        self._api = api
        self._restricted = api.restricted(_GET, "buyerInfo", "shippingAddress") if settings.buyers else None

    async def page(self, since: dt.datetime, before: dt.datetime | None, token: str | None) -> Page:
        """A page of the orders that changed in [since, before]."""
        query: list[tuple[str, str | Sequence[str]]] = [
            ("MarketplaceIds", self._settings.ids),
            ("LastUpdatedAfter", iso(since)),
            ("MaxResultsPerPage", str(self._settings.page)),
        ]
        if before is not None:
            query.append(("LastUpdatedBefore", iso(before)))
        if token is not None:
            query.append(("NextToken", token))
        found = await self._api.call(_GET, query=query, restricted=self._restricted)
        try:
            payload = dictionary(found, "payload")
            orders, token = dictionaries(payload, "Orders"), text(payload, "NextToken")
            told = _told(payload)
        except ValueError as error:
            raise LaterError(f"getOrders: the answer makes no sense: {error}") from None
        return Page([await self._whole(one, f"getOrders {iso(since)}") for one in orders], token, told)

    async def _whole(self, order: Mapping[str, object], place: str) -> Understood | Refused:
        try:
            key = text(order, "AmazonOrderId")
            items = [] if key is None else await self._items(key)
            return understand_v0(order, items, self._settings)
        except ValueError as error:
            return refused(order, str(error), place)
        except RefusedError as error:
            return refused(order, f"its items are refused: HTTP {error.status}", place)

    async def _items(self, order: str) -> list[Mapping[str, object]]:
        found: list[Mapping[str, object]] = []
        token: str | None = None
        for _ in range(_MOST_PAGES):
            query = [] if token is None else [("NextToken", token)]
            payload = dictionary(await self._api.call(_ITEMS, order, query=query), "payload")
            found += dictionaries(payload, "OrderItems")
            token = text(payload, "NextToken")
            if token is None:
                return found
        raise ValueError("its items come to no end")


def _told(payload: Mapping[str, object]) -> dt.datetime | None:
    """Up to when the window goes; v0 has been seen to write instants otherwise, which is as if it did not tell."""
    try:
        return instant(payload, "LastUpdatedBefore")
    except ValueError:
        return None

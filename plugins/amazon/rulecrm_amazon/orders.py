"""`searchOrders` of the Orders API 2026-01-01.

In: a window, the token of a page. Out: a page of orders, items and all, in one call.
Invariant: what Amazon gave is on the page, understood or not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from rulecrm.plugin import LaterError, Refused
from rulecrm_amazon.api import Api, Operation
from rulecrm_amazon.documents import Understood, dictionaries, dictionary, instant, refused, text
from rulecrm_amazon.rows import INCLUDED, understand
from rulecrm_amazon.settings import Settings
from rulecrm_amazon.source import Page

__all__ = ["SEARCH", "Orders", "iso", "understood"]

SEARCH = Operation("searchOrders", "GET", "/orders/2026-01-01/orders", 0.0056, 20, ("orders",))


class Orders:
    """The Orders API of an account."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._settings = settings
        self._api = api

    async def page(self, since: dt.datetime, before: dt.datetime | None, token: str | None) -> Page:
        """A page of the orders that changed in [since, before]."""
        included = (*INCLUDED, "BUYER") if self._settings.buyers else INCLUDED
        query: list[tuple[str, str | tuple[str, ...]]] = [
                    ("marketplaceIds", self._settings.ids), ("lastUpdatedAfter", iso(since)),
            ("maxResultsPerPage", str(self._settings.page)), ("includedData", tuple(sorted(included))),
        ]  # fmt: skip
        if before is not None:
            query.append(("lastUpdatedBefore", iso(before)))
        if token is not None:
            query.append(("paginationToken", token))
        found = await self._api.call(SEARCH, query=query)
        try:
            orders, pages = dictionaries(found, "orders"), dictionary(found, "pagination")
            token, told = text(pages, "nextToken"), instant(found, "lastUpdatedBefore")
        except ValueError as error:
            raise LaterError(f"searchOrders: the answer makes no sense: {error}") from None
        place = f"searchOrders {iso(since)}"
        return Page([understood(one, understand, self._settings, place) for one in orders], token, told)


def understood(
    order: Mapping[str, object],
    understand: Callable[[Mapping[str, object], Settings], Understood],
    settings: Settings,
    place: str,
) -> Understood | Refused:
    """What an order became, or why it was not understood."""
    try:
        return understand(order, settings)
    except ValueError as error:
        return refused(order, str(error), place)


def iso(instant: dt.datetime) -> str:
    """An instant as Amazon's parameters have it: ISO 8601 in UTC, whole seconds."""
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

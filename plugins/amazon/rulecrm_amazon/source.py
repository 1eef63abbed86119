"""An account of Amazon, read.

In: settings, a cursor. Out: batches: a page of orders each, in windows of the time of their last change.
Invariant: the last window's end is Amazon's own word (`lastUpdatedBefore` of its answer), never our clock's, so that
clocks that differ lose nothing; each window begins `overlap` before the end of the last.

`searchOrders` may be called once in three minutes (0.0056 a second, 20 at once), so windows grow while they fit on one
page, and nothing is asked for within five minutes of the last complete reading: Amazon shows nothing that is younger
than two minutes. The token of a page is valid for 24 hours; a window whose token is older, or refused, is read again
from its beginning.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from attrs import evolve, frozen

from rulecrm.plugin import Batch, Cursor, PlatformContext, Refused, Row, StoppedError
from rulecrm_amazon.api import Api, RefusedError
from rulecrm_amazon.documents import Understood, latest
from rulecrm_amazon.places import Place
from rulecrm_amazon.settings import Settings

__all__ = ["AmazonSource", "Page", "Shelf"]

_REST = dt.timedelta(minutes=5)
_PRESENT = dt.timedelta(hours=1)
"""A window that ends more than this before now has its end named; clocks do not differ by that much."""
_UNTOLD = dt.timedelta(minutes=10)
"""Before now: where the last window ends if Amazon does not tell."""
_TRIES = 2


@frozen
class Page:
    """A page of orders.

    Attributes:
        orders: as they came, each with what it became, or why it was not understood.
        token: of the next page, None of the last.
        told: the end of the window, where Amazon tells it.
    """

    orders: Sequence[Understood | Refused]
    token: str | None = None
    told: dt.datetime | None = None


class Shelf(Protocol):
    """One version of the Orders API."""

    async def page(self, since: dt.datetime, before: dt.datetime | None, token: str | None) -> Page:
        """A page of the orders that changed in [since, before].

        Raises:
            RefusedError, StoppedError, LaterError: as `Api.call`.
        """


class AmazonSource:
    """An account, open and ready."""

    def __init__(self, settings: Settings, context: PlatformContext, api: Api, shelf: Shelf) -> None:
        self._settings = settings
        self._context = context
        self._api = api
        self._shelf = shelf
        self._overlap = dt.timedelta(minutes=settings.overlap)

    def __repr__(self) -> str:
        return f"AmazonSource({self._context.name!r}, {', '.join(self._settings.ids)})"

    async def pull(self, cursor: Cursor | None, until: dt.datetime) -> AsyncGenerator[Batch, None]:
        """What has changed."""
        place = self._beginning(until) if cursor is None else Place.of(cursor)
        tries = 0
        while place.token is not None or place.whole is None or until - place.whole > _REST:
            place = self._window(place.fresh(self._context.now()), until)
            try:
                page = await self._shelf.page(place.since, place.before, place.token)
            except RefusedError as error:
                tries += 1
                if place.token is None or tries > _TRIES:
                    raise StoppedError(f"Amazon refuses {error}") from None
                place = place.again()  # its token is not good any more
                continue
            told = place.before or place.told or page.told or self._context.now() - _UNTOLD
            if page.token is not None:
                place = place.next_page(told, page.token, self._context.now())
                yield _batch(page, place.cursor(), None)
                continue
            present = place.before is None
            place = place.next_window(told, self._overlap)
            yield _batch(page, place.cursor(), place.since)
            if present:
                return

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    def _beginning(self, until: dt.datetime) -> Place:
        return Place(min(self._settings.begin(self._context.now()), until))

    def _window(self, place: Place, until: dt.datetime) -> Place:
        """The place with its window's end; a window that was begun keeps the one it has."""
        if place.token is not None:
            return place
        end = min(place.since + dt.timedelta(days=place.days), until)
        named = end < self._context.now() - _PRESENT
        return evolve(place, before=end if named else None)


def _batch(page: Page, cursor: Cursor, until: dt.datetime | None) -> Batch:
    orders: list[Row] = []
    items: list[Row] = []
    customers: list[Row] = []
    remarks: Counter[str] = Counter()
    away: list[Refused] = []
    for one in page.orders:
        if isinstance(one, Refused):
            away.append(one)
            continue
        orders.append(one.order)
        items.extend(one.items)
        customers.extend([] if one.customer is None else [one.customer])
        remarks.update(one.remarks)
        if "customer" not in one.order:
            remarks["order whose buyer Amazon does not tell"] += 1
    rows = {"orders": orders, "items": items, "customers": latest(customers)}
    return Batch({name: found for name, found in rows.items() if found}, cursor, away, dict(remarks), until)

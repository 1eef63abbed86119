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

from rulecrm.plugin import Batch, Cursor, LaterError, PlatformContext, Refused, Row, StoppedError
from rulecrm_amazon.api import Api, RefusedError
from rulecrm_amazon.documents import Understood, latest
from rulecrm_amazon.places import Place
from rulecrm_amazon.settings import Settings

__all__ = ["LONGEST", "AmazonSource", "Archive", "LostReportError", "Page", "Shelf"]

LONGEST = dt.timedelta(days=30)
"""The longest window of a report."""

_REST = dt.timedelta(minutes=5)
_PRESENT = dt.timedelta(hours=1)
"""A window that ends more than this before now has its end named; clocks do not differ by that much."""
_UNTOLD = dt.timedelta(minutes=10)
"""Before now: where the last window ends if Amazon does not tell."""
_TRIES = 2


class LostReportError(Exception):
    """A report that will never be there; another one has to be asked for."""


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


class Archive(Protocol):
    """What has been, in windows."""

    async def ask(self, since: dt.datetime, before: dt.datetime) -> str:
        """Ask for a window; its id."""

    async def batches(self, report: str) -> Sequence[Batch]:
        """What an id stands for.

        Raises:
            LostReportError: it stands for nothing; another has to be asked for.
        """


class AmazonSource:
    """An account, open and ready."""

    def __init__(self, settings: Settings, context: PlatformContext, api: Api, shelf: Shelf, archive: Archive) -> None:
        self._settings = settings
        self._context = context
        self._api = api
        self._shelf = shelf
        self._archive = archive
        self._overlap = dt.timedelta(minutes=settings.overlap)

    def __repr__(self) -> str:
        return f"AmazonSource({self._context.name!r}, {', '.join(self._settings.ids)})"

    async def pull(self, cursor: Cursor | None, until: dt.datetime) -> AsyncGenerator[Batch, None]:
        """What has changed."""
        place = self._beginning(until) if cursor is None else Place.of(cursor)
        while place.history:
            place, batches, lost = await self._report(place, until)
            for batch in batches:
                yield batch
            if lost:
                raise LaterError(f"Amazon did not make the report of all orders: {lost}")
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

    async def _report(self, place: Place, until: dt.datetime) -> tuple[Place, Sequence[Batch], str]:
        """One step through what has been: the place after it, its batches, and why it came to nothing."""
        if place.report is None:
            end = min(place.since + LONGEST, until)
            place = evolve(place, before=end, report=await self._archive.ask(place.since, end))
            return place, [Batch({}, place.cursor())], ""
        try:
            found = await self._archive.batches(place.report)
        except LostReportError as error:
            place = evolve(place, report=None)
            return place, [Batch({}, place.cursor(), remarks={str(error): 1})], str(error)
        after = place.after_report(until)
        if not found:
            return after, [Batch({}, after.cursor(), remarks={"report without orders": 1})], ""
        # Each batch is kept with its number, so that a run that is killed in a document goes on behind it.
        places = [evolve(place, read=number) for number in range(1, len(found))] + [after]
        each = zip(found, places, strict=True)
        return after, [evolve(batch, cursor=one.cursor(), until=None) for batch, one in each][place.read :], ""

    def _beginning(self, until: dt.datetime) -> Place:
        since = min(self._settings.begin(self._context.now()), until)
        return Place(since, history=self._settings.history == "reports" and since < until)

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

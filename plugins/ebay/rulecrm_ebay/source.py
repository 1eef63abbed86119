"""Orders and refunds from eBay.

In: the settings of an account. Out: batches of rows, a window each.
Invariant: a window of the time of the last change is read as one page (`rulecrm.plugin.fitting`), for pages are numbers
of rows to skip, and shift while they are read. Windows are 30 days long at most, share their ends, end two minutes ago,
as eBay refuses those that end in the future, and the first one of a run begins `overlap_minutes` before the last run's
end.

Orders that are not paid for are not told at all. When an order was shipped is asked for one by one, and only of those
that are shipped as a whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Sequence
from urllib.parse import quote

from rulecrm.plugin import Batch, Cursor, PlatformContext, Refused
from rulecrm.plugin.fields import Json, listed, text
from rulecrm.plugin.fitting import Place, fitting
from rulecrm.plugin.rows import Rows
from rulecrm_ebay.api import Api, NotThereError
from rulecrm_ebay.rows import FULFILLED, original, rows_of
from rulecrm_ebay.settings import Settings

__all__ = ["Ebay", "open_ebay"]

_ORDERS = "/sell/fulfillment/v1/order"
_PAGE = 200
_LONGEST = 30 * 86_400
_BACK = dt.timedelta(days=90)
_SETTLED, _REST = 120, 60


class Ebay:
    """One account.

    Args:
        settings: of the account.
        api: answers its calls.
        context: the clock.
    """

    def __init__(self, settings: Settings, api: Api, context: PlatformContext) -> None:
        self._settings = settings
        self._api = api
        self._context = context

    async def pull(self, cursor: Cursor | None, until: dt.datetime) -> AsyncGenerator[Batch, None]:
        """What has changed; see `rulecrm.plugin.platforms.Source`."""
        last = int(min(until, self._context.now()).timestamp()) - _SETTLED
        place = Place.of(cursor, self._beginning(), _LONGEST)
        while place.is_behind(last, _REST):
            found, read = await fitting(self._page, place.up_to(last))
            rows, refused = await self._rows(found)
            read = read.longer(_LONGEST) if len(found) < _PAGE // 4 else read
            done = last - read.end <= _REST
            place = read.rested(self._settings.overlap_minutes * 60) if done else read.behind()
            whole = dt.datetime.fromtimestamp(read.end, dt.UTC)
            yield Batch(rows.frames(), place.cursor(), refused, dict(rows.remarks), whole)

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    def __repr__(self) -> str:
        return f"<Ebay {self._context.name}>"

    def _beginning(self) -> int:
        since = self._settings.since
        if since:
            return int(dt.datetime.combine(dt.date.fromisoformat(since), dt.time(), dt.UTC).timestamp())
        return int((self._context.now() - _BACK).timestamp())

    async def _page(self, begin: int, end: int, page: str) -> tuple[Sequence[Json], str]:
        offset = int(page or 0)
        found = await self._api.get(
            _ORDERS,
            {"filter": f"lastmodifieddate:[{_written(begin)}..{_written(end)}]", "limit": str(_PAGE),
             "offset": str(offset)},
            lambda told: _is_whole(told, offset, "orders"),
        )  # fmt: skip
        orders, total = listed(found.get("orders")), found.get("total")
        more = (isinstance(total, int) and total > offset + len(orders)) or bool(text(found.get("next")))
        return orders, str(offset + len(orders)) if more else ""

    async def _rows(self, orders: Sequence[Json]) -> tuple[Rows, list[Refused]]:
        rows, refused = Rows(merging=True), list[Refused]()
        for order in orders:
            shipments = await self._shipments(order) if self._settings.shipments else None
            try:
                rows.add(rows_of(order, shipments, personal=self._settings.personal))
            except ValueError as error:
                refused.append(Refused("orders", str(error), original(order), _ORDERS))
        return rows, refused

    async def _shipments(self, order: Json) -> Sequence[Json]:
        number = text(order.get("orderId"))
        if number is None or order.get("orderFulfillmentStatus") != FULFILLED:
            return []
        try:
            path = f"{_ORDERS}/{quote(number, safe='')}/shipping_fulfillment"
            found = await self._api.get(path, {}, lambda told: _is_whole(told, 0, "fulfillments"))
        except NotThereError:
            return []
        return listed(found.get("fulfillments"))


def open_ebay(settings: Settings, context: PlatformContext) -> Ebay:
    """An account with its settings, for `PlatformType.open`."""
    return Ebay(settings, Api(settings, context), context)


def _is_whole(found: Json, offset: int, name: str) -> bool:
    """Whether a page has a count, and some of what is counted."""
    total = found.get("total")
    return isinstance(total, int) and (total <= offset or bool(listed(found.get(name))))


def _written(seconds: int) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%S}.000Z"

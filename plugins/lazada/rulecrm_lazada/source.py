"""Orders from Lazada.

In: the settings of an account. Out: batches of rows, a page of the list each.
Invariant: orders come by the time of their last update, the earliest first, and each page begins where the last one
ended: at an instant, not at a number. So an order that changes meanwhile moves to where reading still comes to (or to
the next run), no order moves to where it has been, and the limit of 5,000 to `offset` is never met; `offset` is used
only for orders that were updated in one and the same second. An answer that is in another order stops it.

Then comes what was paid back since (see `rulecrm_lazada.returns`). Reading ends two minutes ago, and begins
`overlap_minutes` before the last run ended.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import AsyncGenerator, Mapping, Sequence

from attrs import evolve

from rulecrm.plugin.fields import Json, inner, listed
from rulecrm.plugin.gateways import PathAccount, PathGateway
from rulecrm.plugin.platforms import Batch, Cursor, LaterError, PlatformContext, Refused, StoppedError
from rulecrm.plugin.pulling import Patience, instant_in, instant_out
from rulecrm.plugin.rows import Rows
from rulecrm.plugin.wire import Wire
from rulecrm_lazada.fields import instant, key
from rulecrm_lazada.places import Place, place_in
from rulecrm_lazada.returns import FURTHEST_PAGE, Returns
from rulecrm_lazada.rows import original, rows_of
from rulecrm_lazada.settings import COUNTRIES, Settings

__all__ = ["Lazada", "open_lazada"]

_LIST, _ITEMS = "/orders/get", "/orders/items/get"
_AT_ONCE = 50
"""Orders whose items are asked for at once: the limit of `/orders/items/get`."""
_FURTHEST = 5000
_BACK = dt.timedelta(days=90)
_SETTLED = dt.timedelta(minutes=2)
_SECOND = dt.timedelta(seconds=1)
_DAY = dt.timedelta(days=1)
_AGAIN = frozenset({"901", "1000"})
"""Numbers of errors of the order calls that pass: too frequent, and an error over there."""


class Lazada:
    """One account.

    Args:
        settings: of the account.
        gateway: answers its calls.
        context: the clock.
    """

    def __init__(self, settings: Settings, gateway: PathGateway, context: PlatformContext) -> None:
        self._settings = settings
        self._country = COUNTRIES[settings.country]
        self._gateway = gateway
        self._context = context
        self._returns = Returns(gateway, settings.country, self._country)

    async def pull(self, cursor: Cursor | None, until: dt.datetime) -> AsyncGenerator[Batch, None]:
        """What has changed; see `rulecrm.plugin.platforms.Source`."""
        told = cursor or {}
        place, begin = place_in(told), instant_in(told.get("read_to"))
        if place is not None:
            async for batch in self._run(place):
                yield batch
            begin = place.end
        last = min(until, self._context.now() - _SETTLED).replace(microsecond=0)
        if begin is None:
            begin = self._since()
        elif begin < last:
            begin -= dt.timedelta(minutes=self._settings.overlap_minutes)
        if begin < last:
            async for batch in self._run(Place(begin, last, begin)):
                yield batch

    async def close(self) -> None:
        """Let go of connections."""
        await self._gateway.close()

    def __repr__(self) -> str:
        return "<Lazada>"

    def _since(self) -> dt.datetime:
        if self._settings.since:
            return dt.datetime.combine(
                dt.date.fromisoformat(self._settings.since), dt.time(), self._country.zone
            )  # fmt: skip
        return self._context.now() - _BACK

    async def _run(self, place: Place) -> AsyncGenerator[Batch, None]:
        """From a place to the end of its run: orders, a page at a time, then what was paid back."""
        read_to = {"read_to": instant_out(place.end)}
        while place.to is None:
            orders = await self._page(place)
            rows, refused = await self._rows(orders)
            full = len(orders) == self._settings.page_size
            place = self._next(place, orders) if full else evolve(place, at=place.begin, offset=0, to=place.begin)
            if place.to is not None and not self._settings.refunds:
                yield Batch(rows.frames(), read_to, refused, rows.remarks, place.end)
                return
            yield Batch(rows.frames(), place.cursor(), refused, rows.remarks)
        if self._settings.refunds:
            async for batch in self._paid_back(place):
                yield batch
        yield Batch({}, read_to, until=place.end)

    async def _paid_back(self, place: Place) -> AsyncGenerator[Batch, None]:
        """Windows of a day, each from its last page to its first: what changes meanwhile is in a later one."""
        while place.at < place.end:
            to = place.to if place.to is not None and place.to > place.at else min(place.at + _DAY, place.end)
            found, pages = await self._returns.page(place.at - _SECOND, to, place.page or 1)
            if pages > FURTHEST_PAGE and to - place.at > _SECOND:
                place = evolve(place, to=place.at + (to - place.at) / 2)
                continue
            if place.page == 0 and pages > 1:
                place = evolve(place, to=to, page=pages)
                continue
            rows, refused = await self._returns.rows(found)
            more = place.page > 1
            place = evolve(place, to=to, page=place.page - 1) if more else evolve(place, at=to, to=to, page=0)
            if rows or refused:
                yield Batch({"orders": rows} if rows else {}, place.cursor(), refused)

    def _next(self, place: Place, orders: Sequence[Json]) -> Place:
        """The place after a full page."""
        last = self._updated(orders[-1])
        if last > place.at:
            return evolve(place, at=last, offset=0)
        # As many as fill a page were updated within the second that is read again with each page. Half a page at a
        # time: orders that change meanwhile leave, and those behind them move up.
        offset = place.offset + max(len(orders) // 2, 1)
        if offset > _FURTHEST:
            raise StoppedError(
                f"more than {_FURTHEST} orders of Lazada were updated in one second; nobody can read them"
            )
        return evolve(place, offset=offset)

    async def _page(self, place: Place) -> Sequence[Json]:
        found = await self._asked(
            _LIST,
            # A second earlier, so that it makes no difference whether bounds are within.
            {"update_after": self._told(place.at - _SECOND), "update_before": self._told(place.end + _SECOND),
             "sort_by": "updated_at", "sort_direction": "ASC", "offset": str(place.offset),
             "limit": str(self._settings.page_size)},
        )  # fmt: skip
        orders = list(listed(inner(found.get("data")).get("orders")))
        times = [self._updated(one) for one in orders]
        if any(later < earlier for earlier, later in itertools.pairwise(times)):
            raise StoppedError("Lazada gave orders in another order than was asked for; reading on could lose some")
        return orders

    def _told(self, at: dt.datetime) -> str:
        return at.astimezone(self._country.zone).isoformat(timespec="seconds")

    def _updated(self, order: Json) -> dt.datetime:
        try:
            found = instant(order.get("updated_at"), "updated_at", self._country.zone)
        except ValueError:
            found = None
        if found is None:
            raise StoppedError("Lazada gave an order without the time of its update; reading on could lose some")
        return found

    async def _asked(self, api: str, parameters: Mapping[str, str]) -> Json:
        found = await self._gateway.call(api, parameters)
        if "data" not in found:
            raise LaterError(f"Lazada gave no data for {api}")
        return found

    async def _rows(self, orders: Sequence[Json]) -> tuple[Rows, list[Refused]]:
        rows, refused = Rows(), list[Refused]()
        items = await self._items([str(one.get("order_id")) for one in orders])
        for brief in orders:
            found = items.get(str(brief.get("order_id")), ())
            try:
                rows.add(rows_of(brief, found, self._settings.country, self._country, personal=self._settings.personal))
            except ValueError as error:
                refused.append(Refused("orders", str(error), original(brief, found), _LIST))
        return rows, refused

    async def _items(self, orders: Sequence[str]) -> Mapping[str, Sequence[Json]]:
        """The items of orders, by order."""
        found: dict[str, Sequence[Json]] = {}
        asked = [one for one in orders if one.isdecimal()]
        for begin in range(0, len(asked), _AT_ONCE):
            some = asked[begin : begin + _AT_ONCE]
            answer = await self._asked(_ITEMS, {"order_ids": json.dumps([int(one) for one in some])})
            for one in listed(answer.get("data")):
                found[key(one.get("order_id"), "order_id")] = list(listed(one.get("order_items")))
        return found


def open_lazada(settings: Settings, context: PlatformContext) -> Lazada:
    """An account with its settings, for `PlatformType.open`."""
    url = settings.url or f"https://{COUNTRIES[settings.country].host}"
    account = PathAccount(settings.app_key, settings.app_secret, settings.access_token, settings.refresh_token)
    gateway = PathGateway(
        "Lazada", _wire(settings, url), account, context, Patience(), auth=_wire(settings, settings.auth_url),
        again=_AGAIN,
    )  # fmt: skip
    return Lazada(settings, gateway, context)


def _wire(settings: Settings, url: str) -> Wire:
    return Wire("Lazada", url, settings.timeout, proxy=settings.proxy)

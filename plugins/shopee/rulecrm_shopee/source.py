"""Orders and refunds from Shopee.

In: the settings of a shop. Out: batches of rows, a window each.
Invariant: a window is read as one page (`rulecrm.plugin.fitting`), for pages may shift while they are read, and what a
cursor of this platform means is not told. Windows are 15 days long at most, share their ends, end two minutes ago, and
the first one of a run begins `overlap_minutes` before the last run's end.

Two lists are read, each by the time of the last change: orders, and returns. A return that was paid brings its order,
with the sum of all returns of that order that were paid, for the list of what has changed may name but one of several;
they are found among those that were created since the order was.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

from attrs import frozen

from rulecrm.plugin import Batch, Cursor, LaterError, PlatformContext, Refused
from rulecrm.plugin.fields import Json, listed, text
from rulecrm.plugin.fitting import Ask, Place, fitting
from rulecrm.plugin.rows import Rows
from rulecrm_shopee.api import Api, NotThereError
from rulecrm_shopee.fields import instant
from rulecrm_shopee.rows import PAID_BACK, RETURN_STATUSES, original, rows_of
from rulecrm_shopee.settings import Settings

__all__ = ["Shopee", "open_shopee"]

_ORDERS, _DETAIL = "/api/v2/order/get_order_list", "/api/v2/order/get_order_detail"
_RETURNS = "/api/v2/returns/get_return_list"
_PAGE, _AT_ONCE = 100, 50
_BACK = dt.timedelta(days=90)
_SETTLED, _REST = 120, 60
_GOES_ON = ("more", bool)
_LONGEST = 15 * 86_400
_FIELDS = "buyer_user_id,recipient_address,item_list,pay_time,pickup_done_time,payment_method,total_amount"


@frozen
class _Gathered:
    """What a window gave."""

    rows: Rows
    refused: list[Refused]

    def refuse(self, reason: str, order: Json, place: str) -> None:
        """Put an order aside."""
        self.refused.append(Refused("orders", reason, original(order), place))


class Shopee:
    """One shop.

    Args:
        settings: of the shop.
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
        begin = self._beginning()
        places = {name: Place.of((cursor or {}).get(name), begin, _LONGEST) for name in ("orders", "returns")}
        asks: Mapping[str, tuple[Ask[Json], Callable[[Sequence[Json]], Awaitable[_Gathered]]]] = {
            "orders": (self._orders, self._of_orders), "returns": (self._returns_changed, self._of_returns)
        }  # fmt: skip
        for name, (ask, read) in asks.items():
            while places[name].is_behind(last, _REST):
                place = places[name].up_to(last)
                found, place = await fitting(ask, place)
                gathered = await read(found)
                place = place.longer(_LONGEST) if len(found) < _PAGE // 4 else place
                done = last - place.end <= _REST
                places[name] = place.rested(self._settings.overlap_minutes * 60) if done else place.behind()
                told = {one: place.cursor() for one, place in places.items()}
                yield Batch(
                    gathered.rows.frames(), told, gathered.refused, dict(gathered.rows.remarks), _whole(places)
                )  # fmt: skip

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    def __repr__(self) -> str:
        return f"<Shopee {self._context.name}>"

    def _beginning(self) -> int:
        since = self._settings.since
        if since:
            return int(dt.datetime.combine(dt.date.fromisoformat(since), dt.time(), dt.UTC).timestamp())
        return int((self._context.now() - _BACK).timestamp())

    # --- lists ----------------------------------------------------------------------------------------------------

    async def _orders(self, begin: int, end: int, page: str) -> tuple[Sequence[Json], str]:
        found = await self._api.get(
            _ORDERS,
            {"time_range_field": "update_time", "time_from": str(begin), "time_to": str(end), "page_size": str(_PAGE),
             "cursor": page, "response_optional_fields": "order_status", "request_order_status_pending": "true"},
            _GOES_ON,
        )  # fmt: skip
        if found.get("more") is not True:
            return listed(found.get("order_list")), ""
        following = text(found.get("next_cursor"))
        if following is None:
            raise LaterError("Shopee says that a list goes on, and not where")
        return listed(found.get("order_list")), following

    async def _returns_changed(self, begin: int, end: int, page: str) -> tuple[Sequence[Json], str]:
        return await self._returns({"update_time_from": str(begin), "update_time_to": str(end)}, page)

    async def _returns_paid(self, begin: int, end: int, page: str) -> tuple[Sequence[Json], str]:
        """By the time at which they were created."""
        return await self._returns(
            {"create_time_from": str(begin), "create_time_to": str(end), "status": PAID_BACK}, page
        )  # fmt: skip

    async def _returns(self, own: Mapping[str, str], page: str) -> tuple[Sequence[Json], str]:
        # The first page is 0: "Default is 0", say the schemas, though their sample has 1.
        page = page or "0"
        found = await self._api.get(_RETURNS, {**own, "page_no": page, "page_size": str(_PAGE)}, _GOES_ON)
        return listed(found.get("return")), str(int(page) + 1) if found.get("more") is True else ""

    # --- rows -----------------------------------------------------------------------------------------------------

    async def _of_orders(self, found: Sequence[Json]) -> _Gathered:
        gathered = _Gathered(Rows(merging=True), [])
        numbers = _numbers(found)
        told = await self._details(numbers)
        for brief in found:
            if text(brief.get("order_sn")) not in told:
                gathered.refuse("its details were not given", brief, _ORDERS)
        for order in told.values():
            self._add(gathered, order, None)
        return gathered

    async def _of_returns(self, found: Sequence[Json]) -> _Gathered:
        gathered = _Gathered(Rows(merging=True), [])
        gathered.rows.remarks.update(_unknown(found))
        paid = [one for one in found if one.get("status") == PAID_BACK]
        if not paid:
            return gathered
        told = await self._details(_numbers(paid))
        for one in paid:
            if text(one.get("order_sn")) not in told:
                gathered.refuse("a return's order was not given", one, _RETURNS)
        returns = await self._paid_since(list(told.values()))
        for number, order in told.items():
            self._add(gathered, order, [one for one in returns if one.get("order_sn") == number])
        return gathered

    def _add(self, gathered: _Gathered, order: Json, returns: Sequence[Json] | None) -> None:
        settings = self._settings
        try:
            rows = rows_of(
                order, returns, str(settings.shop_id), estimate=settings.estimate, personal=settings.personal
            )  # fmt: skip
        except ValueError as error:
            gathered.refuse(str(error), order, _DETAIL)
        else:
            gathered.rows.add(rows)

    async def _paid_since(self, orders: Sequence[Json]) -> list[Json]:
        """Returns that were paid and created since the first of the orders was, each once."""
        begin, now = self._first(orders), int(self._context.now().timestamp())
        found: dict[str, Json] = {}
        step = _LONGEST
        while begin < now:
            rows, place = await fitting(self._returns_paid, Place(begin, None, step, min(begin + step, now)))
            found |= {str(one.get("return_sn")): one for one in rows}
            begin, step = place.end, place.step
        return list(found.values())

    def _first(self, orders: Sequence[Json]) -> int:
        instants = []
        for one in orders:
            try:
                at = instant(one.get("create_time"), "create_time")
            except ValueError:
                continue  # that one is refused anyway
            instants.extend([] if at is None else [int(at.timestamp())])
        return min(instants, default=int((self._context.now() - _BACK).timestamp()))

    async def _details(self, numbers: Sequence[str]) -> dict[str, Json]:
        told: dict[str, Json] = {}
        for begin in range(0, len(numbers), _AT_ONCE):
            for order in await self._some(numbers[begin : begin + _AT_ONCE]):
                told[str(order.get("order_sn"))] = order
        return told

    async def _some(self, numbers: Sequence[str]) -> Sequence[Json]:
        """The details of at most 50 orders; where one of them is not there, the others' all the same."""
        more = ",buyer_username" if self._settings.personal else ""
        try:
            found = await self._api.get(
                _DETAIL,
                {"order_sn_list": ",".join(numbers), "response_optional_fields": _FIELDS + more,
                 "request_order_status_pending": "true"},
                ("order_list", list),
            )  # fmt: skip
        except NotThereError:
            if len(numbers) == 1:
                return []
            half = len(numbers) // 2
            return [*await self._some(numbers[:half]), *await self._some(numbers[half:])]
        return listed(found.get("order_list"))


def open_shopee(settings: Settings, context: PlatformContext) -> Shopee:
    """A shop with its settings, for `PlatformType.open`."""
    return Shopee(settings, Api(settings, context), context)


def _numbers(found: Sequence[Json]) -> list[str]:
    return list(dict.fromkeys(number for one in found if (number := text(one.get("order_sn"))) is not None))


def _unknown(returns: Sequence[Json]) -> Counter[str]:
    words = [str(one.get("status")) for one in returns]
    return Counter(f"unknown status of a return {word!r}" for word in words if word not in RETURN_STATUSES)


def _whole(places: Mapping[str, Place]) -> dt.datetime | None:
    ends = [place.to for place in places.values()]
    return None if None in ends else dt.datetime.fromtimestamp(min(one for one in ends if one is not None), dt.UTC)

"""Orders from AliExpress.

In: the settings of an account. Out: batches of rows, a page of the list each.
Invariant: windows of a day by the time of the last change, each read in two passes: without a status, which gives
everything but ended orders, and for those alone (`FINISH`, which the platform gives only to those who ask for it). A
window's pages are read from the last to the first: an order that changes meanwhile leaves the window and moves those
behind it to the front, that is, to pages still to come; and it is in the next window. So a page's number is a good
cursor, too. Windows end two minutes ago and begin `overlap_minutes` before the last one ended.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from typing import Protocol, TypeVar

from attrs import evolve, frozen

from rulecrm.plugin.fields import Json, inner, text
from rulecrm.plugin.gateways import PathAccount, PathGateway
from rulecrm.plugin.platforms import Batch, Cursor, LaterError, PlatformContext, Refused
from rulecrm.plugin.pulling import Patience, instant_in, instant_out
from rulecrm.plugin.wire import Wire
from rulecrm_aliexpress.fields import listed, number
from rulecrm_aliexpress.legacy import LegacyGateway
from rulecrm_aliexpress.pacific import outside_twice, wall
from rulecrm_aliexpress.rows import UNPAID, Rows, original, rows_of
from rulecrm_aliexpress.settings import Settings

__all__ = ["AliExpress", "open_aliexpress"]

T = TypeVar("T")

_OPEN = "https://api-sg.aliexpress.com"
_LEGACY = "https://eco.taobao.com"
_LIST, _ONE = "aliexpress.solution.order.get", "aliexpress.solution.order.info.get"
_PASSES = ("", "FINISH")
_DAY = dt.timedelta(days=1)
_BACK = dt.timedelta(days=90)
_SETTLED = dt.timedelta(minutes=2)
_SECOND = dt.timedelta(seconds=1)


class Gateway(Protocol):
    """What answers methods: `rulecrm.plugin.gateways.PathGateway`, or the legacy one."""

    async def call(self, api: str, parameters: Mapping[str, str]) -> Mapping[str, object]:
        """The answer's JSON, as `PathGateway.call` has it."""

    async def close(self) -> None:
        """Let go of connections."""


@frozen
class _Place:
    """Where reading is: in a window, its pass, and the page to read next; page 0: how many there are is not known."""

    begin: dt.datetime
    end: dt.datetime | None = None
    turn: int = 0
    page: int = 0

    def cursor(self) -> Cursor:
        if self.end is None:
            return {"read_to": instant_out(self.begin)}
        return {
            "begin": instant_out(self.begin), "end": instant_out(self.end), "pass": self.turn, "page": self.page
        }  # fmt: skip


class AliExpress:
    """One account.

    Args:
        settings: of the account.
        gateway: answers its calls.
        context: the clock.
    """

    def __init__(self, settings: Settings, gateway: Gateway, context: PlatformContext) -> None:
        self._settings = settings
        self._gateway = gateway
        self._context = context
        self._turns = asyncio.Semaphore(settings.parallel)

    async def pull(self, cursor: Cursor | None, until: dt.datetime) -> AsyncGenerator[Batch, None]:
        """What has changed; see `rulecrm.plugin.platforms.Source`."""
        place = self._place(cursor)
        if place.end is not None:
            async for batch in self._window(place):
                yield batch
        begin, last = place.end or place.begin, outside_twice(min(until, self._context.now() - _SETTLED))
        if cursor is not None and begin < last:
            begin = outside_twice(begin - dt.timedelta(minutes=self._settings.overlap_minutes))
        while begin < last:
            end = outside_twice(min(begin + _DAY, last))
            async for batch in self._window(_Place(begin, end)):
                yield batch
            begin = end

    async def close(self) -> None:
        """Let go of connections."""
        await self._gateway.close()

    def __repr__(self) -> str:
        return "<AliExpress>"

    def _place(self, cursor: Cursor | None) -> _Place:
        told = cursor or {}
        read_to, begin, end = (instant_in(told.get(name)) for name in ("read_to", "begin", "end"))
        if read_to is not None:
            return _Place(read_to)
        if begin is not None and end is not None:
            turn, page = told.get("pass"), told.get("page")
            return _Place(begin, end, turn if turn == 1 else 0, page if isinstance(page, int) else 0)
        since = self._settings.since
        if since:
            return _Place(outside_twice(dt.datetime.combine(dt.date.fromisoformat(since), dt.time(), dt.UTC)))
        return _Place(outside_twice(self._context.now() - _BACK))

    async def _window(self, place: _Place) -> AsyncGenerator[Batch, None]:
        end = place.end
        assert end is not None
        while place.turn < len(_PASSES):
            page, (orders, pages) = place.page or 1, await self._page(place, place.page or 1)
            if place.page == 0 and pages > 1:
                place = evolve(place, page=pages)
                continue
            following = evolve(place, page=page - 1) if page > 1 else evolve(place, turn=place.turn + 1, page=0)
            done = following.turn >= len(_PASSES)
            after = _Place(end) if done else following
            rows, refused = await self._rows(orders)
            if rows.orders or refused or done:
                yield Batch(rows.frames(), after.cursor(), refused, rows.remarks, end if done else None)
            place = following

    async def _page(self, place: _Place, page: int) -> tuple[Sequence[Json], int]:
        assert place.end is not None
        query: dict[str, object] = {
            # A second earlier, so that it makes no difference whether bounds are within.
            "modified_date_start": wall(place.begin - _SECOND), "modified_date_end": wall(place.end),
            "current_page": page, "page_size": self._settings.page_size,
        }  # fmt: skip
        if _PASSES[place.turn]:
            query["order_status"] = _PASSES[place.turn]
        result = await self._asked(_LIST, "param0", query)
        try:
            return list(listed(result.get("target_list"))), number(result.get("total_page"), "total_page") or 1
        except ValueError as error:
            raise LaterError(f"AliExpress: {error}") from None

    async def _asked(self, method: str, name: str, query: Mapping[str, object]) -> Json:
        async with self._turns:
            found = await self._gateway.call(method, {name: json.dumps(query)})
        result = inner(inner(found.get(f"{method.replace('.', '_')}_response", found)).get("result"))
        if not result or result.get("success") is False:
            said = " ".join(str(result[name]) for name in ("error_code", "error_message") if result.get(name))
            raise LaterError(f"AliExpress gave no result of {method}: {said or 'it says no more'}")
        return result

    async def _rows(self, orders: Sequence[Json]) -> tuple[Rows, list[Refused]]:
        rows, refused = Rows(), list[Refused]()
        found = await _together([self._details(brief) for brief in orders])
        now = self._context.now()
        for brief, (full, asked) in zip(orders, found, strict=True):
            try:
                rows.add(rows_of(brief, full, now, personal=self._settings.personal))
            except ValueError as error:
                refused.append(Refused("orders", str(error), original(brief, full), _LIST))
            if asked and full is None:
                rows.remarks["details of an order were not given"] += 1
        return rows, refused

    async def _details(self, brief: Json) -> tuple[Json | None, bool]:
        """The details of an order; of one that is unpaid the list has all that matters."""
        order = str(brief.get("order_id"))
        if text(brief.get("order_status")) == UNPAID or not order.isdecimal():
            return None, False
        result = await self._asked(_ONE, "param1", {"order_id": int(order)})
        return inner(result.get("data")) or None, True


async def _together(calls: Sequence[Coroutine[object, object, T]]) -> Sequence[T]:
    """The answers of calls that are made at once; when one fails the others are given up."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def open_aliexpress(settings: Settings, context: PlatformContext) -> AliExpress:
    """An account with its settings, for `PlatformType.open`."""
    account = PathAccount(settings.app_key, settings.app_secret, settings.access_token, settings.refresh_token)
    if settings.gateway == "legacy":
        wires = _wire(settings, settings.url or _LEGACY), _wire(settings, settings.auth_url)
        return AliExpress(settings, LegacyGateway(*wires, account, context, Patience()), context)
    wire = _wire(settings, settings.url or _OPEN)
    gateway = PathGateway(
        "AliExpress", wire, account, context, Patience(), session="session", refresh="/auth/token/security/refresh"
    )  # fmt: skip
    return AliExpress(settings, gateway, context)


def _wire(settings: Settings, url: str) -> Wire:
    return Wire("AliExpress", url, settings.timeout, proxy=settings.proxy)

"""A shop on Shopify, read.

In: settings, a cursor. Out: batches: a page of orders or of customers each.
Invariant: rows come in the order of `updatedAt`, and each page begins at the last instant of the one before it, so that
neither our clock nor a page that shifts can lose any: what changes meanwhile moves to pages still to come.

Shopify's own cursors (`after`) are used only within one instant, where a page holds nothing else. A reading goes on
until there is no further page, whatever our clock says; the next one begins `overlap_minutes` before the last instant
that was seen, for the search that Shopify answers from lags behind, and so does one that was interrupted.
Customers are read by themselves: whoever unsubscribes changes no order.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence

from rulecrm.plugin import Batch, Cursor, LaterError, PlatformContext, Refused, StoppedError
from rulecrm.plugin.fields import Json, inner, text
from rulecrm.plugin.rows import Rows
from rulecrm_shopify.client import Client, Found, TooDearError
from rulecrm_shopify.fields import instant, listed, original, told
from rulecrm_shopify.place import FRAMES, Mark, Place
from rulecrm_shopify.queries import LINES, SCOPES, customers_query, lines_query, orders_query
from rulecrm_shopify.rows import customer_rows, order_rows
from rulecrm_shopify.settings import Settings

__all__ = ["ShopifySource", "open_shopify"]

_NAMES = {"orders": "Orders", "customers": "Customers"}
_SHOWN = dt.timedelta(days=60)
_MOST = 250
_MORE = 5
"""How many times as many lines as come with an order a call for lines alone asks for."""


class ShopifySource:
    """A shop, open and ready."""

    def __init__(self, settings: Settings, context: PlatformContext, client: Client) -> None:
        self._settings = settings
        self._context = context
        self._client = client
        # A customer costs a fraction of what an order does, with all that is in it.
        self._sizes = {"orders": settings.page_size, "customers": min(settings.page_size * 10, _MOST)}
        self._lines = LINES
        self._more = LINES * _MORE
        self._overlap = dt.timedelta(minutes=settings.overlap_minutes)
        self._remarks: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<ShopifySource {self._settings.shop}>"

    async def pull(self, cursor: Cursor | None, until: dt.datetime) -> AsyncGenerator[Batch, None]:
        """What has changed; see `rulecrm.plugin.platforms.Source`."""
        place = Place.of(cursor, self._settings.begin())
        self._remarks = Counter(await self._scopes() if cursor is None else ())
        frames = [frame for frame in FRAMES if frame == "orders" or self._settings.customers]
        # What was left half read comes first, so that runs that are killed early get through all the same.
        frames.sort(key=lambda frame: place.mark(frame).whole)
        for frame in frames:
            mark = place.mark(frame).fresh(self._overlap)
            while not mark.whole:
                rows, refused, mark = await self._page(frame, mark)
                place = place.moved(frame, mark)
                done = mark.whole and frame == frames[-1]
                remarks, self._remarks = rows.remarks + self._remarks, Counter()
                yield Batch(rows.frames(), place.cursor(), refused, remarks, self._told(until) if done else None)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def _told(self, until: dt.datetime) -> dt.datetime:
        """What has changed before this is there; what is younger may be shown late, and is read again."""
        return min(until, self._context.now()) - self._overlap

    async def _scopes(self) -> Sequence[str]:
        """What is odd about the scopes of the app."""
        found = await self._ask("Scopes", SCOPES, {})
        installed = inner(found.data.get("currentAppInstallation"))
        scopes = {text(one.get("handle")) for one in listed(installed.get("accessScopes"))}
        if scopes and "read_orders" not in scopes and "write_orders" not in scopes:
            raise StoppedError("the app has not the scope read_orders; give it in its settings and install it again")
        begin = self._settings.begin()
        if "read_all_orders" in scopes or (begin is not None and begin > self._context.now() - _SHOWN):
            return ()
        return ("without the scope read_all_orders Shopify shows the orders of the last 60 days",)

    async def _page(self, frame: str, mark: Mark) -> tuple[Rows, list[Refused], Mark]:
        found = await self._sized(frame, mark)
        page = inner(found.data.get(frame))
        info, nodes = inner(page.get("pageInfo")), listed(page)
        if not isinstance(info.get("hasNextPage"), bool) or not isinstance(page.get("nodes"), list):
            raise LaterError(f"Shopify gave half a page of {frame}")
        rows, refused = Rows(), list[Refused]()
        for node in nodes:
            try:
                rows.add(await self._rows(frame, node, found.hidden))
            except ValueError as error:
                refused.append(Refused(frame, str(error), original(node), _NAMES[frame]))
        for name in found.hidden:
            rows.remarks[f"Shopify does not show the field {name!r} to the app"] += 1
        return rows, refused, _following(mark, nodes, info)

    async def _rows(self, frame: str, node: Json, hidden: frozenset[str]) -> Rows:
        settings = self._settings
        if frame == "customers":
            return customer_rows(node, hidden, consent=settings.consent, personal=settings.personal)
        return order_rows(node, await self._all_lines(node), with_customer=not settings.customers)

    async def _all_lines(self, node: Json) -> Sequence[Json]:
        """The lines of an order, those that did not come with it included.

        Raises:
            ValueError: the order is gone, or Shopify does not tell of lines.
        """
        page = inner(node.get("lineItems"))
        lines = list(told(page, "nodes"))
        while (info := inner(page.get("pageInfo"))).get("hasNextPage") is not False:
            if info.get("hasNextPage") is None:
                raise ValueError("`lineItems` is half a page")
            variables = {"id": node.get("id"), "first": self._more, "after": info.get("endCursor")}
            try:
                found = await self._ask("Lines", lines_query(), variables)
            except TooDearError as error:
                if self._more == 1:
                    raise StoppedError(str(error)) from None
                self._more //= 2
                continue
            page = inner(inner(found.data.get("order")).get("lineItems"))
            if not page:
                raise ValueError("the order was deleted while its lines were read")
            lines += told(page, "nodes")
        return lines

    async def _sized(self, frame: str, mark: Mark) -> Found:
        """A page, of as many rows as Shopify does not find too dear."""
        settings = self._settings
        query = customers_query(consent=settings.consent, personal=settings.personal)
        while True:
            variables: dict[str, object] = {"first": self._sizes[frame], "after": mark.after, "query": _since(mark)}
            if frame == "orders":
                query, variables["lines"] = orders_query(), self._lines
            try:
                return await self._ask(_NAMES[frame], query, variables)
            except TooDearError as error:
                size = self._sizes[frame]
                if size > 1:
                    self._sizes[frame] = size // 2
                elif frame == "orders" and self._lines > 1:
                    self._lines //= 2
                else:
                    raise StoppedError(str(error)) from None

    async def _ask(self, name: str, query: str, variables: Mapping[str, object]) -> Found:
        found = await self._client.call(name, query, variables)
        if found.version is not None and found.version != self._settings.version:
            self._remarks[f"asked for version {self._settings.version} of the API, {found.version} answered"] = 1
        return found


def _since(mark: Mark) -> str | None:
    return None if mark.at is None else f"updated_at:>='{mark.at:%Y-%m-%dT%H:%M:%SZ}'"


def _following(mark: Mark, nodes: Sequence[Json], info: Json) -> Mark:
    """Where the page after one begins.

    Raises:
        LaterError: the page cannot be followed by another.
    """
    last = max(filter(None, map(_changed, nodes)), default=mark.at)
    if info["hasNextPage"] is False:
        return Mark(last, whole=True)
    if last is not None and (mark.at is None or last > mark.at):
        return mark.to(last)
    after = text(info.get("endCursor"))
    if after is None or after == mark.after:
        raise LaterError("Shopify tells of a next page, and not where it begins")
    return mark.to(last, after)


def _changed(node: Json) -> dt.datetime | None:
    """When a row last changed; None where that cannot be understood, and the row was refused."""
    try:
        return instant(node.get("updatedAt"), "updatedAt")
    except ValueError:
        return None


def open_shopify(settings: Settings, context: PlatformContext) -> ShopifySource:
    """A shop with its settings, for `PlatformType.open`."""
    return ShopifySource(settings, context, Client(settings, context))

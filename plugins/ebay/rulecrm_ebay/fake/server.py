"""eBay's Sell Fulfillment API over a market.

In: requests. Out: answers, and refusals in the platform's words.
Invariant: a call is answered only after the whole of it was checked: path, token, parameters; what is unknown is
refused. An access token lives for two hours; the refresh token stays good.

Orders come with what changed last at the front, and pages are rows to skip: they shift while they are read.
Source: eBay's Sell Fulfillment API v1.20.0 (OpenAPI): parameters, filters, limits and the ids of errors.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from rulecrm.plugin import Row
from rulecrm.testing.fakes import PlatformFake
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, Reply, as_json
from rulecrm.testing.markets import Market, Trade
from rulecrm_ebay.fake.telling import Teller

__all__ = ["EbayServer"]

_RENEW, _ORDERS = "/identity/v1/oauth2/token", "/sell/fulfillment/v1/order"
_ONE = re.compile(rf"{_ORDERS}/([^/]+)/shipping_fulfillment")
_RANGE = re.compile(r"(creationdate|lastmodifieddate):\[([^.\]]+\.\d{3}Z)\.\.([^\]]+)?\]")
_TWO_YEARS = dt.timedelta(days=731)


class _RefusalError(Exception):
    def __init__(self, status: int, number: int, message: str) -> None:
        super().__init__(message)
        self.status, self.number, self.message = status, number, message


class EbayServer(PlatformFake):
    """eBay on a loopback port.

    Attributes:
        client_id, client_secret, refresh_token: what the settings of an account hold.
        page: most orders of a page, whatever was asked for; a test's, for smaller pages than eBay's.
        hidden: orders that are not shown yet.
        halves: how many of the next answers have lost their lists.
    """

    client_id = "rulecrm-app-PRD-0123456789ab-cdef0123"
    client_secret = "PRD-made-up-cert-id"  # noqa: S105 - it opens nothing
    refresh_token = "v^1.1#made-up-refresh"  # noqa: S105 - it opens nothing

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.page = 200
        self.hidden: set[str] = set()
        self.halves = 0
        self._access: dict[str, dt.datetime] = {}
        self._strange: dict[str, str] = {}
        self._spoilt: set[str] = set()

    @property
    def secrets(self) -> Sequence[str]:  # type: ignore[override]
        """What must never be seen: the application's secret, and all tokens there have been."""
        return (self.client_secret, self.refresh_token, *self._access)

    # --- what tests ask for ---------------------------------------------------------------------------------------

    def settings(self) -> Mapping[str, object]:
        """What a settings file says of an account here."""
        return {
            "use": "ebay", "client_id": self.client_id, "client_secret": "env:RULECRM_FAKE_EBAY_SECRET",
            "refresh_token": "env:RULECRM_FAKE_EBAY_REFRESH", "url": self.url,
            "since": f"{self.market.clock.now():%Y-%m-%d}",
        }  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        """What those settings refer to."""
        return {
            "RULECRM_FAKE_EBAY_SECRET": self.client_secret,
            "RULECRM_FAKE_EBAY_REFRESH": self.refresh_token,
        }

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """What a reader of everything has."""
        return self._teller().truth(self.market.trades)

    def strange(self) -> str:
        """Give one order a state that there is not."""
        trade = next(one for one in self._there() if one.stage == "shipped")
        self._strange[trade.order] = "LOST_AT_SEA"
        return "PAID LOST_AT_SEA"

    def spoil(self) -> None:
        """Let the amount of one order be no number."""
        self._spoilt.add(self._there()[4].order)

    def expire(self) -> None:
        """Let every access token run out now."""
        for token in self._access:
            self._access[token] = self.now

    # --- what is asked --------------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """What the platform says to a request."""
        if call.path == _RENEW:
            return self._renewed(call)
        if call.fault is Fault.BROKEN and len(self.requests) % 2:
            return Reply(503, b"<html><body>Service Unavailable</body></html>", {"content-type": "text/html"})
        try:
            told = self._asked(call)
        except _RefusalError as refusal:
            error = {
                "errorId": refusal.number, "domain": "API_FULFILLMENT", "category": "REQUEST",
                "message": refusal.message, "parameters": [],
            }  # fmt: skip
            return as_json({"errors": [error]}, refusal.status)
        if self.halves:
            self.halves -= 1
            told = {name: value for name, value in told.items() if not isinstance(value, list)}
        return as_json(told)

    def _asked(self, call: Call) -> Mapping[str, object]:
        if call.fault is Fault.BROKEN:
            raise _RefusalError(500, 30500, "System error")
        if call.fault is Fault.THROTTLED:
            raise _RefusalError(429, 2001, "Too many requests.")
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if call.fault is Fault.CREDENTIALS or self._access.get(token, self.now) <= self.now:
            raise _RefusalError(401, 1001, "Invalid access token")
        one = _ONE.fullmatch(call.path)
        if call.method != "GET" or (one is None and call.path != _ORDERS):
            raise _RefusalError(404, 2002, "Resource not found")
        return self._orders(call.query) if one is None else self._shipments(unquote(one.group(1)), call.query)

    def _renewed(self, call: Call) -> Reply:
        pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        form = call.form()
        if call.method != "POST" or call.headers.get("authorization") != f"Basic {pair}":
            return as_json({"error": "invalid_client", "error_description": "client authentication failed"}, 401)
        if set(form) - {"grant_type", "refresh_token", "scope"} or form.get("grant_type") != "refresh_token":
            return as_json({"error": "unsupported_grant_type", "error_description": "grant type is not supported"}, 400)
        if form.get("refresh_token") != self.refresh_token:
            return as_json({"error": "invalid_grant", "error_description": "issued to another client"}, 400)
        token = f"v^1.1#made-up-access-{len(self._access)}"
        self._access[token] = self.now + dt.timedelta(seconds=7200)
        return as_json({"access_token": token, "expires_in": 7200, "token_type": "User Access Token"})

    # --- answers --------------------------------------------------------------------------------------------------

    def _teller(self) -> Teller:
        return Teller(self.skew, self._strange, frozenset(self._spoilt))

    def _there(self) -> list[Trade]:
        return [one for one in self.market.trades if one.paid_at is not None and one.order not in self.hidden]

    def _orders(self, query: Mapping[str, str]) -> Mapping[str, object]:
        unknown = sorted(set(query) - {"filter", "limit", "offset"})
        if unknown:
            raise _RefusalError(400, 30700, f"Invalid filter name: {unknown[0]}")
        limit, offset = query.get("limit", "50"), query.get("offset", "0")
        if not limit.isdigit() or not 1 <= int(limit) <= 200:
            raise _RefusalError(400, 31100, f"Invalid limit: {limit}")
        if not offset.isdigit():
            raise _RefusalError(400, 31000, f"Invalid offset: {offset}")
        name, begin, end = self._range(query.get("filter", ""))
        trades = sorted(self._there(), key=lambda one: (one.changed_at, one.number), reverse=True)
        found = [
            one for one in trades
            if begin <= (one.changed_at if name == "lastmodifieddate" else one.placed_at) + self.skew <= end
        ]  # fmt: skip
        start, size, teller = int(offset), min(int(limit), self.page), self._teller()
        told: dict[str, object] = {
            "href": f"{self.url}{_ORDERS}", "total": len(found), "limit": size, "offset": start,
            "orders": [teller.order(one) for one in found[start : start + size]],
        }  # fmt: skip
        if start + size < len(found):
            told["next"] = f"{self.url}{_ORDERS}?limit={size}&offset={start + size}"
        self.stir()
        return told

    def _range(self, told: str) -> tuple[str, dt.datetime, dt.datetime]:
        if not told:
            return "creationdate", self.now - dt.timedelta(days=90), self.now
        found = _RANGE.fullmatch(told)
        if found is None:
            raise _RefusalError(400, 30800, f"Invalid filter value {told} for filter")
        name, first, last = found.groups()
        try:
            begin = dt.datetime.fromisoformat(first)
            end = self.now if last is None else dt.datetime.fromisoformat(last)
        except ValueError:
            raise _RefusalError(400, 30810, "Invalid date format") from None
        if begin > end:
            raise _RefusalError(400, 30840, "Start date should be before end date")
        if end > self.now:
            raise _RefusalError(400, 30850, "Start and end dates can't be in the future")
        if self.now - begin > _TWO_YEARS:
            raise _RefusalError(400, 30830, "Time range between start date and end date must be within '2' years.")
        return name, begin, end

    def _shipments(self, order: str, query: Mapping[str, str]) -> Mapping[str, object]:
        trade = self.market.by_order(order)
        if trade is None or trade.paid_at is None or query:
            raise _RefusalError(404, 32100, "Invalid order ID")
        found = self._teller().shipments(trade)
        return {"fulfillments": found, "total": len(found), "warnings": []}

"""Shopee's Open API over a market.

In: requests. Out: answers, and refusals in the platform's words.
Invariant: a call is answered only after the whole of it was checked: path, app, time, signature, token, parameters;
what is unknown or missing is refused. An access token lives for 4 hours, a refresh token for 30 days and one renewal.

Lists come with what changed last at the front, and their cursor is a number of rows: pages shift while they are read.
Sources: `schemas/v2.order.get_order_list.json`, `…get_order_detail.json`, `v2.returns.get_return_list.json`,
`v2.public.refresh_access_token.json` of github.com/congminh1254/shopee-sdk (2026-08-18).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from rulecrm.plugin import Row
from rulecrm.testing.fakes import PlatformFake
from rulecrm.testing.faults import Fault
from rulecrm.testing.http import Call, Reply, as_json
from rulecrm.testing.markets import Market
from rulecrm_shopee.fake.telling import OPTIONAL, SHOP, Teller

__all__ = ["ShopeeServer"]

_RENEW = "/api/v2/auth/access_token/get"
_COMMON = frozenset({"partner_id", "timestamp", "access_token", "shop_id", "sign"})
_LONGEST = 15 * 86_400
_STATUSES = frozenset(
    {"UNPAID", "READY_TO_SHIP", "PROCESSED", "SHIPPED", "COMPLETED", "IN_CANCEL", "CANCELLED", "INVOICE_PENDING"}
)


class _RefusalError(Exception):
    def __init__(self, error: str, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.error, self.message, self.status = error, message, status


@frozen
class _Method:
    """A call: what answers it, and the names of its parameters."""

    answer: Callable[[Mapping[str, str]], Mapping[str, object]]
    required: frozenset[str]
    optional: frozenset[str]


class ShopeeServer(PlatformFake):
    """Shopee on a loopback port.

    Attributes:
        partner_id, partner_key, shop_id, access_token, refresh_token: what the settings of an account hold.
        page: most rows of a page, whatever was asked for; a test's, for smaller pages than Shopee's.
        used_up: whether the day's calls are used up.
        halves: how many of the next answers have lost what is in them.
    """

    partner_id = 2001887
    partner_key = "made-up-partner-key"
    shop_id = SHOP

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.page = 100
        self.used_up = False
        self.halves = 0
        self.access_token, self.refresh_token = "made-up-access-0", "made-up-refresh-0"
        self._access = {self.access_token: self.now + dt.timedelta(hours=4)}
        self._refresh = {self.refresh_token: self.now + dt.timedelta(days=30)}
        self._given = [self.access_token, self.refresh_token]
        self._strange: dict[str, str] = {}
        self._spoilt: set[str] = set()
        self._gone: set[str] = set()
        self._methods = {
            "/api/v2/order/get_order_list": _Method(
                self._order_list, frozenset({"time_range_field", "time_from", "time_to", "page_size"}),
                frozenset({"cursor", "order_status", "response_optional_fields", "request_order_status_pending",
                           "logistics_channel_id"}),
            ),
            "/api/v2/order/get_order_detail": _Method(
                self._order_detail, frozenset({"order_sn_list"}),
                frozenset({"request_order_status_pending", "response_optional_fields"}),
            ),
            "/api/v2/returns/get_return_list": _Method(
                self._return_list, frozenset({"page_no", "page_size"}),
                frozenset({"create_time_from", "create_time_to", "update_time_from", "update_time_to", "status",
                           "negotiation_status", "seller_proof_status", "seller_compensation_status"}),
            ),
        }  # fmt: skip

    @property
    def secrets(self) -> Sequence[str]:  # type: ignore[override]
        """What must never be seen: the app's key, and all tokens there have been."""
        return (self.partner_key, *self._given)

    # --- what tests ask for ---------------------------------------------------------------------------------------

    def settings(self) -> Mapping[str, object]:
        """What a settings file says of an account here."""
        return {
            "use": "shopee", "partner_id": self.partner_id, "partner_key": "env:RULECRM_FAKE_SHOPEE_KEY",
            "shop_id": self.shop_id, "access_token": "env:RULECRM_FAKE_SHOPEE_TOKEN",
            "refresh_token": "env:RULECRM_FAKE_SHOPEE_REFRESH", "url": self.url,
            "since": f"{self.market.clock.now():%Y-%m-%d}",
        }  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        """What those settings refer to."""
        return {
            "RULECRM_FAKE_SHOPEE_KEY": self.partner_key, "RULECRM_FAKE_SHOPEE_TOKEN": self.access_token,
            "RULECRM_FAKE_SHOPEE_REFRESH": self.refresh_token,
        }  # fmt: skip

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """What a reader of everything has."""
        return self._teller().truth(self.market.trades)

    def strange(self) -> str:
        """Give one order a state that there is not."""
        trade = next(one for one in self.market.trades if one.stage == "shipped")
        self._strange[trade.order] = "AWAITS_THE_MOON"
        return self._strange[trade.order]

    def spoil(self) -> None:
        """Let the amount of one order be no number."""
        self._spoilt.add(self.market.trades[4].order)

    def lose(self, order: str) -> None:
        """Let an order be listed, and its details not be there."""
        self._gone.add(order)

    def expire(self) -> None:
        """Let every access token run out now."""
        for token in self._access:
            self._access[token] = self.now

    # --- what is asked --------------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """What the platform says to a request."""
        if call.fault is Fault.BROKEN and len(self.requests) % 2:
            return Reply(503, b"<html><body>Service Unavailable</body></html>", {"content-type": "text/html"})
        try:
            self._meet(call.fault)
            found = self._renewed(call) if call.path == _RENEW else {"response": self._halved(self._asked(call))}
        except _RefusalError as refusal:
            return as_json(
                {"error": refusal.error, "message": refusal.message, "request_id": self._request()}, refusal.status
            )
        return as_json({"error": "", "message": "", "request_id": self._request(), **found})

    def _meet(self, fault: Fault | None) -> None:
        if self.used_up:
            raise _RefusalError("error_limit", "The total API call number made by your APP has reached the daily limit")
        if fault is Fault.THROTTLED:
            raise _RefusalError("error_rate_limit", "Too many requests. You have reached the rate limit.", 429)
        if fault is Fault.CREDENTIALS:
            raise _RefusalError("error_auth", "Invalid access_token.", 403)
        if fault is Fault.BROKEN:
            raise _RefusalError("error_server", "Something wrong. Please try later.")

    def _asked(self, call: Call) -> Mapping[str, object]:
        method = self._methods.get(call.path)
        if method is None or call.method != "GET":
            raise _RefusalError("error_param", "This API is currently offline or the request path is incorrect.")
        self._check(call, call.query.get("access_token", ""), call.query.get("shop_id", ""))
        token, shop = call.query.get("access_token"), call.query.get("shop_id")
        if token is None or shop is None:
            raise _RefusalError("error_param", "There is no access_token in query.")
        if shop != str(self.shop_id):
            raise _RefusalError("partner_shop_no_link", "Invalid partner_id or shop_id, please have a check.", 403)
        if self._access.get(token, self.now) <= self.now:
            raise _RefusalError("invalid_acceess_token", "Invalid access_token, please have a check.", 403)
        own = {name: value for name, value in call.query.items() if name not in _COMMON}
        wrong = sorted((method.required - set(own)) | (set(own) - method.required - method.optional))
        if wrong:
            raise _RefusalError("error_param", f"Wrong parameters, detail: {wrong[0]}.")
        return method.answer(own)

    def _check(self, call: Call, token: str, shop: str) -> None:
        partner, at = call.query.get("partner_id"), call.query.get("timestamp", "")
        if partner != str(self.partner_id):
            raise _RefusalError("invalid_partner_id", "Invalid partner_id, please have a check.", 403)
        if not at.isdigit():
            raise _RefusalError("error_param", "no timestamp")
        if abs(int(at) - self.now.timestamp()) > 300:
            raise _RefusalError("error_param", "Timestamp is expired.")
        signed = f"{partner}{call.path}{at}{token}{shop}".encode()
        if call.query.get("sign") != hmac.new(self.partner_key.encode(), signed, hashlib.sha256).hexdigest():
            raise _RefusalError("error_sign", "Wrong sign.", 403)

    def _renewed(self, call: Call) -> Mapping[str, object]:
        self._check(call, "", "")
        asked = call.json()
        if call.method != "POST" or not isinstance(asked, dict):
            raise _RefusalError("error_param", "parameter invalid")
        if set(asked) != {"refresh_token", "partner_id", "shop_id"} or asked["shop_id"] != self.shop_id:
            raise _RefusalError("error_param", "parameter invalid")
        if self._refresh.pop(asked["refresh_token"], self.now) <= self.now:
            raise _RefusalError("error_auth", "Invalid refresh_token.", 403)
        number = len(self._given)
        access, refresh = f"made-up-access-{number}", f"made-up-refresh-{number}"
        self._access[access], self._refresh[refresh] = (
            self.now + dt.timedelta(hours=4), self.now + dt.timedelta(days=30)
        )  # fmt: skip
        self._given += [access, refresh]
        return {
            "partner_id": self.partner_id, "shop_id": self.shop_id, "access_token": access, "refresh_token": refresh,
            "expire_in": 14400,
        }  # fmt: skip

    def _halved(self, response: Mapping[str, object]) -> Mapping[str, object]:
        if not self.halves:
            return response
        self.halves -= 1
        return {}

    # --- answers --------------------------------------------------------------------------------------------------

    def _teller(self) -> Teller:
        return Teller(self.skew, self._strange, frozenset(self._spoilt))

    def _order_list(self, own: Mapping[str, str]) -> Mapping[str, object]:
        teller, by = self._teller(), own["time_range_field"]
        begin, end = _window(own, "time_from", "time_to", "order.order_list_invalid_time")
        if by not in {"create_time", "update_time"} or own.get("order_status", "UNPAID") not in _STATUSES:
            raise _RefusalError("error_param", "Wrong parameters, detail: time_range_field, order_status.")
        told = [teller.order(one, frozenset()) for one in self.market.trades]
        found = [
            one for one in sorted(told, key=lambda one: (one[by], one["order_sn"]), reverse=True)
            if begin <= _whole(one[by]) <= end and own.get("order_status") in {None, one["order_status"]}
        ]  # fmt: skip
        cursor = own.get("cursor", "")
        start, size = int(cursor) if cursor.isdigit() else 0, self._size(own)
        fields = ["order_sn", *(own.get("response_optional_fields", "").split(",") if "response_optional_fields" in own
                                else [])]  # fmt: skip
        more = start + size < len(found)
        self.stir()
        return {
            "more": more, "next_cursor": str(start + size) if more else "",
            "order_list": [{name: one[name] for name in fields} for one in found[start : start + size]],
        }  # fmt: skip

    def _order_detail(self, own: Mapping[str, str]) -> Mapping[str, object]:
        numbers = own["order_sn_list"].split(",")
        if not 1 <= len(numbers) <= 50:
            raise _RefusalError("error_param", "Wrong parameters, detail: order_sn_list limit [1,50].")
        fields = frozenset(own.get("response_optional_fields", "").split(",")) - {""}
        if fields - OPTIONAL:
            raise _RefusalError("error_param", f"Wrong parameters, detail: {min(fields - OPTIONAL)}.")
        trades = [self.market.by_order(one) for one in numbers]
        if None in trades or self._gone & set(numbers):
            raise _RefusalError("error_not_found", "Wrong parameters, detail: the order is not found.")
        teller = self._teller()
        return {"order_list": [teller.order(one, fields) for one in trades if one is not None]}

    def _return_list(self, own: Mapping[str, str]) -> Mapping[str, object]:
        teller, found = self._teller(), list[Mapping[str, object]]()
        found.extend(one for trade in self.market.trades for one in teller.returns(trade))
        for name in ("create_time", "update_time"):
            if f"{name}_from" in own or f"{name}_to" in own:
                begin, end = _window(own, f"{name}_from", f"{name}_to", "error_param")
                found = [one for one in found if begin <= _whole(one[name]) <= end]
        if "status" in own:
            found = [one for one in found if one["status"] == own["status"]]
        found.sort(key=lambda one: (_whole(one["update_time"]), str(one["return_sn"])), reverse=True)
        if not own["page_no"].isdigit():
            raise _RefusalError("error_param", "parameter invalid")
        size = self._size(own)
        start = int(own["page_no"]) * size
        self.stir()
        return {"more": start + size < len(found), "return": found[start : start + size]}

    def _size(self, own: Mapping[str, str]) -> int:
        told = own["page_size"]
        if not told.isdigit() or not 1 <= int(told) <= 100:
            raise _RefusalError("error_param", "Wrong parameters, detail: page_size.")
        return min(int(told), self.page)

    def _request(self) -> str:
        return f"{len(self.requests):032x}"


def _whole(told: object) -> int:
    assert isinstance(told, int)
    return told


def _window(own: Mapping[str, str], first: str, last: str, error: str) -> tuple[int, int]:
    begin, end = own.get(first, ""), own.get(last, "")
    if not begin.isdigit() or not end.isdigit() or not 0 <= int(end) - int(begin) <= _LONGEST:
        raise _RefusalError(error, "Start time must be earlier than end time and diff in 15days.")
    return int(begin), int(end)

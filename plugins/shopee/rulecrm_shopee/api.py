"""Calls of Shopee's Open API, version 2.

In: a path and its parameters. Out: what `response` holds, numbers with a fraction as `Decimal`.
Invariant: no secret is in an address that is logged, or in an error; a call that was throttled, broken over there or
answered with something else than JSON is made again, one whose token has run out once more with a new one.

A call is signed by HMAC-SHA256 over partner id, path, seconds since 1970, access token and shop id, one behind the
other, in lower-case digits; it is good for 5 minutes. An access token lives for 4 hours, a refresh token for 30 days
and one renewal. Errors stand in `error`, some with the name of their module before (`common.error_auth`); what each
means is in the `error_list` and `common_error_list` of the calls' descriptions (github.com/congminh1254/shopee-sdk,
`schemas/v2.*.json`, 2026-08-18).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NoReturn

from rulecrm import RulesError
from rulecrm.plugin import LaterError, PlatformContext, StoppedError
from rulecrm.plugin.documents import exact
from rulecrm.plugin.fields import Json, inner
from rulecrm.plugin.pulling import Patience, TroubledError
from rulecrm.plugin.renewing import RenewedToken, StaleTokenError, Tokens
from rulecrm.plugin.signing import hmac_sha256
from rulecrm.plugin.wire import Reply, Wire, in_query
from rulecrm_shopee.settings import Settings

__all__ = ["Api", "NotThereError", "next_day", "signature"]

_RENEW = "/api/v2/auth/access_token/get"
_STALE = frozenset({"invalid_acceess_token", "invalid_access_token"})  # the first is the platform's own spelling
_AGAIN = frozenset({"error_server", "error_network", "error_rate_limit", "error_inner"})
_PASSING = ("try later", "try again later", "core server error")
_NONE = frozenset({"", "-"})
_DAY_ENDS = dt.timezone(dt.timedelta(hours=8))
"""The platform counts calls by days of UTC+08:00, whatever the shop's zone."""
_ADVICE: Mapping[str, str] = {
    "error_sign": "see that `partner_key` is that of `partner_id`",
    "error_partner_key_expired": "reset the key in the console",
    "source_ip_undeclared": "declare this machine's address in the console, in the app's list of IP addresses",
    "error_permission": "the app needs the permissions for orders and returns",
    "error_api_permission": "the app needs the permissions for orders and returns",
    "shop_no_linked": "the shop has to authorise the app",
    "partner_shop_no_link": "see `partner_id` and `shop_id`; the shop has to authorise the app",
    "error_auth": "the shop may have to authorise the app again",
}


class NotThereError(Exception):
    """There is no such thing as was asked for."""


class Api:
    """The API, called for one shop; nothing is opened, and no secret read, before the first call.

    Args:
        settings: of the shop.
        context: clock, pause, chance, and where tokens are kept.
    """

    def __init__(self, settings: Settings, context: PlatformContext) -> None:
        self._settings = settings
        self._context = context
        self._patience = Patience()
        self._wire = Wire("Shopee", settings.url, settings.timeout, proxy=settings.proxy)
        self._token = RenewedToken(
            settings.access_token, settings.refresh_token, context.tokens, self._renewed
        )  # fmt: skip

    async def get(self, path: str, parameters: Mapping[str, str], has: tuple[str, type]) -> Json:
        """Call what only reads.

        Args:
            path: from `/api/v2` on.
            parameters: its own; those that are empty are left out.
            has: a field that every whole answer has, and its type; without it the call is made again.

        Raises:
            NotThereError: for what was asked for.
            StoppedError: the platform refuses for a reason that stays, or a secret is missing.
            LaterError: it is away or throttled for longer than patience lasts, or the day's calls are used up.
        """
        own = {name: value for name, value in parameters.items() if value}

        async def once(token: str) -> Json:
            query = {**own, "shop_id": str(self._settings.shop_id), "access_token": token}
            signed = query | self._signed(path, token, str(self._settings.shop_id))
            reply = await self._wire.call("GET", path, seal=in_query(signed))
            found = _judged(path, reply, self._context.now())
            response = inner(found.get("response"))
            if not isinstance(response.get(has[0]), has[1]):
                raise TroubledError(f"Shopee answered {path} with half a page")
            return response

        try:
            return await self._token.used(lambda token: self._patience.call(self._context, lambda: once(token)))
        except RulesError as error:
            raise StoppedError(error.diagnostics[0].message) from None

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _renewed(self, refresh: str) -> Tokens:
        asked = {
            "refresh_token": refresh, "partner_id": self._settings.partner_id, "shop_id": self._settings.shop_id
        }  # fmt: skip

        async def once() -> Json:
            signed = self._signed(_RENEW)
            reply = await self._wire.call("POST", _RENEW, document=asked, seal=in_query(signed))
            try:
                return _judged(_RENEW, reply, self._context.now())
            except StaleTokenError as error:
                raise StoppedError(f"{error}: authorise the app again") from None

        got = await self._patience.call(self._context, once)
        access, new = got.get("access_token"), got.get("refresh_token")
        if not isinstance(access, str) or not access:
            raise StoppedError("Shopee gave no access token for the refresh token: authorise the app again")
        return Tokens(access, new if isinstance(new, str) else "")

    def _signed(self, path: str, token: str = "", shop: str = "") -> dict[str, str]:
        partner, at = str(self._settings.partner_id), str(int(self._context.now().timestamp()))
        sign = signature(self._settings.partner_key.reveal(), partner, path, at, token, shop)
        return {"partner_id": partner, "timestamp": at, "sign": sign}

    def __repr__(self) -> str:
        return "<Api>"


def signature(key: str, *parts: str) -> str:
    """The signature of a call.

    Args:
        key: the app's.
        parts: partner id, path, timestamp, and of calls that are made for a shop access token and shop id.
    """
    return hmac_sha256(key, "".join(parts))


def next_day(now: dt.datetime) -> dt.datetime:
    """When the platform begins to count calls anew: the next midnight of UTC+08:00."""
    there = now.astimezone(_DAY_ENDS)
    return dt.datetime.combine(there.date() + dt.timedelta(days=1), dt.time(), _DAY_ENDS).astimezone(dt.UTC)


def _judged(path: str, reply: Reply, now: dt.datetime) -> Json:
    found = exact(reply.body)
    if found is None:
        raise TroubledError(f"Shopee answered HTTP {reply.status} and no JSON")
    told, message = (_told(found.get(name)) for name in ("error", "message"))
    if told:
        _refuse(path, told, message, now)
    if not 200 <= reply.status < 300:
        raise TroubledError(f"Shopee answered HTTP {reply.status}")
    return found


def _told(value: object) -> str:
    return "" if not isinstance(value, str) or value.strip() in _NONE else value.strip()


def _refuse(path: str, told: str, message: str, now: dt.datetime) -> NoReturn:
    name, low = told.rsplit(".", 1)[-1], message.lower()
    said = f"Shopee refuses {path}: {told} {message}".strip()[:300]
    if name in _STALE or (name == "error_auth" and "access_token" in low):
        raise StaleTokenError(said)
    if name == "error_limit":
        raise LaterError(said, next_day(now))
    if name in _AGAIN or any(words in low for words in _PASSING):
        raise TroubledError(said)
    if name == "error_not_found":
        raise NotThereError(said)
    advice = _ADVICE.get(name)
    raise StoppedError(f"{said}; {advice}" if advice else said)

"""The legacy gateway, for apps that were made at TOP and have not moved to the Open Platform.

In: methods and their parameters. Out: as `rulecrm.plugin.gateways.PathGateway` gives them.
Invariant: its own way of signing and of telling the time (GMT+8, as its documentation says), and its own numbers of
errors; otherwise what holds of the other gateway holds here.

Sources: developer.alibaba.com/docs/doc.htm `articleId=101617` (protocol) and `108969` (authorisation, at
oauth.aliexpress.com); numbers of errors as developers tell of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from rulecrm.plugin.documents import exact
from rulecrm.plugin.gateways import PathAccount, waiting
from rulecrm.plugin.platforms import PlatformContext, StoppedError
from rulecrm.plugin.pulling import Patience, TroubledError
from rulecrm.plugin.renewing import RenewedToken, StaleTokenError, Tokens
from rulecrm.plugin.signing import hmac_sha256, names_and_values
from rulecrm.plugin.wire import Wire

__all__ = ["LegacyGateway"]

_EAST_8 = dt.timezone(dt.timedelta(hours=8))
_STALE = frozenset({"26", "27"})
_LIMITS = frozenset({"4", "5", "6", "7", "8"})
_AWAY = "10"
_REMOTE = "15"


class LegacyGateway:
    """One account at the legacy gateway; nothing is opened, and no secret read, before the first call.

    Args:
        wire: leads to the gateway: `/router/rest`.
        auth: leads to where tokens are renewed: `/token`.
        account: app and tokens.
        context: clock, pause, chance, and where tokens are kept.
        patience: how often a call is made.
    """

    def __init__(
        self, wire: Wire, auth: Wire, account: PathAccount, context: PlatformContext, patience: Patience
    ) -> None:
        self._wire, self._auth = wire, auth
        self._account = account
        self._context = context
        self._patience = patience
        self._token = RenewedToken(account.access_token, account.refresh_token, context.tokens, self._renewed)

    async def call(self, api: str, parameters: Mapping[str, str]) -> Mapping[str, object]:
        """Call a method that only reads; see `rulecrm.plugin.gateways.PathGateway.call`."""

        async def with_token(token: str) -> Mapping[str, object]:
            return await self._patience.call(self._context, lambda: self._once(api, parameters, token))

        return await self._token.used(with_token)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()
        await self._auth.close()

    async def _once(self, api: str, own: Mapping[str, str], token: str) -> Mapping[str, object]:
        form = {
            **own, "method": api, "app_key": self._account.app_key, "session": token, "format": "json", "v": "2.0",
            "sign_method": "hmac-sha256",
            "timestamp": self._context.now().astimezone(_EAST_8).strftime("%Y-%m-%d %H:%M:%S"),
        }  # fmt: skip
        form["sign"] = hmac_sha256(self._account.app_secret.reveal(), names_and_values(form)).upper()
        found = _told(await _posted(self._wire, "/router/rest", form))
        error = found.get("error_response")
        if isinstance(error, Mapping):
            _refuse(error)
        return found

    async def _renewed(self, refresh: str) -> Tokens:
        async def once() -> Mapping[str, object]:
            return _told(
                await _posted(self._auth, "/token", {
                    "grant_type": "refresh_token", "client_id": self._account.app_key, "sp": "ae",
                    "client_secret": self._account.app_secret.reveal(), "refresh_token": refresh,
                })
            )  # fmt: skip

        got = await self._patience.call(self._context, once)
        access, new = got.get("access_token"), got.get("refresh_token")
        if not isinstance(access, str) or not access:
            said = got.get("error_description") or got.get("error_msg") or got.get("error") or "no access token"
            raise StoppedError(f"AliExpress did not renew the token ({said}): authorise the app again")
        return Tokens(access, new if isinstance(new, str) else "")


async def _posted(wire: Wire, path: str, form: Mapping[str, str]) -> tuple[int, bytes]:
    reply = await wire.call("POST", path, form=form)
    return reply.status, reply.body


def _told(reply: tuple[int, bytes]) -> Mapping[str, object]:
    status, body = reply
    found = exact(body)
    if found is None:
        raise TroubledError(f"AliExpress answered HTTP {status} and no JSON")
    return found


def _refuse(error: Mapping[str, object]) -> None:
    code, message, sub_code, sub_message = (
        str(error.get(name) or "") for name in ("code", "msg", "sub_code", "sub_msg")
    )
    said = "AliExpress said " + " ".join(part for part in (code, message, sub_code, sub_message) if part)
    if code in _STALE:
        raise StaleTokenError(said)
    if code in _LIMITS or sub_code.startswith("accesscontrol.limited"):
        raise TroubledError(said, waiting(f"{message} {sub_message}"))
    if code == _AWAY or sub_code.startswith("isp.") or (code == _REMOTE and not sub_code):
        raise TroubledError(said)
    if sub_code == "isv.account-migration-check-fail":
        raise StoppedError(f'{said}: the account has moved; set gateway = "open" and authorise an app there')
    raise StoppedError(said)

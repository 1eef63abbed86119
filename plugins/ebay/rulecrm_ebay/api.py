"""Calls of eBay's Sell APIs.

In: a path and its query. Out: the document.
Invariant: no secret is in an error; a call that was throttled, broken over there or answered with something else than
JSON is made again, one whose token has run out once more with a new one.

An access token lives for two hours, a refresh token for 18 months; the latter stays good when it is used
(developer.ebay.com/api-docs/static/oauth-refresh-token-request.html). Errors are objects in `errors` with `errorId`,
`message`, `longMessage` (…/static/handling-error-messages.html).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from rulecrm import RulesError
from rulecrm.plugin import NO_SECRET, PlatformContext, StoppedError
from rulecrm.plugin.fields import Json, listed, text
from rulecrm.plugin.pulling import Patience, TroubledError
from rulecrm.plugin.renewing import RenewedToken, StaleTokenError, Tokens
from rulecrm.plugin.wire import Reply, Wire
from rulecrm_ebay.settings import Settings

__all__ = ["Api", "NotThereError"]

_RENEW = "/identity/v1/oauth2/token"
_FUTURE = 30850


class NotThereError(Exception):
    """There is no such thing as was asked for."""


class Api:
    """The APIs, called for one seller; nothing is opened, and no secret read, before the first call.

    Args:
        settings: of the account.
        context: clock, pause, chance, and where tokens are kept.
    """

    def __init__(self, settings: Settings, context: PlatformContext) -> None:
        self._settings = settings
        self._context = context
        self._patience = Patience()
        self._wire = Wire("eBay", settings.url, settings.timeout, proxy=settings.proxy)
        self._token = RenewedToken(NO_SECRET, settings.refresh_token, context.tokens, self._renewed)

    async def get(self, path: str, query: Mapping[str, str], is_whole: Callable[[Json], bool]) -> Json:
        """Call what only reads.

        Args:
            path: with what is in it quoted.
            query: behind it.
            is_whole: whether an answer has what every one must have; without it the call is made again.

        Raises:
            NotThereError: for what was asked for.
            StoppedError: eBay refuses for a reason that stays, or a secret is missing.
            LaterError: it is away or throttled for longer than patience lasts.
        """
        target = f"{path}?{urlencode(query)}" if query else path

        async def once(token: str) -> Json:
            headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
            found = _judged(path, await self._wire.call("GET", target, headers=headers))
            if not is_whole(found):
                raise TroubledError(f"eBay answered {path} with half a page")
            return found

        try:
            return await self._token.used(lambda token: self._patience.call(self._context, lambda: once(token)))
        except RulesError as error:
            raise StoppedError(error.diagnostics[0].message) from None

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _renewed(self, refresh: str) -> Tokens:
        async def once() -> Tokens:
            pair = f"{self._settings.client_id}:{self._settings.client_secret.reveal()}"
            headers = {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
            form = {"grant_type": "refresh_token", "refresh_token": refresh}
            return _tokens(await self._wire.call("POST", _RENEW, form=form, headers=headers))

        return await self._patience.call(self._context, once)

    def __repr__(self) -> str:
        return "<Api>"


def _tokens(reply: Reply) -> Tokens:
    told = reply.document or {}
    if reply.status in {400, 401, 403}:
        code = text(told.get("error")) or f"HTTP {reply.status}"
        raise StoppedError(
            f"eBay gives no access token: {code[:60]}; the seller has to consent again, or see `client_id` and "
            "`client_secret`"
        )
    access, new = text(told.get("access_token")), text(told.get("refresh_token"))
    if reply.status != 200 or access is None:
        raise TroubledError(f"eBay gives no access token: HTTP {reply.status}")
    return Tokens(access, new or "")


def _judged(path: str, reply: Reply) -> Json:
    first = next(iter(listed((reply.document or {}).get("errors"))), {})
    said = f"eBay refuses {path}: HTTP {reply.status} {first.get('errorId', '')} {first.get('message', '')}"[
        :300
    ].strip()
    if reply.status == 401:
        raise StaleTokenError(said)
    if reply.status == 429 or reply.status >= 500:
        raise TroubledError(said, _seconds(reply))
    if reply.status == 403:
        raise StoppedError(f"{said}; the seller's consent needs the scope `sell.fulfillment.readonly`")
    if reply.status == 404:
        raise NotThereError(said)
    if first.get("errorId") == _FUTURE:
        raise StoppedError(f"{said}; see this machine's clock")
    if 400 <= reply.status < 500:
        raise StoppedError(said)
    if reply.document is None or reply.status != 200:
        raise TroubledError(f"eBay answered HTTP {reply.status} and no JSON")
    return reply.document


def _seconds(reply: Reply) -> float | None:
    """The seconds of `Retry-After`, where it has any."""
    told = reply.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else None

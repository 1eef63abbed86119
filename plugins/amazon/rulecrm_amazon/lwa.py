"""Access tokens from Login with Amazon.

In: the account's refresh token. Out: an access token and how long it lives (3,600 seconds).
Invariant: no secret is in a message; a refresh token that Amazon replaced is kept before the new access token is used.

Source: developer-docs.amazon.com/sp-api/docs/connecting-to-the-selling-partner-api; errors by RFC 6749, 5.2.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

from rulecrm.plugin import PlatformContext, StoppedError
from rulecrm.plugin.pulling import KeptTokens, TroubledError
from rulecrm.plugin.tokens import token_of
from rulecrm.plugin.wire import Reply, Wire
from rulecrm_amazon.settings import Account

__all__ = ["PATH", "Login", "form_of", "refusal"]

PATH = "/auth/o2/token"
_LIVES = dt.timedelta(hours=1)


class Login:
    """Fetches access tokens for one account."""

    def __init__(self, account: Account, context: PlatformContext) -> None:
        self._account = account
        self._path = context.tokens
        self._kept: KeptTokens | None = None
        self._wire = Wire("Login with Amazon", account.auth_url, account.timeout)

    async def fetch(self) -> tuple[str, dt.timedelta]:
        """An access token and how long it lives.

        Raises:
            StoppedError: Amazon refuses the credentials; TroubledError, UnreachedError, LostError: it may work later.
            RulesError: a secret is not where the settings say.
        """
        given = self._account.refresh_token.reveal()
        kept = self._kept = self._kept or KeptTokens(self._path)
        name = "refresh-" + hashlib.sha256(given.encode()).hexdigest()[:12]  # another authorisation is another token
        refresh = kept.get(name) or given
        reply = await self._wire.call("POST", PATH, form=form_of(self._account, refresh))
        said = refusal(reply)
        if said is not None:
            raise StoppedError(f"Amazon gives no access token: {said}; authorise the application anew, or see whether "
                               "its secret has been renewed")  # fmt: skip
        found = token_of(reply.document or {}, _LIVES)
        if reply.status != 200 or found is None:
            raise TroubledError(f"Login with Amazon: HTTP {reply.status}")
        again = (reply.document or {}).get("refresh_token")
        if isinstance(again, str) and again and again != refresh:
            kept.keep({name: again})
        return found

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()


def form_of(account: Account, refresh: str) -> Mapping[str, str]:
    """What is posted for an access token."""
    return {
        "grant_type": "refresh_token", "refresh_token": refresh,
        "client_id": account.client_id, "client_secret": account.client_secret.reveal(),
    }  # fmt: skip


def refusal(reply: Reply) -> str | None:
    """The code of an error that will not pass, such as `invalid_grant`; None where it is none."""
    if reply.status not in {400, 401, 403}:
        return None
    code = (reply.document or {}).get("error")
    return code if isinstance(code, str) and code.replace("_", "").isalnum() else f"HTTP {reply.status}"

"""A gateway whose APIs are paths and whose calls are signed over path and parameters; several marketplaces share it.

In: the name of an API and its parameters. Out: the answer's JSON, numbers with a fraction as `Decimal`.
Invariant: no secret is in an address that is logged, or in an error; a call that was throttled, broken over there or
answered with something else than JSON is made again, one with a token that has run out once more with a new one.

Sources: `developer.alibaba.com/docs/doc.htm?articleId=120691` (parameters), `…=120692` and `…=108068`
(signature: HMAC-SHA256 over the API's path, where its name is one, and all parameters sorted by name; the digest in
upper case), `…=108138` (errors: `type` ISV is the caller's mistake, ISP and SYSTEM are the platform's). Names of errors
and the waiting time in `this ban will last N seconds` are as public code has met them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

from rulecrm.plugin.documents import exact
from rulecrm.plugin.platforms import PlatformContext, StoppedError
from rulecrm.plugin.pulling import Patience, TroubledError
from rulecrm.plugin.renewing import RenewedToken, StaleTokenError, Tokens
from rulecrm.plugin.secrets import Secret
from rulecrm.plugin.signing import hmac_sha256, names_and_values
from rulecrm.plugin.wire import Reply, Wire, in_query

__all__ = ["PathAccount", "PathError", "PathGateway", "path_signature", "waiting"]

_STALE = frozenset({"IllegalAccessToken", "IllegalSession", "InvalidSession", "AccessTokenExpired", "26", "27"})
_AGAIN = frozenset({"ServiceTimeout", "ServiceUnavailable", "InternalError", "10"})
_LIMITED = frozenset({"4", "5", "6", "7", "8"})
_ADVICE: Mapping[str, str] = {
    "IncompleteSignature": "see that `app_secret` is that of `app_key`",
    "InvalidAppKey": "see the setting `app_key`",
    "MissingAppKey": "see the setting `app_key`",
    "InsufficientPermission": "ask for this API in the app's console",
    "IllegalRefreshToken": "authorise the app again",
    "InvalidRefreshToken": "authorise the app again",
}
_SECONDS = re.compile(r"ban will last (?:for )?(\d+)\s*(?:more )?seconds?", re.IGNORECASE)


@frozen
class PathAccount:
    """An app and the account that has authorised it.

    Attributes:
        app_key: of the app, from its console.
        app_secret: signs every call.
        access_token, refresh_token: as the authorisation gave them; one of them may be left out.
    """

    app_key: str
    app_secret: Secret
    access_token: Secret
    refresh_token: Secret


@frozen
class PathError:
    """What a gateway says went wrong."""

    code: str
    message: str
    kind: str = ""
    sub_code: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.code, self.sub_code, self.message) if part)


class PathGateway:
    """One account at one gateway; nothing is opened, and no secret read, before the first call.

    Args:
        provider: whose it is, for messages.
        wire: leads to its host: APIs whose name is a path are behind `/rest`, the others at `/sync`.
        account: app and tokens.
        context: clock, pause, chance, and where tokens are kept.
        patience: how often a call is made.
        session: the name of the parameter that holds the access token.
        refresh: the path of the API that renews tokens.
        auth: leads to the host of that API, where it is another.
        again: further codes of errors that pass by themselves.
    """

    def __init__(
        self,
        provider: str,
        wire: Wire,
        account: PathAccount,
        context: PlatformContext,
        patience: Patience,
        *,
        session: str = "access_token",
        refresh: str = "/auth/token/refresh",
        auth: Wire | None = None,
        again: frozenset[str] = frozenset(),
    ) -> None:
        self._provider = provider
        self._wire, self._auth = wire, auth or wire
        self._account = account
        self._context = context
        self._patience = patience
        self._session, self._refresh = session, refresh
        self._again = _AGAIN | again
        self._token = RenewedToken(account.access_token, account.refresh_token, context.tokens, self._renewed)

    async def call(self, api: str, parameters: Mapping[str, str]) -> Mapping[str, object]:
        """Call an API that only reads.

        Args:
            api: its name, or its path: `/orders/get`.
            parameters: its own; those that are empty are left out.

        Raises:
            StoppedError: the platform refused for a reason that stays.
            LaterError: it was away or throttled for longer than patience lasts.
            RulesError: a secret is not where the settings say.
        """

        async def with_token(token: str) -> Mapping[str, object]:
            return await self._patience.call(
                self._context, lambda: self._once(self._wire, api, {**parameters, self._session: token}, form=False)
            )

        return await self._token.used(with_token)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()
        await self._auth.close()

    async def _renewed(self, refresh: str) -> Tokens:
        async def once() -> Mapping[str, object]:
            try:
                return await self._once(self._auth, self._refresh, {"refresh_token": refresh}, form=True)
            except StaleTokenError as error:
                raise StoppedError(f"{error}: authorise the app again") from None

        got = await self._patience.call(self._context, once)
        access, new = got.get("access_token"), got.get("refresh_token")
        if not isinstance(access, str) or not access:
            raise StoppedError(f"{self._provider} gave no access token for the refresh token: authorise the app again")
        return Tokens(access, new if isinstance(new, str) else "")

    async def _once(self, wire: Wire, api: str, own: Mapping[str, str], *, form: bool) -> Mapping[str, object]:
        reply = await _sent(wire, api, self._signed(api, own), form=form)
        found = exact(reply.body)
        if found is None:
            raise TroubledError(f"{self._provider} answered HTTP {reply.status} and no JSON")
        error = _error(found)
        if error is None:
            return found
        self._raise(error)
        raise AssertionError("a refusal is an error")

    def _signed(self, api: str, own: Mapping[str, str]) -> dict[str, str]:
        parameters = {
            **{name: value for name, value in own.items() if value},
            "app_key": self._account.app_key,
            "timestamp": str(int(self._context.now().timestamp() * 1000)),
            "sign_method": "sha256",
        }
        if not api.startswith("/"):
            parameters |= {"method": api, "format": "json"}
        parameters["sign"] = path_signature(self._account.app_secret.reveal(), api, parameters)
        return parameters

    def _raise(self, error: PathError) -> None:
        said = f"{self._provider} said {error}"
        wait = waiting(error.message)
        if error.code in _STALE:
            raise StaleTokenError(said)
        if error.code.endswith("CallLimit") or wait is not None:
            raise TroubledError(said, wait)
        if error.code in self._again or _passes(error):
            raise TroubledError(said)
        advice = _ADVICE.get(error.code)
        raise StoppedError(f"{said}: {advice}" if advice else said)


def path_signature(secret: str, api: str, parameters: Mapping[str, str]) -> str:
    """The signature of a call.

    Args:
        secret: of the app.
        api: its name; it is part of what is signed where it is a path.
        parameters: all of them, in any order; `sign` itself is left out.
    """
    told = names_and_values({name: value for name, value in parameters.items() if name != "sign"})
    return hmac_sha256(secret, f"{api}{told}" if "/" in api else told).upper()


def waiting(message: str) -> float | None:
    """The seconds that a refusal says it lasts, or None."""
    found = _SECONDS.search(message)
    return float(found.group(1)) if found else None


async def _sent(wire: Wire, api: str, parameters: Mapping[str, str], *, form: bool) -> Reply:
    if not api.startswith("/"):
        return await wire.call("POST", "/sync", form=parameters)
    if form:
        return await wire.call("POST", f"/rest{api}", form=parameters)
    return await wire.call("GET", f"/rest{api}", seal=in_query(parameters))


def _error(found: Mapping[str, object]) -> PathError | None:
    inner = found.get("error_response")
    if isinstance(inner, Mapping):
        said = " ".join(_text(inner[name]) for name in ("msg", "message", "sub_msg") if inner.get(name))
        return PathError(_text(inner.get("code")), said, _text(inner.get("type")), _text(inner.get("sub_code")))
    code = _text(found.get("code"))
    if code in ("", "0"):
        return None
    return PathError(code, _text(found.get("message") or found.get("msg")), _text(found.get("type")))


def _passes(error: PathError) -> bool:
    """Whether an error passes by itself, by what kind of error it is."""
    if error.kind:
        return error.kind in ("ISP", "SYSTEM") and not error.code.isdigit()
    # An answer in the older shape has no kind; its numbers and sub-codes are those of the legacy gateway.
    return error.code in _LIMITED or error.sub_code.startswith(("isp.", "accesscontrol."))


def _text(value: object) -> str:
    return "" if value is None else str(value)

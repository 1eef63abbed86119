"""Calls of the Selling Partner API.

In: an operation and its parameters. Out: Amazon's document.
Invariant: each operation keeps to its own token bucket, at the rate that Amazon last told; a call that was throttled or
came to nothing is made again; what Amazon refuses is told in its own words.

Rates and bursts: the usage plans of github.com/amzn/selling-partner-api-models (Apache-2.0), 2026-08-05. Since
2023-10-02 requests carry no signature, only `x-amz-access-token`.

Why not python-amazon-sp-api (2.1.35), which knows both order APIs: it has no types; its tokens are in a cache of the
module, which lives by the machine's clock and is shared by all accounts; it takes settings from the environment and
files of its own; it hands on no status of HTTP; and its log of requests has the access token in it. The tests run it
against the fake, as a second opinion.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from attrs import frozen

from rulecrm import RulesError
from rulecrm.plugin import PlatformContext, StoppedError
from rulecrm.plugin.pulling import Pace, Patience, TroubledError
from rulecrm.plugin.tokens import AccessToken
from rulecrm.plugin.wire import Reply, Wire
from rulecrm_amazon.lwa import Login
from rulecrm_amazon.settings import Account

__all__ = ["Api", "Operation", "RefusedError", "error_of", "is_stale", "target"]

Query = Sequence[tuple[str, str | Sequence[str]]]

_PATIENCE = Patience(longest=600.0)


@frozen
class Operation:
    """One operation: its name, method, path with `{}` where a value stands, and usage plan (calls a second, burst).

    `gives` is the way to what every answer of it has; one that has it not is broken, and tells nothing.
    """

    name: str
    method: str
    path: str
    rate: float
    burst: int
    gives: tuple[str, ...] = ()


_RESTRICTED = Operation("createRestrictedDataToken", "POST", "/tokens/2021-03-01/restrictedDataToken", 1.0, 10)


class RefusedError(Exception):
    """Amazon refuses a call for what is in it, or knows no such thing: 400, 404, 413, 415."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class Api:
    """The API, called for one account."""

    def __init__(self, account: Account, context: PlatformContext) -> None:
        self._context = context
        self._login = Login(account, context)
        self._token = AccessToken(self._login.fetch, context.now)
        self._wire = Wire("Amazon", account.endpoint, account.timeout)
        self._paces: dict[str, Pace] = {}
        self._rates: dict[str, float] = {}

    async def call(
        self,
        operation: Operation,
        *values: str,
        query: Query = (),
        document: Mapping[str, object] | None = None,
        restricted: AccessToken | None = None,
    ) -> Mapping[str, object]:
        """Call an operation until it succeeds.

        Args:
            operation: which.
            values: for its path.
            query: lists become texts with commas between.
            document: the body.
            restricted: gives the token for this call, where the account's own is not enough.

        Raises:
            RefusedError: for what is in the call.
            StoppedError: the account may not, or a secret is missing.
            LaterError: it did not succeed.
        """
        path = target(operation, values, query)
        try:
            return await _PATIENCE.call(self._context, lambda: self._once(operation, path, document, restricted))
        except RulesError as error:
            raise StoppedError(error.diagnostics[0].message) from None

    def restricted(self, operation: Operation, *elements: str) -> AccessToken:
        """Tokens for what an operation tells of persons: restricted data tokens (Tokens API 2021-03-01), 1 h each.

        Args:
            operation: without values in its path.
            elements: `buyerInfo`, `shippingAddress`, …
        """
        wanted = {"method": operation.method, "path": operation.path, "dataElements": list(elements)}

        async def fetch() -> tuple[str, dt.timedelta]:
            found = await self.call(_RESTRICTED, document={"restrictedResources": [wanted]})
            token, seconds = found.get("restrictedDataToken"), found.get("expiresIn")
            if not isinstance(token, str) or not token:
                raise TroubledError("createRestrictedDataToken gave no token")
            return token, dt.timedelta(seconds=min(seconds, 3600) if isinstance(seconds, int) else 3600)

        return AccessToken(fetch, self._context.now)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()
        await self._login.close()

    async def _once(
        self, operation: Operation, path: str, document: Mapping[str, object] | None, restricted: AccessToken | None
    ) -> Mapping[str, object]:
        pace = self._paces.setdefault(operation.name, Pace(operation.rate, operation.burst, self._context))
        await pace.turn()
        reply = await (restricted or self._token).used(
            lambda token: self._wire.call(
                operation.method, path, document=document, headers={"x-amz-access-token": token}
            ),
            is_stale,
        )
        rate = _rate(reply)
        if rate is not None:
            self._rates[operation.name] = rate
            pace.told(rate)
        found = _judged(operation, reply, self._rates.get(operation.name, operation.rate))
        told: object = found
        for name in operation.gives:
            told = told.get(name) if isinstance(told, Mapping) else None
        if told is None:
            raise TroubledError(f"{operation.name}: the answer has no {'.'.join(operation.gives)}")
        return found


def target(operation: Operation, values: Sequence[str], query: Query) -> str:
    """The path of an operation, its query included."""
    path = operation.path.format(*(quote(one, safe="") for one in values))
    told = urlencode([(name, value if isinstance(value, str) else ",".join(value)) for name, value in query])
    return f"{path}?{told}" if told else path


def is_stale(reply: Reply) -> bool:
    """Whether a call was refused because its access token has run out."""
    return reply.status in {401, 403} and "expired" in error_of(reply)[2]


def error_of(reply: Reply) -> tuple[str, str, str]:
    """The code, the message and the details of an answer's first error, each empty where it is not told."""
    told = (reply.document or {}).get("errors")
    first = told[0] if isinstance(told, list) and told else None
    if not isinstance(first, dict):
        return "", "", ""
    code, message, details = (
        one if isinstance(one := first.get(name), str) else "" for name in ("code", "message", "details")
    )
    return code, message, details


def _rate(reply: Reply) -> float | None:
    try:
        rate = float(reply.headers.get("x-amzn-ratelimit-limit", ""))
    except ValueError:
        return None
    return rate if 0 < rate < 1_000_000 else None


def _judged(operation: Operation, reply: Reply, rate: float) -> Mapping[str, object]:
    code, message, _ = error_of(reply)
    said = f"{operation.name}: HTTP {reply.status} {code} {message}".strip()[:300]
    if reply.status == 429:
        raise TroubledError(said, 1 / rate)  # one token of the bucket
    if reply.status in {401, 403}:
        help_ = "see whether the application has the roles that README names, and is authorised for these marketplaces"
        raise StoppedError(f"Amazon refuses {said}; {help_}")
    if 400 <= reply.status < 500:
        raise RefusedError(reply.status, said)
    if not 200 <= reply.status < 300 or reply.document is None:
        raise TroubledError(said)
    return reply.document

"""Queries to the GraphQL Admin API of a shop.

In: a query and its variables. Out: its data, and which fields Shopify did not show.
Invariant: a call that was throttled or came to nothing is made again, not before Shopify's own bucket allows it; no
token is shown.

A throttled answer is HTTP 200 with `errors` whose message is `Throttled` or whose code is `THROTTLED`. Fields that the
app may not see are null, with an error that has their path. Sources: shopify.dev/docs/api/admin-graphql (status and
error codes), docs/api/usage/response-codes, docs/apps/build/dev-dashboard/get-api-access-tokens (2026-10).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import frozen

from rulecrm import RulesError
from rulecrm.plugin import LaterError, PlatformContext, StoppedError
from rulecrm.plugin.fields import Json, inner, text
from rulecrm.plugin.pulling import Patience, TroubledError
from rulecrm.plugin.tokens import AccessToken
from rulecrm.plugin.wire import Reply, Wire
from rulecrm_shopify.budget import Budget
from rulecrm_shopify.fields import listed
from rulecrm_shopify.settings import Settings

__all__ = ["Client", "Found", "TooDearError"]

_PATIENCE = Patience()
_FOREVER = dt.timedelta(days=3650)
_STOPS = {
    401: "see whether the token is right and the app still installed",
    402: "the shop is frozen; its owner has to pay Shopify",
    403: "see whether the app has the scopes that the README names",
    404: "see whether `shop` is the name in NAME.myshopify.com, and `version` one that Shopify has",
    423: "the shop is locked; ask Shopify's support",
}
_LATER = {430}
_DENIED, _CLOSED, _DEAR = "ACCESS_DENIED", "SHOP_INACTIVE", "MAX_COST_EXCEEDED"
_OF_THE_SERVER = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT"})


class TooDearError(Exception):
    """A query costs more than one may; smaller pages cost less."""


@frozen
class Found:
    """An answer.

    Attributes:
        data: of the query.
        hidden: names of fields that the app may not see, and are null.
        version: of the API that answered; None where it does not say.
    """

    data: Json
    hidden: frozenset[str] = frozenset()
    version: str | None = None


class Client:
    """The API, called for one shop."""

    def __init__(self, settings: Settings, context: PlatformContext) -> None:
        self._settings = settings
        self._context = context
        self._wire = Wire("Shopify", settings.endpoint, settings.timeout, proxy=settings.proxy)
        self._token = AccessToken(self._fetch, context.now)
        self._budget = Budget(context.now)

    def __repr__(self) -> str:
        return f"<Client {self._settings.shop}>"

    async def call(self, name: str, query: str, variables: Mapping[str, object]) -> Found:
        """Ask a query until it is answered.

        Args:
            name: of the query.
            query: its text.
            variables: by name.

        Raises:
            TooDearError: it costs more than a query may.
            StoppedError: the app may not, or a secret is missing.
            LaterError: no answer came.
        """
        document = {"query": query, "variables": variables, "operationName": name}
        try:
            return await _PATIENCE.call(self._context, lambda: self._once(name, document))
        except RulesError as error:
            raise StoppedError(error.diagnostics[0].message) from None

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _once(self, name: str, document: Mapping[str, object]) -> Found:
        wait = self._budget.wait(name)
        if wait:
            await self._context.sleep(wait)
        path = f"/admin/api/{self._settings.version}/graphql.json"
        reply = await self._token.used(
            lambda token: self._wire.call(
                "POST", path, document=document, headers={"x-shopify-access-token": token}
            ),
            lambda found: found.status == 401 and bool(self._settings.client_id),
        )  # fmt: skip
        _judge_status(reply, name)
        found = reply.document
        if found is None or not ({"data", "errors"} & set(found)):
            raise TroubledError(f"Shopify gave no answer to {name}")
        self._budget.told(name, found.get("extensions"))
        return self._judged(name, found, reply.headers.get("x-shopify-api-version"))

    def _judged(self, name: str, found: Json, version: str | None) -> Found:
        hidden = set[str]()
        for error in _errors(found):
            code, said = text(inner(error.get("extensions")).get("code")) or "", text(error.get("message")) or ""
            told = f"Shopify says to {name}: {said or code}"[:300]
            if code == "THROTTLED" or said == "Throttled":
                if self._budget.too_dear(name):
                    raise TooDearError(told)
                raise TroubledError(told, self._budget.throttled(name))
            if code == _DEAR:
                raise TooDearError(told)
            if code in _OF_THE_SERVER:
                raise TroubledError(told)
            field = _field(error)
            if field is None or code == _CLOSED or not _is_denied(code, said):
                raise StoppedError(f"{told}; see whether the app has its scopes, and the setting `version`")
            hidden.add(field)
        data = found.get("data")
        if not isinstance(data, Mapping):
            raise TroubledError(f"Shopify gave no data for {name}")
        return Found(data, frozenset(hidden), version)

    async def _fetch(self) -> tuple[str, dt.timedelta]:
        """An access token: that of the settings, or one by the client credentials grant, good for a day."""
        settings = self._settings
        if settings.access_token:
            return settings.access_token.reveal(), _FOREVER
        form = {
            "grant_type": "client_credentials", "client_id": settings.client_id,
            "client_secret": settings.client_secret.reveal(),
        }  # fmt: skip
        reply = await self._wire.call("POST", "/admin/oauth/access_token", form=form)
        if reply.status in {400, 401, 403, 404}:
            help_ = "see `shop`, `client_id` and `client_secret`, and whether the app is installed in the shop"
            raise StoppedError(f"Shopify gives no access token (HTTP {reply.status}); {help_}")
        token, seconds = (reply.document or {}).get("access_token"), (reply.document or {}).get("expires_in")
        if reply.status != 200 or not isinstance(token, str) or not token:
            raise TroubledError(f"Shopify gave no access token (HTTP {reply.status})", _after(reply))
        return token, dt.timedelta(seconds=seconds if isinstance(seconds, int) else 86_399)


def _judge_status(reply: Reply, name: str) -> None:
    if reply.status in _STOPS:
        raise StoppedError(f"Shopify refuses {name} (HTTP {reply.status}); {_STOPS[reply.status]}")
    if reply.status in _LATER:
        raise LaterError(f"Shopify turned {name} away (HTTP {reply.status})")
    if reply.status == 429 or reply.status >= 500:
        raise TroubledError(f"Shopify answers {name} with HTTP {reply.status}", _after(reply))
    if reply.status != 200:
        raise StoppedError(f"Shopify refuses {name} (HTTP {reply.status})")


def _after(reply: Reply) -> float | None:
    try:
        return max(float(reply.headers.get("retry-after", "")), 0.0)
    except ValueError:
        return None


def _errors(found: Json) -> list[Json]:
    errors = found.get("errors")
    if errors is None:
        return []
    return list(listed(errors)) or [{"message": errors if isinstance(errors, str) else "an error without words"}]


def _is_denied(code: str, said: str) -> bool:
    return code == _DENIED or "not approved" in said


def _field(error: Json) -> str | None:
    """The field inside the rows that an error is about; None where it is about the query as a whole."""
    path = error.get("path")
    names = [one for one in path if isinstance(one, str)] if isinstance(path, list) else []
    return names[-1] if len(names) > 2 else None

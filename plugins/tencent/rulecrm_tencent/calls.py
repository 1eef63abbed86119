"""Calls of the API 2021-01-11.

In: the name of an action and its parameters. Out: what was answered, or why nothing was.
Invariant: a call is made once; the caller learns whether it can have reached the service.

Why not Tencent's SDK: it has no types, and does not tell a connection that never came about from one that was cut after
the request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
from attrs import field, frozen

from rulecrm import RulesError
from rulecrm.plugin import Context
from rulecrm_tencent.settings import Settings
from rulecrm_tencent.signature import authorization

__all__ = ["Api", "Lost", "Told", "Unsent"]

_VERSION = "2021-01-11"
_JSON = "application/json; charset=utf-8"

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""What happens before a request can have left: no name, no connection, no TLS, no way through a proxy."""


@frozen
class Told:
    """An answer: the status of HTTP, and what `Response` holds, empty where it was no such document."""

    status: int
    response: Mapping[str, object] = field(repr=False)

    @property
    def error(self) -> str | None:
        """The code by which the call as a whole was refused."""
        error = self.response.get("Error")
        return str(error.get("Code", "")) if isinstance(error, dict) else None

    def rows(self, name: str) -> list[Mapping[str, object]] | None:
        """One of its lists, or None where there is none."""
        rows = self.response.get(name)
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None


@frozen
class Unsent:
    """Nothing has left; `ours` where that is for a mistake in the settings."""

    why: str
    ours: bool = False


@frozen
class Lost:
    """It may have arrived."""

    why: str


class Api:
    """The service, called."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._client: httpx.AsyncClient | None = None

    async def call(self, action: str, parameters: Mapping[str, object]) -> Told | Unsent | Lost:
        """Call an action once."""
        if self._client is None:
            most = self._settings.concurrency
            limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
            self._client = httpx.AsyncClient(timeout=self._settings.timeout, limits=limits)
        body = json.dumps(parameters, ensure_ascii=False, separators=(",", ":")).encode()
        request = httpx.Request("POST", httpx.URL(self._settings.endpoint).copy_with(path="/"), content=body)
        try:
            self._sign(request, action, body)
        except RulesError as error:  # a secret that is not there
            return Unsent(error.diagnostics[0].message, ours=True)
        request.extensions["timeout"] = self._client.timeout.as_dict()
        try:
            answer = await self._client.send(request)
        except _UNSENT as error:
            return Unsent(type(error).__name__)
        except httpx.HTTPError as error:
            return Lost(type(error).__name__)
        return Told(answer.status_code, _response(answer.content))

    async def close(self) -> None:
        """Let go of connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _sign(self, request: httpx.Request, action: str, body: bytes) -> None:
        given, timestamp = self._settings, int(self._context.now().timestamp())
        request.headers.update(
            {
                "content-type": _JSON,
                "x-tc-action": action,
                "x-tc-version": _VERSION,
                "x-tc-region": given.region,
                "x-tc-timestamp": str(timestamp),
                "user-agent": "rulecrm-tencent",
            }
        )
        signed = {name: request.headers[name] for name in ("content-type", "host", "x-tc-action")}
        request.headers["authorization"] = authorization(
            given.key, given.secret.reveal(), service="sms", timestamp=timestamp, headers=signed, body=body
        )


def _response(body: bytes) -> Mapping[str, object]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    response = told.get("Response") if isinstance(told, dict) else None
    return response if isinstance(response, dict) else {}

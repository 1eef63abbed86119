"""Calls of the API 2017-05-25.

In: the name of an action and its parameters. Out: what was answered, or why nothing was.
Invariant: a call is made once; the caller learns whether it can have reached the service. Numbers of people stand in
the address of a call, so it is made beneath the part of the HTTP client that logs addresses.

Why not Alibaba's SDK: it has no types, brings two more HTTP clients, and does not tell a connection that never came
about from one that was cut after the request.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

import httpx
from attrs import field, frozen

from rulecrm import RulesError
from rulecrm.plugin import Context
from rulecrm_aliyun.settings import Settings
from rulecrm_aliyun.signature import authorization, canonical_query

__all__ = ["Api", "Lost", "Told", "Unsent"]

_VERSION = "2017-05-25"

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""What happens before a request can have left: no name, no connection, no TLS."""


@frozen
class Told:
    """An answer: the status of HTTP, and the document, empty where it was none."""

    status: int
    document: Mapping[str, object] = field(repr=False)

    def text(self, name: str) -> str:
        """One of its texts, or an empty one."""
        value = self.document.get(name)
        return value if isinstance(value, str) else ""


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
        self._transport: httpx.AsyncHTTPTransport | None = None

    async def call(
        self, action: str, query: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> Told | Unsent | Lost:
        """Call an action once."""
        try:
            request = self._request(action, query, form)
        except RulesError as error:  # a secret that is not there
            return Unsent(error.diagnostics[0].message, ours=True)
        if self._transport is None:
            most = self._settings.concurrency
            limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
            self._transport = httpx.AsyncHTTPTransport(limits=limits)
        try:
            answer = await self._transport.handle_async_request(request)
            try:
                body = await answer.aread()
            finally:
                await answer.aclose()
        except _UNSENT as error:
            return Unsent(type(error).__name__)
        except httpx.HTTPError as error:
            return Lost(type(error).__name__)
        return Told(answer.status_code, _document(body))

    async def close(self) -> None:
        """Let go of connections."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    def _request(self, action: str, query: Mapping[str, str], form: Mapping[str, str] | None) -> httpx.Request:
        given = self._settings
        body = urlencode(form).encode() if form else b""
        url = httpx.URL(given.endpoint).copy_with(path="/", query=canonical_query(query).encode())
        request = httpx.Request("POST", url, content=body)
        signed = {
            "host": request.headers["host"],
            "x-acs-action": action,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
            "x-acs-date": self._context.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-version": _VERSION,
        }
        if body:
            signed["content-type"] = "application/x-www-form-urlencoded"
        request.headers.update(signed)
        request.headers["accept"] = "application/json"
        request.headers["user-agent"] = "rulecrm-aliyun"
        request.headers["authorization"] = authorization(
            given.key, given.secret.reveal(), query=query, headers=signed, body=body
        )
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), given.timeout)
        return request


def _document(body: bytes) -> Mapping[str, object]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}

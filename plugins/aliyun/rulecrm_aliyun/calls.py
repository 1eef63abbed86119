"""Calls of the API 2017-05-25.

In: the name of an action and its parameters. Out: what was answered, or what it means that nothing was.
Invariant: a call is made once. Numbers of people stand in its query, so the query is sealed into the address, beneath
what logs addresses.

Why not Alibaba's SDK: it has no types, brings two more HTTP clients, and does not tell a connection that never came
about from one that was cut after the request.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

import httpx
from attrs import evolve, field, frozen

from rulecrm.plugin import Answer, Answered, Context
from rulecrm.plugin.wire import Wire
from rulecrm_aliyun.settings import Settings
from rulecrm_aliyun.signature import authorization, canonical_query

__all__ = ["Api", "Told"]

_VERSION = "2017-05-25"


@frozen
class Told:
    """An answer: the status of HTTP, and the document, empty where it was none."""

    status: int
    document: Mapping[str, object] = field(repr=False)

    def text(self, name: str) -> str:
        """One of its texts, or an empty one."""
        value = self.document.get(name)
        return value if isinstance(value, str) else ""


class Api:
    """The service, called."""

    def __init__(self, settings: Settings, context: Context) -> None:
        at = httpx.URL(settings.endpoint)
        self._settings = settings
        self._context = context
        self._host = at.netloc.decode()
        self._wire = Wire(
            "the service", str(at.join("/")), settings.timeout, agent="rulecrm-aliyun", connections=settings.concurrency
        )

    async def call(self, action: str, query: Mapping[str, str], form: Mapping[str, str] | None = None) -> Told | Answer:
        """Call an action once; where nothing came back, what that is for a message."""
        body = urlencode(form).encode() if form else b""
        asked = canonical_query(query).encode()
        reply = await self._wire.ask(
            "POST", "/", content=body,
            headers=lambda: self._headers(action, query, body), seal=lambda: lambda url: url.copy_with(query=asked),
        )  # fmt: skip
        if isinstance(reply, Answer):
            return evolve(reply, route=reply.outcome is Answered.RETRY)
        return Told(reply.status, reply.document or {})

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    def _headers(self, action: str, query: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        given = self._settings
        signed = {
            "host": self._host,
            "x-acs-action": action,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
            "x-acs-date": self._context.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-version": _VERSION,
        }
        if body:
            signed["content-type"] = "application/x-www-form-urlencoded"
        sign = authorization(given.key, given.secret.reveal(), query=query, headers=signed, body=body)
        return signed | {"accept": "application/json", "authorization": sign}

"""Calls of the API 2021-01-11.

In: the name of an action and its parameters. Out: what was answered, or what it means that nothing was.
Invariant: a call is made once; the bytes that are signed are those that go out.

Why not Tencent's SDK: it has no types, and does not tell a connection that never came about from one that was cut after
the request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
from attrs import evolve, field, frozen

from rulecrm.plugin import Answer, Answered, Context
from rulecrm.plugin.wire import Wire
from rulecrm_tencent.settings import Settings
from rulecrm_tencent.signature import authorization

__all__ = ["Api", "Told"]

_VERSION = "2021-01-11"
_JSON = "application/json; charset=utf-8"


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


class Api:
    """The service, called."""

    def __init__(self, settings: Settings, context: Context) -> None:
        at = httpx.URL(settings.endpoint)
        self._settings = settings
        self._context = context
        self._host = at.netloc.decode()
        self._wire = Wire(
            "the service", str(at.join("/")), settings.timeout,
            proxy=settings.proxy, agent="rulecrm-tencent", connections=settings.concurrency,
        )  # fmt: skip

    async def call(self, action: str, parameters: Mapping[str, object]) -> Told | Answer:
        """Call an action once; where nothing came back, what that is for a message."""
        body = json.dumps(parameters, ensure_ascii=False, separators=(",", ":")).encode()
        reply = await self._wire.ask("POST", "/", content=body, headers=lambda: self._headers(action, body))
        if isinstance(reply, Answer):
            return evolve(reply, route=reply.outcome is Answered.RETRY)
        response = reply.document.get("Response") if reply.document else None
        return Told(reply.status, response if isinstance(response, dict) else {})

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    def _headers(self, action: str, body: bytes) -> Mapping[str, str]:
        given, timestamp = self._settings, int(self._context.now().timestamp())
        signed = {"content-type": _JSON, "host": self._host, "x-tc-action": action}
        sign = authorization(
            given.key, given.secret.reveal(), service="sms", timestamp=timestamp, headers=signed, body=body
        )
        return signed | {
            "x-tc-version": _VERSION,
            "x-tc-region": given.region,
            "x-tc-timestamp": str(timestamp),
            "authorization": sign,
        }

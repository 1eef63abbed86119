"""HTTP to the Graph API.

In: a method, a path and a document. Out: what came back.
Invariant: `UnreachedError` is raised only where nothing of the request can have been read; the token goes in a header,
where no log of addresses shows it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
from attrs import field, frozen

from rulecrm import RulesError
from rulecrm.plugin import Answer, Answered, Secret

__all__ = ["Reply", "Wire"]


class _UnreachedError(Exception):
    """Nobody was reached: nothing can have been taken."""


class _LostError(Exception):
    """The request went out, and no answer came back."""


@frozen
class Reply:
    """An answer; `document` is its JSON object, or None where it is none."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    document: Mapping[str, object] | None = field(repr=False)


class Wire:
    """The API, for one token; nothing is opened before the first call."""

    def __init__(self, url: str, token: Secret, timeout: float) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._client: httpx.AsyncClient | None = None

    async def call(self, method: str, path: str, document: Mapping[str, object]) -> Reply | Answer:
        """Call, and give what came back, or what it means that nothing did."""
        try:
            return await self._call(method, path, document)
        except RulesError as error:
            return Answer(Answered.CONFIG, detail=error.diagnostics[0].message)
        except _UnreachedError as error:
            return Answer(Answered.RETRY, detail=f"Meta was not reached: {error}")
        except _LostError as error:
            return Answer(Answered.UNKNOWN, detail=f"no answer of Meta's: {error}")

    async def close(self) -> None:
        """Let go of connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _call(self, method: str, path: str, document: Mapping[str, object]) -> Reply:
        headers = {"authorization": f"Bearer {self._token.reveal()}", "content-type": "application/json"}
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._timeout)
        try:
            answer = await self._client.request(
                method, f"{self._url}{path}", content=json.dumps(document).encode(), headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise _UnreachedError(type(error).__name__) from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise _UnreachedError("the setting `url` is no http or https URL") from None
        except httpx.HTTPError as error:
            raise _LostError(type(error).__name__) from None
        return Reply(answer.status_code, answer.headers, _object(answer.content))


def _object(body: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None

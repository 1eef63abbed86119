"""HTTP to the Graph API.

In: a document. Out: what came back.
Invariant: `UnreachedError` is raised only where nothing of the request can have been read. The token is in a header,
which neither httpx nor httpcore logs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
from attrs import field, frozen

from rulecrm import Diagnostic, RulesError
from rulecrm.plugin import Secret
from rulecrm_whatsapp.settings import Settings

__all__ = ["LostError", "Reply", "UnreachedError", "Wire"]


class UnreachedError(Exception):
    """Nobody was reached: nothing can have been taken."""


class LostError(Exception):
    """The request went out, and no answer came back."""


@frozen
class Reply:
    """An answer; `document` is its JSON object, or None where it is none."""

    status: int
    headers: httpx.Headers = field(repr=False)
    document: Mapping[str, object] | None = field(repr=False)


class Wire:
    """The messages of one phone number; nothing is opened before the first call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: httpx.AsyncClient | None = None

    async def post(self, document: Mapping[str, object]) -> Reply:
        """Post a message.

        Raises:
            UnreachedError: no connection came about.
            LostError: one did, and the answer is not known.
            RulesError: a secret is not where the settings say, or the proxy is none.
        """
        given = self._settings
        # Lone surrogates are escaped by `dumps`, where UTF-8 would refuse them.
        body = json.dumps(document).encode()
        try:
            answer = await self._open().post(
                f"{given.url.rstrip('/')}/{given.version}/{given.phone_number_id}/messages",
                content=body,
                headers={"content-type": "application/json", "authorization": f"Bearer {given.token.reveal()}"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise UnreachedError(type(error).__name__) from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise UnreachedError("the setting `url` leads nowhere") from None
        except httpx.HTTPError as error:
            raise LostError(type(error).__name__) from None
        return Reply(answer.status_code, answer.headers, _object(answer.content))

    async def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            await self._client.aclose()

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                transport=_transport(self._settings.proxy),
                timeout=self._settings.timeout,
                headers={"user-agent": "rulecrm-whatsapp/0.1.0"},
            )
        return self._client


def _object(body: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _transport(proxy: Secret) -> httpx.AsyncHTTPTransport:
    if not proxy:
        return httpx.AsyncHTTPTransport()
    try:
        return httpx.AsyncHTTPTransport(proxy=proxy.reveal())
    except (ValueError, ImportError, httpx.InvalidURL):
        # What httpx says of it would show it, password and all.
        message = f"{proxy.reference} holds no http, https or socks5 URL, or one that httpx cannot use"
        raise RulesError([Diagnostic("R481", message)]) from None

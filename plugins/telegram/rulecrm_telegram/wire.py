"""HTTP to the Bot API.

In: the name of a method and its arguments. Out: what came back.
Invariant: `UnreachedError` is raised only where nothing of the request can have been read. The token is part of every
URL, so it is put in below the client: neither httpx's log nor an exception has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
from attrs import field, frozen

from rulecrm import Diagnostic, RulesError
from rulecrm.plugin import Secret
from rulecrm_telegram.settings import Settings

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
    """The Bot API at one URL, for one bot; nothing is opened before the first call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: httpx.AsyncClient | None = None

    async def call(self, method: str, arguments: Mapping[str, object]) -> Reply:
        """Call a method.

        Raises:
            UnreachedError: no connection came about.
            LostError: one did, and the answer is not known.
            RulesError: a secret is not where the settings say, or the proxy is none.
        """
        # Lone surrogates are escaped by `dumps`, where UTF-8 would refuse them.
        body = json.dumps(arguments).encode()
        try:
            answer = await self._open().post(
                f"{self._settings.url.rstrip('/')}/bot/{method}",
                content=body,
                headers={"content-type": "application/json"},
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
                transport=_Sealed(self._settings.token.reveal(), _transport(self._settings.proxy)),
                timeout=self._settings.timeout,
                headers={"user-agent": "rulecrm-telegram/0.1.0"},
            )
        return self._client


class _Sealed(httpx.AsyncBaseTransport):
    """Writes the token into the path of what goes out: `…/bot/sendMessage` becomes `…/bot123:ABC/sendMessage`."""

    def __init__(self, token: str, inner: httpx.AsyncBaseTransport) -> None:
        self._token = token.encode()
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        before, _, method = request.url.raw_path.rpartition(b"/")
        sealed = httpx.Request(
            request.method,
            request.url.copy_with(raw_path=before + self._token + b"/" + method),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await self._inner.handle_async_request(sealed)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _object(body: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(body)
    except ValueError:
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

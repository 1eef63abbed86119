"""HTTP to WeCom.

In: a path, a document, what is secret in the query. Out: what came back.
Invariant: `UnreachedError` is raised only where nothing of the request can have been read. WeCom wants its secrets in
the query of the URL; they are put in below the client, so neither httpx's log nor an exception has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
from attrs import field, frozen

from rulecrm import Diagnostic, RulesError
from rulecrm.plugin import Secret

__all__ = ["LostError", "Reply", "UnreachedError", "Wire"]

_SEALED = "rulecrm.sealed"


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
    """One server; nothing is opened before the first call."""

    def __init__(self, url: str, timeout: float, proxy: Secret) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._proxy = proxy
        self._client: httpx.AsyncClient | None = None

    async def get(self, path: str, *, secret: Mapping[str, str]) -> Reply:
        """Get a path. See `post` for the errors."""
        return await self._call("GET", path, None, secret)

    async def post(self, path: str, document: Mapping[str, object], *, secret: Mapping[str, str]) -> Reply:
        """Post a document.

        Raises:
            UnreachedError: no connection came about.
            LostError: one did, and the answer is not known.
            RulesError: the proxy is none, or not where the settings say.
        """
        # Lone surrogates are escaped by `dumps`, where UTF-8 would refuse them.
        return await self._call("POST", path, json.dumps(document).encode(), secret)

    async def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _call(self, method: str, path: str, body: bytes | None, secret: Mapping[str, str]) -> Reply:
        if self._client is None:
            self._client = httpx.AsyncClient(
                transport=_Sealed(_transport(self._proxy)),
                timeout=self._timeout,
                headers={"user-agent": "rulecrm-wecom/0.1.0"},
            )
        headers = {} if body is None else {"content-type": "application/json"}
        try:
            answer = await self._client.request(
                method, self._url + path, content=body, headers=headers, extensions={_SEALED: dict(secret)}
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise UnreachedError(type(error).__name__) from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise UnreachedError("the setting `url` leads nowhere") from None
        except httpx.HTTPError as error:
            raise LostError(type(error).__name__) from None
        return Reply(answer.status_code, answer.headers, _object(answer.content))


class _Sealed(httpx.AsyncBaseTransport):
    """Writes what is secret into the query of what goes out."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        extensions = {name: value for name, value in request.extensions.items() if name != _SEALED}
        sealed = httpx.Request(
            request.method,
            request.url.copy_merge_params(request.extensions.get(_SEALED, {})),
            headers=request.headers,
            stream=request.stream,
            extensions=extensions,
        )
        return await self._inner.handle_async_request(sealed)

    async def aclose(self) -> None:
        await self._inner.aclose()


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

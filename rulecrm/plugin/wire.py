"""HTTP for channels that speak to a provider.

In: requests. Out: what came back, or what it means that nothing did.
Invariant: `UnreachedError` is raised only where nothing of a request can have been read; no secret that was sealed into
an address is seen by httpx's log or by an exception. Nothing is tried twice.

It stands on httpx, which a plugin that uses this depends on itself.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import httpx
from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.model.sending import Answer, Answered
from rulecrm.plugin.documents import parsed
from rulecrm.plugin.secrets import NO_SECRET, Secret

__all__ = ["FailedError", "LostError", "Reply", "Seal", "UnreachedError", "Wire", "in_query"]

_SEAL = "rulecrm.seal"
_JSON = "application/json"
_NONE: Mapping[str, str] = MappingProxyType({})

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""What happens before a request can have left: no name, no connection, no TLS, no way through a proxy."""

Seal = Callable[[httpx.URL], httpx.URL]
"""Writes what is secret into an address, below everything that shows addresses."""


class UnreachedError(Exception):
    """Nobody was reached: nothing can have been taken."""


class LostError(Exception):
    """The request went out, and no answer came back."""


class FailedError(Exception):
    """A call that is one of several for a message came to nothing; `answer` is what that means for the message."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.detail or answer.code or answer.outcome)
        self.answer = answer


@frozen
class Reply:
    """An answer of HTTP; `document` is its JSON object, or None where it is none."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    document: Mapping[str, object] | None = field(repr=False)


class Wire:
    """One server; nothing is opened, and no secret read, before the first call.

    Args:
        provider: whose it is, for messages: `VK`.
        url: what every path is put behind.
        timeout: seconds to wait for an answer.
        proxy: an address to go through, which may hold a password.
        agent: the header `User-Agent`.
        connections: most of them at once.
    """

    def __init__(
        self,
        provider: str,
        url: str,
        timeout: float,
        *,
        proxy: Secret = NO_SECRET,
        agent: str = "rulecrm",
        connections: int = 100,
    ) -> None:
        self._provider = provider
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._proxy = proxy
        self._agent = agent
        self._connections = connections
        self._client: httpx.AsyncClient | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        document: Mapping[str, object] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] = _NONE,
        seal: Seal | None = None,
    ) -> Reply:
        """Make a request, once.

        Args:
            method: `GET`, `POST`, …
            path: behind the server's address, with its query.
            document: sent as JSON.
            form: sent as a form, where there is no document.
            content: sent byte for byte, where there is neither; `headers` say of which type it is.
            headers: further headers.
            seal: puts what is secret into the address.

        Raises:
            UnreachedError: no connection came about.
            LostError: one did, and the answer is not known.
            RulesError: the proxy's address is none, or not where the settings say.
        """
        # Halves of surrogate pairs are escaped by `dumps`, where UTF-8 would refuse them.
        body = content if document is None else json.dumps(document).encode()
        more = dict(headers)
        if document is not None:
            more.setdefault("content-type", _JSON)
        fields = (
            None if form is None else {name: value.encode("utf-8", "replace").decode() for name, value in form.items()}
        )
        try:
            answer = await self._open().request(
                method, f"{self._url}{path}", content=body, data=fields, headers=more,
                extensions={} if seal is None else {_SEAL: seal},
            )  # fmt: skip
        except _UNSENT as error:
            raise UnreachedError(type(error).__name__) from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise UnreachedError("the setting `url` is no http or https address") from None
        except httpx.HTTPError as error:
            raise LostError(type(error).__name__) from None
        return Reply(answer.status_code, answer.headers, answer.content, _object(answer.content))

    async def ask(
        self,
        method: str,
        path: str,
        *,
        document: Mapping[str, object] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Callable[[], Mapping[str, str]] = dict,
        seal: Callable[[], Seal] | None = None,
    ) -> Reply | Answer:
        """The same for a message: a request that came to nothing is an answer.

        `headers` and `seal` are asked for here, so that a secret that is not there is an answer, too.
        """
        try:
            return await self.call(
                method, path, document=document, form=form, content=content, headers=headers(),
                seal=None if seal is None else seal(),
            )  # fmt: skip
        except RulesError as error:
            return Answer(Answered.CONFIG, detail=error.diagnostics[0].message)
        except UnreachedError as error:
            return Answer(Answered.RETRY, detail=f"{self._provider} was not reached: {error}")
        except LostError as error:
            return Answer(Answered.UNKNOWN, detail=f"the answer of {self._provider} was lost: {error}")

    async def close(self) -> None:
        """Let go of connections; a later call would open new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                transport=_Sealing(_transport(self._proxy, self._connections)),
                timeout=self._timeout,
                headers={"user-agent": self._agent},
            )
        return self._client


def in_query(secret: Mapping[str, str]) -> Seal:
    """Seal what is secret into the query of an address, beside what is there."""
    return lambda url: url.copy_merge_params(secret)


class _Sealing(httpx.AsyncBaseTransport):
    """Seals addresses on their way out."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, with the secret in the address."""
        seal: Seal | None = request.extensions.get(_SEAL)
        if seal is None:
            return await self._inner.handle_async_request(request)
        sealed = httpx.Request(
            request.method,
            seal(request.url),
            headers=request.headers,
            stream=request.stream,
            extensions={name: value for name, value in request.extensions.items() if name != _SEAL},
        )
        return await self._inner.handle_async_request(sealed)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._inner.aclose()


@cache
def _trust() -> ssl.SSLContext:
    """Whom to trust: reading the certificates takes longer than a call, and they are the same for everyone."""
    return httpx.create_ssl_context()


def _transport(proxy: Secret, connections: int) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    if not proxy:
        return httpx.AsyncHTTPTransport(verify=_trust(), limits=limits)
    try:
        return httpx.AsyncHTTPTransport(verify=_trust(), limits=limits, proxy=proxy.reveal())
    except (ValueError, ImportError, httpx.InvalidURL):
        # What httpx says of it would show it, password and all.
        message = f"{proxy.reference} holds no http, https or socks5 URL, or one that httpx cannot use"
        raise RulesError([Diagnostic("R481", message)]) from None


def _object(body: bytes) -> Mapping[str, object] | None:
    try:
        document = parsed(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None

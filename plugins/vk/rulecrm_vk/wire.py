"""HTTP to the API of VK.

In: the name of a method and its parameters. Out: what came back.
Invariant: `UnreachedError` is raised only where nothing of the request can have been read; the token goes in a header,
where no log of addresses shows it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
from attrs import field, frozen

from rulecrm_vk.settings import Settings

__all__ = ["LostError", "Reply", "UnreachedError", "Wire"]


class UnreachedError(Exception):
    """Nobody was reached: nothing can have been taken."""


class LostError(Exception):
    """The request went out, and no answer came back."""


@frozen
class Reply:
    """An answer; `document` is its JSON object, or None where it is none."""

    status: int
    document: Mapping[str, object] | None = field(repr=False)


class Wire:
    """The API, for one community; nothing is opened before the first call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: httpx.AsyncClient | None = None

    async def call(self, method: str, parameters: Mapping[str, object]) -> Reply:
        """Call a method.

        Raises:
            UnreachedError: no connection came about.
            LostError: one did, and the answer is not known.
            RulesError: the token is not where the settings say.
        """
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._settings.timeout)
        headers = {"authorization": f"Bearer {self._settings.token.reveal()}"}
        given = {name: _text(value) for name, value in parameters.items()}
        url = f"{self._settings.url.rstrip('/')}/method/{method}"
        try:
            answer = await self._client.post(url, data={**given, "v": self._settings.version}, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise UnreachedError(type(error).__name__) from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise UnreachedError("the setting `url` is no http or https URL") from None
        except httpx.HTTPError as error:
            raise LostError(type(error).__name__) from None
        return Reply(answer.status_code, _object(answer.content))

    async def close(self) -> None:
        """Let go of connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _text(value: object) -> str:
    return str(value).encode("utf-8", "replace").decode()  # halves of surrogate pairs are no UTF-8


def _object(body: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None

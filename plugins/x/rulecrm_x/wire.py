"""HTTP to the API of X.

In: a path and a document. Out: what came back.
Invariant: `UnreachedError` is raised only where nothing of the request can have been read.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Callable, Mapping

import httpx
from attrs import field, frozen

from rulecrm_x.oauth import Keys, authorization
from rulecrm_x.settings import Settings

__all__ = ["LostError", "Reply", "UnreachedError", "Wire"]


class UnreachedError(Exception):
    """Nobody was reached: nothing can have been taken."""


class LostError(Exception):
    """The request went out, and no answer came back."""


@frozen
class Reply:
    """An answer; `document` is its JSON object, or None where it is none."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    document: Mapping[str, object] | None = field(repr=False)


class Wire:
    """The API, for one account; nothing is opened before the first call."""

    def __init__(self, settings: Settings, now: Callable[[], dt.datetime]) -> None:
        self._settings = settings
        self._now = now
        self._client: httpx.AsyncClient | None = None

    async def post(self, path: str, document: Mapping[str, object]) -> Reply:
        """Post a document.

        Raises:
            UnreachedError: no connection came about.
            LostError: one did, and the answer is not known.
            RulesError: a key is not where the settings say.
        """
        given = self._settings
        keys = Keys(
            given.api_key.reveal(), given.api_secret.reveal(), given.access_token.reveal(), given.access_secret.reveal()
        )
        url = f"{given.url.rstrip('/')}{path}"
        signed = authorization("POST", url, keys, secrets.token_hex(16), int(self._now().timestamp()))
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=given.timeout)
        try:
            answer = await self._client.post(
                url,
                content=json.dumps(document).encode(),
                headers={"authorization": signed, "content-type": "application/json"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise UnreachedError(type(error).__name__) from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise UnreachedError("the setting `url` is no http or https URL") from None
        except httpx.HTTPError as error:
            raise LostError(type(error).__name__) from None
        return Reply(answer.status_code, answer.headers, _object(answer.content))

    async def close(self) -> None:
        """Let go of connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _object(body: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None

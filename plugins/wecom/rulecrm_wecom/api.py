"""WeCom's API, with its access token.

In: a path and a document. Out: WeCom's document.
Invariant: a call is made a second time only where WeCom has refused the first one for its token, for then nothing was
taken. What is secret stands in the query of an address, and is sealed into it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from rulecrm.plugin import Answer, Secret
from rulecrm.plugin.tokens import AccessToken, token_of, tokenless
from rulecrm.plugin.wire import FailedError, Wire, in_query
from rulecrm_wecom.answers import STALE_TOKEN, answer_of, code_of, unreadable

__all__ = ["Api"]


class Api:
    """The API as one company's app may call it."""

    def __init__(self, wire: Wire, corp_id: str, secret: Secret, now: Callable[[], dt.datetime]) -> None:
        self._wire = wire
        self._corp_id = corp_id
        self._secret = secret
        self._now = now
        self._token = AccessToken(self._fetch, now)

    async def post(self, path: str, document: Mapping[str, object]) -> Mapping[str, object]:
        """Call a path; the document that comes back has an errcode, which may be any.

        Raises:
            FailedError: nothing came back that could be read, or there is no token to be had.
        """
        return await self._token.used(
            lambda token: self._post(path, document, token), lambda found: code_of(found) in STALE_TOKEN
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _post(self, path: str, document: Mapping[str, object], token: str) -> Mapping[str, object]:
        reply = await self._wire.ask("POST", path, document=document, seal=lambda: in_query({"access_token": token}))
        if isinstance(reply, Answer):
            raise FailedError(reply)
        if reply.document is None or code_of(reply.document) is None:
            raise FailedError(unreadable(reply, self._now()))
        return reply.document

    async def _fetch(self) -> tuple[str, dt.timedelta]:
        reply = await self._wire.ask(
            "GET", "/cgi-bin/gettoken",
            seal=lambda: in_query({"corpid": self._corp_id, "corpsecret": self._secret.reveal()}),
        )  # fmt: skip
        if isinstance(reply, Answer):
            raise FailedError(tokenless(reply))
        found = reply.document or {}
        if code_of(found) not in {0, None}:
            raise FailedError(tokenless(answer_of(found, self._now())))
        token = token_of(found)
        if token is None:
            raise FailedError(tokenless(unreadable(reply, self._now())))
        return token

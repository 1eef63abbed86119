"""DingTalk's API, with its access token.

In: a path and a document. Out: DingTalk's document.
Invariant: a call is made a second time only where DingTalk has refused the first one for its token, for then nothing
was taken. What is secret stands in the query of an address, and is sealed into it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from attrs import evolve

from rulecrm.plugin import Answer, Answered, Secret
from rulecrm.plugin.tokens import AccessToken
from rulecrm.plugin.wire import Reply, Wire, in_query
from rulecrm_dingtalk.answers import STALE_TOKEN, answer_of, code_of, unreadable

__all__ = ["Api", "FailedError"]

_LIVES = 7_200
"""Seconds that a token lives at most."""


class FailedError(Exception):
    """A call that gave no document; `answer` is what that means for what it carried."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.detail or answer.code or answer.outcome)
        self.answer = answer


class Api:
    """The API as one app may call it."""

    def __init__(self, wire: Wire, app_key: str, secret: Secret, now: Callable[[], dt.datetime]) -> None:
        self._wire = wire
        self._app_key = app_key
        self._secret = secret
        self._now = now
        self._token = AccessToken(self._fetch, now)

    async def post(self, path: str, document: Mapping[str, object]) -> Mapping[str, object]:
        """Call a path; the document that comes back has an errcode, which may be any.

        Raises:
            FailedError: nothing came back that could be read, or there is no token to be had.
        """
        token = await self._token.valid()
        found = await self._post(path, document, token)
        if code_of(found) in STALE_TOKEN:
            found = await self._post(path, document, await self._token.valid(token))
        return found

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
            "GET", "/gettoken",
            seal=lambda: in_query({"appkey": self._app_key, "appsecret": self._secret.reveal()}),
        )  # fmt: skip
        document = reply.document or {} if isinstance(reply, Reply) else {}
        token, seconds = document.get("access_token"), document.get("expires_in")
        if code_of(document) in {0, None} and isinstance(token, str) and token:
            return token, dt.timedelta(seconds=min(max(seconds, 0), _LIVES) if isinstance(seconds, int) else _LIVES)
        raise FailedError(self._tokenless(reply))

    def _tokenless(self, reply: Reply | Answer) -> Answer:
        """What it means for a message that there is no token: it has not gone out, whatever became of that call."""
        if isinstance(reply, Reply) and reply.document and code_of(reply.document) not in {0, None}:
            answer = answer_of(reply.document, self._now())
            if answer.outcome in {Answered.RETRY, Answered.WAIT_QUOTA}:
                return answer
            return evolve(answer, outcome=Answered.CONFIG, detail="no access token: refused")
        answer = unreadable(reply, self._now()) if isinstance(reply, Reply) else reply
        if answer.outcome is Answered.UNKNOWN:
            return Answer(Answered.RETRY, code=answer.code, detail="no access token: the answer is lost, or none")
        return answer

"""DingTalk's API, with its access token.

In: a path and a document. Out: DingTalk's document.
Invariant: a call is made a second time only where DingTalk has refused the first one for its token, for then nothing
was taken. One token serves all calls; however many find it stale at once, it is fetched once.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping

from attrs import evolve

from rulecrm import RulesError
from rulecrm.plugin import Answer, Answered, Secret
from rulecrm_dingtalk.answers import STALE_TOKEN, answer_of, code_of, unreadable
from rulecrm_dingtalk.wire import LostError, UnreachedError, Wire

__all__ = ["Api", "FailedError"]

_EARLY = dt.timedelta(minutes=5)
"""How long before its end a token is not used any more."""


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
        self._token: str | None = None
        self._until = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._lock = asyncio.Lock()

    async def post(self, path: str, document: Mapping[str, object]) -> Mapping[str, object]:
        """Call a path; the document that comes back has an errcode, which may be any.

        Raises:
            FailedError: nothing came back that could be read, or there is no token to be had.
        """
        token = await self._valid(None)
        found = await self._post(path, document, token)
        if code_of(found) in STALE_TOKEN:
            found = await self._post(path, document, await self._valid(token))
        return found

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _post(self, path: str, document: Mapping[str, object], token: str) -> Mapping[str, object]:
        try:
            reply = await self._wire.post(path, document, secret={"access_token": token})
        except UnreachedError as error:
            raise FailedError(Answer(Answered.RETRY, detail=f"DingTalk was not reached: {error}")) from None
        except LostError as error:
            raise FailedError(Answer(Answered.UNKNOWN, detail=f"no answer of DingTalk's: {error}")) from None
        if reply.document is None or code_of(reply.document) is None:
            raise FailedError(unreadable(reply, self._now()))
        return reply.document

    async def _valid(self, stale: str | None) -> str:
        """A token that is not `stale`."""
        async with self._lock:
            if self._token is None or self._token == stale or self._now() >= self._until:
                self._token = None
                self._token = await self._fetch()
            return self._token

    async def _fetch(self) -> str:
        try:
            secret = {"appkey": self._app_key, "appsecret": self._secret.reveal()}
            reply = await self._wire.get("/gettoken", secret=secret)
        except RulesError as error:
            raise FailedError(Answer(Answered.CONFIG, detail=error.diagnostics[0].message)) from None
        except (UnreachedError, LostError) as error:
            # No message has gone out yet, whatever became of the call for a token.
            raise FailedError(Answer(Answered.RETRY, detail=f"no access token: {error}")) from None
        document = reply.document or {}
        token = document.get("access_token")
        if code_of(document) in {0, None} and isinstance(token, str) and token:
            seconds = document.get("expires_in")
            lives = dt.timedelta(seconds=min(max(seconds, 0), 7_200) if isinstance(seconds, int) else 7_200)
            self._until = self._now() + max(lives - _EARLY, lives / 2)
            return token
        if code_of(document) not in {0, None}:
            answer = answer_of(document, self._now())
            if answer.outcome not in {Answered.RETRY, Answered.WAIT_QUOTA}:
                answer = evolve(answer, outcome=Answered.CONFIG, detail="no access token: refused")
            raise FailedError(answer)
        answer = unreadable(reply, self._now())
        if answer.outcome is Answered.UNKNOWN:
            answer = Answer(Answered.RETRY, code=answer.code, detail="no access token: no answer of DingTalk's")
        raise FailedError(answer)

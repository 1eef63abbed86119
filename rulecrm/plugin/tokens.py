"""Access tokens that run out, and the API of those providers whose answers are all alike.

In: a way to fetch one. Out: one that is valid.
Invariant: however many ask at once, a token is fetched once; one that the provider called stale is not given again to
whoever says so.

`TokenApi` stands on httpx, which a plugin that uses it depends on itself; the rest does not.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from attrs import evolve

from rulecrm.model.sending import Answer, Answered

if TYPE_CHECKING:
    from rulecrm.plugin.wire import Reply, Wire

__all__ = ["AccessToken", "Judges", "TokenApi", "token_of", "tokenless"]

T = TypeVar("T")

_EARLY = dt.timedelta(minutes=5)
_LIVES = dt.timedelta(hours=2)
_LATER = frozenset({Answered.RETRY, Answered.WAIT_QUOTA})


class AccessToken:
    """The token of one account; nothing is fetched before it is first asked for.

    Args:
        fetch: gives a token and for how long it lives.
        now: the clock.
        early: how long before its end a token is not used any more; of a short life, half of it is used.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[tuple[str, dt.timedelta]]],
        now: Callable[[], dt.datetime],
        *,
        early: dt.timedelta = _EARLY,
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._early = early
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._until: dt.datetime | None = None

    async def valid(self, stale: str | None = None) -> str:
        """A token, fetched where there is none that is good.

        Args:
            stale: one that the provider has just refused; where another was fetched since, that one is given.

        Raises:
            Exception: what `fetch` raises; the next caller fetches again.
        """
        async with self._lock:
            if self._token is None or self._token == stale or self._until is None or self._now() >= self._until:
                self._token = None
                token, lives = await self._fetch()
                self._token, self._until = token, self._now() + max(lives - self._early, lives / 2)
            return self._token

    async def used(self, call: Callable[[str], Awaitable[T]], stale: Callable[[T], bool]) -> T:
        """Make a call with a token, and once more with another where the first one was refused for it.

        Args:
            call: makes the call; it may be made a second time, as nothing is taken with a token that is refused.
            stale: whether the provider has refused the token.
        """
        token = await self.valid()
        found = await call(token)
        return await call(await self.valid(token)) if stale(found) else found


class Judges(Protocol):
    """What the answers of a provider mean; a module with these three functions is one."""

    def code_of(self, document: Mapping[str, object], /) -> int | None:
        """The code of an answer, 0 where it did what was asked; None where it has none."""

    def answer_of(self, document: Mapping[str, object], now: dt.datetime, /) -> Answer:
        """What a code other than 0 means."""

    def unreadable(self, reply: Reply, now: dt.datetime, /) -> Answer:
        """What an answer without a code means."""


class TokenApi:
    """The API of a provider whose calls carry a token in the query of the address, and whose answers have a code.

    A call is made a second time only where the provider has refused the first one for its token, for then nothing was
    taken. What is secret stands in the query, and is sealed into it.

    Args:
        wire: the provider's server.
        path: of the call that gives a token, as `token_of` reads it.
        credentials: the query of that call; read when it is made.
        judges: what answers mean.
        stale: codes that say that a token is not, or no longer, good.
        now: the clock.
    """

    def __init__(
        self,
        wire: Wire,
        path: str,
        credentials: Callable[[], Mapping[str, str]],
        judges: Judges,
        *,
        stale: Collection[int],
        now: Callable[[], dt.datetime],
    ) -> None:
        self._wire = wire
        self._path = path
        self._credentials = credentials
        self._judges = judges
        self._stale = stale
        self._now = now
        self._token = AccessToken(self._fetch, now)

    async def post(self, path: str, document: Mapping[str, object]) -> Mapping[str, object]:
        """Call a path; the document that comes back has a code, which may be any.

        Raises:
            FailedError: nothing came back that could be read, or there is no token to be had.
        """
        return await self._token.used(
            lambda token: self._post(path, document, token),
            lambda found: self._judges.code_of(found) in self._stale,
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _post(self, path: str, document: Mapping[str, object], token: str) -> Mapping[str, object]:
        from rulecrm.plugin.wire import FailedError, in_query

        reply = await self._wire.ask("POST", path, document=document, seal=lambda: in_query({"access_token": token}))
        if isinstance(reply, Answer):
            raise FailedError(reply)
        if reply.document is None or self._judges.code_of(reply.document) is None:
            raise FailedError(self._judges.unreadable(reply, self._now()))
        return reply.document

    async def _fetch(self) -> tuple[str, dt.timedelta]:
        from rulecrm.plugin.wire import FailedError, in_query

        reply = await self._wire.ask("GET", self._path, seal=lambda: in_query(self._credentials()))
        if isinstance(reply, Answer):
            raise FailedError(tokenless(reply))
        found = reply.document or {}
        if self._judges.code_of(found) not in {0, None}:
            raise FailedError(tokenless(self._judges.answer_of(found, self._now())))
        token = token_of(found)
        if token is None:
            raise FailedError(tokenless(self._judges.unreadable(reply, self._now())))
        return token


def token_of(document: Mapping[str, object], longest: dt.timedelta = _LIVES) -> tuple[str, dt.timedelta] | None:
    """A token and how long it lives, by the names of OAuth (RFC 6749, 5.1); None where there is none.

    Args:
        document: with `access_token`, and `expires_in` in seconds.
        longest: how long it lives at most, and where nothing is said.
    """
    token, seconds = document.get("access_token"), document.get("expires_in")
    if not isinstance(token, str) or not token:
        return None
    most = longest.total_seconds()
    return token, dt.timedelta(seconds=min(max(seconds, 0), most) if isinstance(seconds, int) else most)


def tokenless(answer: Answer) -> Answer:
    """What the answer to a call for a token means for a message: it has not gone out, whatever became of that call."""
    outcome = answer.outcome
    if outcome is Answered.UNKNOWN:
        outcome = Answered.RETRY
    elif outcome not in _LATER:
        outcome = Answered.CONFIG
    return evolve(answer, outcome=outcome, detail=f"no access token: {answer.detail or 'refused'}")

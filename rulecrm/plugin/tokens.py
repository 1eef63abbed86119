"""Access tokens that run out.

In: a way to fetch one. Out: one that is valid.
Invariant: however many ask at once, a token is fetched once; one that the provider called stale is not given again to
whoever says so.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from attrs import evolve

from rulecrm.model.sending import Answer, Answered

__all__ = ["AccessToken", "token_of", "tokenless"]

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

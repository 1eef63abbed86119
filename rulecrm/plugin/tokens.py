"""Access tokens that run out.

In: a way to fetch one. Out: one that is valid.
Invariant: however many ask at once, a token is fetched once; one that the provider called stale is not given again to
whoever says so.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

__all__ = ["AccessToken"]

_EARLY = dt.timedelta(minutes=5)


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

"""Access tokens that are renewed with a refresh token, which is used up by that.

In: the tokens of the settings, those kept from earlier runs, and a call that renews. Out: answers to calls with one
that is good.
Invariant: a new refresh token is kept before it or the access token beside it is used; tokens that were kept under
other settings are not used, for whoever has authorised anew has put new ones there.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from attrs import field, frozen

from rulecrm.plugin.platforms import StoppedError
from rulecrm.plugin.pulling import KeptTokens
from rulecrm.plugin.secrets import Secret

__all__ = ["RenewedToken", "StaleTokenError", "Tokens"]

T = TypeVar("T")

_ACCESS, _REFRESH, _OF = "access_token", "refresh_token", "of"


class StaleTokenError(Exception):
    """The platform does not take the access token (any more)."""


@frozen
class Tokens:
    """What a platform gives for a refresh token; `refresh` is empty where the old one stays good."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)


class RenewedToken:
    """The tokens of one account; nothing is read before the first call.

    Args:
        access: the access token of the settings; it may be left out where there is a refresh token.
        refresh: the refresh token of the settings; it may be left out where the access token lives long enough.
        path: where tokens are kept (`PlatformContext.tokens`).
        renew: gives new ones for a refresh token.
    """

    def __init__(
        self, access: Secret, refresh: Secret, path: Path | None, renew: Callable[[str], Awaitable[Tokens]]
    ) -> None:
        self._given = (access, refresh)
        self._path = path
        self._renew = renew
        self._lock = asyncio.Lock()
        self._kept: KeptTokens | None = None
        self._of = self._access = self._refresh = ""

    async def used(self, call: Callable[[str], Awaitable[T]]) -> T:
        """Make a call with the token, and once more with a new one where the platform did not take the first.

        Args:
            call: raises `StaleTokenError` where the token was not taken.

        Raises:
            StoppedError: there is no refresh token, tokens cannot be kept, or a new token is not taken either.
            RulesError: a secret is not where the settings say.
        """
        self._begin()
        if not self._access:
            await self._anew("", "there is no access token")
        token = self._access
        try:
            return await call(token)
        except StaleTokenError as error:
            await self._anew(token, str(error))
        try:
            return await call(self._access)
        except StaleTokenError as error:
            raise StoppedError(f"{error}, and so with a new token: authorise the app again") from None

    def _begin(self) -> None:
        if self._kept is not None:
            return
        access, refresh = (one.reveal() if one else "" for one in self._given)
        of = hashlib.sha256(f"{access}\n{refresh}".encode()).hexdigest()
        self._kept = KeptTokens(self._path)
        if self._kept.get(_OF) == of:
            access, refresh = self._kept.get(_ACCESS) or access, self._kept.get(_REFRESH) or refresh
        self._access, self._refresh, self._of = access, refresh, of

    async def _anew(self, stale: str, why: str) -> None:
        async with self._lock:
            if self._access != stale:
                return  # somebody else who was refused at the same time has seen to it
            if not self._refresh:
                raise StoppedError(f"{why}, and there is no refresh token: authorise the app again")
            self._keep()  # whether they can be kept is seen before the refresh token is used up
            got = await self._renew(self._refresh)
            self._access, self._refresh = got.access, got.refresh or self._refresh
            self._keep()

    def _keep(self) -> None:
        assert self._kept is not None
        try:
            self._kept.keep({_ACCESS: self._access, _REFRESH: self._refresh, _OF: self._of})
        except OSError as error:
            raise StoppedError(f"tokens cannot be kept: {error.strerror or type(error).__name__}") from None

    def __repr__(self) -> str:
        return "<RenewedToken>"

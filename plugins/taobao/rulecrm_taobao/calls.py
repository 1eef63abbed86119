"""The router, asked until it answers.

In: a method and its arguments. Out: what stands below the root of its answer.
Invariant: only calls that read are made here, so that each may be made again; a renewed session is kept before it is
used; no message names a secret.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from rulecrm.diagnostics.model import RulesError
from rulecrm.plugin import PlatformContext, StoppedError
from rulecrm.plugin.pulling import KeptTokens, Pace, Patience, TroubledError
from rulecrm.plugin.wire import Wire
from rulecrm_taobao.envelope import Means, Said, form_of, root_of, said_in
from rulecrm_taobao.settings import Settings

__all__ = ["Calls", "RefusedError", "current"]

_BURST = 10
_RENEW = "taobao.top.auth.token.refresh"
_AGAIN = "have the seller authorise the application again, and put the new session key into the settings"


class RefusedError(Exception):
    """One call was refused for what it asks for; others may go well."""

    def __init__(self, method: str, said: Said) -> None:
        super().__init__(f"{method}: {said}")
        self.said = said


class _StaleError(Exception):
    """The session was refused."""


class Calls:
    """The router, for one seller.

    Args:
        settings: of the account.
        context: its clock, pause, chance, and where tokens are kept.

    Attributes:
        page_size: rows of a page of any list.
    """

    def __init__(self, settings: Settings, context: PlatformContext) -> None:
        self.page_size = settings.page_size
        self._settings = settings
        self._context = context
        self._wire = Wire("Taobao", settings.url, settings.timeout, agent="rulecrm-taobao")
        self._pace: Pace | None = None
        self._tokens: KeptTokens | None = None

    def __repr__(self) -> str:
        return f"<Calls of {self._settings.key}>"

    async def ask(self, method: str, arguments: Mapping[str, str], *, session: bool = True) -> Mapping[str, object]:
        """Ask until there is an answer, with the session renewed where it has run out.

        Raises:
            RefusedError: this call is refused, whoever asks it.
            StoppedError: all calls are, until somebody does something.
            LaterError: the platform is away, or wants to be left alone for long.
        """
        used = self._session() if session else None
        try:
            return await self._patiently(method, arguments, used)
        except _StaleError as error:
            await self._renew(str(error))
        try:
            return await self._patiently(method, arguments, self._session())
        except _StaleError as error:
            raise StoppedError(f"Taobao refuses the session it has just renewed ({error}); {_AGAIN}") from None

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _patiently(self, method: str, arguments: Mapping[str, str], session: str | None) -> Mapping[str, object]:
        return await Patience().call(self._context, lambda: self._once(method, arguments, session))

    async def _once(self, method: str, arguments: Mapping[str, str], session: str | None) -> Mapping[str, object]:
        given = self._settings
        if self._pace is None:
            self._pace = Pace(given.per_second, _BURST, self._context)
        await self._pace.turn()
        form = form_of(
            method, arguments, key=given.key, secret=_revealed(given, "secret"), session=session,
            way=given.sign_method, now=self._context.now(),
        )  # fmt: skip
        reply = await self._wire.call("POST", "", form=form)
        document = said_in(reply.body)
        found = None if document is None or reply.status >= 400 else root_of(document, method)
        if found is None:
            raise TroubledError(f"Taobao answers {method} with {reply.status} and no answer that can be read")
        if isinstance(found, Said):
            raise self._error(method, found)
        return found

    def _error(self, method: str, said: Said) -> Exception:
        shown = self._without_secrets(str(said))
        match said.means:
            case Means.LATER:
                return TroubledError(f"Taobao answers {method} with {shown}", said.ban)
            case Means.SESSION:
                return _StaleError(shown)
            case Means.REFUSED:
                clean = [self._without_secrets(one) for one in (said.message, said.sub_code, said.sub_message)]
                return RefusedError(method, Said(said.code, *clean))
        if said.clock:
            return StoppedError("Taobao finds the clock of this machine wrong by more than ten minutes; set it")
        return StoppedError(f"Taobao refuses {method} with {shown}; see its application's keys and permissions")

    # --- the session ----------------------------------------------------------------------------------------------

    def _session(self) -> str:
        return current(_revealed(self._settings, "session"), self._kept())

    async def _renew(self, why: str) -> None:
        first, kept = _revealed(self._settings, "session"), self._kept()
        token = kept.get("refresh") if kept.get("of") == _mark(first) else None
        if token is None and self._settings.refresh:
            token = _revealed(self._settings, "refresh")
        if not token:
            raise StoppedError(f"Taobao refuses the session ({why}), and there is no refresh token; {_AGAIN}")
        try:
            told = await self._patiently(_RENEW, {"refresh_token": token}, None)
        except (RefusedError, _StaleError, StoppedError) as error:
            said = self._without_secrets(str(error))
            raise StoppedError(f"Taobao does not renew the session: {said}; {_AGAIN}") from None
        result = told.get("token_result")
        found = result if isinstance(result, Mapping) else said_in(str(result).encode())
        session = (found or {}).get("access_token")
        if not isinstance(session, str) or not session:
            raise StoppedError(f"Taobao renews the session with an answer that has none; {_AGAIN}")
        renewed = str((found or {}).get("refresh_token") or token)
        try:
            kept.keep({"of": _mark(first), "session": session, "refresh": renewed})
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise StoppedError(f"the renewed session cannot be kept in {self._context.tokens}: {why}") from None

    def _kept(self) -> KeptTokens:
        if self._tokens is None:
            self._tokens = KeptTokens(self._context.tokens)
        return self._tokens

    def _without_secrets(self, text: str) -> str:
        secrets = [_revealed(self._settings, "secret"), self._session(), self._kept().get("refresh") or ""]
        if self._settings.refresh:
            secrets.append(_revealed(self._settings, "refresh"))
        for secret in secrets:
            text = text.replace(secret, "…") if secret else text
        return text


def current(first: str, kept: KeptTokens) -> str:
    """The session that was renewed last, as long as the settings still have the one (`first`) that it came from."""
    return (kept.get("session") or first) if kept.get("of") == _mark(first) else first


def _revealed(settings: Settings, name: str) -> str:
    try:
        return {"secret": settings.secret, "session": settings.session, "refresh": settings.refresh}[name].reveal()
    except RulesError as error:
        raise StoppedError(error.diagnostics[0].message) from None


def _mark(session: str) -> str:
    """By what a kept session is known to come from the one of the settings, which is not kept itself."""
    return hashlib.sha256(json.dumps(["rulecrm-taobao", session]).encode()).hexdigest()

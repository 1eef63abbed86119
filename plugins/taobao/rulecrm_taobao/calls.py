"""The router, asked until it answers.

In: a method and its arguments. Out: what stands below the root of its answer.
Invariant: only calls that read are made here, so that each may be made again; no message has a secret in it, even where
the platform repeats one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from rulecrm import RulesError
from rulecrm.plugin import PlatformContext, StoppedError
from rulecrm.plugin.pulling import Pace, Patience, TroubledError
from rulecrm.plugin.renewing import RenewedToken, StaleTokenError, Tokens
from rulecrm.plugin.wire import Wire
from rulecrm_taobao.envelope import Means, Said, form_of, root_of, said_in
from rulecrm_taobao.settings import Settings

__all__ = ["Calls", "RefusedError"]

_BURST = 10
_RENEW = "taobao.top.auth.token.refresh"

Answer = Mapping[str, object]


class RefusedError(Exception):
    """One call was refused for what it asks for; others may go well."""


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
        self._session = RenewedToken(settings.session, settings.refresh_token, context.tokens, self._renewed)

    def __repr__(self) -> str:
        return f"<Calls of {self._settings.app_key}>"

    async def ask(self, method: str, arguments: Mapping[str, str], *, session: bool = True) -> Answer:
        """Ask until there is an answer, with the session renewed where it has run out.

        Raises:
            RefusedError: this call is refused, whoever asks it.
            StoppedError: all calls are, until somebody does something.
            LaterError: the platform is away, or wants to be left alone for long.
        """
        try:
            if not session:
                return await self._patiently(method, arguments, None)
            return await self._session.used(lambda token: self._patiently(method, arguments, token))
        except RulesError as error:
            raise StoppedError(error.diagnostics[0].message) from None

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _patiently(self, method: str, arguments: Mapping[str, str], session: str | None) -> Answer:
        return await Patience().call(self._context, lambda: self._once(method, arguments, session))

    async def _once(self, method: str, arguments: Mapping[str, str], session: str | None) -> Answer:
        given = self._settings
        if self._pace is None:
            self._pace = Pace(given.per_second, _BURST, self._context)
        await self._pace.turn()
        secret = given.app_secret.reveal()
        form = form_of(
            method, arguments, key=given.app_key, secret=secret, session=session, way=given.sign_method,
            now=self._context.now(),
        )  # fmt: skip
        reply = await self._wire.call("POST", "", form=form)
        document = said_in(reply.body)
        found = None if document is None or reply.status >= 400 else root_of(document, method)
        if found is None:
            raise TroubledError(f"Taobao answers {method} with HTTP {reply.status} and no answer that can be read")
        if isinstance(found, Said):
            shown = str(found)
            for hidden in (secret, session, arguments.get("refresh_token")):
                shown = shown.replace(hidden, "…") if hidden else shown
            _refuse(found, f"Taobao answers {method} with {shown}")
        return found

    async def _renewed(self, refresh: str) -> Tokens:
        try:
            told = await self._patiently(_RENEW, {"refresh_token": refresh}, None)
        except (RefusedError, StaleTokenError) as error:
            raise StoppedError(f"{error}: authorise the application again") from None
        result = told.get("token_result")
        found = (result if isinstance(result, Mapping) else said_in(str(result).encode())) or {}
        session, again = found.get("access_token"), found.get("refresh_token")
        if not isinstance(session, str) or not session:
            raise StoppedError("Taobao gives no session for the refresh token: authorise the application again")
        return Tokens(session, again if isinstance(again, str) else "")


def _refuse(said: Said, text: str) -> NoReturn:
    match said.means:
        case Means.LATER:
            raise TroubledError(text, said.ban)
        case Means.SESSION:
            raise StaleTokenError(text)
        case Means.REFUSED:
            raise RefusedError(text)
    if said.clock:
        raise StoppedError("Taobao finds the clock of this machine wrong by more than ten minutes; set it")
    raise StoppedError(f"{text}; see the application's key, secret and permissions")

"""Calls about one order, for the channels.

In: an address: an order's id and its marketplace; a call. Out: what Amazon answered, or what that means for the
message.
Invariant: a call that sends is made once; whatever comes to nothing before it has sent nothing, and is told so.

An address is `302-1234567-1234567@A1PA6795UKMFR9`, as the attribute `amazon_order` of customers has it; without a
marketplace it is of the account's, where the account has one alone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from attrs import evolve, frozen

from rulecrm.plugin import Answer, Answered, Context
from rulecrm.plugin.tokens import AccessToken, token_of, tokenless
from rulecrm.plugin.wire import FailedError, Reply, Wire
from rulecrm_amazon.api import error_of, is_stale
from rulecrm_amazon.lwa import PATH, form_of, refusal
from rulecrm_amazon.settings import Outreach

__all__ = ["Line", "Recipient"]

_ADDRESS = re.compile(r"(\d{3}-\d{7}-\d{7})(?:@([A-Z0-9]{10,16}))?\Z")
_UNAVAILABLE = re.compile(r"not available for this amazonOrderId|outside the .* range", re.IGNORECASE)
"""Amazon says with the code Unauthorized, too, that an order is not to be written about
(github.com/amzn/selling-partner-api-models/issues/19, amzn/selling-partner-api-docs/issues/121)."""
_SECOND = dt.timedelta(seconds=1)


@frozen
class Recipient:
    """The order that a message is about."""

    order: str
    marketplace: str


class Line:
    """The API as a channel calls it."""

    def __init__(self, account: Outreach, context: Context) -> None:
        self._account = account
        self._now = context.now
        self._token = AccessToken(self._fetch, context.now)
        self._wire = Wire("Amazon", account.endpoint, account.timeout)
        self._login = Wire("Login with Amazon", account.auth_url, account.timeout)

    def recipient(self, address: str) -> Recipient:
        """The order that an address names.

        Raises:
            FailedError: it names none, or no marketplace.
        """
        found = _ADDRESS.match(address.strip())
        if found is None:
            raise FailedError(Answer(Answered.DEAD_ADDRESS, detail="that is no order of Amazon"))
        marketplace = found[2] or (self._account.ids[0] if len(self._account.ids) == 1 else None)
        if marketplace is None:
            raise FailedError(Answer(Answered.CONFIG, detail="the address names no marketplace: ORDER@MARKETPLACE"))
        return Recipient(found[1], marketplace)

    async def look(self, path: str, query: Mapping[str, str]) -> Mapping[str, object]:
        """Ask something about an order before anything is sent.

        Raises:
            FailedError: nothing was sent.
        """
        reply = await self._call("GET", f"{path}?{urlencode(query)}", None)
        if isinstance(reply, Answer):
            raise FailedError(_unsent(reply))
        if reply.status == 200 and reply.document is not None:
            return reply.document
        if reply.status in {400, 404}:
            raise FailedError(Answer(Answered.DEAD_ADDRESS, code=_code(reply), detail="Amazon knows no such order"))
        raise FailedError(_unsent(self._refused(reply)))

    async def send(self, path: str, query: Mapping[str, str], document: Mapping[str, object] | None) -> Answer:
        """Make the call that sends.

        Raises:
            FailedError: there is no token to be had.
        """
        reply = await self._call("POST", f"{path}?{urlencode(query)}", document)
        if isinstance(reply, Answer):
            return reply
        if reply.status == 201:
            return Answer(Answered.ACCEPTED)
        if reply.status in {400, 413, 415}:
            return Answer(Answered.POLICY, code=_code(reply), detail="Amazon does not take these words")
        return self._refused(reply)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()
        await self._login.close()

    def _refused(self, reply: Reply) -> Answer:
        code, message, _ = error_of(reply)
        if reply.status == 429:
            return Answer(Answered.RETRY, not_before=self._now() + _SECOND, code=code or None, route=True,
                          detail="too many calls")  # fmt: skip
        if reply.status in {401, 403} and _UNAVAILABLE.search(message):
            return Answer(Answered.POLICY, code=code or None, detail="Amazon does not allow it for this order")
        if reply.status in {401, 403}:
            return Answer(Answered.CONFIG, code=code or None, detail="the application has no role or no authorisation")
        if reply.status == 404:
            return Answer(Answered.DEAD_ADDRESS, code=code or None, detail="Amazon knows no such order")
        return Answer(Answered.UNKNOWN, code=code or None, detail=f"HTTP {reply.status}")

    async def _call(self, method: str, path: str, document: Mapping[str, object] | None) -> Reply | Answer:
        async def call(token: str) -> Reply | Answer:
            return await self._wire.ask(method, path, document=document, headers=lambda: {"x-amz-access-token": token})

        return await self._token.used(call, lambda found: isinstance(found, Reply) and is_stale(found))

    async def _fetch(self) -> tuple[str, dt.timedelta]:
        reply = await self._login.ask("POST", PATH, form=self._form())
        if isinstance(reply, Answer):
            raise FailedError(tokenless(reply))
        said = refusal(reply)
        if said is not None:
            raise FailedError(tokenless(Answer(Answered.CONFIG, code=said, detail=said)))
        found = token_of(reply.document or {}, dt.timedelta(hours=1))
        if reply.status != 200 or found is None:
            raise FailedError(tokenless(Answer(Answered.RETRY, detail=f"HTTP {reply.status}")))
        return found

    def _form(self) -> Mapping[str, str]:
        from rulecrm import RulesError

        try:
            return form_of(self._account, self._account.refresh_token.reveal())
        except RulesError as error:
            raise FailedError(Answer(Answered.CONFIG, detail=error.diagnostics[0].message)) from None


def _unsent(answer: Answer) -> Answer:
    """What the answer to a question means for the message: it has not gone out."""
    return evolve(answer, outcome=Answered.RETRY) if answer.outcome is Answered.UNKNOWN else answer


def _code(reply: Reply) -> str | None:
    return error_of(reply)[0] or None

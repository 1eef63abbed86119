"""The channel: one request a message to `POST /2010-04-01/Accounts/{account}/Messages.json`.

In: messages. Out: answers; webhooks become receipts (`receipts`).
Invariant: a message is requested once. Twilio knows no idempotency keys here and messages cannot be found again by
anything of ours, so an answer that is lost stays `unknown` until a receipt names the key.

Why not Twilio's SDK: the API's address is fixed in it, and its exceptions do not tell a connection that never came
about from one that was cut after the request.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

from attrs import evolve

from rulecrm.plugin import Answer, Answered, Context, Message, Price, Rate, Request, Response, Traits
from rulecrm.plugin.wire import Wire
from rulecrm_twilio.answers import answer_of
from rulecrm_twilio.receipts import hear
from rulecrm_twilio.settings import Settings

__all__ = ["Twilio"]

_LONGEST_VALIDITY = 36_000
"""Seconds for which Twilio keeps a message in its queue at most."""


class Twilio:
    """A route through Twilio."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self.traits = Traits(
            channel="sms",
            provider="twilio",
            address="phone",
            rates=(Rate(settings.per_second, 1.0),) if settings.per_second else (),
            concurrency=settings.concurrency,
            longest=settings.longest,
            segments=True,
            price=Price(settings.price, settings.currency) if settings.price is not None else None,
        )
        self._settings = settings
        self._context = context
        self._wire = Wire(
            "Twilio", settings.endpoint, settings.timeout,
            proxy=settings.proxy, agent="rulecrm-twilio", connections=settings.concurrency,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Twilio({self._settings.account!r}, {self._context.name!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Request each message; one answer each, in order."""
        return await asyncio.gather(*(self._one(message) for message in batch))

    def hear(self, request: Request) -> Response:
        """What a webhook tells; the same address takes status callbacks and incoming messages."""
        return hear(request, self._settings, self._context)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _one(self, message: Message) -> Answer:
        path = f"/2010-04-01/Accounts/{self._settings.account}/Messages.json"
        reply = await self._wire.ask("POST", path, form=self._form(message), headers=self._headers)
        if isinstance(reply, Answer):
            return evolve(reply, route=reply.outcome is Answered.RETRY)
        return answer_of(reply.status, reply.headers, reply.body, self._context.now)

    def _headers(self) -> Mapping[str, str]:
        given = self._settings
        key, secret = (given.key, given.key_secret) if given.key else (given.account, given.token)
        basic = base64.b64encode(f"{key}:{secret.reveal()}".encode()).decode()
        return {"accept": "application/json", "authorization": f"Basic {basic}"}

    def _form(self, message: Message) -> dict[str, str]:
        given, content = self._settings, message.content
        form = {"To": message.address}
        if given.service:
            form["MessagingServiceSid"] = given.service
        else:
            form["From"] = given.sender or ""
        if content.code:
            form["ContentSid"] = content.code
            if content.parameters:
                form["ContentVariables"] = json.dumps(dict(content.parameters), ensure_ascii=False)
        else:
            form["Body"] = content.text
        if given.callback:
            form["StatusCallback"] = with_key(given.callback, message.key)
        if message.expires is not None:
            left = int((message.expires - self._context.now()).total_seconds())
            form["ValidityPeriod"] = str(min(max(left, 1), _LONGEST_VALIDITY))
        return form


def with_key(url: str, key: str) -> str:
    """The callback's address with the message's key, which Twilio signs with the rest of it."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode({"key": key})) if part)
    return urlunsplit(parts._replace(query=query))

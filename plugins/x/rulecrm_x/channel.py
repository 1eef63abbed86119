"""The channel.

In: messages, posts, webhooks. Out: answers, receipts.
Invariant: a message is one call, made once: X minds no idempotency key, so that a lost answer stays `unknown`.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence

from rulecrm.plugin import (
    Answer,
    Answered,
    Content,
    Context,
    Forged,
    Message,
    Rate,
    Receipt,
    Received,
    Request,
    Response,
    Traits,
)
from rulecrm.plugin.wire import Wire
from rulecrm_x.answers import answer_of
from rulecrm_x.oauth import Keys, authorization
from rulecrm_x.settings import Settings

__all__ = ["X"]


class X:
    """An account that writes to those whose settings allow it."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._now = context.now
        self._wire = Wire("X", settings.url, settings.timeout, agent="rulecrm-x")
        self.traits = Traits(
            channel="social", provider="x", address="x",
            rates=(Rate(settings.per_quarter_hour, 900.0), Rate(settings.per_day, 86_400.0)), longest=10_000,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"X({self._settings.url!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send direct messages, one after the other."""
        return [await self._send(message) for message in batch]

    async def post(self, content: Content, key: str) -> Answer:  # noqa: ARG002 - X minds no key
        """Post to the account's timeline."""
        return await self._call("/2/tweets", {"text": content.text}, "id")

    def hear(self, request: Request) -> Response:
        """A webhook of the Account Activity API, or its question whether we know the app's secret.

        Raises:
            Forged: the signature is missing or wrong.
            ValueError: it makes no sense.
        """
        secret = self._settings.api_secret.reveal().encode()
        if request.method == "GET":
            token = request.query.get("crc_token")
            if not token:
                raise ValueError("there is no crc_token")
            answer = json.dumps({"response_token": f"sha256={_mac(secret, token.encode('utf-8', 'replace'))}"})
            return Response(body=answer.encode(), media_type="application/json")
        given = request.headers.get("x-twitter-webhooks-signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, f"sha256={_mac(secret, request.body)}".encode()):
            raise Forged("the signature is missing or wrong")
        return Response(_receipts(request.document(), self._settings.stop_words))

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _send(self, message: Message) -> Answer:
        if not (message.address.isascii() and message.address.isdecimal()):
            return Answer(Answered.DEAD_ADDRESS, detail="the address is no number of an account")
        path = f"/2/dm_conversations/with/{message.address}/messages"
        return await self._call(path, {"text": message.content.text}, "dm_event_id")

    async def _call(self, path: str, document: Mapping[str, object], name: str) -> Answer:
        reply = await self._wire.ask("POST", path, document=document, headers=lambda: self._headers(path))
        return reply if isinstance(reply, Answer) else answer_of(reply, name, self._now())

    def _headers(self, path: str) -> Mapping[str, str]:
        given = self._settings
        keys = Keys(
            given.api_key.reveal(), given.api_secret.reveal(), given.access_token.reveal(), given.access_secret.reveal()
        )
        url, seconds = f"{given.url.rstrip('/')}{path}", int(self._now().timestamp())
        return {"authorization": authorization("POST", url, keys, secrets.token_hex(16), seconds)}


def _mac(secret: bytes, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()


def _receipts(event: Mapping[str, object], stop_words: Sequence[str]) -> list[Receipt]:
    """Direct messages to the account; its own come back, too, and are left out."""
    account, found = event.get("for_user_id"), event.get("direct_message_events")
    receipts = []
    for one in found if isinstance(found, list) else ():
        created = one.get("message_create") if isinstance(one, Mapping) else None
        if not isinstance(created, Mapping) or one.get("type") != "message_create":
            continue
        sender, data = str(created.get("sender_id")), created.get("message_data")
        if sender == account or not sender.isdecimal():
            continue
        text = str(data.get("text", "")) if isinstance(data, Mapping) else ""
        stops = text.strip().casefold() in {word.casefold() for word in stop_words}
        what = Received.UNSUBSCRIBED if stops else Received.REPLIED
        receipts.append(Receipt(str(one.get("id")), what, _at(one), address=sender, text=text or None))
    return receipts


def _at(event: Mapping[str, object]) -> dt.datetime:
    stamp = str(event.get("created_timestamp", ""))
    if not stamp.isdecimal() or len(stamp) > 14:
        raise ValueError("the event says no time")
    return dt.datetime.fromtimestamp(int(stamp) / 1000, dt.UTC)

"""Messages of Messenger and Instagram, and posts of a page.

In: messages, posts, webhooks. Out: answers, receipts.
Invariant: a message is one call, made once: Meta minds no idempotency key, so that a lost answer stays `unknown`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256

from rulecrm.plugin import Answer, Answered, Content, Context, Forged, Message, Rate, Request, Response, Traits
from rulecrm.plugin.wire import Wire
from rulecrm_meta.answers import refused
from rulecrm_meta.events import receipts_of
from rulecrm_meta.settings import Settings

__all__ = ["MetaMessages"]

_LONGEST = {"messenger": 2_000, "instagram": 1_000}
"""Characters: https://developers.facebook.com/docs/messenger-platform/reference/send-api and its page of Instagram."""


class MetaMessages:
    """A page, or an Instagram account, that answers people who wrote to it."""

    def __init__(self, settings: Settings, context: Context, provider: str) -> None:
        self._settings = settings
        self._now = context.now
        self._wire = Wire("Meta", settings.url, settings.timeout, agent="rulecrm-meta")
        self.traits = Traits(
            channel="social", provider=provider, address=provider, rates=(Rate(settings.per_second, 1.0),),
            longest=_LONGEST[provider],
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"MetaMessages({self.traits.provider!r}, {self._settings.url!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send messages, one after the other."""
        return [await self._send(message) for message in batch]

    async def post(self, content: Content, key: str) -> Answer:  # noqa: ARG002 - Meta minds no key
        """Post on the page."""
        if self.traits.provider != "messenger":
            return Answer(Answered.POLICY, detail="Instagram takes posts with pictures alone")
        return await self._call("feed", {"message": content.text}, "id")

    def hear(self, request: Request) -> Response:
        """A webhook of the page, or Meta's question whether it is ours.

        Raises:
            Forged: the signature or the word is missing or wrong, or none was set.
            ValueError: it makes no sense.
        """
        if request.method == "GET":
            return self._handshake(request)
        secret = self._settings.app_secret
        given = request.headers.get("x-hub-signature-256", "").encode("utf-8", "replace")
        if not secret:
            raise Forged("no app_secret is set, so no webhook can be Meta's")
        mac = hmac.new(secret.reveal().encode(), request.body, sha256).hexdigest()
        if not hmac.compare_digest(given, f"sha256={mac}".encode()):
            raise Forged("the signature is missing or wrong")
        return Response(receipts_of(request.document(), self._settings.stop_words))

    def _headers(self) -> Mapping[str, str]:
        # In a header no log of addresses shows it.
        return {"authorization": f"Bearer {self._settings.token.reveal()}"}

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    def _handshake(self, request: Request) -> Response:
        word, query = self._settings.verify_token, request.query
        given = query.get("hub.verify_token", "").encode("utf-8", "replace")
        if not word or query.get("hub.mode") != "subscribe" or not hmac.compare_digest(given, word.reveal().encode()):
            raise Forged("the verify_token is missing or wrong")
        challenge = query.get("hub.challenge", "")
        if not challenge.isalnum():
            raise ValueError("the challenge is no word")
        return Response(body=challenge.encode())

    async def _send(self, message: Message) -> Answer:
        if not (message.address.isascii() and message.address.isdecimal()):
            return Answer(Answered.DEAD_ADDRESS, detail="the address is no id of a person at this page")
        document: dict[str, object] = {
            "recipient": {"id": message.address},
            "messaging_type": "MESSAGE_TAG" if self._settings.tag else "RESPONSE",
            "message": {"text": message.content.text},
        }
        if self._settings.tag:
            document["tag"] = self._settings.tag
        return await self._call("messages", document, "message_id")

    async def _call(self, what: str, document: dict[str, object], name: str) -> Answer:
        path = f"/{self._settings.version}/{self._settings.page}/{what}"
        reply = await self._wire.ask("POST", path, document=document, headers=self._headers)
        if isinstance(reply, Answer):
            return reply
        answer = refused(reply, self._now())
        if answer is not None:
            return answer
        found = (reply.document or {}).get(name)
        if not isinstance(found, str) or not found:
            return Answer(Answered.UNKNOWN, detail="the answer names no message")
        return Answer(Answered.ACCEPTED, provider_id=found)

"""The channel.

In: messages, webhooks. Out: answers, receipts.
Invariant: a message is posted once; whether the 24 hours of a conversation are open is Meta's to say. The token is in a
header, which no log shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rulecrm.plugin import Answer, Answered, Context, Message, Rate, Request, Response, Traits
from rulecrm.plugin.wire import Wire
from rulecrm_whatsapp.answers import answer_of
from rulecrm_whatsapp.bodies import body_of, number_of
from rulecrm_whatsapp.settings import Settings
from rulecrm_whatsapp.webhooks import challenge_of, receipts_of

__all__ = ["WhatsApp"]


class WhatsApp:
    """A phone number of the business's on WhatsApp."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._now = context.now
        self._wire = Wire(
            "the Graph API", settings.url, settings.timeout, proxy=settings.proxy, agent="rulecrm-whatsapp/0.1.0"
        )
        rates = (Rate(settings.per_second, 1.0), Rate(1, 6.0, recipient=True))
        self.traits = Traits(
            channel="im",
            provider="whatsapp",
            address="phone",
            rates=rates if settings.per_day is None else (*rates, Rate(settings.per_day, 86_400.0)),
            concurrency=32,
            longest=4_096,
        )

    def __repr__(self) -> str:
        return f"WhatsApp({self._settings.phone_number_id!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send messages, one after the other."""
        return [await self._send(message) for message in batch]

    async def _send(self, message: Message) -> Answer:
        if not number_of(message.address):
            return Answer(Answered.DEAD_ADDRESS, detail="that is no phone number")
        path = f"/{self._settings.version}/{self._settings.phone_number_id}/messages"
        document = body_of(message, self._settings)
        reply = await self._wire.ask("POST", path, document=document, headers=self._headers)
        return reply if isinstance(reply, Answer) else answer_of(reply, self._now())

    def _headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self._settings.token.reveal()}"}

    def hear(self, request: Request) -> Response:
        """A webhook: Meta's handshake (GET), or what it tells (POST).

        Raises:
            Forged: it is not Meta's.
            ValueError: it is Meta's, and makes no sense.
        """
        if request.method == "GET":
            return Response(body=challenge_of(request, self._settings))
        return Response(receipts_of(request, self._settings))

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

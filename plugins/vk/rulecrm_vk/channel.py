"""The channel.

In: messages, posts, webhooks. Out: answers, receipts.
Invariant: a message is one call of `messages.send`, with a `random_id` made of its key: VK delivers it once, however
often it is asked within an hour.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Mapping, Sequence
from uuid import UUID

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
from rulecrm_vk.answers import answer_of
from rulecrm_vk.settings import Settings

__all__ = ["Vk"]


class Vk:
    """A community that writes to those who allow it."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._now = context.now
        self._wire = Wire("VK", settings.url, settings.timeout, agent="rulecrm-vk")
        self.traits = Traits(
            channel="social", provider="vk", address="vk", rates=(Rate(settings.per_second, 1.0),), idempotent=True,
            # How long VK minds a random_id is an hour by its documentation; less is claimed here.
            remembers=dt.timedelta(minutes=45), longest=9_000, day_zone="Europe/Moscow",
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Vk({self._settings.url!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send messages, one after the other."""
        return [await self._send(message) for message in batch]

    async def post(self, content: Content, key: str) -> Answer:
        """Write on the community's wall; `guid` keeps VK from doing it twice."""
        if not self._settings.group:
            return Answer(Answered.CONFIG, detail="posts need the setting `group`")
        parameters = {
            "owner_id": -self._settings.group,
            "from_group": 1,
            "message": content.text,
            "guid": UUID(key).hex,
        }
        return await self._call("wall.post", parameters)

    def hear(self, request: Request) -> Response:
        """An event of the Callback API.

        Raises:
            Forged: the secret is missing or wrong, or none was set.
            ValueError: it makes no sense.
        """
        try:
            event = request.document()
        except ValueError as error:
            raise Forged(f"{error}, so that no secret is in it") from None
        secret = self._settings.secret
        given = str(event.get("secret", "")).encode("utf-8", "replace")
        if not secret or not hmac.compare_digest(given, secret.reveal().encode()):
            raise Forged("the secret is missing or wrong")
        if self._settings.group and event.get("group_id") != self._settings.group:
            raise Forged("it is of another community")
        if event.get("type") == "confirmation":
            return Response(body=self._settings.confirmation.encode())
        return Response(_receipts(event, self._settings.stop_words, self._now()), body=b"ok")

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _send(self, message: Message) -> Answer:
        if not message.address.isdecimal():
            return Answer(Answered.DEAD_ADDRESS, detail="the address is no number of a profile")
        parameters = {"user_id": message.address, "message": message.content.text, "random_id": message.number}
        return await self._call("messages.send", parameters)

    async def _call(self, method: str, parameters: Mapping[str, object]) -> Answer:
        form = {name: str(value) for name, value in parameters.items()}
        reply = await self._wire.ask(
            "POST", f"/method/{method}", form={**form, "v": self._settings.version}, headers=self._headers
        )
        return reply if isinstance(reply, Answer) else answer_of(reply, self._now())

    def _headers(self) -> Mapping[str, str]:
        # In a header no log of addresses shows it.
        return {"authorization": f"Bearer {self._settings.token.reveal()}"}


def _receipts(event: Mapping[str, object], stop_words: Sequence[str], now: dt.datetime) -> list[Receipt]:
    about, name = event.get("object"), event.get("event_id")
    if not isinstance(about, Mapping) or not isinstance(name, str):
        raise ValueError("an event has an object and an event_id")  # noqa: TRY004 - it is the provider's text
    match event.get("type"):
        case "message_new":
            inner = about.get("message")
            message = inner if isinstance(inner, Mapping) else about
            text = str(message.get("text", ""))
            stops = text.strip().casefold() in {word.casefold() for word in stop_words}
            what = Received.UNSUBSCRIBED if stops else Received.REPLIED
            return [Receipt(name, what, _at(message, now), address=_person(message.get("from_id")), text=text or None)]
        case "message_deny":
            return [Receipt(name, Received.UNSUBSCRIBED, now, address=_person(about.get("user_id")))]
    return []


def _person(number: object) -> str:
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError("the event names no person")  # noqa: TRY004 - it is the provider's text
    return str(number)


def _at(message: Mapping[str, object], now: dt.datetime) -> dt.datetime:
    seconds = message.get("date")
    if not isinstance(seconds, int) or not 0 < seconds < 2**33:
        return now
    return dt.datetime.fromtimestamp(seconds, dt.UTC)

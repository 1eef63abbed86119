"""The channel.

In: messages, updates. Out: answers, receipts.
Invariant: a message is one call of `sendMessage`, made once. Updates are confirmed to Telegram only by the next poll,
when the receipts of the last one are kept. The token is part of every address, and sealed into it.
"""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Mapping, Sequence

from rulecrm.plugin import Answer, Context, Forged, Message, Rate, Receipt, Request, Response, Traits
from rulecrm.plugin.wire import LostError, Seal, UnreachedError, Wire
from rulecrm_telegram.answers import answer_of
from rulecrm_telegram.settings import Settings
from rulecrm_telegram.updates import WANTED, SenselessError, receipts_of

__all__ = ["Telegram"]

_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_LOG = logging.getLogger(__name__)


class Telegram:
    """A bot that writes to those who have written to it."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._now = context.now
        self._wire = Wire(
            "Telegram", settings.url, settings.timeout, proxy=settings.proxy, agent="rulecrm-telegram/0.1.0"
        )
        self.traits = Traits(
            channel="im",
            provider="telegram",
            address="telegram",
            # https://core.telegram.org/bots/faq: about 30 messages a second in all, one a second to a chat.
            rates=(Rate(settings.per_second, 1.0), Rate(1, 1.0, recipient=True)),
            longest=4_096,
        )

    def __repr__(self) -> str:
        return f"Telegram({self._settings.url!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send messages, one after the other."""
        return [await self._send(message) for message in batch]

    async def _send(self, message: Message) -> Answer:
        reply = await self._wire.ask("POST", "/bot/sendMessage", document=self._arguments(message), seal=self._seal)
        return reply if isinstance(reply, Answer) else answer_of(reply, message.address, self._now())

    def _arguments(self, message: Message) -> dict[str, object]:
        arguments: dict[str, object] = {"chat_id": _chat_id(message.address), "text": message.content.text}
        if not self._settings.preview:
            arguments["link_preview_options"] = {"is_disabled": True}
        if self._settings.silent:
            arguments["disable_notification"] = True
        label, link = message.content.extra.get("button"), message.content.extra.get("link")
        if label and link:
            arguments["reply_markup"] = {"inline_keyboard": [[{"text": label, "url": link}]]}
        return arguments

    def hear(self, request: Request) -> Response:
        """An update that Telegram posts.

        Raises:
            Forged: the secret of the webhook is missing or wrong, or none was set.
            ValueError: it is no update.
        """
        if not self._settings.webhook_secret:
            raise Forged("no webhook_secret is set, so no webhook can be Telegram's")
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode(), self._settings.webhook_secret.reveal().encode()):
            raise Forged("the secret token is missing or wrong")
        if request.method != "POST":
            raise SenselessError("updates are posted")
        return Response(receipts_of(request.document(), self._settings.stop_words))

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        """The next updates, at most a hundred; none where they come by webhook.

        Raises:
            OSError: Telegram was not reached or refused; the message shows no token.
        """
        if self._settings.webhook_secret:
            return (), cursor
        arguments: dict[str, object] = {"timeout": 0, "limit": 100, "allowed_updates": list(WANTED)}
        if cursor is not None:
            arguments["offset"] = int(cursor)
        try:
            reply = await self._wire.call("POST", "/bot/getUpdates", document=arguments, seal=self._seal())
        except (UnreachedError, LostError) as error:
            raise ConnectionError(f"Telegram gave no updates: {error}") from None
        updates = reply.document.get("result") if reply.document else None
        if not isinstance(updates, list):
            # 409: a webhook is set, or somebody else polls.
            raise ConnectionError(f"Telegram gave no updates: HTTP {reply.status}")
        receipts: list[Receipt] = []
        for update in updates:
            try:
                receipts += receipts_of(update, self._settings.stop_words)
            except ValueError as error:
                # One that makes no sense must not stand in the way of the others.
                _LOG.warning("an update of Telegram's was left out: %s", error)
            number = update.get("update_id") if isinstance(update, Mapping) else None
            if isinstance(number, int):
                cursor = str(number + 1)
        return receipts, cursor

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    def _seal(self) -> Seal:
        """`…/bot/sendMessage` becomes `…/bot123:ABC/sendMessage`."""
        token = self._settings.token.reveal().encode()
        return lambda url: url.copy_with(raw_path=(b"/bot" + token + b"/").join(url.raw_path.rsplit(b"/bot/", 1)))


def _chat_id(address: str) -> int | str:
    """A number where it is one; otherwise the name of a public group or channel."""
    return int(address) if _NUMBER.fullmatch(address) else address

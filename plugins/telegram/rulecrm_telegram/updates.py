"""What people do with the bot.

In: updates of the Bot API, by webhook or fetched. Out: receipts.
Invariant: an update that is told twice gives receipts with the same id; what is of no interest gives none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from rulecrm.plugin import Receipt, Received
from rulecrm_telegram.answers import message_name

__all__ = ["WANTED", "SenselessError", "receipts_of"]

WANTED = ("message", "my_chat_member")
"""The kinds of updates that are of use, as `setWebhook` and `getUpdates` take them."""


class SenselessError(ValueError):
    """What was posted is no update."""


_GONE = frozenset({"kicked", "left"})


def receipts_of(update: object, stop_words: Iterable[str]) -> list[Receipt]:
    """The receipts of an update: a reply, a withdrawal, or none.

    Raises:
        ValueError: it is no update.
    """
    if not isinstance(update, Mapping) or not isinstance(update.get("update_id"), int):
        raise SenselessError("an update has no update_id")
    number = update["update_id"]
    if "message" in update:
        return _message(f"update-{number}", _part(update, "message"), {word.casefold() for word in stop_words})
    if "my_chat_member" in update:
        return _member(f"update-{number}", _part(update, "my_chat_member"))
    return []


def _message(number: str, message: Mapping[str, object], stop_words: set[str]) -> list[Receipt]:
    sender = message.get("from")
    if isinstance(sender, Mapping) and sender.get("is_bot") is True:
        return []
    chat = _chat(message)
    words = message.get("text", message.get("caption"))
    text = words if isinstance(words, str) else None
    stops = text is not None and _command(text) in stop_words
    answered = message.get("reply_to_message")
    of = answered.get("message_id") if isinstance(answered, Mapping) else None
    return [
        Receipt(
            number,
            Received.UNSUBSCRIBED if stops else Received.REPLIED,
            _at(message),
            # Whoever says stop says it to the bot, whatever message that was an answer to.
            provider_id=message_name(chat, of) if isinstance(of, int) and not stops else None,
            address=chat,
            text=text,
        )
    ]


def _command(text: str) -> str:
    """The words without spaces around them, and a command without the name of the bot: `/stop@shop_bot`."""
    word = text.strip().casefold()
    return word.partition("@")[0] if word.startswith("/") else word


def _member(number: str, change: Mapping[str, object]) -> list[Receipt]:
    member = _part(change, "new_chat_member")
    if member.get("status") not in _GONE:
        return []
    return [
        Receipt(number, Received.UNSUBSCRIBED, _at(change), address=_chat(change), reason=str(member.get("status")))
    ]


def _part(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = document.get(name)
    if not isinstance(part, Mapping):
        raise SenselessError(f"an update has no {name}")
    return part


def _chat(document: Mapping[str, object]) -> str:
    chat = _part(document, "chat").get("id")
    if not isinstance(chat, int):
        raise SenselessError("a chat has no id")
    return str(chat)


def _at(document: Mapping[str, object]) -> dt.datetime:
    date = document.get("date")
    if not isinstance(date, int):
        raise SenselessError("an update has no date")
    try:
        return dt.datetime.fromtimestamp(date, dt.UTC)
    except (OverflowError, OSError) as error:
        raise SenselessError("an update's date is none") from error

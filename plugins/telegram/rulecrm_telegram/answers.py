"""What Telegram's answers mean.

In: an answer of the Bot API. Out: an `Answer`.
Invariant: what is not known to have been refused is `unknown`; the description is shown only where it is one that is
listed here, for Telegram might repeat an address in it.

The texts are those that bots have met (the Bot API documents codes alone): `TelegramBotAPI/errors` and
`vrumger/telegram-errors` on GitHub collect them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

from rulecrm.plugin import Answer, Answered, retry_after
from rulecrm.plugin.wire import Reply

__all__ = ["answer_of", "message_name"]

_BY_TEXT: tuple[tuple[str, Answered], ...] = (
    ("bot was blocked by the user", Answered.OPTED_OUT),
    ("bot was kicked", Answered.OPTED_OUT),
    ("bot is not a member", Answered.OPTED_OUT),
    ("user is deactivated", Answered.DEAD_ADDRESS),
    ("bot can't send messages to bots", Answered.DEAD_ADDRESS),
    # Whoever never wrote to the bot has not said no to it.
    ("bot can't initiate conversation", Answered.POLICY),
    ("chat not found", Answered.DEAD_ADDRESS),
    ("user not found", Answered.DEAD_ADDRESS),
    ("peer_id_invalid", Answered.DEAD_ADDRESS),
    ("chat_id is empty", Answered.DEAD_ADDRESS),
    ("group chat was upgraded to a supergroup chat", Answered.DEAD_ADDRESS),
    ("group chat was deactivated", Answered.DEAD_ADDRESS),
    ("message is too long", Answered.POLICY),
    ("message text is empty", Answered.POLICY),
    ("text must be non-empty", Answered.POLICY),
    ("text must be encoded in utf-8", Answered.POLICY),
    ("button_url_invalid", Answered.POLICY),
    ("not enough rights", Answered.POLICY),
    ("have no rights to send a message", Answered.POLICY),
    ("chat_write_forbidden", Answered.POLICY),
)

_FLOOD = dt.timedelta(seconds=5)
"""How long to wait where Telegram names no time."""


def answer_of(reply: Reply, address: str, now: dt.datetime) -> Answer:
    """What became of a message.

    Args:
        reply: of `sendMessage`.
        address: the chat it went to.
        now: the clock.
    """
    document = reply.document
    if document is None:
        return _unreadable(reply, now)
    if document.get("ok") is True:
        result = document.get("result")
        number = result.get("message_id") if isinstance(result, Mapping) else None
        if number is None:
            return Answer(Answered.UNKNOWN, detail="the answer holds no message")
        return Answer(Answered.ACCEPTED, provider_id=message_name(address, number))
    given = document.get("error_code")
    code = given if isinstance(given, int) else reply.status
    description = str(document.get("description", "")).lower()
    if code == 429:
        return _throttled(_until(document, reply, now), address)
    if code in {401, 404}:
        # The token is in the path: a wrong one is as often "not found" as it is "unauthorized".
        return Answer(Answered.CONFIG, code=str(code), detail="Telegram does not know the token")
    if code in {400, 403}:
        for text, outcome in _BY_TEXT:
            if text in description:
                return Answer(outcome, code=str(code), detail=text)
        return Answer(Answered.POLICY, code=str(code), detail="refused")
    if 400 <= code < 500:
        return Answer(Answered.POLICY, code=str(code), detail="refused")
    # Telegram documents no 5xx; a gateway's error may come after the message was taken.
    return Answer(Answered.UNKNOWN, code=str(code), detail="Telegram had an error")


def message_name(chat: str, number: object) -> str:
    """A name of a message. Telegram numbers messages chat by chat, and a chat's id is an address, kept covered."""
    return f"{hashlib.sha256(chat.encode()).hexdigest()[:16]}-{number}"


def _unreadable(reply: Reply, now: dt.datetime) -> Answer:
    """Of an answer that is not the Bot API's own."""
    code = str(reply.status)
    if reply.status == 429:
        return _throttled(_until({}, reply, now), "")
    if 300 <= reply.status < 500:
        return Answer(Answered.CONFIG, code=code, detail="this is not the Bot API's answer: look at `url` and `proxy`")
    return Answer(Answered.UNKNOWN, code=code, detail="the answer is none of the Bot API's")


def _until(document: Mapping[str, object], reply: Reply, now: dt.datetime) -> dt.datetime:
    parameters = document.get("parameters")
    given = parameters.get("retry_after") if isinstance(parameters, Mapping) else None
    headers = reply.headers if given is None else {"retry-after": str(given)}
    return retry_after(headers, now) or now + _FLOOD


def _throttled(until: dt.datetime, address: str) -> Answer:
    # Groups (negative ids, names) have a limit of their own, 20 a minute; a person's chat meets the bot's limit.
    group = address.startswith(("-", "@"))
    return Answer(Answered.RETRY, not_before=until, code="429", detail="too many messages", route=not group)

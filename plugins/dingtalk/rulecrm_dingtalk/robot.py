"""The channel `dingtalk-robot`: a robot in a group.

In: messages. Out: answers.
Invariant: everything goes to the robot's own group; an address is who is called by name in it, and may be empty.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

from rulecrm.plugin import Answer, Answered, Context, Message, Rate, Traits
from rulecrm.plugin.wire import Seal, Wire, in_query
from rulecrm_dingtalk.answers import ZONE, answer_of, code_of, unreadable
from rulecrm_dingtalk.settings import RobotSettings

__all__ = ["Robot", "sign"]

_PHONE = re.compile(r"\+?[0-9][0-9 -]{5,19}", re.ASCII)


class Robot:
    """A group's custom robot."""

    def __init__(self, settings: RobotSettings, context: Context) -> None:
        self._settings = settings
        self._now = context.now
        self._wire = Wire(
            "DingTalk", settings.url, settings.timeout, proxy=settings.proxy, agent="rulecrm-dingtalk/0.1.0"
        )
        self.traits = Traits(
            channel="staff",
            provider="dingtalk-robot",
            address="dingtalk",
            rates=(Rate(20, 60.0),),
            concurrency=1,
            longest=5_000,
            day_zone=ZONE,
        )

    def __repr__(self) -> str:
        return f"Robot({self._settings.url!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send messages, one after the other."""
        return [await self._send(message) for message in batch]

    async def _send(self, message: Message) -> Answer:
        reply = await self._wire.ask("POST", "/robot/send", document=self._document(message), seal=self._seal)
        if isinstance(reply, Answer):
            return reply
        code = None if reply.document is None else code_of(reply.document)
        if reply.document is None or code is None:
            return unreadable(reply, self._now())
        # A robot names no message; it is in the group at once.
        return Answer(Answered.DELIVERED) if code == 0 else answer_of(reply.document, self._now())

    def _seal(self) -> Seal:
        secret = {"access_token": self._settings.token.reveal()}
        if self._settings.secret:
            timestamp = str(int(self._now().timestamp() * 1_000))
            secret |= {"timestamp": timestamp, "sign": sign(self._settings.secret.reveal(), timestamp)}
        return in_query(secret)

    def _document(self, message: Message) -> dict[str, object]:
        text, title = message.content.text, message.content.extra.get("title")
        if self._settings.keyword and self._settings.keyword not in text:
            text = f"{self._settings.keyword} {text}"
        at: dict[str, object] = {"isAtAll": False}
        if message.address:
            phone = _PHONE.fullmatch(message.address)
            who = re.sub(r"[ -]", "", message.address).removeprefix("+86") if phone else message.address
            # DingTalk calls by name only whom the text names too.
            text = f"{text}\n@{who}"
            at["atMobiles" if phone else "atUserIds"] = [who]
        if title is not None:
            return {"msgtype": "markdown", "markdown": {"title": title, "text": text}, "at": at}
        return {"msgtype": "text", "text": {"content": text}, "at": at}

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()


def sign(secret: str, timestamp: str) -> str:
    """The `sign` that goes with a timestamp in milliseconds, not yet encoded for a URL."""
    made = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(made.digest()).decode()

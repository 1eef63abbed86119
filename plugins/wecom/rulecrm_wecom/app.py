"""The channel `wecom`: messages of an app to members.

In: messages, callbacks. Out: answers, receipts.
Invariant: only ids that can be a member's are sent: `@all` and `a|b`, which WeCom would read as everybody and as two
people, are dead addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rulecrm.plugin import (
    Answer,
    Answered,
    Context,
    Message,
    Rate,
    Receipt,
    Received,
    Request,
    Response,
    Traits,
)  # fmt: skip
from rulecrm.plugin.parts import Part, send_in_parts
from rulecrm.plugin.wire import FailedError, Wire
from rulecrm_wecom.answers import ZONE, answer_of, code_of
from rulecrm_wecom.api import api_of
from rulecrm_wecom.callbacks import Callback, Callbacks
from rulecrm_wecom.settings import AppSettings

__all__ = ["App"]

_MEMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}", re.ASCII)
_LONGEST = 2_048
"""Bytes of a text; WeCom would cut off the rest."""


class App:
    """An app of the company's, which writes to its members."""

    def __init__(self, settings: AppSettings, context: Context) -> None:
        self._settings = settings
        self._now = context.now
        wire = Wire("WeCom", settings.url, settings.timeout, proxy=settings.proxy, agent="rulecrm-wecom/0.1.0")
        self._api = api_of(wire, settings.corp_id, settings.secret, context.now)
        self._callbacks = Callbacks(settings.corp_id, settings.callback_token, settings.callback_key, context.now)
        self.traits = Traits(
            channel="staff",
            provider="wecom",
            address="wecom_member",
            batch=1_000,
            together=True,
            # https://developer.work.weixin.qq.com/document/path/90312; over a member's rate they are dropped silently
            rates=(Rate(10_000, 60.0), Rate(30, 60.0, recipient=True), Rate(1_000, 3_600.0, recipient=True)),
            longest=_LONGEST,
            day_zone=ZONE,
        )

    def __repr__(self) -> str:
        return f"App({self._settings.corp_id!r}, {self._settings.agent_id!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send messages; those with the same words in one call."""
        return await send_in_parts(batch, self._refused, self._body, self._send)

    def _refused(self, message: Message) -> Answer | None:
        if not _MEMBER.fullmatch(message.address) and not (message.address == "" and self._settings.staff):
            return Answer(Answered.DEAD_ADDRESS, detail="that is no id of a member")
        if len(message.content.text.encode(errors="replace")) > _LONGEST:
            return Answer(Answered.POLICY, code="45002", detail=f"the text is longer than {_LONGEST} bytes")
        return None

    def _body(self, message: Message) -> Mapping[str, object]:
        """The words: a card, where the template has `title` and `link`, otherwise a text."""
        extra = message.content.extra
        if "title" in extra and "link" in extra:
            card = {"title": extra["title"], "description": message.content.text, "url": extra["link"]}
            return {
                "msgtype": "textcard",
                "textcard": card | ({"btntxt": extra["button"]} if "button" in extra else {}),
            }
        return {"msgtype": "text", "text": {"content": message.content.text}}

    async def _send(self, part: Part) -> list[Answer]:
        given = self._settings
        people = [person or "|".join(given.staff) for person in part.people]
        document = {
            "touser": "|".join(people),
            "agentid": given.agent_id,
            **part.body,
            "safe": int(given.confidential),
            "enable_duplicate_check": int(given.duplicate_check > 0),
        }
        if given.duplicate_check:
            document["duplicate_check_interval"] = given.duplicate_check
        try:
            found = await self._api.post("/cgi-bin/message/send", document)
        except FailedError as error:
            return [error.answer] * len(people)
        if code_of(found) != 0:
            return [answer_of(found, self._now())] * len(people)
        unknown, unlicensed = _people(found, "invaliduser"), _people(found, "unlicenseduser")
        name = found.get("msgid")
        taken = Answer(Answered.ACCEPTED, provider_id=name if isinstance(name, str) else None)
        return [_one(set(person.casefold().split("|")), unknown, unlicensed, taken) for person in people]

    def hear(self, request: Request) -> Response:
        """A callback of the app's: what members write to it, and who leaves it.

        Raises:
            Forged: it is not WeCom's.
            ValueError: it is WeCom's, and makes no sense.
        """
        return self._callbacks.hear(request, self._receipts)

    def _receipts(self, told: Callback) -> Iterator[Receipt]:
        member = told.text("FromUserName")
        if told.get("MsgType") == "event":
            if told.get("Event") == "unsubscribe":
                yield Receipt(told.name, Received.UNSUBSCRIBED, told.at, address=member)
            return
        words = told.get("Content")
        stops = words is not None and words.strip().casefold() in {one.casefold() for one in self._settings.stop_words}
        what = Received.UNSUBSCRIBED if stops else Received.REPLIED
        yield Receipt(told.text("MsgId"), what, told.at, address=member, text=words)

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()


def _people(found: Mapping[str, object], name: str) -> set[str]:
    """WeCom names them in lower case, and `|` between them."""
    people = found.get(name)
    return {one.casefold() for one in people.split("|") if one} if isinstance(people, str) else set()


def _one(people: set[str], unknown: set[str], unlicensed: set[str], taken: Answer) -> Answer:
    if people <= unknown:
        return Answer(Answered.DEAD_ADDRESS, code="invaliduser", detail="no member, or none whom the app may see")
    if people <= unknown | unlicensed:
        return Answer(Answered.POLICY, code="unlicenseduser", detail="the member has no licence for the API")
    return taken

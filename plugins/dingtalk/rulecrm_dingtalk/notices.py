"""The channel `dingtalk`: work notices to colleagues.

In: messages. Out: answers, receipts.
Invariant: `accepted` means that DingTalk has made a task; who got it is told by a receipt. Only ids that can be a
colleague's are sent: `a,b`, which DingTalk would read as two, is a dead address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rulecrm.plugin import Answer, Answered, Context, Message, Rate, Receipt, Traits
from rulecrm.plugin.parts import Part, send_in_parts
from rulecrm.plugin.wire import FailedError, Wire
from rulecrm_dingtalk.answers import ZONE, answer_of, code_of
from rulecrm_dingtalk.api import api_of
from rulecrm_dingtalk.results import Results, name_of
from rulecrm_dingtalk.settings import NoticeSettings

__all__ = ["Notices"]

_COLLEAGUE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}", re.ASCII)
_LONGEST = 2_048
"""Bytes of a notice."""


class Notices:
    """An app that writes to the company's people."""

    def __init__(self, settings: NoticeSettings, context: Context) -> None:
        self._settings = settings
        self._now = context.now
        wire = Wire("DingTalk", settings.url, settings.timeout, proxy=settings.proxy, agent="rulecrm-dingtalk/0.1.0")
        self._api = api_of(wire, settings.app_key, settings.secret, context.now)
        self._results = Results(self._api, settings.agent_id, context.now)
        self.traits = Traits(
            channel="staff",
            provider="dingtalk",
            address="dingtalk",
            batch=100,
            together=True,
            # 1,500 people a minute of an app, 500 notices a day to one
            rates=(Rate(1_500, 60.0), Rate(500, 86_400.0, recipient=True)),
            longest=_LONGEST,
            day_zone=ZONE,
        )

    def __repr__(self) -> str:
        return f"Notices({self._settings.agent_id!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Make tasks of messages; one of all those with the same words."""
        return await send_in_parts(batch, self._refused, _body, self._send)

    def _refused(self, message: Message) -> Answer | None:
        if not _COLLEAGUE.fullmatch(message.address) and not (message.address == "" and self._settings.staff):
            return Answer(Answered.DEAD_ADDRESS, detail="that is no id of a colleague")
        if len(message.content.text.encode(errors="replace")) > _LONGEST:
            return Answer(Answered.POLICY, detail=f"the text is longer than {_LONGEST} bytes")
        return None

    async def _send(self, part: Part) -> list[Answer]:
        people = [person or ",".join(self._settings.staff) for person in part.people]
        document = {
            "agent_id": self._settings.agent_id,
            "userid_list": ",".join(people),
            "to_all_user": False,
            "msg": part.body,
        }
        try:
            found = await self._api.post("/topapi/message/corpconversation/asyncsend_v2", document)
        except FailedError as error:
            return [error.answer] * len(people)
        if code_of(found) != 0:
            return [answer_of(found, self._now())] * len(people)
        task = found.get("task_id")
        if not isinstance(task, int):
            return [Answer(Answered.UNKNOWN, detail="the answer names no task")] * len(people)
        self._results.watch(task)
        return [Answer(Answered.ACCEPTED, provider_id=name_of(task, person)) for person in people]

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        """What became of the tasks of the last day; the cursor holds those that are still looked after.

        Raises:
            OSError: DingTalk was not reached or refused; the message shows no token.
        """
        try:
            return await self._results.since(cursor)
        except FailedError as error:
            raise ConnectionError(f"DingTalk told no results: {error}") from None

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()


def _body(message: Message) -> Mapping[str, object]:
    """The words: Markdown, where the template has a `title`, otherwise a text."""
    title = message.content.extra.get("title")
    if title is not None:
        return {"msgtype": "markdown", "markdown": {"title": title, "text": message.content.text}}
    return {"msgtype": "text", "text": {"content": message.content.text}}

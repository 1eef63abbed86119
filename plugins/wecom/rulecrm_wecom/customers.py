"""The channel `wecom-customers`: broadcasts to customers.

In: messages, callbacks. Out: answers, receipts.
Invariant: `accepted` means that WeCom has made a task of the message, which a member is still to confirm; that a
customer got it is told by a receipt.
"""

from __future__ import annotations

import datetime as dt
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
from rulecrm_wecom.results import Results, name_of
from rulecrm_wecom.settings import CustomerSettings

__all__ = ["Customers"]

_CUSTOMER = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_LONGEST = 4_000
"""Bytes of a text."""


class Customers:
    """Members who write to their customers."""

    def __init__(self, settings: CustomerSettings, context: Context) -> None:
        self._settings = settings
        self._now = context.now
        wire = Wire("WeCom", settings.url, settings.timeout, proxy=settings.proxy, agent="rulecrm-wecom/0.1.0")
        self._api = api_of(wire, settings.corp_id, settings.secret, context.now)
        self._callbacks = Callbacks(settings.corp_id, settings.callback_token, settings.callback_key, context.now)
        self._results = Results(self._api, dt.timedelta(days=settings.watch_days), context.now)
        self.traits = Traits(
            channel="im",
            provider="wecom-customers",
            address="wecom",
            batch=10_000,
            together=True,
            # a customer gets as many in a month as it has days
            rates=(Rate(10_000, 60.0), Rate(30, 30 * 86_400.0, recipient=True)),
            longest=_LONGEST,
            day_zone=ZONE,
        )

    def __repr__(self) -> str:
        return f"Customers({self._settings.corp_id!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Make tasks of messages; one of all those with the same words."""
        return await send_in_parts(batch, _refused, _body, self._send)

    async def _send(self, part: Part) -> list[Answer]:
        document = {"chat_type": "single", "external_userid": list(part.people), **part.body}
        if self._settings.sender:
            document["sender"] = self._settings.sender
        try:
            found = await self._api.post("/cgi-bin/externalcontact/add_msg_template", document)
        except FailedError as error:
            return [error.answer] * len(part.people)
        if code_of(found) != 0:
            return [answer_of(found, self._now())] * len(part.people)
        task = found.get("msgid")
        if not isinstance(task, str) or not task:
            return [Answer(Answered.UNKNOWN, detail="the answer names no task")] * len(part.people)
        failed = found.get("fail_list")
        left_out = set(failed) if isinstance(failed, list) else set()
        # WeCom puts into one list who is no customer and who has had all that a month allows.
        refused = Answer(Answered.POLICY, code="fail_list", detail="no customer of a member's, or the month's limit")
        return [
            refused if person in left_out else Answer(Answered.ACCEPTED, provider_id=name_of(task, person))
            for person in part.people
        ]

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        """What became of tasks that members have confirmed since the cursor.

        Raises:
            OSError: WeCom was not reached or refused; the message shows no token.
        """
        try:
            return await self._results.since(cursor)
        except FailedError as error:
            raise ConnectionError(f"WeCom told no results: {error}") from None

    def hear(self, request: Request) -> Response:
        """A callback of 客户联系: a customer who throws a member out has withdrawn.

        Raises:
            Forged: it is not WeCom's.
            ValueError: it is WeCom's, and makes no sense.
        """
        return self._callbacks.hear(request, self._receipts)

    def _receipts(self, told: Callback) -> Iterator[Receipt]:
        if told.get("ChangeType") != "del_follow_user":
            return
        if self._settings.sender and told.text("UserID").casefold() != self._settings.sender.casefold():
            return
        person = told.text("ExternalUserID")
        yield Receipt(
            told.name, Received.UNSUBSCRIBED, told.at, address=person, reason="the customer removed the member"
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()


def _refused(message: Message) -> Answer | None:
    if not _CUSTOMER.fullmatch(message.address):
        return Answer(Answered.DEAD_ADDRESS, detail="that is no id of a customer")
    if len(message.content.text.encode(errors="replace")) > _LONGEST:
        return Answer(Answered.POLICY, code="45002", detail=f"the text is longer than {_LONGEST} bytes")
    return None


def _body(message: Message) -> Mapping[str, object]:
    """The words, and a link where the template has `title` and `link`."""
    extra = message.content.extra
    body: dict[str, object] = {"text": {"content": message.content.text}}
    if "title" in extra and "link" in extra:
        link = {"title": extra["title"], "url": extra["link"]}
        if "picture" in extra:
            link["picurl"] = extra["picture"]
        body["attachments"] = [{"msgtype": "link", "link": link}]
    return body

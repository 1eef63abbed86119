"""The channel: `SendSms`; `PullSmsSendStatus` and its siblings where Tencent allows them.

In: messages made from approved templates. Out: answers, one a number; webhooks and pulls become receipts (`receipts`).
Invariant: a call holds numbers of one template with the same parameters, all of mainland China or all abroad, each
once.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rulecrm.plugin import (
    Answer,
    Answered,
    Context,
    Hours,
    Message,
    Price,
    Rate,
    Receipt,
    Request,
    Response,
    Sent,
    Traits,
)
from rulecrm_tencent.answers import SHANGHAI, answer_of
from rulecrm_tencent.calls import Api, Told
from rulecrm_tencent.numbers import MAINLAND, context_of, number_of, was_in
from rulecrm_tencent.receipts import hear, pulled_reply, pulled_report
from rulecrm_tencent.settings import Settings

__all__ = ["PullingTencentSms", "TencentSms"]

_PAGE = 100
_PAGES = 20
"""Pulls of one poll, so that a poll has an end."""

_ASKING = 60.0
"""Seconds after which no further message is asked about, so that what is known is told."""

_KEPT = dt.timedelta(days=7)
"""For how long the service lists reports."""


class TencentSms:
    """A route through Tencent Cloud."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self.traits = Traits(
            channel="sms",
            provider="tencent",
            address="phone",
            batch=settings.batch,
            together=True,
            rates=(
                Rate(settings.per_second, 1.0),
                Rate(settings.per_half_minute, 30.0, recipient=True),
                Rate(settings.per_hour, 3600.0, recipient=True),
                Rate(settings.per_day, 86_400.0, recipient=True),
            ),
            concurrency=settings.concurrency,
            asks=settings.pulls,
            preapproved=True,
            longest=500,
            segments=True,
            notice="拒收请回复R" if settings.mainland else None,
            hours=Hours(dt.time(8), dt.time(22), SHANGHAI.key) if settings.mainland else None,
            day_zone=SHANGHAI.key,
            price=Price(settings.price, settings.currency) if settings.price is not None else None,
        )
        self._settings = settings
        self._context = context
        self._api = Api(settings, context)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.app!r}, {self._context.name!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Hand messages over; those that may be in one call are."""
        answers: dict[int, Answer] = {}
        calls: dict[tuple[object, ...], list[tuple[int, Message, str]]] = {}
        met: Counter[tuple[object, ...]] = Counter()
        for place, message in enumerate(batch):
            number, content = number_of(message.address), message.content
            if number is None:
                answers[place] = Answer(Answered.DEAD_ADDRESS, detail="that is no phone number")
            elif not content.code:
                detail = f"the template {message.template} has no code of an approved template in the settings"
                answers[place] = Answer(Answered.CONFIG, detail=detail)
            else:
                alike = (content.code, *content.parameters.values(), number.startswith(MAINLAND))
                calls.setdefault((met[*alike, number], *alike), []).append((place, message, number))
                met[*alike, number] += 1
        for several in calls.values():
            told = await self._call([(message, number) for _, message, number in several])
            answers.update(zip((place for place, _, _ in several), told, strict=True))
        return [answers[place] for place in range(len(batch))]

    def hear(self, request: Request) -> Response:
        """What a webhook tells: reports, or a reply."""
        return hear(request, self._settings, self._context)

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    async def _call(self, several: Sequence[tuple[Message, str]]) -> list[Answer]:
        content, numbers = several[0][0].content, [number for _, number in several]
        parameters: dict[str, object] = {
            "PhoneNumberSet": numbers,
            "SmsSdkAppId": self._settings.app,
            "TemplateId": content.code,
            "SessionContext": context_of([message.key for message, _ in several]),
        }
        if content.parameters:
            parameters["TemplateParamSet"] = list(content.parameters.values())
        if self._settings.sign:
            parameters["SignName"] = self._settings.sign
        if self._settings.sender and not numbers[0].startswith(MAINLAND):
            parameters["SenderId"] = self._settings.sender
        told = await self._api.call("SendSms", parameters)
        if isinstance(told, Answer):
            return [told] * len(several)
        if told.error is not None:
            return [answer_of(told.error, self._context.now())] * len(several)
        rows = told.rows("SendStatusSet") or []
        named = {number_of(str(row.get("PhoneNumber"))): row for row in rows}
        return [self._one(named.get(number), told.status) for number in numbers]

    def _one(self, row: Mapping[str, object] | None, status: int) -> Answer:
        code = row.get("Code") if row is not None else None
        if row is None or not isinstance(code, str):
            return Answer(Answered.UNKNOWN, code=f"HTTP {status}", detail="the answer does not speak of this message")
        if code.lower() != "ok":
            return answer_of(code, self._context.now())
        serial, fee = row.get("SerialNo"), row.get("Fee")
        if not isinstance(serial, str) or not serial:
            return Answer(Answered.UNKNOWN, detail="the answer names no message")
        return Answer(Answered.ACCEPTED, provider_id=serial, units=fee if isinstance(fee, int) and fee > 0 else None)


class PullingTencentSms(TencentSms):
    """A route whose reports and replies may be pulled, with the session context in them."""

    def __init__(self, settings: Settings, context: Context) -> None:
        super().__init__(settings, context)
        self._run = secrets.token_hex(8)
        self._waiting: deque[Receipt] = deque()
        self._written = 0

    async def ask(self, lost: Sequence[Sent]) -> Sequence[Answer]:
        """Look for reports of messages. There is one only once a carrier has told, so that none says nothing."""
        slots, end = asyncio.Semaphore(self._settings.concurrency), asyncio.get_running_loop().time() + _ASKING

        async def one_of(one: Sent) -> Answer:
            async with slots:
                if asyncio.get_running_loop().time() > end:
                    return Answer(Answered.UNKNOWN, detail="there was no time left to ask")
                return await self._found(one)

        return await asyncio.gather(*(one_of(one) for one in lost))

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        """Reports and replies since the cursor.

        The service tells each once. Whoever comes with a cursor has kept what was told before it; until then it is told
        again from here.

        Raises:
            OSError: the service did not let itself be pulled, and nothing is waiting.
        """
        run, _, count = (cursor or "").partition(":")
        if run == self._run and count.isdigit():
            while self._waiting and self._written < int(count):
                self._waiting.popleft()
                self._written += 1
        try:
            for row in await self._pulled("PullSmsSendStatus", "PullSmsSendStatusSet"):
                with suppress(ValueError):  # a row that makes no sense takes no other with it
                    self._waiting += pulled_report(row, self._context)
            for row in await self._pulled("PullSmsReplyStatus", "PullSmsReplyStatusSet"):
                with suppress(ValueError):
                    self._waiting.append(pulled_reply(row, self._context))
        except OSError:
            if not self._waiting:
                raise
        told = list(self._waiting)
        return told, f"{self._run}:{self._written + len(told)}" if told else cursor

    async def _pulled(self, action: str, name: str) -> list[Mapping[str, object]]:
        rows: list[Mapping[str, object]] = []
        for _ in range(_PAGES):
            told = await self._api.call(action, {"Limit": _PAGE, "SmsSdkAppId": self._settings.app})
            page = told.rows(name) if isinstance(told, Told) and told.error is None else None
            if page is None:
                if rows:
                    break
                why = told.error or "no list" if isinstance(told, Told) else told.detail
                raise OSError(f"{action}: {why}")
            rows += page
            if len(page) < _PAGE:
                break
        return rows

    async def _found(self, one: Sent) -> Answer:
        number, nothing = number_of(one.address), Answer(Answered.UNKNOWN, detail="there is no report of it")
        if number is None or self._context.now() - one.at > _KEPT:
            return nothing
        begin = int((one.at - dt.timedelta(minutes=10)).timestamp())
        parameters = {
            "BeginTime": begin,
            "EndTime": int(self._context.now().timestamp()) + 60,
            "Offset": 0,
            "Limit": _PAGE,
            "PhoneNumber": number,
            "SmsSdkAppId": self._settings.app,
        }
        told = await self._api.call("PullSmsSendStatusByPhoneNumber", parameters)
        rows = told.rows("PullSmsSendStatusSet") if isinstance(told, Told) else None
        for row in rows or []:
            serial = str(row.get("SerialNo") or "")
            if (serial and serial == one.provider_id) or was_in(one.key, row.get("SessionContext")):
                arrived = str(row.get("ReportStatus")).upper() == "SUCCESS"
                return Answer(Answered.DELIVERED if arrived else Answered.ACCEPTED, provider_id=serial or None)
        return nothing

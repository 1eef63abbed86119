"""The channel: `SendSms` and `SendBatchSms`; `QuerySendDetails` for what became of lost answers.

In: messages made from approved templates. Out: answers; webhooks become receipts (`receipts`).
Invariant: a number is in a second call only where the first was refused as a whole, so that nobody had anything from
it.

Messages with one template and the same parameters go in one `SendSms`, those with other parameters in one
`SendBatchSms`. The service refuses a call as a whole for the sake of one number or one parameter; the call's halves are
then called by themselves until it is clear whom the refusal concerns.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import evolve

from rulecrm.plugin import Answer, Answered, Context, Hours, Message, Price, Rate, Request, Response, Sent, Traits
from rulecrm_aliyun.answers import SHANGHAI, About, answer_of
from rulecrm_aliyun.calls import Api, Told
from rulecrm_aliyun.numbers import number_of, out_id, provider_id, was_in
from rulecrm_aliyun.receipts import hear
from rulecrm_aliyun.settings import Settings

__all__ = ["AliyunSms"]

_ASKING = 60.0
"""Seconds after which no further message is asked about, so that what is known is told."""

_PAGE = 50
_KEPT = dt.timedelta(days=30)
"""For how long the service lists messages."""


class AliyunSms:
    """A route through Alibaba Cloud."""

    def __init__(self, settings: Settings, context: Context) -> None:
        day = Rate(settings.per_recipient, 86_400.0, recipient=True)
        self.traits = Traits(
            channel="sms",
            provider="aliyun",
            address="phone",
            batch=settings.batch,
            rates=(Rate(settings.per_second, 1.0), day),
            concurrency=settings.concurrency,
            asks=True,
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
        return f"AliyunSms({self._settings.key!r}, {self._context.name!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Hand messages over, those of one template in one call."""
        answers: dict[int, Answer] = {}
        calls: dict[tuple[str, int], list[tuple[int, Message, str]]] = {}
        met: Counter[tuple[str, str]] = Counter()  # a number is once in a call: by it and the BizId a message is known
        for place, message in enumerate(batch):
            number = number_of(message.address)
            if number is None:
                answers[place] = Answer(Answered.DEAD_ADDRESS, detail="that is no phone number")
            elif not message.content.code:
                detail = f"the template {message.template} has no code of an approved template in the settings"
                answers[place] = Answer(Answered.CONFIG, detail=detail)
            else:
                code = message.content.code
                calls.setdefault((code, met[code, number]), []).append((place, message, number))
                met[code, number] += 1
        for (code, _), several in calls.items():
            told = await self._call(code, [(message, number) for _, message, number in several])
            answers.update(zip((place for place, _, _ in several), told, strict=True))
        return [answers[place] for place in range(len(batch))]

    async def ask(self, lost: Sequence[Sent]) -> Sequence[Answer]:
        """Look messages up by number and day; what is not listed after a while was not taken."""
        slots, end = asyncio.Semaphore(self._settings.concurrency), asyncio.get_running_loop().time() + _ASKING

        async def one_of(one: Sent) -> Answer:
            async with slots:
                if asyncio.get_running_loop().time() > end:
                    return Answer(Answered.UNKNOWN, detail="there was no time left to ask")
                return await self._found(one)

        return await asyncio.gather(*(one_of(one) for one in lost))

    def hear(self, request: Request) -> Response:
        """What a webhook tells: reports (SmsReport) and replies (SmsUp)."""
        return hear(request, self._settings, self._context)

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    # --- sending --------------------------------------------------------------------------------------------------

    async def _call(self, code: str, several: Sequence[tuple[Message, str]]) -> list[Answer]:
        first = several[0][0].content.parameters
        alike = all(message.content.parameters == first for message, _ in several)
        answer, about = answer_of(await self._send(code, several, alike=alike), self._context.now())
        if answer.outcome is Answered.ACCEPTED:
            biz = answer.provider_id or ""
            return [evolve(answer, provider_id=provider_id(biz, number)) for _, number in several]
        refused_for_one = about is About.NUMBER or (about is About.WORDS and not alike)
        if len(several) > 1 and refused_for_one:
            half = len(several) // 2
            return await self._call(code, several[:half]) + await self._call(code, several[half:])
        return [answer for _ in several]

    async def _send(self, code: str, several: Sequence[tuple[Message, str]], *, alike: bool) -> Told | Answer:
        query = {"TemplateCode": code, "OutId": out_id([message.key for message, _ in several])}
        numbers = [number for _, number in several]
        parameters = [dict(message.content.parameters) for message, _ in several]
        if alike:
            query |= {"PhoneNumbers": ",".join(numbers), "SignName": self._settings.sign}
            if parameters[0]:
                query["TemplateParam"] = _json(parameters[0])
            return await self._api.call("SendSms", query)
        form = {
            "PhoneNumberJson": _json(numbers),
            "SignNameJson": _json([self._settings.sign] * len(numbers)),
            "TemplateParamJson": _json(parameters),
        }
        return await self._api.call("SendBatchSms", query, form)

    # --- asking ---------------------------------------------------------------------------------------------------

    async def _found(self, one: Sent) -> Answer:
        number, age = number_of(one.address), self._context.now() - one.at
        if number is None or age > _KEPT:
            return Answer(Answered.UNKNOWN, detail="the service does not list it any more")
        at = one.at.astimezone(SHANGHAI)
        days = {day.date() for day in (at, min(at + dt.timedelta(hours=1), at + max(age, dt.timedelta(0))))}
        for day in sorted(days):
            page = 1
            while True:
                rows = await self._listed(one, number, day, page)
                if rows is None:
                    return Answer(Answered.UNKNOWN, detail="the list could not be read")
                found = next((row for row in rows if _is(one, row)), None)
                if found is not None:
                    arrived = found.get("SendStatus") in {3, "3"}
                    outcome = Answered.DELIVERED if arrived else Answered.ACCEPTED
                    return Answer(outcome, provider_id=one.provider_id)
                if len(rows) < _PAGE:
                    break
                page += 1
        if age < dt.timedelta(minutes=self._settings.settles):
            return Answer(Answered.UNKNOWN, detail="it may be listed later")
        return Answer(Answered.RETRY, detail="the service does not list it")

    async def _listed(self, one: Sent, number: str, day: dt.date, page: int) -> Sequence[Mapping[str, object]] | None:
        query = {"PhoneNumber": number, "SendDate": f"{day:%Y%m%d}", "PageSize": str(_PAGE), "CurrentPage": str(page)}
        if one.provider_id:
            query["BizId"] = one.provider_id.partition(".")[0]
        told = await self._api.call("QuerySendDetails", query)
        if not isinstance(told, Told) or told.text("Code") != "OK":
            return None
        listed = told.document.get("SmsSendDetailDTOs")
        rows = listed.get("SmsSendDetailDTO", []) if isinstance(listed, dict) else []
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None


def _is(one: Sent, row: Mapping[str, object]) -> bool:
    """Whether a row of the list is the message; marks count only near the time at which it was handed over."""
    if one.provider_id:
        return True  # its BizId was asked for
    given = row.get("OutId")
    if not isinstance(given, str) or not given:
        return False
    if given == one.key:
        return True
    try:
        at = dt.datetime.strptime(str(row.get("SendDate")), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return False
    return dt.timedelta(minutes=-10) <= at - one.at <= dt.timedelta(hours=1) and was_in(one.key, given)


def _json(given: object) -> str:
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))

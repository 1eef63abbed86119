"""What the service posts: reports of what became of messages (SmsReport), and what people answer (SmsUp).

In: a webhook. Out: receipts.
Invariant: nothing is believed that does not carry the word of the settings. The service signs nothing; the word is all
that tells its posts from others, so the address is one of https.

A post is a list in JSON; it is answered with `{"code": 0}`, or comes again.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Mapping

from rulecrm.plugin import Context, Forged, Receipt, Received, Request, Response
from rulecrm_aliyun.answers import SHANGHAI
from rulecrm_aliyun.numbers import address_of, key_in, number_of, provider_id
from rulecrm_aliyun.settings import Settings

__all__ = ["hear"]

_HARD = frozenset({"isv.MOBILE_NUMBER_ILLEGAL"})
"""INVALID_NUMBER and MOBILE_NOT_ON_SERVICE are also said of a telephone that is switched off, so they are soft."""

_OPTED_OUT = frozenset({"USER_REJECT", "MOBILE_IN_BLACK", "isv.CUSTOMER_REFUSED"})
"""The carrier holds back what the person has refused before."""

_STOP_WORDS = frozenset({"r", "t", "td", "n", "退订", "退", "拒收", "不要", "stop", "unsubscribe"})


def hear(request: Request, settings: Settings, context: Context) -> Response:
    """What a post tells.

    Raises:
        Forged: the word is missing or another.
        ValueError: it is no list of reports or replies.
    """
    word = request.query.get("token", "")
    if not settings.hook or not hmac.compare_digest(word.encode(errors="replace"), settings.hook.reveal().encode()):
        raise Forged("the post does not carry the word of the settings")
    told = request.json()
    given = told if isinstance(told, list) else [told]
    rows = [row for row in given if isinstance(row, Mapping)]
    if len(rows) < len(given):
        raise ValueError("the post is no list of reports")
    receipts: list[Receipt] = []
    for row in rows:
        if "biz_id" in row:
            receipts += _report(row, context)
        elif "content" in row and "phone_number" in row:
            receipts.append(_reply(row, context))
    return Response(receipts, body=b'{"code":0,"msg":"OK"}', media_type="application/json")


def _report(row: Mapping[str, object], context: Context) -> list[Receipt]:
    biz, number = _text(row, "biz_id"), number_of(_text(row, "phone_number"))
    if not biz or number is None:
        raise ValueError("a report names no message")
    code, key = _text(row, "err_code"), key_in(_text(row, "out_id"))
    at, known, address = _instant(row, "report_time", context), provider_id(biz, number), address_of(number)
    if row.get("success") is True or _text(row, "success").lower() == "true":
        return [Receipt(f"{known}:delivered", Received.DELIVERED, at, key, known, address)]
    reason = "hard" if code in _HARD else "soft"
    receipts = [Receipt(f"{known}:bounced", Received.BOUNCED, at, key, known, address, reason=reason)]
    if code in _OPTED_OUT:
        receipts.append(Receipt(f"{known}:stop", Received.UNSUBSCRIBED, at, key, known, address, reason=code))
    return receipts


def _reply(row: Mapping[str, object], context: Context) -> Receipt:
    number, text = number_of(_text(row, "phone_number")), _text(row, "content")
    if number is None:
        raise ValueError("a reply names no number")
    at = _instant(row, "send_time", context)
    stops = text.strip().strip("。.！!").lower() in _STOP_WORDS
    event = str(row.get("sequence_id") or provider_id(f"{at.timestamp():.0f}", f"{number}{text}"))
    what = Received.UNSUBSCRIBED if stops else Received.REPLIED
    return Receipt(f"up:{event}", what, at, address=address_of(number), text=text)


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _instant(row: Mapping[str, object], name: str, context: Context) -> dt.datetime:
    """The service writes times of Shanghai; where it wrote none, it is now."""
    try:
        return dt.datetime.strptime(_text(row, name), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return context.now()

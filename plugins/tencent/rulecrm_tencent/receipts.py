"""What the service posts, and what is pulled from it: reports of what became of messages, and what people answer.

In: webhooks, rows of a pull. Out: receipts.
Invariant: the same event is the same receipt, posted or pulled. No post is believed that does not carry the word of the
settings: the service signs nothing, and the word is all that tells its posts from others.

A post is answered with `{"result": 0}`, or comes again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping

from rulecrm.plugin import Context, Forged, Receipt, Received, Request, Response
from rulecrm_tencent.answers import SHANGHAI
from rulecrm_tencent.numbers import key_in, number_of
from rulecrm_tencent.settings import Settings

__all__ = ["hear", "pulled_reply", "pulled_report"]

_HARD = ("空号", "号码不存在", "号码无效", "invalid number", "unknown subscriber")
"""Words of a report that say that nobody has the number; a telephone that is off is no such thing."""

_BLACKLIST = ("黑名单", "退订", "blacklist", "unsubscribe")

_STOP_WORDS = frozenset({"r", "t", "td", "n", "退订", "退", "拒收", "不要", "stop", "unsubscribe"})


def hear(request: Request, settings: Settings, context: Context) -> Response:
    """What a post tells.

    Raises:
        Forged: the word is missing or another.
        ValueError: it is neither reports nor a reply.
    """
    word = request.query.get("token", "")
    if not settings.hook or not hmac.compare_digest(word.encode(errors="replace"), settings.hook.reveal().encode()):
        raise Forged("the post does not carry the word of the settings")
    told = request.json()
    given = told if isinstance(told, list) else [told]
    rows = [row for row in given if isinstance(row, Mapping)]
    if len(rows) < len(given):
        raise ValueError("the post is neither reports nor a reply")
    receipts: list[Receipt] = []
    for row in rows:
        if "report_status" in row:
            receipts += _posted_report(row, context)
        elif "text" in row and "mobile" in row:
            at = _seconds(row.get("time"), context)
            receipts.append(_reply(_number(row.get("nationcode"), row.get("mobile")), _text(row, "text"), at))
    return Response(receipts, body=b'{"result":0,"errmsg":"OK"}', media_type="application/json")


def pulled_report(row: Mapping[str, object], context: Context) -> list[Receipt]:
    """A row of `PullSmsSendStatus` or `PullSmsSendStatusByPhoneNumber`."""
    at = _seconds(row.get("UserReceiveTime"), context)
    succeeded = _text(row, "ReportStatus").upper() == "SUCCESS"
    key = key_in(row.get("SessionContext"))
    said = _text(row, "Description")
    return _report(_text(row, "SerialNo"), _text(row, "PhoneNumber"), at, key, said, succeeded=succeeded)


def pulled_reply(row: Mapping[str, object], context: Context) -> Receipt:
    """A row of `PullSmsReplyStatus`."""
    number = _text(row, "PhoneNumber") or _number(row.get("CountryCode"), row.get("SubscriberNumber"))
    return _reply(number, _text(row, "ReplyContent"), _seconds(row.get("ReplyTime"), context))


def _posted_report(row: Mapping[str, object], context: Context) -> list[Receipt]:
    try:
        at = dt.datetime.strptime(_text(row, "user_receive_time"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        at = context.now()
    number = _number(row.get("nationcode"), row.get("mobile"))
    succeeded = _text(row, "report_status").upper() == "SUCCESS"
    said = f"{_text(row, 'errmsg')} {_text(row, 'description')}"
    return _report(_text(row, "sid"), number, at, key_in(row.get("ext")), said, succeeded=succeeded)


def _report(serial: str, number: str, at: dt.datetime, key: str | None, said: str, *, succeeded: bool) -> list[Receipt]:
    if not serial:
        raise ValueError("a report names no message")
    if succeeded:
        return [Receipt(f"{serial}:delivered", Received.DELIVERED, at, key, serial, number)]
    words = said.lower()
    reason = "hard" if any(one in words for one in _HARD) else "soft"
    receipts = [Receipt(f"{serial}:bounced", Received.BOUNCED, at, key, serial, number, reason=reason)]
    if any(one in words for one in _BLACKLIST):
        receipts.append(Receipt(f"{serial}:stop", Received.UNSUBSCRIBED, at, key, serial, number, reason="blacklist"))
    return receipts


def _reply(number: str, text: str, at: dt.datetime) -> Receipt:
    """Replies have no id of their own: who, when and what make one."""
    stops = text.strip().strip("。.！!").lower() in _STOP_WORDS
    event = hashlib.sha256(f"{number}|{at.timestamp():.0f}|{text}".encode()).hexdigest()[:24]
    return Receipt(f"up:{event}", Received.UNSUBSCRIBED if stops else Received.REPLIED, at, address=number, text=text)


def _number(country: object, mobile: object) -> str:
    digits = str(mobile or "")
    number = number_of(digits if digits.startswith("+") else f"+{country or 86}{digits}")
    if number is None:
        raise ValueError("a post names no number")
    return number


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _seconds(given: object, context: Context) -> dt.datetime:
    """Seconds since 1970; where there are none, or senseless ones, it is now."""
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 < given < 10_000_000_000:
        return dt.datetime.fromtimestamp(given, dt.UTC)
    return context.now()

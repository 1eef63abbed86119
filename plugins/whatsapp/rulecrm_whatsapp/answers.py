"""What the Graph API's answers mean.

In: an answer. Out: an `Answer`.
Invariant: what carries one of the codes below has been refused, whatever its HTTP status; what carries none and is a
5xx, or no answer of the Graph API's at all, is `unknown`.

The codes are those of https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from types import MappingProxyType

from rulecrm.plugin import Answer, Answered, retry_after
from rulecrm.plugin.wire import Reply

__all__ = ["DEAD", "OPTED_OUT", "answer_of"]

DEAD = frozenset({131021, 131026})
"""Nobody to write to: the sender's own number; no such person on WhatsApp, or none who can get messages."""

OPTED_OUT = frozenset({131050})
"""The person has told WhatsApp to stop this business's marketing."""

_CONFIG = frozenset(
    {
        0, 3, 10, 190,  # token and permissions (200 to 299 too)
        33, 131045, 133010,  # the phone number
        368, 131031, 131037, 131042,  # the account: restricted, locked, display name, payment
        131005, 133006, 133015,
    }
)  # fmt: skip

_ROUTE = frozenset({4, 80007, 130429, 131057, 133004})
"""Rates of the app, the account and the number; maintenance."""

_FAILED = frozenset({1, 2, 131000, 131016})
"""Errors of Meta's own, of which it says that the message failed and may be sent again."""

_POLICY: Mapping[int, str] = MappingProxyType(
    {
        130472: "the number is part of an experiment of Meta's",
        130497: "the business may not write to this country",
        131030: "a test number writes only to numbers on its list",
        131047: "the 24 hours after the person's last message are over; it takes a template",
        132000: "another number of parameters than the template has",
        132001: "there is no such template in this language, or it is not approved",
        132005: "the template would be too long",
        132007: "the template's words break a policy",
        132012: "parameters of another format than the template has",
        132015: "the template is paused for its quality",
        132016: "the template was disabled for its quality",
    }
)

_PAIR = dt.timedelta(seconds=6)
"""One message to a person in six seconds (131056)."""

_DAY = dt.timedelta(days=1)
"""How long to leave a person alone whom Meta spares marketing (131049), or a number that is taken for spam (131048)."""


def answer_of(reply: Reply, now: dt.datetime) -> Answer:
    """What became of a message."""
    document = reply.document or {}
    error = document.get("error")
    if isinstance(error, Mapping):
        return _refused(error, reply, now)
    if 200 <= reply.status < 300:
        return _taken(document.get("messages"))
    status = str(reply.status)
    if reply.status == 429:
        return Answer(Answered.RETRY, not_before=_named(reply.headers, now), code=status, route=True)
    if 300 <= reply.status < 500:
        return Answer(Answered.CONFIG, code=status, detail="this is not the Graph API's answer: look at `url`")
    return Answer(Answered.UNKNOWN, code=status, detail="the answer is none of the Graph API's")


def _taken(messages: object) -> Answer:
    first = messages[0] if isinstance(messages, list) and messages else None
    name = first.get("id") if isinstance(first, Mapping) else None
    if not isinstance(first, Mapping) or not isinstance(name, str):
        return Answer(Answered.UNKNOWN, detail="the answer holds no message")
    held = first.get("message_status")
    return Answer(Answered.ACCEPTED, provider_id=name, detail=None if held in {None, "accepted"} else str(held))


def _refused(error: Mapping[str, object], reply: Reply, now: dt.datetime) -> Answer:
    given = error.get("code")
    code = given if isinstance(given, int) else -1
    named = str(code) if code >= 0 else str(reply.status)
    if code in _ROUTE:
        return Answer(Answered.RETRY, not_before=_named(reply.headers, now), code=named, detail="a rate", route=True)
    if code == 131056:
        return Answer(Answered.RETRY, not_before=now + _PAIR, code=named, detail="too many messages to this person")
    if code == 131048:
        return Answer(
            Answered.WAIT_QUOTA, not_before=now + _DAY, code=named, detail="held back as spam", route=True
        )  # fmt: skip
    if code == 131049:
        return Answer(
            Answered.WAIT_QUOTA, not_before=now + _DAY, code=named, detail="this person had enough of marketing"
        )
    if code in OPTED_OUT:
        return Answer(Answered.OPTED_OUT, code=named, detail="the person stopped marketing")
    if code in DEAD:
        return Answer(Answered.DEAD_ADDRESS, code=named, detail="undeliverable")
    if code in _CONFIG or 200 <= code < 300 or (code == 100 and error.get("error_subcode") == 33):
        return Answer(Answered.CONFIG, code=named, detail="token, permission, number or account")
    if code in _FAILED:
        return Answer(Answered.RETRY, not_before=_named(reply.headers, now), code=named, detail="Meta had an error")
    if reply.status >= 500:
        return Answer(Answered.UNKNOWN, code=named, detail="Meta had an error")
    if code not in _POLICY and reply.status in {401, 403}:
        return Answer(Answered.CONFIG, code=named, detail="token or permission")
    if code not in _POLICY and reply.status == 429:
        return Answer(Answered.RETRY, not_before=_named(reply.headers, now), code=named, route=True)
    return Answer(Answered.POLICY, code=named, detail=_POLICY.get(code, "refused"))


def _named(headers: Mapping[str, str], now: dt.datetime) -> dt.datetime | None:
    """Until when to wait, where Meta says so: `Retry-After`, or the minutes of `X-Business-Use-Case-Usage`."""
    if "retry-after" in headers:
        return retry_after(headers, now)
    try:
        usage = json.loads(headers.get("x-business-use-case-usage", "{}"))
        waits = [one.get("estimated_time_to_regain_access", 0) for cases in usage.values() for one in cases]
        minutes = max(waits, default=0)
        return now + dt.timedelta(minutes=minutes) if minutes > 0 else None
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None

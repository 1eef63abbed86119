"""What the errors of the Graph API mean.

In: a reply. Out: an `Answer`.
Invariant: a code that is not listed is a refusal of this message; what is no answer of the API is unknown.

Codes and subcodes are those of https://developers.facebook.com/docs/messenger-platform/error-codes and of
https://developers.facebook.com/docs/graph-api/guides/error-handling.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping

from rulecrm.plugin import Answer, Answered, retry_after
from rulecrm.plugin.wire import Reply

__all__ = ["refused"]

_SUBCODES: Mapping[int, tuple[Answered, str]] = {
    1545041: (Answered.OPTED_OUT, "the person does not receive messages of this page"),
    2018001: (Answered.DEAD_ADDRESS, "no such person"),
    2018108: (Answered.OPTED_OUT, "the person does not receive messages of this page"),
    2018278: (Answered.POLICY, "outside the 24 hours"),
    2534022: (Answered.POLICY, "outside the 24 hours"),
    2018065: (Answered.POLICY, "outside the 24 hours"),
    1713230: (Answered.CONFIG, "the audience is blocked"),
}

_CODES: Mapping[int, tuple[Answered, str]] = {
    1: (Answered.UNKNOWN, "Meta had an error"),
    2: (Answered.RETRY, "Meta is busy"),
    3: (Answered.CONFIG, "the app may not do this"),
    4: (Answered.RETRY, "too many calls of the app"),
    10: (Answered.CONFIG, "the app may not do this"),
    17: (Answered.RETRY, "too many calls of the account"),
    32: (Answered.RETRY, "too many calls of the page"),
    100: (Answered.POLICY, "a parameter is wrong"),
    102: (Answered.CONFIG, "the token is not valid"),
    190: (Answered.CONFIG, "the token is not valid"),
    230: (Answered.CONFIG, "the page may not write"),
    294: (Answered.CONFIG, "the token lacks a permission"),
    368: (Answered.CONFIG, "Meta has blocked the page for a time"),
    551: (Answered.DEAD_ADDRESS, "the person is not available"),
    613: (Answered.RETRY, "too many calls"),
    2650: (Answered.CONFIG, "the audience cannot be changed"),
}

_RATES = frozenset({4, 17, 32, 613})


def refused(reply: Reply, now: dt.datetime) -> Answer | None:
    """What an error means; None where the reply is none."""
    document = reply.document
    if document is None:
        return _unreadable(reply, now)
    error = document.get("error")
    if not isinstance(error, Mapping):
        return (
            None if reply.status < 300 else Answer(Answered.UNKNOWN, code=str(reply.status), detail="no error is told")
        )
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    outcome, detail = _SUBCODES.get(subcode) or _CODES.get(code) or _rest(code)
    told = f"{code}/{subcode}" if subcode else str(code)
    if outcome is not Answered.RETRY:
        return Answer(outcome, code=told, detail=detail)
    limited = code in _RATES or 80_000 <= code < 80_100
    wait = dt.timedelta(minutes=_minutes(reply.headers) or 5) if limited else None
    return Answer(outcome, not_before=now + wait if wait else None, code=told, detail=detail, route=limited)


def _unreadable(reply: Reply, now: dt.datetime) -> Answer:
    """Of an answer that is not the Graph API's own: a gateway's, or another server's."""
    status = str(reply.status)
    if reply.status == 429:
        until = retry_after(reply.headers, now) or now + dt.timedelta(minutes=_minutes(reply.headers) or 5)
        return Answer(Answered.RETRY, not_before=until, code=status, detail="too many calls", route=True)
    if 300 <= reply.status < 500:
        return Answer(Answered.CONFIG, code=status, detail="this is not the Graph API's answer: look at `url`")
    return Answer(Answered.UNKNOWN, code=status, detail="this is no answer of the API")


def _rest(code: int) -> tuple[Answered, str]:
    if 80_000 <= code < 80_100:
        return Answered.RETRY, "too many calls of the business"
    if 200 <= code < 300:
        return Answered.CONFIG, "the token lacks a permission"
    return Answered.POLICY, "refused"


def _number(given: object) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) else 0


def _minutes(headers: Mapping[str, str]) -> int:
    """Until access is regained, by the header that tells of the use made of the API; 0 where it does not say."""
    try:
        used = json.loads(headers.get("x-business-use-case-usage", "{}"))
    except ValueError:
        return 0
    return max((_number(one.get("estimated_time_to_regain_access")) for one in _uses(used)), default=0)


def _uses(used: object) -> Iterator[Mapping[str, object]]:
    for several in used.values() if isinstance(used, dict) else ():
        for one in several if isinstance(several, list) else ():
            if isinstance(one, dict):
                yield one

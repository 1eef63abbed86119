"""What the answers of X mean.

In: a reply. Out: an `Answer`.
Invariant: a 4xx of the API is a refusal; anything else that names no message is unknown.

Codes and headers are those of https://docs.x.com/x-api/fundamentals (response codes, rate limits).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from rulecrm.plugin import Answer, Answered
from rulecrm.plugin.wire import Reply

__all__ = ["answer_of"]


def answer_of(reply: Reply, name: str, now: dt.datetime) -> Answer:
    """What became of a message or a post; `name` is the field of `data` that names it."""
    document = reply.document
    if document is None:
        return _unreadable(reply, now)
    if reply.status == 429:
        return _throttled(reply, now)
    data = document.get("data")
    if reply.status < 300:
        found = data.get(name) if isinstance(data, Mapping) else None
        if isinstance(found, str) and found:
            return Answer(Answered.ACCEPTED, provider_id=found)
        return Answer(Answered.UNKNOWN, code=str(reply.status), detail="the answer names no message")
    code, text = str(reply.status), str(document.get("detail") or document.get("title") or "").lower()
    match reply.status:
        case 401:
            return Answer(Answered.CONFIG, code=code, detail="the keys are not known")
        case 402:
            return Answer(Answered.CONFIG, code=code, detail="the plan of the account is used up")
        case 403 if "participant" in text:  # no permission to write to this person: the app's own are not in question
            return Answer(Answered.POLICY, code=code, detail="the person's settings do not allow it")
        case 403 if any(word in text for word in ("oauth", "permission", "client-not-enrolled", "suspended", "access")):
            return Answer(Answered.CONFIG, code=code, detail="the app or the account may not do this")
        case 403:
            return Answer(Answered.POLICY, code=code, detail="the person's settings do not allow it")
        case 404:
            return Answer(Answered.DEAD_ADDRESS, code=code, detail="no such person")
        case 400 if "participant_id" in _wrong(document):
            return Answer(Answered.DEAD_ADDRESS, code=code, detail="the address is no number of an account")
    if 400 <= reply.status < 500:
        return Answer(Answered.POLICY, code=code, detail="refused")
    return Answer(Answered.UNKNOWN, code=code, detail="X had an error")  # it is not said that nothing was taken


def _unreadable(reply: Reply, now: dt.datetime) -> Answer:
    if reply.status == 429:
        return _throttled(reply, now)
    if 300 <= reply.status < 500:
        return Answer(Answered.CONFIG, code=str(reply.status), detail="this is not the API's answer: look at `url`")
    return Answer(Answered.UNKNOWN, code=str(reply.status), detail="the answer is none of the API's")


def _throttled(reply: Reply, now: dt.datetime) -> Answer:
    """Too many in 15 minutes, or in a day: of the account, or of the whole app."""
    for span in ("user", "app"):
        if reply.headers.get(f"x-{span}-limit-24hour-remaining") == "0":
            until = _instant(reply.headers.get(f"x-{span}-limit-24hour-reset"))
            return Answer(Answered.WAIT_QUOTA, not_before=until, code="429", detail="the day's limit", route=True)
    until = _instant(reply.headers.get("x-rate-limit-reset")) or now + dt.timedelta(minutes=15)
    return Answer(Answered.RETRY, not_before=until, code="429", detail="too many messages", route=True)


def _instant(seconds: str | None) -> dt.datetime | None:
    if seconds is None or not seconds.isdecimal() or len(seconds) > 11:
        return None
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC)


def _wrong(document: Mapping[str, object]) -> str:
    errors = document.get("errors")
    return " ".join(str(one) for one in errors) if isinstance(errors, list) else ""

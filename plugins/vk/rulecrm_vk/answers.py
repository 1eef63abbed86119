"""What the answers of VK mean.

In: a reply. Out: an `Answer`.
Invariant: a code that is not listed is a refusal of this message; what is no answer of the API is unknown.

The codes are those of https://dev.vk.com/ru/reference/errors and of `messages.send`, as the schema that VK publishes
(github.com/VKCOM/vk-api-schema) has them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from rulecrm.plugin import Answer, Answered, retry_after
from rulecrm.plugin.wire import Reply

__all__ = ["answer_of"]

_CODES: Mapping[int, tuple[Answered, str]] = {
    1: (Answered.UNKNOWN, "VK had an error"),
    3: (Answered.CONFIG, "no such method: look at `version`"),
    5: (Answered.CONFIG, "the token is not known"),
    6: (Answered.RETRY, "too many calls a second"),
    7: (Answered.CONFIG, "the token lacks a right"),
    8: (Answered.CONFIG, "the request is not understood"),
    9: (Answered.RETRY, "too many of one kind"),
    10: (Answered.UNKNOWN, "VK had an error"),
    14: (Answered.CONFIG, "VK asks for a captcha"),
    15: (Answered.POLICY, "no access"),
    17: (Answered.CONFIG, "VK asks for a validation"),
    18: (Answered.DEAD_ADDRESS, "the page is deleted or banned"),
    20: (Answered.CONFIG, "not for such a token"),
    23: (Answered.CONFIG, "the method is switched off"),
    27: (Answered.CONFIG, "the community's token is not valid"),
    28: (Answered.CONFIG, "the application's token is not valid"),
    29: (Answered.WAIT_QUOTA, "the limit of calls is reached"),
    30: (Answered.POLICY, "the profile is private"),
    113: (Answered.DEAD_ADDRESS, "no such person"),
    900: (Answered.OPTED_OUT, "the person has blocked the community"),
    901: (Answered.POLICY, "the person has not allowed messages"),
    902: (Answered.POLICY, "the person's settings do not allow it"),
    914: (Answered.POLICY, "the message is too long"),
    936: (Answered.DEAD_ADDRESS, "no such contact"),
    945: (Answered.DEAD_ADDRESS, "the chat is switched off"),
    946: (Answered.POLICY, "the chat does not support it"),
    950: (Answered.POLICY, "the window for messages is over"),
}


def answer_of(reply: Reply, now: dt.datetime) -> Answer:
    """What became of a message or a post."""
    document = reply.document
    if document is None and reply.status == 429:
        until = retry_after(reply.headers, now) or now + dt.timedelta(seconds=1)
        return Answer(Answered.RETRY, not_before=until, code="429", detail="too many calls", route=True)
    if document is None and 300 <= reply.status < 500:
        return Answer(Answered.CONFIG, code=str(reply.status), detail="this is not the API's answer: look at `url`")
    if document is None or reply.status >= 500:
        return Answer(Answered.UNKNOWN, code=str(reply.status), detail="this is no answer of the API")
    error = document.get("error")
    if isinstance(error, Mapping):
        return _refused(error, now)
    found = document.get("response")
    if isinstance(found, Mapping):
        found = found.get("post_id")
    if isinstance(found, int) and not isinstance(found, bool):
        return Answer(Answered.ACCEPTED, provider_id=str(found))
    return Answer(Answered.UNKNOWN, detail="the answer names no message")


def _refused(error: Mapping[str, object], now: dt.datetime) -> Answer:
    code = error.get("error_code")
    number = code if isinstance(code, int) else 0
    outcome, detail = _CODES.get(number, (Answered.POLICY, "refused"))
    if number == 100:  # one of the parameters: the person's number, or something of ours
        dead = any(word in str(error.get("error_msg", "")) for word in ("user_id", "peer_id"))
        outcome, detail = (
            (Answered.DEAD_ADDRESS, "no such person") if dead else (Answered.POLICY, "a parameter is wrong")
        )
    wait = {6: 1, 9: 60}.get(number)
    until = None if wait is None else now + dt.timedelta(seconds=wait)
    return Answer(outcome, not_before=until, code=str(number), detail=detail, route=number in {6, 29})

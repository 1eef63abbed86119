"""What a call of apprise's means.

In: whether it went well, and what apprise logged of it. Out: an `Answer`.
Invariant: a message is refused only where a service said so with a status of HTTP, and nobody else could have taken it.
Whatever else failed is unknown: apprise says "failed" alike of a connection refused and of one cut after the message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rulecrm.plugin import Answer, Answered

__all__ = ["answer_of", "failed", "together"]

_STATUS = re.compile(r"\berror=([1-5]\d\d)\b")  # how nearly every service of apprise's ends such a warning

_ORDER = (Answered.ACCEPTED, Answered.UNKNOWN, Answered.RETRY, Answered.CONFIG, Answered.POLICY)


def answer_of(status: str, warnings: Sequence[str], *, alone: bool) -> Answer:
    """What became of a message at one URL.

    Args:
        status: name of apprise's `AppriseResultStatus` of the one attempt.
        warnings: what was logged meanwhile.
        alone: whether the URL stands for one recipient and the message is one call: otherwise a part of it may have
            been taken before another was refused.
    """
    if status == "SUCCESS":
        return Answer(Answered.ACCEPTED)
    if status == "TIMEOUT":
        return Answer(Answered.UNKNOWN, detail="no answer in time")
    found = [_STATUS.search(one) for one in warnings]
    if len(found) != 1 or found[0] is None:  # a second warning may be of a call whose answer was lost
        return Answer(Answered.UNKNOWN, detail="it failed, and apprise does not say whether the service took it")
    code = found[0].group(1)
    if not alone:
        return Answer(Answered.UNKNOWN, code=code, detail="refused for one recipient; others may have it")
    return failed(code)


def failed(code: str) -> Answer:
    """A status of HTTP that a service refused a message with."""
    match int(code):
        case 429:
            return Answer(Answered.RETRY, code=code, detail="too many notices", route=True)
        case 401 | 402 | 403 | 404 | 405 | 407 | 410:
            return Answer(Answered.CONFIG, code=code, detail="the service does not know the URL, or not its password")
        case status if 300 <= status < 400:
            return Answer(Answered.CONFIG, code=code, detail="the service is somewhere else")
        case status if 400 <= status < 500 and status != 408:
            return Answer(Answered.POLICY, code=code, detail="refused")
    return Answer(Answered.UNKNOWN, code=code, detail="the service had an error")  # it may have taken it before


def together(answers: Sequence[Answer]) -> Answer:
    """One answer for a message that went to several URLs.

    It is accepted where any took it: sent again it would come there twice. Who did not is said in the detail.
    """
    best = min(answers, key=lambda one: _ORDER.index(one.outcome))
    if len(answers) == 1 or all(one.outcome is Answered.ACCEPTED for one in answers):
        return best
    others = [
        f"{number} of {len(answers)}: {one.outcome.value}{f' ({one.code})' if one.code else ''}"
        for number, one in enumerate(answers, 1)
        if one.outcome is not Answered.ACCEPTED
    ]
    return Answer(best.outcome, code=best.code, detail=f"url {', '.join(others)}", route=best.route)

"""What WeCom's answers mean.

In: an errcode, or an answer without one. Out: an `Answer`.
Invariant: every errcode other than 0 is a refusal; an answer that has none says nothing of what was taken.

The codes are those of https://developer.work.weixin.qq.com/document/path/90313, which also says not to read the words
beside them; of those only a hint at the daily quota is taken.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from rulecrm.plugin import Answer, Answered, retry_after
from rulecrm.plugin.wire import Reply

__all__ = ["STALE_TOKEN", "ZONE", "answer_of", "code_of", "unreadable"]

ZONE = "Asia/Shanghai"
"""Where WeCom's days begin."""

STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The access token is not, or no longer, good; another one is to be had."""

_DEAD = frozenset(
    {
        40003, 40031, 60111, 81013, 82001,  # no such member, or none whom the app may see
        40096, 41056, 84061,  # no such customer
    }
)  # fmt: skip

_CONFIG = frozenset(
    {
        40001, 40013, 40014, 41001, 41002, 41004, 42001,  # company, secret, token
        40056, 50001, 50003, 301002,  # the app
        48002, 48003, 60011, 60020, 84074, 84072,  # permissions, trusted addresses
    }
)  # fmt: skip

_POLICY = {
    40008: "WeCom knows no such kind of message",
    40058: "WeCom does not take one of the parameters",
    41048: "the customer cannot get a broadcast: the month's limit is reached, or he or she never answered a member",
    44004: "the text is empty",
    45002: "the text is too long",
}

_BAN = dt.timedelta(seconds=60)
"""What goes over the rate of a minute is banned for one (document 90312)."""


def code_of(document: Mapping[str, object]) -> int | None:
    """The errcode of an answer; None where it has none."""
    code = document.get("errcode")
    return code if isinstance(code, int) else None


def answer_of(document: Mapping[str, object], now: dt.datetime) -> Answer:
    """What an errcode other than 0 means."""
    code = code_of(document)
    named = str(code)
    if code == -1:
        return Answer(Answered.RETRY, code=named, detail="WeCom is busy")
    if code in {45009, 45033}:
        words = str(document.get("errmsg", ""))
        if "day" in words or "daily" in words:
            return Answer(
                Answered.WAIT_QUOTA, not_before=_midnight(now), code=named, detail="the day's rate", route=True
            )
        return Answer(Answered.RETRY, not_before=now + _BAN, code=named, detail="a rate", route=True)
    if code in _DEAD:
        return Answer(Answered.DEAD_ADDRESS, code=named, detail="WeCom knows no such person")
    if code in _CONFIG:
        return Answer(Answered.CONFIG, code=named, detail="company, app, secret, permission or trusted address")
    return Answer(Answered.POLICY, code=named, detail=_POLICY.get(code or 0, "refused"))


def unreadable(reply: Reply, now: dt.datetime) -> Answer:
    """What an answer without an errcode means."""
    status = str(reply.status)
    if reply.status == 429:
        until = retry_after(reply.headers, now) or now + _BAN
        return Answer(Answered.RETRY, not_before=until, code=status, route=True)
    if 300 <= reply.status < 500:
        return Answer(Answered.CONFIG, code=status, detail="this is not WeCom's answer: look at `url`")
    return Answer(Answered.UNKNOWN, code=status, detail="the answer is none of WeCom's")


def _midnight(now: dt.datetime) -> dt.datetime:
    zone = ZoneInfo(ZONE)
    return dt.datetime.combine(now.astimezone(zone).date() + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)

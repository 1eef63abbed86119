"""What DingTalk's answers mean.

In: an errcode, or an answer without one. Out: an `Answer`.
Invariant: every errcode other than 0 is a refusal; an answer that has none says nothing of what was taken.

The codes are those of https://open.dingtalk.com/document/orgapp/server-api-error-codes-1, of the page of work notices,
and of that of custom robots. A refusal may come as errcode 88, with the code proper in `sub_code`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from rulecrm.plugin import Answer, Answered, retry_after
from rulecrm.plugin.wire import Reply

__all__ = ["STALE_TOKEN", "ZONE", "answer_of", "code_of", "unreadable"]

ZONE = "Asia/Shanghai"
"""Where DingTalk's days begin."""

STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The access token is not, or no longer, good; another one is to be had."""

_WAITS: Mapping[int, dt.timedelta] = MappingProxyType(
    {
        # Beyond 20 messages a minute a robot is silenced for ten.
        130101: dt.timedelta(minutes=10),
        410100: dt.timedelta(minutes=10),
        # Notices a minute: of the app, of the company.
        143103: dt.timedelta(minutes=1),
        143104: dt.timedelta(minutes=1),
        143203: dt.timedelta(minutes=1),
        143204: dt.timedelta(minutes=1),
        # Calls of one method, of all methods; DingTalk's own protection.
        90002: dt.timedelta(seconds=5),
        90018: dt.timedelta(minutes=1),
        1430003: dt.timedelta(minutes=1),
    }
)
"""Rates, all of them of the whole account, and for how long each keeps everything back."""

_DAILY = frozenset({143105, 143205})
"""A colleague has had as many notices as a day allows."""

_DEAD = frozenset({33012, 60121, 1430000})

_CONFIG = frozenset(
    {
        40001, 40013, 40014, 40089, 40096, 41001, 42001,  # app key, secret, token
        300001, 300005, 400101,  # a robot's token
        400013, 400102, 400106, 43004,  # a robot that is stopped, or gone; a group that is
        310000,  # a robot's safeguard: signature, addresses
        33001, 60011, 60020,  # company, permissions, addresses
    }
)  # fmt: skip

_POLICY: Mapping[int, str] = MappingProxyType(
    {
        143106: "the colleague got the same words today",
        143206: "the colleague got the same words today",
        1430002: "DingTalk does not allow the words",
        1430004: "the colleague is protected from notices",
        460101: "the text is too long",
    }
)


def code_of(document: Mapping[str, object]) -> int | None:
    """The errcode of an answer, or what stands behind an 88; None where it has none."""
    code, behind = document.get("errcode"), str(document.get("sub_code", ""))
    if code == 88 and behind.isdecimal():
        return int(behind[:9])
    return code if isinstance(code, int) else None


def answer_of(document: Mapping[str, object], now: dt.datetime) -> Answer:
    """What an errcode other than 0 means."""
    code = code_of(document) or 0
    named = str(code)
    if code == -1:
        return Answer(Answered.RETRY, code=named, detail="DingTalk is busy")
    if code in _WAITS:
        return Answer(Answered.RETRY, not_before=now + _WAITS[code], code=named, detail="a rate", route=True)
    if code in _DAILY:
        return Answer(Answered.WAIT_QUOTA, not_before=_midnight(now), code=named, detail="the colleague's day is full")
    if code in _DEAD:
        return Answer(Answered.DEAD_ADDRESS, code=named, detail="DingTalk knows no such colleague")
    if code == 310000 and "keyword" in str(document.get("errmsg", "")).lower():
        return Answer(Answered.POLICY, code=named, detail="the text lacks the robot's keyword: set `keyword`")
    if code in _CONFIG or code == 88:
        return Answer(Answered.CONFIG, code=named, detail="token, signature, robot, app or permission")
    return Answer(Answered.POLICY, code=named, detail=_POLICY.get(code, "refused"))


def unreadable(reply: Reply, now: dt.datetime) -> Answer:
    """What an answer without an errcode means."""
    status = str(reply.status)
    if reply.status == 429:
        until = retry_after(reply.headers, now) or now + dt.timedelta(minutes=1)
        return Answer(Answered.RETRY, not_before=until, code=status, route=True)
    if 300 <= reply.status < 500:
        return Answer(Answered.CONFIG, code=status, detail="this is not DingTalk's answer: look at `url`")
    return Answer(Answered.UNKNOWN, code=status, detail="the answer is none of DingTalk's")


def _midnight(now: dt.datetime) -> dt.datetime:
    zone = ZoneInfo(ZONE)
    return dt.datetime.combine(now.astimezone(zone).date() + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)

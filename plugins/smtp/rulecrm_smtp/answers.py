"""What the replies of an SMTP server mean.

In: a reply code and its text. Out: `Answered`, and what is told of it.
Invariant: 4xx passes, 5xx does not (RFC 5321, 4.2.1); the enhanced code (RFC 3463), where there is one, says whose
fault it is.
"""

from __future__ import annotations

import re

from rulecrm.plugin import Answer, Answered

__all__ = ["answered", "refused"]

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")

_DEAD = frozenset({501, 550, 551, 553})
"""Of RCPT: no address as the server writes them, no such mailbox, moved, name not allowed (RFC 5321, 4.2.3)."""

_OURS = frozenset({500, 501, 502, 503, 504, 523, 524, 530, 534, 535, 538})
"""The server wants a login, or a command that we do not know."""


def answered(code: int, text: str, *, recipient: bool) -> Answered:
    """What a reply means for the message; `recipient` where it answered RCPT."""
    if 400 <= code < 500:
        return Answered.RETRY
    enhanced = _ENHANCED.search(text)
    subject, detail = (enhanced[2], enhanced[3]) if enhanced else ("", "")
    theirs = recipient and (subject == "1" or (enhanced is None and code in _DEAD))
    if code in _OURS and not theirs:
        return Answered.CONFIG
    if subject == "1" and detail not in {"7", "8"}:  # 5.1.7 and 5.1.8 speak of the sender
        return Answered.DEAD_ADDRESS
    if subject == "2" and detail == "1":  # the mailbox is disabled
        return Answered.DEAD_ADDRESS
    if enhanced is None and recipient and code in _DEAD:
        return Answered.DEAD_ADDRESS
    return Answered.POLICY


def refused(code: int, text: str, *, recipient: bool = False) -> Answer:
    """The answer for a message that was not taken."""
    enhanced = _ENHANCED.search(text)
    told = f"{code} {enhanced[0]}" if enhanced else str(code)
    words = _ADDRESS.sub("…", " ".join(text.split()))[:200]
    return Answer(answered(code, text, recipient=recipient), code=told, detail=words)

"""Numbers, and what messages of a call are found by.

In: addresses, keys. Out: E.164 numbers, session contexts.
Invariant: nothing that is no number gets through.

A call may carry many numbers and has one session context, which reports repeat. Of a single message it is the key; of
several it is a row of short marks, one a key, by which a message whose answer was lost is found again.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

__all__ = ["MAINLAND", "context_of", "key_in", "number_of", "was_in"]

MAINLAND = "+86"

_E164 = re.compile(r"\+?([1-9][0-9]{4,14})\Z")

_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")

_MARK = 3
_LONGEST = 511
"""Bytes of a session context: fewer than 512, so up to 170 marks."""


def number_of(address: str) -> str | None:
    """The E.164 number of an address, or None where it is none."""
    match = _E164.match(address)
    return f"+{match[1]}" if match else None


def context_of(keys: Sequence[str]) -> str:
    """What a call's messages are found by; empty where they are too many."""
    given = keys[0] if len(keys) == 1 else "".join(_mark(key) for key in keys)
    return given if len(given) <= _LONGEST else ""


def key_in(context: object) -> str | None:
    """The key that a report repeats, where its call was for one message."""
    return context if isinstance(context, str) and _KEY.match(context) else None


def was_in(key: str, context: object) -> bool:
    """Whether a call with this context carried the message; marks of two keys are alike once in 262,144 times."""
    if not isinstance(context, str) or not context:
        return False
    if key_in(context):
        return context == key
    return _mark(key) in {context[at : at + _MARK] for at in range(0, len(context), _MARK)}


def _mark(key: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())[:_MARK].decode()

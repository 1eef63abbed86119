"""Numbers as people write them and as the service does, and what a message is known by.

In: E.164 numbers, keys. Out: the service's numbers, out-ids, provider ids.
Invariant: a number of mainland China is 11 digits at the service and +86 with us; nothing that is no number gets
through, so that no number can hide in another.

One call may carry many messages, and has one BizId and one OutId for all of them. A message's provider id is therefore
the BizId with a mark of the number. The OutId of a single message is its key; of several it is a row of short marks,
one a key, by which a message whose answer was lost is found again.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

__all__ = ["address_of", "key_in", "number_of", "out_id", "provider_id", "was_in"]

_E164 = re.compile(r"\+?([1-9][0-9]{4,14})\Z")

_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")

_MARK = 3
"""Letters of a mark: 80 of them stay below the 256 characters of an OutId."""


def number_of(address: str) -> str | None:
    """The service's number of an address, or None where it is none."""
    match = _E164.match(address)
    if match is None:
        return None
    digits = match[1]
    return digits[2:] if digits.startswith("86") and len(digits) == 13 else digits


def address_of(number: str) -> str:
    """The address of a number that the service names."""
    digits = number.removeprefix("+").removeprefix("00")
    return f"+86{digits}" if len(digits) == 11 and digits.startswith("1") else f"+{digits}"


def provider_id(biz: str, number: str) -> str:
    """What one message of a call is known by."""
    return f"{biz}.{hashlib.sha256(f'{biz}{number}'.encode()).hexdigest()[:10]}"


def out_id(keys: Sequence[str]) -> str:
    """What a call's messages are found by."""
    return keys[0] if len(keys) == 1 else "".join(_mark(key) for key in keys)


def key_in(given: str) -> str | None:
    """The key that an OutId is, where its call was for one message."""
    return given if _KEY.match(given) else None


def was_in(key: str, given: str) -> bool:
    """Whether a call with this OutId carried the message; marks of two keys are alike once in 262,144 times."""
    if key_in(given):
        return given == key
    return _mark(key) in {given[at : at + _MARK] for at in range(0, len(given), _MARK)}


def _mark(key: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())[:_MARK].decode()

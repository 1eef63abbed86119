"""JSON from outside.

In: bytes that somebody else wrote. Out: what they hold.
Invariant: whatever the bytes are, nothing but `ValueError` is raised.
"""

from __future__ import annotations

import json

__all__ = ["parsed"]


def parsed(body: bytes) -> object:
    """What a body holds.

    Raises:
        ValueError: it is no JSON, or is nested deeper than can be read.
    """
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON that can be read") from None
    return found

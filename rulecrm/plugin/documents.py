"""JSON from outside.

In: bytes that somebody else wrote. Out: what they hold.
Invariant: whatever the bytes are, nothing but `ValueError` is raised.
"""

from __future__ import annotations

import json
from decimal import Decimal

from rulecrm.plugin.fields import Json

__all__ = ["exact", "parsed"]


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


def exact(body: bytes) -> Json | None:
    """The JSON object of an answer, its numbers with a fraction as `Decimal`; None where it is none."""
    try:
        found = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None

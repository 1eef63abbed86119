"""How long a server asks to be left alone.

In: the headers of an answer, and the clock. Out: an instant.
Invariant: whatever a server writes there, nothing is raised, and nobody waits longer than `LONGEST`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

__all__ = ["LONGEST", "retry_after"]

LONGEST = dt.timedelta(days=7)
"""What is told beyond it is a mistake rather than a wish."""

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?")


def retry_after(headers: Mapping[str, str], now: dt.datetime) -> dt.datetime | None:
    """The instant that `Retry-After` names: seconds from now, or a date (RFC 9110, section 10.2.3).

    Args:
        headers: by name in lower case.
        now: the instant, aware.

    Returns:
        The instant in UTC, from `now` to `LONGEST` after it; None where the header is missing or makes no sense.
    """
    told = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(told):
        return now + min(dt.timedelta(seconds=min(float(told), LONGEST.total_seconds())), LONGEST)
    try:
        at = parsedate_to_datetime(told)
        # A date without a zone is one in UTC: HTTP has no others.
        at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(at, now), now + LONGEST)

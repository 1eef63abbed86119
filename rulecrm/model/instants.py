"""What users write for an instant, read once at the door, and instants as numbers.

In: a date, an aware datetime, or ISO 8601 text. Out: an aware datetime, or microseconds since 1970-01-01 UTC.
Invariant: a time without a zone is wall clock in the zone of the rules; a bare date is its first instant there.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from rulecrm.diagnostics.model import Diagnostic, RulesError

__all__ = ["Instant", "from_microseconds", "instant_of", "to_microseconds"]

Instant = str | dt.date | dt.datetime
"""A date, a datetime (aware, or wall clock in the zone of the rules), or either as ISO 8601 text."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def instant_of(value: Instant, zone: str) -> dt.datetime:
    """The instant, aware, in UTC.

    Args:
        value: `2025-11-12`, `2025-11-12T08:00`, `2025-11-12T08:00:00Z`, a date or a datetime.
        zone: IANA zone for a date, or a time that names none.

    Raises:
        RulesError: R440 where the text is no date or time.
    """
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            message = f"`{value}` is no instant"
            raise RulesError([Diagnostic("R440", message, help="write 2025-11-12 or 2025-11-12T08:00:00Z")]) from None
    if not isinstance(value, dt.date):
        raise RulesError(
            [Diagnostic("R440", f"`{value}` is no instant", help="write 2025-11-12 or 2025-11-12T08:00:00Z")]
        )
    if not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=ZoneInfo(zone))
    return value.astimezone(dt.UTC)


def to_microseconds(instant: dt.datetime) -> int:
    """An aware datetime as microseconds since 1970-01-01 UTC.

    Raises:
        ValueError: it has no zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return (instant - _EPOCH) // _MICROSECOND


def from_microseconds(micros: int) -> dt.datetime:
    """Microseconds since 1970-01-01 UTC as a datetime in UTC.

    Raises:
        OverflowError: that lies outside the years 1 to 9999.
    """
    return _EPOCH + micros * _MICROSECOND

"""Instants worth testing with: clock changes, month ends, the edges of windows.

In: a zone and an instant T. Out: pools of instants to draw from.
Invariant: pools are small and drawn from with one choice each, so that ties are common and shrinking is quick.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from attrs import frozen
from hypothesis import strategies as st

from tests.oracle.zone import Shift, Zone

__all__ = [
    "DAY_LENGTHS",
    "LENGTHS",
    "ZONES",
    "Focus",
    "clock_changes",
    "focuses",
    "instants_around",
    "instants_of_evaluation",
]

ZONES = (
    "UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Cairo",
    "Asia/Kathmandu", "America/Havana", "America/Sao_Paulo",
)  # fmt: skip

DAY_LENGTHS = {
    "1d": Shift(days=1),
    "2d": Shift(days=2),
    "7d": Shift(days=7),
    "2w": Shift(days=14),
    "30d": Shift(days=30),
    "45d": Shift(days=45),
    "1mo": Shift(months=1),
    "3mo": Shift(months=3),
    "1y": Shift(months=12),
    "1mo3d": Shift(months=1, days=3),
}
"""Durations in whole days, as written and as meant."""

LENGTHS = {
    "90m": Shift(elapsed=dt.timedelta(minutes=90)),
    "1h": Shift(elapsed=dt.timedelta(hours=1)),
    "24h": Shift(elapsed=dt.timedelta(hours=24)),
    "36h": Shift(elapsed=dt.timedelta(hours=36)),
    "1d12h": Shift(days=1, elapsed=dt.timedelta(hours=12)),
    **DAY_LENGTHS,
}
"""Every duration that generated rules use."""

MICRO = dt.timedelta(microseconds=1)
HOUR = dt.timedelta(hours=1)
EARLIEST, LATEST = dt.datetime(2009, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PLAIN = (
    dt.datetime(2025, 11, 12), dt.datetime(2024, 2, 29, 10), dt.datetime(2025, 3, 31, 23, 30), dt.datetime(2024, 12, 31),
    dt.datetime(2025, 5, 31, 12, 0, 0, 1), dt.datetime(2025, 1, 1), dt.datetime(2024, 3, 1), dt.datetime(2011, 12, 31, 9),
)  # fmt: skip


@lru_cache(maxsize=32)
def clock_changes(zone_name: str) -> tuple[dt.datetime, ...]:
    """Instants from 2009 to 2025 at which the zone's offset changes."""
    zone = Zone(zone_name)

    def offset(instant: dt.datetime) -> dt.timedelta:
        return zone.wall(instant) - instant.replace(tzinfo=None)

    found = []
    low = EARLIEST
    while low < LATEST:
        high = low + dt.timedelta(days=5)
        if offset(low) != offset(high):
            before, after = low, high
            while after - before > dt.timedelta(seconds=1):
                middle = before + (after - before) // 2
                before, after = (middle, after) if offset(middle) == offset(low) else (before, middle)
            found.append(after.replace(microsecond=0))
        low = high
    return tuple(found)


@lru_cache(maxsize=32)
def _evaluation_pool(zone_name: str) -> tuple[dt.datetime, ...]:
    zone = Zone(zone_name)
    pool = [zone.instant(wall) for wall in PLAIN]
    for change in (*clock_changes(zone_name)[:6], *clock_changes(zone_name)[-6:]):
        pool += [change, change - MICRO, change + HOUR / 2, change + 2 * HOUR, change + dt.timedelta(days=1)]
        pool += [zone.start_of_day(zone.day(change) + dt.timedelta(days=1))]
    return tuple(dict.fromkeys(pool))


def instants_of_evaluation(zone_name: str) -> st.SearchStrategy[dt.datetime]:
    """Instants to ask about: month ends, leap days, around clock changes."""
    return st.sampled_from(_evaluation_pool(zone_name))


@lru_cache(maxsize=1024)
def _pool(zone_name: str, now: dt.datetime, lengths: tuple[str, ...]) -> tuple[dt.datetime, ...]:
    zone = Zone(zone_name)
    today = zone.day(now)
    pool = [now]
    for length in lengths:
        edge = zone.shift(now, -LENGTHS[length])
        pool += [edge, edge, edge + MICRO, edge - MICRO]
    for days in (0, 1, today.weekday(), 30):
        start = zone.start_of_day(today - dt.timedelta(days=days))
        pool += [start, start - MICRO]
    pool += [zone.start_of_day(today.replace(day=1)), now - HOUR / 2, now - 9 * HOUR, zone.shift(now, Shift(days=-5))]
    near = [change for change in clock_changes(zone_name) if abs(change - now) < dt.timedelta(days=40)]
    for change in near[:2]:
        pool += [change, change - MICRO]
    return (*pool, now + MICRO, zone.shift(now, LENGTHS[lengths[0]]), zone.shift(now, Shift(months=1)))


def instants_around(
    zone_name: str, now: dt.datetime, lengths: tuple[str, ...] = ("1d", "1mo")
) -> tuple[dt.datetime, ...]:
    """Instants of facts: mostly at or before `now`, on the edges of windows of these lengths, some after it."""
    return _pool(zone_name, now, lengths)


@frozen
class Focus:
    """What one example is about, so that its facts fall on the edges of the windows that its rules ask about."""

    lengths: tuple[str, ...]
    events: tuple[str, ...]


def focuses() -> st.SearchStrategy[Focus]:
    """A few durations and a few kinds of events."""
    lengths = st.lists(st.sampled_from(list(LENGTHS)), min_size=2, max_size=3, unique=True).map(tuple)
    events = st.sampled_from((("view", "cart"), ("view", "open", "inquiry"), ("review",), ("visit", "view", "cart")))
    return st.builds(Focus, lengths, events)

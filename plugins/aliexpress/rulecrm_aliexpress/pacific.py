"""The platform's wall clock: US Pacific time, which has one hour of the year twice.

In: instants, and texts such as `2025-11-02 01:30:00`. Out: the other of the two.
Invariant: no window begins or ends within the hour that is there twice, so it is asked for as a whole and nothing in it
can be missed; of two versions of an order the later one stays the later one.

The zone is America/Los_Angeles: the documentation of `aliexpress.solution.order.get` says "US pacific time" of the
times that are asked for and of those in the answer.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

__all__ = ["PACIFIC", "at_latest", "in_order", "is_twice", "outside_twice", "wall"]

PACIFIC = ZoneInfo("America/Los_Angeles")

_WRITTEN = "%Y-%m-%d %H:%M:%S"
_STEP = dt.timedelta(minutes=15)


def wall(instant: dt.datetime) -> str:
    """An aware instant as the platform writes it."""
    return instant.astimezone(PACIFIC).strftime(_WRITTEN)


def is_twice(instant: dt.datetime) -> bool:
    """Whether the wall clock shows what it shows at this instant an hour earlier or later once more."""
    here = instant.astimezone(PACIFIC)
    return here.replace(fold=0).utcoffset() != here.replace(fold=1).utcoffset()


def outside_twice(instant: dt.datetime) -> dt.datetime:
    """The instant itself, or one shortly before the hour that is there twice if it is within."""
    while is_twice(instant):
        instant -= _STEP
    return instant


def in_order(told: str, after: dt.datetime | None) -> tuple[dt.datetime, bool]:
    """The instant of a stage of an order, and whether the wall clock left it open which of two it is.

    It is the earlier of the two, unless only the later one is not before what happened before.

    Args:
        told: as the platform writes it.
        after: the instant of what happened before.

    Raises:
        ValueError: it is written in another way.
    """
    first, second = _both(told)
    chosen = second if after is not None and first < after <= second else first
    return chosen, first < second


def at_latest(told: str, now: dt.datetime) -> dt.datetime:
    """The instant of an order's last change: the later of the two, unless that had not come when it was read.

    So whatever is read of an order after another of its versions is the later one: that version's instant is not after
    the moment it was read, and the new one's, which lies between, is not put back by an hour.

    Raises:
        ValueError: it is written in another way.
    """
    first, second = _both(told)
    return second if first < second <= now else first


def _both(told: str) -> tuple[dt.datetime, dt.datetime]:
    try:
        read = dt.datetime.strptime(told.strip(), _WRITTEN).replace(tzinfo=PACIFIC)
    except ValueError:
        raise ValueError("an instant is not written as 2017-10-12 12:12:12") from None
    first, second = (read.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    return first, max(first, second)  # of a time that is skipped, that with the offset before the change

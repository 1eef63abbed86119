"""Time, as sending needs it.

In: nothing. Out: `Clock`, the system's and one that begins elsewhere.
Invariant: nothing in `dispatch` asks the machine for the time, or waits, but through a clock.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Protocol

from attrs import field, frozen

__all__ = ["Clock", "SystemClock", "starting_at"]


class Clock(Protocol):
    """What time it is, and how to wait; a test's own makes waiting take no time."""

    def now(self) -> dt.datetime:
        """The instant, aware."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of this clock."""
        ...


@frozen
class SystemClock:
    """The machine's clock, or one that is so far from it."""

    offset: dt.timedelta = field(default=dt.timedelta(0))

    def now(self) -> dt.datetime:
        """See `Clock.now`."""
        return dt.datetime.now(dt.UTC) + self.offset

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)


def starting_at(instant: dt.datetime) -> SystemClock:
    """A clock that shows this instant now, and goes on from there."""
    return SystemClock(instant - dt.datetime.now(dt.UTC))

"""A clock that tests set.

In: an instant. Out: a clock whose time passes when somebody sleeps, and not otherwise.
Invariant: it never goes back; a test that uses it takes no time of its own.
"""

from __future__ import annotations

import asyncio
import datetime as dt

from attrs import define, field

__all__ = ["FakeClock"]


def _aware(_: object, __: object, instant: dt.datetime) -> None:
    if instant.tzinfo is None:
        raise ValueError("an instant names its zone: datetime(2025, 11, 11, tzinfo=UTC)")


@define
class FakeClock:
    """A clock that stands at `instant`, aware, until it is set or somebody sleeps."""

    instant: dt.datetime = field(default=dt.datetime(2025, 11, 11, 2, 0, tzinfo=dt.UTC), validator=_aware)

    def now(self) -> dt.datetime:
        """The instant, in UTC."""
        return self.instant.astimezone(dt.UTC)

    def move(self, by: dt.timedelta) -> None:
        """Let time pass.

        Raises:
            ValueError: `by` is negative.
        """
        if by < dt.timedelta(0):
            raise ValueError("a clock never goes back")
        self.instant += by

    async def sleep(self, seconds: float) -> None:
        """Wait: others that are ready go first, then it is so much later. Those who wait at once wait together."""
        until = self.instant + dt.timedelta(seconds=max(seconds, 0.0))
        await asyncio.sleep(0)
        self.instant = max(self.instant, until)

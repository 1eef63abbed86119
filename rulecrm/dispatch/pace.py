"""How fast a route goes: what its rates let through, and what goes out in a moment.

In: a route, and what all lanes of a run share. Out: how many messages may be claimed, marked and handed over, when.
Invariant: nothing goes before the instant that the buckets of the rates gave it, which all workers share.
"""

from __future__ import annotations

from math import ceil

from attrs import define, field

from rulecrm.dispatch.routes import Route
from rulecrm.dispatch.shared import Shared
from rulecrm.state import Granted

__all__ = ["Pace"]

_AHEAD = 20
"""Seconds of a route's rate that are claimed at a time, and no more, so that claims do not run out meanwhile."""

_SOON = 2.0
"""Seconds: what goes out in so long is claimed at a time, so that the gate need not be asked about it again."""

_LEAST = 200
"""Messages that are claimed at a time, however slow it is: a claim costs as much as that many messages."""

_MOST_AHEAD = 1000
"""Messages that are claimed at a time, however fast it is."""

_MOMENT = 0.2
"""Seconds: what goes out in so long may be marked at a time."""

_MOST = 2000
"""Messages under way of one route at a time, however fast it is."""

_CATCH_UP = 50_000
"""Microseconds that calls of a route with a rate may make up for, where they were late."""

_PATIENCE = 60_000_000
"""Microseconds that a lane waits for a rate; what would have to wait longer goes back to the outbox."""


@define(eq=False)
class Pace:
    """Of one route in one run."""

    route: Route
    shared: Shared
    _granted: Granted | None = field(default=None, init=False)
    _next: int = field(default=0, init=False)
    _speed: float = field(default=0.0, init=False)
    _since: int | None = field(default=None, init=False)

    @property
    def ahead(self) -> int:
        """How many messages are claimed at a time."""
        soon = int(self._speed * _SOON) if self._speed else _MOST_AHEAD
        return min(_MOST_AHEAD, max(_LEAST, soon), self._of_rate(_AHEAD))

    @property
    def window(self) -> int:
        """How many messages may be under way at a time."""
        traits = self.route.traits
        return min(_MOST, max(traits.batch * max(1, traits.concurrency), int(self._speed * _MOMENT)))

    # --- how fast it goes -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The first messages are handed over after nothing was under way: how long that was says nothing."""
        if self._since is not None:
            self._since = self.shared.now()

    def heard(self, count: int) -> None:
        """So many answers have come."""
        if count:
            now = self.shared.now()
            # Of a route that nothing was heard of yet, not much is thought.
            since = now - 1_000_000 if self._since is None else self._since
            self._speed = count * 1e6 / max(100, now - since)
            self._since = now

    # --- what the rates let through -------------------------------------------------------------------------------

    async def slot(self, size: int, left: int) -> tuple[int, int] | None:
        """How many messages the rates let go together, and at which instant; None where that is not soon.

        No message, where it would have to wait for too long; then the instant is until when.

        Args:
            size: how many are wanted at once.
            left: how many there are in all.
        """
        rates = [(rate.count, rate.seconds) for rate in self.route.traits.rates if not rate.recipient]
        if not rates:
            return size, 0
        now = self.shared.now()
        if self._granted is None or self._granted.count <= 0:
            wanted = min(left, max(size, self._of_rate(_MOMENT * 2)))
            reserve = self.shared.ledger.buckets.reserve
            granted = await self.shared.booked(reserve, self.route.name, rates, wanted, now, _PATIENCE)
            if granted.count == 0:
                return 0, granted.start
            self._granted = granted
        if self._granted.start - now > int(_MOMENT * 1e6):
            return None
        return self._granted.count, self._granted.start

    def take(self, count: int) -> None:
        """So many messages of a slot go."""
        if self._granted is not None:
            granted = self._granted
            start = granted.start + ceil(granted.gap * count)
            self._granted = Granted(granted.count - count, start, granted.gap)

    async def turn_of(self, count: int, at: int) -> None:
        """Wait for the instant of a slot; a call that is late may catch up a little.

        More would be a burst that the rate forbids.
        """
        at = max(at, self._next, self.shared.now() - max(0, _CATCH_UP - int(self._gap)))
        self._next = at + ceil(self._gap * count)
        await self.shared.sleep_until(at)

    async def pause(self) -> None:
        """Wait until the rates let the next message go."""
        granted = self._granted
        if granted is not None and granted.count > 0:
            await self.shared.sleep_until(granted.start)

    @property
    def _gap(self) -> float:
        """Microseconds that the slowest of the route's rates puts between two messages."""
        rates = [rate for rate in self.route.traits.rates if not rate.recipient]
        return max((rate.seconds * 1e6 / rate.count for rate in rates), default=0.0)

    def _of_rate(self, seconds: float) -> int:
        """How many messages the route's rates let through in so long; at least a batch."""
        traits = self.route.traits
        rates = [rate.count / rate.seconds for rate in traits.rates if not rate.recipient]
        return max(1, traits.batch, int(min(rates) * seconds)) if rates else _MOST

"""Instants at which many things happen at once: sums of the very durations that the rules wait for.

In: a zone and a first instant. Out: `Moments`, small pools of instants and the durations between them.
Invariant: facts drawn from `instants` fall on each other and on the deadlines of waits about as often as beside them.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from attrs import frozen
from hypothesis import strategies as st

from tests.oracle.zone import Shift, Zone
from tests.strategies.clocks import ZONES, instants_of_evaluation

__all__ = ["FOCI", "SPANS", "Moments", "moments"]

MICRO = dt.timedelta(microseconds=1)

SPANS = {
    "18h": Shift(elapsed=dt.timedelta(hours=18)),
    "24h": Shift(elapsed=dt.timedelta(hours=24)),
    "1d": Shift(days=1),
    "2d": Shift(days=2),
    "1d12h": Shift(days=1, elapsed=dt.timedelta(hours=12)),
    "1w": Shift(days=7),
    "10d": Shift(days=10),
    "1mo": Shift(months=1),
}
"""Durations that generated rules wait for."""


FOCI = (
    ("purchase", "order", "view"), ("order", "purchase", "refund"), ("purchase", "cart"), ("view", "cart", "purchase"),
    ("dear", "review", "delivery"), ("order", "view", "open"),
)  # fmt: skip
"""Kinds of facts that an example is about."""


@frozen
class Moments:
    """What one example is about: where, from when, how long things take, and what happens."""

    zone: str
    first: dt.datetime
    lengths: tuple[str, ...]
    kinds: tuple[str, ...]

    def instants(self) -> tuple[dt.datetime, ...]:
        """Instants of facts, the same for equal moments."""
        return _instants(self)

    def until(self) -> dt.datetime:
        """An instant after all of them, when most waits are over."""
        zone = Zone(self.zone)
        latest = max(self.instants())
        return max(zone.shift(latest, SPANS[length]) for length in self.lengths)


@lru_cache(maxsize=1024)
def _instants(moments: Moments) -> tuple[dt.datetime, ...]:
    zone = Zone(moments.zone)
    shifts = [SPANS[length] for length in moments.lengths]
    found = [moments.first]
    for shift in (*shifts, *shifts):  # up to two of each, one after the other
        found += [zone.shift(at, shift) for at in found[:8]]
    found = list(dict.fromkeys(found))[:14]
    edges = [found[1] - MICRO, found[-1] + MICRO, found[2] + dt.timedelta(hours=9)]
    midnight = zone.start_of_day(zone.day(found[2]) + dt.timedelta(days=1))
    return (*found, *edges, midnight, midnight + dt.timedelta(hours=9), midnight + dt.timedelta(hours=21))


@st.composite
def moments(draw: st.DrawFn) -> Moments:
    """Any zone, often around a clock change; two or three durations."""
    zone = draw(st.sampled_from(ZONES))
    first = draw(instants_of_evaluation(zone))
    lengths = draw(st.lists(st.sampled_from(list(SPANS)), min_size=2, max_size=3, unique=True))
    kinds = draw(st.sampled_from(FOCI))
    return Moments(zone, first, tuple(lengths), kinds)

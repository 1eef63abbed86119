"""Belonging: journeys that live in a state of a lifecycle, and end when the customer leaves it.

In: timelines. Out: instants at which customers leave, and the moves that enter.
Invariant: what a timeline says is taken as it is now; a journey whose customer is not in the state after all, the facts
having been restated, is over at its last move.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rulecrm.machine.live import Journeys
from rulecrm.machine.timelines import Timeline
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.course import search
from rulecrm.runtime.register import NEVER

__all__ = ["Timelines", "after_move", "leaving", "moves_to"]

Timelines = Callable[[str], Timeline]
"""The timeline of a lifecycle, as far as the horizon at least."""


def moves_to(timeline: Timeline, state: str, after: int, to: int) -> tuple[Ints, Ints, Ints]:
    """The moves to a state in (after, to]: their places in the timeline, the customers (codes), the instants."""
    at = timeline.at
    places = np.flatnonzero((timeline.to == timeline.states.index(state)) & (at > after) & (at <= to))
    codes = np.searchsorted(timeline.offsets, places, side="right") - 1
    return places, codes, timeline.at[places]


def after_move(timeline: Timeline, places: Ints, codes: Ints) -> Ints:
    """When the customers make the move after these moves; NEVER where they make none."""
    return np.where(places + 1 < timeline.offsets[codes + 1], _at(timeline.at, places + 1), NEVER)


def leaving(journeys: Journeys, lifecycle: str, state: str, timelines: Timelines) -> Ints:
    """When the customers leave the state that journeys under way belong to."""
    timeline = timelines(lifecycle)
    codes = np.maximum(journeys.fixed.code, 0)
    upto = search(timeline.offsets, timeline.at, codes, journeys.at)
    last = np.where(upto > timeline.offsets[codes], _at(timeline.to, upto - 1), timeline.start)
    inside = last == timeline.states.index(state)
    return np.where(inside, after_move(timeline, upto - 1, codes), journeys.at)


def _at(values: Ints, places: Ints) -> Ints:
    """Values at places, where there are any."""
    return values[np.clip(places, 0, len(values) - 1)] if len(values) else np.zeros(len(places), np.int64)

"""Who can move: customers whose lifecycle may take them anywhere in a stretch of time.

In: an automaton, triggers, beginnings, a stretch of time. Out: customers; or nothing known.
Invariant: whoever is not among them makes no move in the stretch, whatever the conditions on the way say.

A move is made by a row, or by a timer. A timer runs out so long after the stay began, or after a row that started it
anew; and a stay begins with a row, with the customer, or with a timer. So whoever has neither begun nor had a row since
as long ago as all timers that can follow one another take together has come to rest before the stretch.
"""

from __future__ import annotations

import numpy as np

from rulecrm.machine.triggers import Triggers
from rulecrm.model.durations import Duration
from rulecrm.model.machine import Automaton, Rest, Timer
from rulecrm.runtime.arrays import Bools, Ints
from rulecrm.runtime.register import ALWAYS

__all__ = ["longest", "movable"]


def movable(automaton: Automaton, triggers: Triggers, begins: Ints, after: int) -> Bools | None:
    """Which customers may move in (after, horizon]; None where that may be anybody, or most of all.

    Args:
        automaton: of a lifecycle.
        triggers: over the store's customers, as far as the horizon.
        begins: the instant at which each customer became known.
        after: where the stretch begins.
    """
    reach = longest(automaton)
    if reach is None or after <= ALWAYS + reach:
        return None
    rests = [node for node in automaton.nodes if isinstance(node, Rest)]
    start = automaton.nodes[automaton.start]
    assert isinstance(start, Rest), "a lifecycle has no other nodes"
    found = begins > after - reach if start.timers else np.zeros(len(begins), bool)
    kinds = {event.rows.kind for rest in rests for event in rest.events}
    kinds |= {timer.without.kind for rest in rests for timer in rest.timers if timer.without is not None}
    for kind in sorted(kinds):
        rows = triggers.between(kind, after - reach)
        found[triggers.track(kind).index.codes[rows]] = True
    return found if int(found.sum()) * 2 <= len(found) else None


def longest(automaton: Automaton) -> int | None:
    """Microseconds that timers can take, one after another, at most; None where they can go round for ever."""
    timers = [node.timers if isinstance(node, Rest) else () for node in automaton.nodes]
    taken = [0] * len(timers)
    # Each round adds a timer to every way; a way without a circle passes no node twice.
    for _ in timers:
        before, taken = taken, [
            max((_due(timer).most + taken[timer.target] for timer in own), default=0) for own in timers
        ]  # fmt: skip
        if taken == before:
            return max(taken)
    return None


def _due(timer: Timer) -> Duration:
    due = timer.due
    assert isinstance(due, Duration), "a lifecycle has no other timers"
    return due

"""Where a subject is in a lifecycle, and the move that led there.

In: a value of a lifecycle, and whom and when to ask. Out: `Stay`.
Invariant: all of it is read off the timeline that the engine itself goes by.
"""

from __future__ import annotations

from rulecrm.explain.asking import Asker
from rulecrm.explain.explanation import Stay
from rulecrm.explain.shown import Door
from rulecrm.machine import lives
from rulecrm.model import ir
from rulecrm.model.machine import Rest
from rulecrm.model.types import INSTANT, label_of

__all__ = ["stay_of"]


def stay_of(expr: ir.State, asker: Asker, door: Door, instant: int) -> Stay:
    """The stay of the subject as of an instant."""
    lifecycle = asker.run.plan.lifecycle(expr.lifecycle)
    timeline = lives(asker.run, expr.lifecycle, instant)
    state, since, previous, moves = (
        timeline.part(part, asker.codes, instant)[0] for part in ("state", "since", "previous", "moves")
    )
    labels = label_of(lifecycle.states)
    made = timeline.last(int(asker.codes[0]), instant)
    written = None
    if made is not None:
        node = lifecycle.automaton.nodes[made.left]
        assert isinstance(node, Rest)
        events = len(node.events)
        span = node.events[made.by].span if made.by < events else node.timers[made.by - events].span
        text = asker.run.program.sources.get(span.source, "")[span.start : span.end]
        written = " ".join(text.split()) or f"{lifecycle.states[made.left]} -> {lifecycle.states[made.to]}"
    return Stay(
        expr.lifecycle,
        door.of(state, labels, instant),
        door.of(since, INSTANT, instant),
        door.of(previous, labels, instant),
        int(moves),
        written,
    )

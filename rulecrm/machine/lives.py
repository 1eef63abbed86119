"""Lives: the timelines of a program's lifecycles over a store, kept as long as the store's facts.

In: a run, the symbol of a lifecycle, a horizon. Out: its timeline up to that horizon at least, or the late part of it.
Invariant: what is kept is found again by the meaning of the lifecycle and of all it refers to, never by its name alone.
"""

from __future__ import annotations

from collections.abc import Hashable
from threading import RLock

from attrs import define, field

from rulecrm.machine.lifecycles import live
from rulecrm.machine.movable import movable
from rulecrm.machine.timelines import Timeline
from rulecrm.machine.triggers import SUBJECT, Triggers
from rulecrm.model import ir
from rulecrm.model.asked import asked
from rulecrm.planning import walk
from rulecrm.runtime.run import Run

__all__ = ["lives", "recent"]


@define(eq=False)
class _Kept:
    """The timeline that reaches furthest, so far."""

    timeline: Timeline | None = None
    lock: RLock = field(factory=RLock)


def lives(run: Run, symbol: str, horizon: int) -> Timeline:
    """The timeline of a lifecycle; it may reach further than the horizon asked for."""
    lifecycle = run.plan.lifecycle(symbol)
    kept = run.store.derived.get(("lives", _meaning(run, symbol)), _Kept)
    assert isinstance(kept, _Kept)
    with kept.lock:
        if kept.timeline is None or kept.timeline.horizon < horizon:
            kept.timeline = live(lifecycle.automaton, Triggers(run, horizon), run.store.beginnings(SUBJECT))
        return kept.timeline


def recent(run: Run, symbol: str, after: int, horizon: int) -> Timeline:
    """A timeline in which every move in (after, horizon] is, and of customers who make none perhaps no move at all."""
    kept = run.store.derived.get(("lives", _meaning(run, symbol)), _Kept)
    assert isinstance(kept, _Kept)
    automaton = run.plan.lifecycle(symbol).automaton
    triggers = Triggers(run, horizon)
    whole = kept.timeline is not None and kept.timeline.horizon >= horizon
    only = None if whole else movable(automaton, triggers, run.store.beginnings(SUBJECT), after)
    if only is None:
        return lives(run, symbol, horizon)
    return live(automaton, triggers, run.store.beginnings(SUBJECT), only)


def _meaning(run: Run, symbol: str) -> Hashable:
    """The lifecycle, what its guards refer to, and so on; and what else its moves depend on besides the facts."""
    parts: dict[str, Hashable] = {}
    names = [symbol]
    while names:
        name = names.pop()
        if name in parts:
            continue
        lifecycle = name in run.plan.lifecycles
        meant = run.plan.lifecycle(name).automaton if lifecycle else run.definition(name).value
        parts[name] = meant
        for expr in asked(meant):
            for node in walk(expr):
                if isinstance(node, ir.Ref):
                    names.append(node.symbol)
                elif isinstance(node, ir.State):
                    names.append(node.lifecycle)
    functions = tuple(sorted(run.program.functions.items(), key=lambda pair: pair[0]))
    return symbol, tuple(sorted(parts.items(), key=lambda pair: pair[0])), functions

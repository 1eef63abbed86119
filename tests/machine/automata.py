"""Automata written by hand: states by name, moves in the order of their writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.machine import Automaton, Event, Lifecycle, Rest, Rows, Timer

__all__ = ["After", "On", "lifecycle"]


def On(kind: str | Rows, to: str, when: ir.Expr | None = None) -> tuple[object, ...]:  # noqa: N802
    """A move by a row."""
    return ("on", Rows(kind) if isinstance(kind, str) else kind, to, when)


def After(  # noqa: N802
    due: Duration, to: str, *, without: str | Rows | None = None, when: ir.Expr | None = None
) -> tuple[object, ...]:
    """A move by time."""
    return ("after", due, to, Rows(without) if isinstance(without, str) else without, when)


def lifecycle(states: Mapping[str, Sequence[tuple[object, ...]]], symbol: str = "life") -> Lifecycle:
    """A lifecycle that begins in the first state."""
    numbers = {name: number for number, name in enumerate(states)}
    nodes = []
    for name, moves in states.items():
        events = tuple(Event(rows, numbers[to], when) for how, rows, to, when in _of(moves, "on"))
        timers = tuple(Timer(due, numbers[to], without, when) for how, due, to, without, when in _of(moves, "after"))
        nodes.append(Rest(name, events, timers))
    return Lifecycle(symbol, Automaton(tuple(nodes)))


def _of(moves: Sequence[tuple[object, ...]], how: str) -> list[tuple[object, ...]]:
    return [move for move in moves if move[0] == how]

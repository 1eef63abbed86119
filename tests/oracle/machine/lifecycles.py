"""Lifecycles: the stays of one customer, one move after another.

In: the oracle of expressions, a lifecycle, a customer. Out: stays in order, the first being that in the start state.
Invariant: a pure function of the facts; a move at t depends on no fact after t.
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

from attrs import frozen

from rulecrm.syntax import journeys
from tests.oracle.machine.moves import Event, Instance, Past, firing, first_row

if TYPE_CHECKING:
    from tests.oracle.interpreter import Oracle

__all__ = ["Stay", "lifecycle_moves", "stays"]


@frozen
class Stay:
    """In a state since an instant; since is None of one who is in the start state without a beginning."""

    state: str
    since: dt.datetime | None


def stays(oracle: Oracle, lifecycle: journeys.Lifecycle, key: str, until: dt.datetime) -> list[Stay]:
    """All stays that begin by `until`. Before a customer is known, the start state has no beginning."""
    start = next(part.name.text for part in lifecycle.body if isinstance(part, journeys.State) and part.start)
    known = oracle.world.first_seen(key)
    found = [Stay(start, None)]
    if known is None or known > until:
        return found
    found = [Stay(start, known)]
    instance = Instance(key, Past(known))
    while (step := _next(oracle, lifecycle, found[-1].state, instance, until)) is not None:
        target, past = step
        found.append(Stay(target, past.t))
        instance = Instance(key, past)
    return found


def _next(
    oracle: Oracle, lifecycle: journeys.Lifecycle, state: str, instance: Instance, until: dt.datetime
) -> tuple[str, Past] | None:
    """The next state and what is past then: the earliest move; events before timers; the one written first."""
    moves = [part for part in lifecycle.body if isinstance(part, journeys.Move)]
    possible: list[tuple[dt.datetime, int, int, str, Past]] = []
    for number, move in enumerate(moves):
        target = move.target.text
        if state != target if not move.sources else state in [source.text for source in move.sources]:
            match move.trigger:
                case journeys.OnFact(kind=kind, where=where, when=when):
                    row = first_row(oracle, instance, Event(kind.text, where, when), until)
                    if row is not None:
                        possible.append((row.at, 0, number, target, instance.past.after(row)))
                case journeys.AfterSilence() as timer:
                    at = firing(oracle, instance, timer, until)
                    if at is not None:
                        possible.append((at, 1, number, target, Past(at, all_at_t=True)))
    if not possible:
        return None
    *_, target, past = min(possible, key=lambda one: one[:3])
    return target, past


def lifecycle_moves(oracle: Oracle, name: str, until: dt.datetime) -> dict[str, list[tuple[dt.datetime, str, str]]]:
    """By customer who exists then, the moves until an instant: (at, from, to)."""
    found = {}
    for key in oracle.world.keys("customer", until):
        known = oracle.stay(name, key, until)
        found[key] = [
            (after.since, before.state, after.state)
            for before, after in itertools.pairwise(known)
            if after.since is not None
        ]
    return found

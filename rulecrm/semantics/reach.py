"""Where a machine can get to.

In: an automaton, and the earliest instant at which it begins. Out: nodes that can be reached, and the earliest instant
at which each is. Invariant: what is left out is certain; what is in may still never happen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from rulecrm.model import machine
from rulecrm.model.durations import Duration

__all__ = ["earliest", "next_nodes", "reached"]

ALL = 10_000
"""Buckets of a split."""


def next_nodes(node: machine.Node) -> tuple[int, ...]:
    """The nodes that a node leads to."""
    match node:
        case machine.Rest(events=events, timers=timers):
            return (*(event.target for event in events), *(timer.target for timer in timers))
        case machine.Act(target=target):
            return (target,)
        case machine.Choose(yes=yes, no=no):
            return (yes, no)
        case machine.Part(branches=branches, rest=rest):
            before = (0, *(branch.below for branch in branches))
            taken = [branch.target for branch, low in zip(branches, before, strict=False) if branch.below > low]
            return (*taken, *((rest,) if before[-1] < ALL else ()))
        case machine.Loop(body=body, done=done, between=between, first=first):
            return (body,) if first else (body, done, between)
        case machine.Stop():
            return ()


def reached(automaton: machine.Automaton, start: int | None = None) -> frozenset[int]:
    """The nodes that can be reached from the start, or from another node; that one is among them."""
    found: set[int] = set()
    stack = [automaton.start if start is None else start]
    while stack:
        at = stack.pop()
        if at not in found:
            found.add(at)
            stack.extend(next_nodes(automaton.nodes[at]))
    return frozenset(found)


def earliest(
    automaton: machine.Automaton, begin: dt.datetime | None, zone: ZoneInfo
) -> Mapping[int, dt.datetime | None]:
    """For each node that can be reached the instant before which it is not; None where it may be at any time."""
    found: dict[int, dt.datetime | None] = {}
    waiting: list[tuple[int, dt.datetime | None]] = [(automaton.start, begin)]
    while waiting:
        at, instant = waiting.pop()
        known = found.get(at, instant)
        if at in found and (known is None or (instant is not None and known <= instant)):
            continue
        found[at] = instant
        waiting.extend(_later(automaton.nodes[at], instant, zone))
    return found


def _later(node: machine.Node, instant: dt.datetime | None, zone: ZoneInfo) -> Iterator[tuple[int, dt.datetime | None]]:
    if not isinstance(node, machine.Rest):
        yield from ((target, instant) for target in next_nodes(node))
        return
    for event in node.events:
        yield event.target, instant
    for timer in node.timers:
        due = timer.due
        if isinstance(due, machine.Until) and due.instant is not None:
            yield timer.target, due.instant if instant is None else max(instant, due.instant)
        elif isinstance(due, Duration) and instant is not None:
            yield timer.target, _moved(instant, due, zone)
        else:
            yield timer.target, instant


def _moved(instant: dt.datetime, by: Duration, zone: ZoneInfo) -> dt.datetime | None:
    """An instant moved as `model.durations` says; None where that leaves the calendar."""
    try:
        wall = instant.astimezone(zone)
        years, month = divmod(wall.month - 1 + by.months, 12)
        first = dt.date(wall.year + years, month + 1, 1)
        after = dt.date(first.year + month // 11, (month + 1) % 12 + 1, 1)
        day = first + dt.timedelta(days=min(wall.day, (after - first).days) - 1 + by.days)
        moved = dt.datetime.combine(day, wall.time(), tzinfo=zone)
        return moved.astimezone(dt.UTC) + dt.timedelta(microseconds=by.micros)
    except (OverflowError, ValueError):
        return None

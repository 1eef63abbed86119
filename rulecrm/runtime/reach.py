"""How far back a plan looks from one instant.

In: a plan and T. Out: for each scan the instant before which nothing is looked at, where there is one.
Invariant: an instant is given only where every window on those rows is sure to begin at or after it.
"""

from __future__ import annotations

from collections.abc import Mapping

from rulecrm.model import ir
from rulecrm.planning import Plan, children
from rulecrm.runtime.lower import fold

__all__ = ["Reach", "reach_of"]

Reach = Mapping[tuple[str, str], int]
"""By (kind, subject), microseconds; what is not in it is looked at from the beginning."""


def reach_of(plan: Plan, instant: int, zone: str) -> Reach:
    """How far back the plan looks where everybody is asked about at one instant."""
    definitions = {definition.symbol: definition for level in plan.levels for definition in level}
    found: dict[tuple[str, str], int | None] = {}
    seen: set[tuple[str, int | None]] = set()
    stack: list[tuple[ir.Expr, int | None]] = [(ir.Ref(name, definitions[name].type), instant) for name in plan.wanted]
    while stack:
        node, now = stack.pop()
        match node:
            case ir.Ref(symbol=symbol):
                if (symbol, now) not in seen:
                    seen.add((symbol, now))
                    stack.append((definitions[symbol].value, now))
                continue
            case ir.AsOf(value=value, instant=then):
                stack += [(then, now), (value, _moved(then, now, zone))]
                continue
            case ir.HeldSince(value=value):
                stack += [(value, now), (value, None)]  # at T, and at midnights of the subject's own
                continue
            case ir.Aggregate(scan=scan):
                _widen(found, (scan.kind, scan.subject), _begin(scan.lower, now, zone))
            case ir.SequenceOf(steps=steps, subject=subject, lower=lower):
                # All rows of a match lie in its window, and a `no KIND` looks only at what follows its first row.
                for step in steps:
                    _widen(found, (step.kind, subject), _begin(lower, now, zone))
            case _:
                pass
        stack += [(part, now) for part in children(node)]
    return {place: since for place, since in found.items() if since is not None}


def _moved(then: ir.Expr, now: int | None, zone: str) -> int | None:
    """The instant to which `AsOf` goes, if that is known; never after the one it starts from."""
    moved = None if now is None else fold(then, now, zone)
    return None if moved is None or now is None else min(moved, now)


def _begin(lower: ir.Bound | None, now: int | None, zone: str) -> int | None:
    """The first instant of a window, if that is known; of one that lies ahead, T, where it is found to be empty."""
    return None if lower is None else _moved(lower.at, now, zone)


def _widen(found: dict[tuple[str, str], int | None], place: tuple[str, str], since: int | None) -> None:
    known = found.get(place, since)
    found[place] = None if known is None or since is None else min(known, since)

"""How far a sequence came.

In: a `SequenceOf`, and whom and when to ask. Out: `Steps`.
Invariant: each answer is the engine's, to the same sequence with fewer steps or a narrower window.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve, frozen

from rulecrm.explain.asking import Asker
from rulecrm.explain.evidence import count_of
from rulecrm.explain.explanation import Steps
from rulecrm.explain.shown import Door
from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.instants import from_microseconds
from rulecrm.model.types import BOOL, INSTANT, INT
from rulecrm.runtime.calendar import shift_scalar

__all__ = ["steps_of"]

_MOST = 200
"""Rows of one step among which the start or the end of a match is looked for, the last ones."""


def steps_of(node: ir.SequenceOf, asker: Asker, door: Door, instant: int, *, holds: bool) -> Steps:
    """The steps, how many of them in a row were reached, and of a match the latest first and last instant."""
    words = tuple(_words(step, door) for step in node.steps)
    chain = _Chain(node, asker, instant)
    if not holds:
        return Steps(words, chain.furthest())
    match = chain.latest()
    if match is None:
        return Steps(words, len(words))
    return Steps(words, len(words), door.instant(match[0]), door.instant(match[1]))


def _words(step: ir.StepOf, door: Door) -> str:
    said = f"no {step.kind}" if step.negated else step.kind
    if step.where:
        said += " where …"
    if step.at_least > 1:
        said += f" >= {step.at_least} times"
    return said if step.within is None else f"{said} within {door.duration(step.within).text}"


@frozen(eq=False)
class _Chain:
    """A sequence, asked at one point, whole or in part."""

    node: ir.SequenceOf
    asker: Asker
    instant: int

    def furthest(self) -> int:
        """The most steps from the first on that happened as they should.

        A `no …` without an end holds or not only once the step after it is there.
        """
        for count in range(len(self.node.steps) - 1, 0, -1):
            last = self.node.steps[count - 1]
            if not (last.negated and last.within is None) and self._holds(steps=self.node.steps[:count]):
                return count
        return 0

    def latest(self) -> tuple[int, int] | None:
        """The first and last instant of the match that begins last (and of those the one that ends first)."""
        steps = self.node.steps
        rows = self._instants(steps[0], self.node.lower)
        start = _search(rows, lambda at: self._holds(lower=_at(at)), greatest=True)
        if start is None:
            return None
        ending = max(number for number, step in enumerate(steps) if not (step.negated and step.within is None))
        last = steps[ending]
        later = Duration()
        if last.negated and last.within is not None:
            # It is reached when its time is over, counted from the step before.
            later = last.within
            last = steps[ending - 1]
            if last.negated:
                return None
        ends = [shift_scalar(at, later, self.asker.run.zone) for at in self._instants(last, _at(start))]
        end = _search(ends, lambda at: self._holds(lower=_at(start), upper=_at(at)), greatest=False)
        return None if end is None else (start, end)

    def _holds(
        self,
        *,
        steps: tuple[ir.StepOf, ...] | None = None,
        lower: ir.Bound | None = None,
        upper: ir.Bound | None = None,
    ) -> bool:
        """Whether the sequence holds with some of its steps, or in a narrower window."""
        node = self.node
        if steps is not None and len(steps) == 1 and steps[0].at_least == 1 and steps[0].within is None:
            # One step is one row, which is asked for one subject; a sequence would be matched for everybody.
            scan = ir.Scan(steps[0].kind, node.subject, steps[0].where, node.lower, node.upper)
            return bool(self.asker.value(ir.Aggregate("exists", scan, None, (), BOOL), self.instant))
        narrowed = evolve(node, steps=steps or node.steps, lower=lower or node.lower, upper=upper or node.upper)
        return bool(self.asker.value(narrowed, self.instant))

    def _instants(self, step: ir.StepOf, lower: ir.Bound | None) -> list[int]:
        """Instants of the rows of a step from a bound on, in order; of very many the last."""
        scan = ir.Scan(step.kind, self.node.subject, step.where, lower, None)
        count = self.asker.value(count_of(scan), self.instant)
        assert isinstance(count, int)
        at = ir.Column(step.kind, "at", INSTANT)
        places = range(-min(count, _MOST), 0)
        nth: list[ir.Expr] = [ir.Aggregate("nth", scan, at, (ir.Const(place, INT),), INSTANT) for place in places]
        return [value for value in self.asker.values(nth, self.instant) if isinstance(value, int)]


def _search(instants: list[int], fits: Callable[[int], bool], *, greatest: bool) -> int | None:
    """The greatest (or least) instant that fits, where all before (or after) a fitting one fit too."""
    low, high = 0, len(instants)
    while low < high:
        middle = (low + high) // 2
        if fits(instants[middle]) == greatest:
            low = middle + 1
        else:
            high = middle
    place = low - 1 if greatest else low
    return instants[place] if 0 <= place < len(instants) else None


def _at(instant: int) -> ir.Bound:
    return ir.Bound(ir.Const(from_microseconds(instant), INSTANT), closed=True)

"""How far a comparison is from the other verdict.

In: an operator, the two physical values, the verdict. Out: a `Distance` in the unit of the values.
Invariant: a change of the left value by `amount` (and, past a limit that is not included, by any more) turns the
verdict; nothing smaller does.
"""

from __future__ import annotations

from attrs import frozen

from rulecrm.explain.explanation import Distance
from rulecrm.explain.shown import Door, Shown, duration_text, number_text
from rulecrm.model.types import DURATION, INT, Type

__all__ = ["Measure", "between", "to_turn"]

_SHORT = {
    "int": ("short of", "over"),
    "number": ("below", "above"),
    "money": ("below", "above"),
    "duration": ("short", "over"),
    "age": ("short", "over"),
    "instant": ("too early", "too late"),
    "date": ("too early", "too late"),
    "time": ("too early", "too late"),
}
_DISCRETE = frozenset({"int", "date"})
MISSING = Distance(None, "missing")
OTHER = Distance(None, "")


@frozen
class Measure:
    """What tells how far apart two values of a type are."""

    door: Door
    type: Type

    @property
    def measured(self) -> bool:
        """Whether the values of the type have a distance."""
        return self.type.name in _SHORT

    def amount(self, much: float) -> Shown:
        """A difference as a value of its own."""
        match self.type.name:
            case "money":
                return self.door.of(round(much), self.type, 0)
            case "int":
                return self.door.of(int(much), INT, 0)
            case "number":
                return Shown("number", much, number_text(much))
            case "date":
                return Shown("int", int(much), f"{int(much):,} d")
        shown = self.door.of(round(much), DURATION, 0)
        return Shown("duration", shown.value, duration_text(round(much)))


def to_turn(op: str, left: float | None, right: float | None, *, verdict: bool, measure: Measure) -> Distance:
    """How far `left op right` is from the opposite of its verdict.

    Args:
        op: `eq ne lt le gt ge`.
        left: the value compared, physical; None where missing.
        right: the limit, likewise.
        verdict: what the comparison gives.
        measure: of the type of both.
    """
    if left is None or right is None:
        return MISSING
    if not measure.measured:
        return OTHER
    gap = abs(left - right)
    if op in ("eq", "ne"):
        if gap == 0:
            return OTHER
        return _say(measure, gap, rises=left < right, target=right, verdict=verdict)
    step = 1 if measure.type.name in _DISCRETE and (op in ("lt", "gt")) != verdict else 0
    rises = (op in ("gt", "ge")) != verdict
    return _say(measure, gap + step, rises=rises, target=right + (step if rises else -step), verdict=verdict)


def between(
    ends: tuple[float | None, float | None],
    included: tuple[bool, bool],
    left: float | None,
    *,
    verdict: bool,
    measure: Measure,
) -> Distance:
    """How far a value is from getting into a stretch, or out of it; an end that is None is open."""
    low, high = ends
    if left is None:
        return MISSING
    ways = [
        to_turn(op, left, end, verdict=verdict, measure=measure)
        for op, end, outside in (
            ("ge" if included[0] else "gt", low, low is not None and (left < low or (left == low and not included[0]))),
            (
                "le" if included[1] else "lt",
                high,
                high is not None and (left > high or (left == high and not included[1])),
            ),
        )
        if end is not None and (verdict or outside)
    ]
    if not verdict:
        return ways[0] if ways else OTHER
    gaps = [abs(left - end) for end in (low, high) if end is not None]
    return ways[gaps.index(min(gaps))] if ways else OTHER


def _say(measure: Measure, much: float, *, rises: bool, target: float, verdict: bool) -> Distance:
    amount = measure.amount(much)
    if verdict:
        return Distance(amount, f"{amount.text} from failing" if much else "at the limit")
    if not much:
        return Distance(amount, "at the limit")
    word = _SHORT[measure.type.name][0 if rises else 1]
    if measure.type.name == "int":
        return Distance(amount, f"{amount.text} {word} {number_text(int(target))}")
    return Distance(amount, f"{amount.text} {word}")

"""A world and rules to ask it, together with both ways to get the answers.

In: draws. Out: `Case`, and the answers of the engine and of the oracle in one form.
Invariant: both are given the same text and the same rows; nothing the one computes reaches the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import polars as pl
from attrs import frozen
from hypothesis import strategies as st

import rulecrm
from rulecrm.syntax.parse import parse
from tests.oracle.interpreter import Oracle, evaluate
from tests.oracle.values import Value
from tests.oracle.world import World
from tests.strategies.clocks import ZONES, Focus, focuses, instants_around, instants_of_evaluation
from tests.strategies.frames import frames_of
from tests.strategies.rules import rules_texts
from tests.strategies.worlds import worlds

__all__ = ["Answers", "Case", "cases", "differences", "facts_of", "table_answers"]

Answers = Mapping[str, Mapping[str, Mapping[str, object]]]
"""subject → key → definition → value."""

IMPOSSIBLE = ("R206", "R207", "R303")
"""Codes of findings that a random comparison may deserve (`0 == 1`, an arm that is never reached); such definitions are left out."""


@frozen
class Case:
    """One example: `lines` are the text of the rules, a definition a line after the preamble."""

    zone: str
    now: dt.datetime
    world: World
    lines: tuple[str, ...]
    focus: Focus

    @property
    def text(self) -> str:
        """The rules file."""
        return "\n".join(self.lines)

    def rules(self) -> rulecrm.Rules:
        """The rules, loaded."""
        return rulecrm.loads(self.text)

    def oracle(self, world: World | None = None) -> Oracle:
        """The oracle for these rules."""
        return Oracle(parse(self.text).rules, self.world if world is None else world)

    def oracle_answers(self, as_of: dt.datetime | None = None, world: World | None = None) -> Answers:
        """What the oracle says."""
        return evaluate(parse(self.text).rules, world or self.world, self.now if as_of is None else as_of)

    def instants(self) -> Sequence[dt.datetime]:
        """Instants of facts, and so of interest."""
        return instants_around(self.zone, self.now, self.focus.lengths)


@st.composite
def cases(
    draw: st.DrawFn, *, most: int = 14, rows: int = 24, depth: int = 2, currencies: tuple[str, ...] = ("CNY",)
) -> Case:
    """A case whose rules pass the checker; comparisons that can never hold are taken out."""
    zone = draw(st.sampled_from(ZONES))
    now = draw(instants_of_evaluation(zone))
    focus = draw(focuses())
    lines = draw(rules_texts(zone, now, focus, most=most, depth=depth))
    world = draw(worlds(zone, now, focus, currencies=currencies, most=rows))
    return Case(zone, now, world, tuple(possible(lines)), focus)


def possible(lines: Sequence[str]) -> list[str]:
    """The lines without those that the checker finds impossible, and without those that refer to them."""
    kept = list(lines)
    while True:
        try:
            rulecrm.loads("\n".join(kept))
        except rulecrm.RulesError as error:
            broken = {_line_of(kept, one.span.start) for one in error.diagnostics if _tolerated(one) and one.span}
            if not broken:
                raise
            names: set[str] = set()
            left = []
            for number, line in enumerate(kept):  # a definition refers only to those above it
                if number in broken or _mentions(line, names):
                    names.add(line.split()[1])
                else:
                    left.append(line)
            kept = left
        else:
            return kept


def _tolerated(one: rulecrm.Diagnostic) -> bool:
    if one.severity is not rulecrm.Severity.ERROR:
        return False
    return one.code in IMPOSSIBLE or one.message == "division by zero is always missing"


def _line_of(lines: Sequence[str], offset: int) -> int:
    end = 0
    for number, line in enumerate(lines):
        end += len(line) + 1
        if offset < end:
            return number
    raise ValueError(offset)


def _mentions(line: str, names: Iterable[str]) -> bool:
    words = line.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return any(name in words for name in names)


# --- answers ----------------------------------------------------------------------------------------------------


def facts_of(world: World) -> rulecrm.Facts:
    """The world, handed in through the door."""
    return rulecrm.Facts.from_frames(currency=world.currency, **frames_of(world))  # type: ignore[arg-type]


def table_answers(result: rulecrm.Result, subjects: Iterable[str]) -> Answers:
    """The tables of a result, by subject, key and definition."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    for subject in subjects:
        rows = result.table(subject).to_dicts()
        found[subject] = {str(row.pop(subject)): row for row in rows}
    return found


def differences(expected: Answers, found: Answers) -> list[str]:
    """What differs, in words; empty where all is equal. Floats may differ by a rounding."""
    told: list[str] = []
    for subject in sorted({*expected, *found}):
        theirs, ours = expected.get(subject, {}), found.get(subject, {})
        if set(theirs) != set(ours):
            told.append(f"{subject}: keys {sorted(theirs)} expected, {sorted(ours)} found")
        for key in sorted(set(theirs) & set(ours)):
            for name in sorted({*theirs[key], *ours[key]}):
                one, other = theirs[key].get(name, "(no column)"), ours[key].get(name, "(no column)")
                if not same(one, other):
                    told.append(f"{subject} {key}: {name} is {one!r} expected, {other!r} found")
    return told


def same(expected: object, found: object) -> bool:
    """Whether two values are equal; numbers within the rounding of floats."""
    if isinstance(found, float) and expected is not None:
        wanted = float(expected)  # type: ignore[arg-type]
        return abs(wanted - found) <= 1e-9 * max(1.0, abs(wanted))
    if isinstance(expected, tuple):
        return isinstance(found, list) and list(expected) == found
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    return expected == found


def points_frame(points: Sequence[tuple[str, dt.datetime]], subject: str = "customer") -> pl.DataFrame:
    """Points as `evaluate_at` takes them."""
    schema = {subject: pl.String, "at": pl.Datetime("us", "UTC")}
    return pl.DataFrame(list(points), schema=schema, orient="row")


def oracle_at(oracle: Oracle, subject: str, points: Sequence[tuple[str, dt.datetime]]) -> list[dict[str, Value]]:
    """The oracle's values at points."""
    return [{name: oracle.answer(name, subject, key, at) for name in oracle.names(subject)} for key, at in points]

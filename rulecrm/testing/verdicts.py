"""The outcomes of a file's `test` blocks, one verdict a block.

In: loaded rules. Out: verdicts, in the order of the text.
Invariant: a block without a failure and without a reason to be left out has held in every expectation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from rulecrm import Rules

__all__ = ["Verdict", "verdicts"]


@frozen
class Verdict:
    """What became of one `test` block.

    Attributes:
        name: as written.
        line: where the block begins, counted from 1; 0 where the text is not known.
        failures: for each expectation that does not hold, what was expected and what the subject's values were.
        skipped: why nothing of it was run, or None.
    """

    name: str
    line: int
    failures: tuple[str, ...] = ()
    skipped: str | None = None


def verdicts(rules: Rules) -> tuple[Verdict, ...]:
    """Run the tests of a file."""
    outcomes = rules.run_tests()
    found = []
    for test in rules.program.tests:
        own = [outcome for outcome in outcomes if outcome.case == test.name]
        reasons = [outcome.skipped for outcome in own if outcome.skipped is not None]
        failures = tuple(outcome.message for outcome in own if outcome.skipped is None and not outcome.passed)
        text = rules.program.sources.get(test.span.source, "")
        line = text.count("\n", 0, test.span.start) + 1 if text else 0
        nothing_ran = len(reasons) == len(own) and bool(reasons)
        found.append(Verdict(test.name, line, failures, reasons[0] if nothing_ran else None))
    return tuple(found)

"""The outcomes of a file's `test` blocks, one verdict a block.

In: loaded rules. Out: verdicts, in the order of the text.
Invariant: a block without a failure has held in every expectation.
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
    """

    name: str
    line: int
    failures: tuple[str, ...] = ()


def verdicts(rules: Rules) -> tuple[Verdict, ...]:
    """Run the tests of a file."""
    outcomes = rules.run_tests()
    found = []
    for test in rules.program.tests:
        own = [outcome for outcome in outcomes if outcome.case == test.name]
        failures = tuple(outcome.message for outcome in own if not outcome.passed)
        text = rules.program.sources.get(test.span.source, "")
        line = text.count("\n", 0, test.span.start) + 1 if text else 0
        found.append(Verdict(test.name, line, failures))
    return tuple(found)

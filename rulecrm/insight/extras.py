"""What some insights need beyond the core, and how far they look.

In: the name of a module, a length of time. Out: in words which extra brings it; a `Duration` that a calendar holds.
Invariant: nothing is imported.
"""

from __future__ import annotations

from importlib.util import find_spec

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, duration_of
from rulecrm.model.durations import MICROSECONDS, Duration

__all__ = ["need", "stretch"]

_MOST = 40_000 * MICROSECONDS["d"]


def need(module: str, extra: str) -> None:
    """Make sure that a module is installed.

    Args:
        module: its name.
        extra: of rulecrm, which brings it.

    Raises:
        RulesError: R842 it is not installed.
    """
    if find_spec(module) is None:
        message = f"{module} is not installed, which this insight needs"
        raise RulesError([Diagnostic("R842", message, help=f'pip install "rulecrm[{extra}]"')])


def stretch(length: Length) -> Duration:
    """A length of time to look ahead or back, at most a hundred years: no model knows more, and no calendar ends.

    Raises:
        RulesError: R800 it is no length, R842 it is longer.
    """
    found = duration_of(length)
    if found.most > _MOST:
        raise RulesError(
            [Diagnostic("R842", f"`{length}` is too long to be looked at", help="a hundred years at most")]
        )
    return found

"""What some insights need beyond the core.

In: the name of a module. Out: in words which extra brings it.
Invariant: nothing is imported.
"""

from __future__ import annotations

from importlib.util import find_spec

from rulecrm.diagnostics.model import Diagnostic, RulesError

__all__ = ["need"]


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

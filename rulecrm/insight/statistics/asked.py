"""Numbers that people ask with, checked at the door.

In: a level, a power, a share. Out: the same number, or a `RulesError`.
Invariant: no computation starts from a number that makes no sense.
"""

from __future__ import annotations

import math

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import numeric

__all__ = ["checked_level", "checked_share", "positive"]


def checked_level(level: float, name: str = "level") -> float:
    """A confidence level or a power, strictly between 0 and 1.

    Raises:
        RulesError: R819 it is not.
    """
    return checked_share(level, name)


def checked_share(share: float, name: str) -> float:
    """A share strictly between 0 and 1.

    Raises:
        RulesError: R819 it is not; a number of per cent is offered as a share.
    """
    if not numeric(share):
        raise RulesError([Diagnostic("R819", f"{name} is `{share}`, which is no number", help="write 95 % as `0.95`")])
    if not 0 < share < 1:
        meant = f"write {share:g} % as `{share / 100:g}`" if 1 < share < 100 else "write 95 % as `0.95`"
        raise RulesError([Diagnostic("R819", f"{name} is {share:g}, not between 0 and 1", help=meant)])
    return share


def positive(number: float, name: str) -> float:
    """A finite number above 0.

    Raises:
        RulesError: R819 it is not.
    """
    if not numeric(number):
        raise RulesError([Diagnostic("R819", f"{name} is `{number}`, which is no number")])
    if not (number > 0 and math.isfinite(number)):
        raise RulesError([Diagnostic("R819", f"{name} is {number:g}, not a number above 0")])
    return number

"""Codes of insights: what was asked wrongly, and what a figure could not conclude."""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R800",
        "not a length of time",
        """A window or a period of an insight is written as rules write it (`45d`, `3mo`, `1d12h`) or given as a
timedelta, and is longer than nothing. A month is a calendar month, never thirty days.""",
    ),
    Code(
        "R819",
        "a number that statistics cannot be asked with",
        """A confidence level and a power lie between 0 and 1 (`0.95`, not `95`), and so does a base share. An uplift is
a difference, not 0: of shares as a share (`0.005` from 2 % to 2.5 %), of means in the unit of the value. A ratio, a
deviation and the information of a look are above 0.""",
    ),
)

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
        "R836",
        "a figure lacks facts",
        """The facts do not have the columns or the rows that a part of a figure is made of: its column is missing, or
its row is left out, and everything else stands. Give the columns, or read the figure without that part.""",
    ),
    Code(
        "R837",
        "a figure of nobody",
        """In the period, or in the segment, there is nobody and nothing to count. The figure is empty, which says
nothing about customers: look at a longer period, or at the instant that was asked about.""",
    ),
    Code(
        "R838",
        "little can be concluded",
        """There are numbers, and chance explains most of them: few customers, equal figures, facts that tell days and
not hours, rows that name nobody. The remark says which. Intervals that overlap are not told apart.""",
    ),
    Code(
        "R819",
        "a number that statistics cannot be asked with",
        """A confidence level and a power lie between 0 and 1 (`0.95`, not `95`), and so does a base share. An uplift is
a difference, not 0: of shares as a share (`0.005` from 2 % to 2.5 %), of means in the unit of the value. A ratio, a
deviation and the information of a look are above 0.""",
    ),
)

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
        "R855",
        "periods of kpis that mean nothing",
        """Periods are asked for by `start` and `end`, by either of them and a number of `periods`, or by a number
alone; the end comes after the start, the number is one or more, and the unit is `day`, `week`, `month`, `quarter` or
`year`.""",
    ),
)

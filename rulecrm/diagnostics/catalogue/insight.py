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
)

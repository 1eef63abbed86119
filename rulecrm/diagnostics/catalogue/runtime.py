"""Codes of what is asked of rules that have been loaded."""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R120",
        "no such definition",
        """A segment, metric, classification or subject was asked for by a name that the rules do not have. Names are
those of the file itself; what a prefixed import defines is called `prefix.name`.""",
    ),
    Code(
        "R431",
        "no rate for an amount in the rules",
        """An amount in another currency is written in the rules, and the frame of rates has no rate for it on or
before the day that was asked about. Add the rate, or write the amount in the reporting currency.""",
    ),
    Code(
        "R432",
        "nobody has this key",
        """An explanation was asked for a key that neither the subject's own frame nor any fact mentions.""",
    ),
    Code(
        "R440",
        "not an instant",
        """An instant is a date (`2025-11-12`, its first instant in the rules' zone), a time of a day
(`2025-11-12T08:00`, in the rules' zone) or a time with its offset (`2025-11-12T08:00:00Z`).""",
    ),
    Code(
        "R441",
        "points that cannot be evaluated",
        """`evaluate_at` wants a frame with a key column named for a subject (`customer`, `product`, …) and a column
`at`, a Datetime with a time zone and no missing values.""",
    ),
    Code(
        "R442",
        "sum or product too large",
        """Amounts are held exactly, up to 922 million million units of the reporting currency, and whole numbers up to
9.2e18. A sum, difference or product beyond that is refused rather than rounded. Is an amount in the wrong unit?""",
    ),
    Code(
        "R902",
        "a kpi was not run",
        """Versions before kpis were reported said this of `in period`. It is no longer given: `Rules.kpis` and
`rulecrm kpi` report kpis.""",
    ),
)

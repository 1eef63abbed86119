"""What is wrong with a frame, as diagnostics.

In: names of frames and columns, and what was found. Out: `Diagnostic` values, and `Problem`, a rule that single rows
break. Invariant: a finding about a column names the frame, the column and the fix, or the nearest name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, Severity
from rulecrm.diagnostics.suggest import nearest

__all__ = ["Problem", "finding", "missing", "warning"]


@frozen(eq=False)
class Problem:
    """A rule that rows may break.

    Attributes:
        code: of the diagnostic.
        column: the column it is about.
        reason: what is wrong with a row, such as "`amount` is negative"; it also identifies the rule in its frame.
        bad: true for the rows that break the rule; missing counts as false.
        example: a text expression; the diagnostic tells the least of the rows that break the rule.
        fix: the help of the diagnostic.
    """

    code: str
    column: str
    reason: str
    bad: pl.Expr
    example: pl.Expr | None = None
    fix: str | None = None


def finding(
    code: str,
    frame: str,
    message: str,
    *,
    column: str | None = None,
    fix: str | None = None,
    severity: Severity = Severity.ERROR,
    data: Mapping[str, object] | None = None,
) -> Diagnostic:
    """A diagnostic about a frame."""
    about: dict[str, object] = {"frame": frame}
    if column is not None:
        about["column"] = column
    return Diagnostic(code, f"frame `{frame}`: {message}", help=fix, severity=severity, data={**about, **(data or {})})


def warning(
    code: str, frame: str, message: str, *, column: str | None = None, fix: str | None = None, count: int | None = None
) -> Diagnostic:
    """A diagnostic about a frame that stops nothing."""
    data = None if count is None else {"count": count}
    return finding(code, frame, message, column=column, fix=fix, severity=Severity.WARNING, data=data)


def missing(
    code: str, frame: str, column: str, names: Iterable[str], why: str, *, fix: str | None = None
) -> Diagnostic:
    """A diagnostic about a column that a frame should have."""
    near = nearest(column, names)
    return finding(
        code,
        frame,
        f"no column `{column}`, {why}",
        column=column,
        fix=f"the nearest column is `{near}`; rename it to `{column}`" if near is not None else fix,
        data={} if near is None else {"nearest": near},
    )

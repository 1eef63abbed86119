"""A user's mistake, as data.

In: what a stage found. Out: `Diagnostic` values, and `RulesError`, which carries all of them.
Invariant: nothing here draws; `diagnostics.render` does, and only at the edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from attrs import field, frozen

from rulecrm.diagnostics.span import Span

__all__ = ["Diagnostic", "Note", "RulesError", "Severity"]


class Severity(Enum):
    """How much a diagnostic weighs: an error stops the run, a warning and a hint do not."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@frozen
class Note:
    """A second place that explains a diagnostic, such as the first of two equal names."""

    message: str
    span: Span


@frozen
class Diagnostic:
    """One finding about one place.

    Attributes:
        code: permanent code such as `R101`; `rulecrm.diagnostics.codes` describes each.
        message: names the thing, in lower case, without "you".
        span: the exact place; None where the finding is about data and no text is at fault.
        help: the nearest right thing, or None.
        notes: further places.
        severity: error, warning or hint.
        data: what a program may want to know beyond the message (column, first rows, …), JSON-ready.
    """

    code: str
    message: str
    span: Span | None = None
    help: str | None = None
    notes: tuple[Note, ...] = ()
    severity: Severity = Severity.ERROR
    data: Mapping[str, object] = field(factory=dict, hash=False)


class RulesError(Exception):
    """A rules file, or what was asked of it, is wrong; carries every diagnostic.

    Attributes:
        diagnostics: all findings, in source order, errors and warnings alike.
        sources: text by source name, so that the error can be drawn without reading files again.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        self.sources: dict[str, str] = dict(sources or {})
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from rulecrm.diagnostics.render import render

        return render(self.diagnostics, self.sources)

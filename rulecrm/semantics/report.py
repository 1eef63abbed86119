"""The findings of one run of the checker.

In: a finding at a time, from any stage. Out: `Diagnostic` values in source order.
Invariant: the same finding about the same place is kept once, however often a shared part is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import define, field

from rulecrm.diagnostics.model import Diagnostic, Note, Severity
from rulecrm.diagnostics.span import Span

__all__ = ["Report"]


@define
class Report:
    """Collects diagnostics; nothing is raised, so that all mistakes of a file come out together."""

    _found: list[Diagnostic] = field(factory=list, init=False)
    _seen: set[tuple[str, Span | None, str]] = field(factory=set, init=False)
    _places: set[Span] = field(factory=set, init=False)
    _errors: int = field(default=0, init=False)

    @property
    def failed(self) -> bool:
        """Whether there is any error."""
        return self._errors > 0

    def failed_at(self, span: Span) -> bool:
        """Whether there is an error about this very place."""
        return span in self._places

    def failed_within(self, span: Span) -> bool:
        """Whether there is an error about a place inside this one."""
        return any(
            place.source == span.source and span.start <= place.start and place.end <= span.end
            for place in self._places
        )

    def error(
        self, code: str, message: str, span: Span | None, *, advice: str | None = None, notes: Sequence[Note] = ()
    ) -> None:
        """Add what stops the run."""
        self._add(Diagnostic(code, message, span, advice, tuple(notes), Severity.ERROR))

    def warning(
        self, code: str, message: str, span: Span | None, *, advice: str | None = None, notes: Sequence[Note] = ()
    ) -> None:
        """Add what is allowed and most likely a slip."""
        self._add(Diagnostic(code, message, span, advice, tuple(notes), Severity.WARNING))

    def hint(self, code: str, message: str, span: Span | None, *, advice: str | None = None) -> None:
        """Add what is right and worth a second look."""
        self._add(Diagnostic(code, message, span, advice, (), Severity.HINT))

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Add what another stage found."""
        for diagnostic in diagnostics:
            self._add(diagnostic)

    def in_order(self, sources: Sequence[str]) -> tuple[Diagnostic, ...]:
        """All findings: those without a place first, then file by file in the order of `sources`, by offset."""
        rank = {source: at for at, source in enumerate(sources)}

        def place(diagnostic: Diagnostic) -> tuple[int, int, int]:
            span = diagnostic.span
            return (-1, 0, 0) if span is None else (rank.get(span.source, len(rank)), span.start, span.end)

        return tuple(sorted(self._found, key=place))

    def _add(self, diagnostic: Diagnostic) -> None:
        key = (diagnostic.code, diagnostic.span, diagnostic.message)
        if key in self._seen:
            return
        self._seen.add(key)
        self._found.append(diagnostic)
        if diagnostic.severity is Severity.ERROR and diagnostic.span is not None:
            self._places.add(diagnostic.span)
        self._errors += diagnostic.severity is Severity.ERROR

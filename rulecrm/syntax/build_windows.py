"""Windows and sequences from their parts.

In: parts of the rules under "windows" and "sequences" of `rules.lark`. Out: `Window`, `Sequence` and `Step` nodes.
Invariant: `in`, `on` and `within` leave the same node whether they narrow an aggregate or compare an instant; which of
the two they do is settled by `syntax.attach`.
"""
# ruff: noqa: D102, RUF059
# A method is named for its rule and does what the rule says; it names every part of the rule, used or not.

from __future__ import annotations

from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.diagnostics.span import Span
from rulecrm.syntax import ast
from rulecrm.syntax.attach import OPEN_WITHIN, split_times, split_within
from rulecrm.syntax.parts import Children, RefusedError, between, optional

__all__ = ["WindowRules", "Within", "as_window"]

NAMED_DAYS = {"today": "this", "yesterday": "last", "tomorrow": "next"}


@frozen
class Within:
    """`within D` with nothing after it: no window by itself. It never leaves the builder."""

    duration: ast.Expression
    span: Span


@frozen
class Phrase:
    """A window with the word that led to it (`in`, `on`, `within`), while it may still be a comparison."""

    operator: str
    window: ast.Window | Within
    span: Span


def as_window(part: ast.Window | Phrase) -> ast.Window:
    """The window of a place where a window must stand."""
    if not isinstance(part, Phrase):
        return part
    if isinstance(part.window, Within):
        raise RefusedError(Diagnostic("R012", "`within` leaves open from when it counts", part.span, OPEN_WITHIN))
    return part.window


class WindowRules:
    """The rules of windows and sequences."""

    def in_window(self, c: Children) -> Phrase:
        return Phrase(c[0].value, c[1], between(c[0], c[1]))

    def on_day(self, c: Children) -> Phrase:
        span = between(c[0], c[1])
        return Phrase("on", ast.On(c[1], span=span), span)

    def on_window(self, c: Children) -> Phrase:
        return Phrase("on", c[1], between(c[0], c[1]))

    def within(self, c: Children) -> Phrase:
        span = between(c[0], c[1])
        return Phrase("within", Within(c[1], span), span)

    def within_anchor(self, c: Children) -> Phrase:
        node = ast.WithinAfter if c[2].value == "after" else ast.WithinBefore
        span = between(c[0], c[3])
        return Phrase("within", node(c[1], c[3], span=span), span)

    def last(self, c: Children) -> ast.Last:
        return ast.Last(c[1], span=between(c[0], c[1]))

    def next(self, c: Children) -> ast.Next:
        return ast.Next(c[1], span=between(c[0], c[1]))

    def calendar(self, c: Children) -> ast.Calendar:
        return ast.Calendar(c[0].value, c[1].value, span=between(c[0], c[1]))

    def named_day(self, c: Children) -> ast.Calendar:
        return ast.Calendar(NAMED_DAYS[c[0].value], "day", span=c[0].span)

    def period(self, c: Children) -> ast.InPeriod:
        return ast.InPeriod(span=c[0].span)

    def from_to(self, c: Children) -> ast.From:
        newer = c[3]
        if not isinstance(newer, ast.Ago):
            raise RefusedError(
                Diagnostic("R012", "`from … to …` ends with `ago`", newer.span, "as in `from 60d to 30d ago`")
            )
        older = c[1].duration if isinstance(c[1], ast.Ago) else c[1]
        return ast.From(older, newer.duration, span=between(c[0], newer))

    def since(self, c: Children) -> ast.Since:
        return ast.Since(c[1], span=between(c[0], c[1]))

    def until(self, c: Children) -> ast.Until:
        return ast.Until(c[1], span=between(c[0], c[1]))

    def between(self, c: Children) -> ast.Between:
        return ast.Between(c[1], c[3], span=between(c[0], c[3]))

    def sequence(self, c: Children) -> ast.Sequence:
        steps = tuple(part for part in c[4:-1] if isinstance(part, ast.Step))
        return ast.Sequence(steps, optional(c[2]), span=between(c[0], c[-1]))

    def sequence_window(self, c: Children) -> ast.Sequence:
        before, part = c
        span = between(before, part)
        if isinstance(part, Phrase) and isinstance(part.window, Within):
            if before.total is not None:
                raise RefusedError(Diagnostic("R012", "a sequence has one `within`", part.span))
            return ast.Sequence(before.steps, before.by, part.window.duration, before.window, span=span)
        if before.window is not None:
            raise RefusedError(Diagnostic("R012", "a sequence has one window", part.span))
        return ast.Sequence(before.steps, before.by, before.total, as_window(part), span=span)

    def sequence_step(self, c: Children) -> ast.Step:
        negated, kind, where_word, where, times, more, count, more_times, within_word, within = c
        end = next(part for part in reversed(c) if part is not None)
        at_least = int(count.value) if count is not None else None
        if where is not None and within is None:
            where, within = split_within(where)
        if times is not None:
            where, at_least = split_times(where, times)
        return ast.Step(
            kind,
            negated is not None,
            where,
            at_least,
            within,
            span=between(negated or kind, end),
        )

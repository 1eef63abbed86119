"""Windows: stretches of time on facts, and as the right side of a comparison.

In: a window of the syntax. Out: bounds of a scan, or a predicate on an instant or a date.
Invariant: the four shapes of an end (open or closed, instant or date) are told apart here alone; a date stands for
its whole local day.
"""

from __future__ import annotations

from attrs import frozen

from rulecrm.diagnostics.span import Span
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Aggregate, Bound, Const, Expr, Now, Period
from rulecrm.model.types import DATE, INSTANT, UNKNOWN
from rulecrm.semantics.build import (
    all_of,
    apply,
    date_of,
    day_after,
    greater,
    predicate_of,
    shift,
    shift_date,
    start_of,
    start_of_day,
    text_of,
)
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.syntax import ast

__all__ = ["Ends", "bounds", "holds", "on_day"]

_MONTHS_TO_DAYS = 31


@frozen
class Ends:
    """The two ends of a stretch, each an instant or a date, or None where it is open for ever."""

    lower: Bound | None
    upper: Bound | None


def bounds(checker: Checker, window: ast.Window | None, context: Context) -> tuple[Bound | None, Bound | None]:
    """The bounds of a scan, as instants; no fact lies after T, so an end at T is left out."""
    if window is None:
        return None, None
    if isinstance(window, ast.Next) or (isinstance(window, ast.Calendar) and window.which == "next"):
        checker.report.error("R208", "no fact lies ahead of T; `next` asks about dates of an attribute", window.span)
        return None, None
    ends = _ends(checker, window, context)
    if ends is None:
        return None, None
    upper = ends.upper
    if upper is not None and upper.closed and isinstance(upper.at, Now):
        upper = None
    return _as_instant(ends.lower, lower=True), _as_instant(upper, lower=False)


def holds(checker: Checker, left: Expr, window: ast.Window, context: Context, span: Span) -> Expr:
    """Whether an instant or a date lies in a window."""
    ends = _ends(checker, window, context)
    if left.type == UNKNOWN or ends is None:
        return predicate_of(False, span)
    if left.type not in (INSTANT, DATE):
        message = f"a window holds instants and dates, and this is {article(left.type)}"
        inside = "what narrows an aggregate stands inside its brackets: `count(purchase last 30d)`"
        checker.report.error("R208", message, span, advice=inside if isinstance(left, Aggregate) else None)
        return predicate_of(False, span)
    parts: list[Expr] = []
    for end, lower in ((ends.lower, True), (ends.upper, False)):
        bound = _as_instant(end, lower=lower) if left.type == INSTANT else _as_date(end)
        if bound is not None:
            op = ("ge" if bound.closed else "gt") if lower else ("le" if bound.closed else "lt")
            parts.append(apply(op, left, bound.at, span=span))
    return all_of(tuple(parts), span)


def on_day(left: Expr, day: Expr, span: Span) -> Expr:
    """Whether an instant or a date lies on a local day."""
    if left.type == DATE:
        return apply("eq", left, day, span=span)
    start, end = start_of_day(day), start_of_day(day_after(day))
    return all_of((apply("ge", left, start, span=span), apply("lt", left, end, span=span)), span)


def _ends(checker: Checker, window: ast.Window, context: Context) -> Ends | None:  # noqa: C901 - a case for each node
    point, span = context.at_point(), window.span
    now = Now(span=span)
    match window:
        case ast.Last():
            length = checker.duration(window.duration, point, of="`last`")
            return None if length is None else Ends(_open(shift(now, -length, span)), _closed(now))
        case ast.Next():
            length = checker.duration(window.duration, point, of="`next`")
            return None if length is None else Ends(_closed(now), _open(shift(now, length, span)))
        case ast.From():
            older = checker.duration(window.older, point, of="`from`")
            newer = checker.duration(window.newer, point, of="`to`")
            if older is None or newer is None:
                return None
            if not _longer(older, newer):
                checker.report.error(
                    "R207", "the window is empty: `from` must lie further back than `to`", span, advice="swap the two"
                )
            return Ends(_open(shift(now, -older, span)), _closed(shift(now, -newer, span)))
        case ast.Since():
            start = _anchor(checker, window.start, point, "`since`")
            return None if start is None else Ends(_closed(start), _closed(now))
        case ast.Until():
            end = _anchor(checker, window.end, point, "`before`")
            return None if end is None else Ends(None, _open(end))
        case ast.Between():
            start = _anchor(checker, window.start, point, "`between`")
            end = _anchor(checker, window.end, point, "`between`")
            if start is None or end is None:
                return None
            _check_order(checker, start, end, span)
            return Ends(_closed(start), _open(end))
        case ast.WithinAfter():
            anchor = _anchor(checker, window.anchor, point, "`after`")
            length = checker.duration(window.duration, point, of="`within`")
            if anchor is None or length is None:
                return None
            return Ends(_open(anchor), _after(anchor, length, span))
        case ast.WithinBefore():
            anchor = _anchor(checker, window.anchor, point, "`before`")
            length = checker.duration(window.duration, point, of="`within`")
            if anchor is None or length is None:
                return None
            return Ends(_closed(_moved(anchor, -length, span)), _open(anchor))
        case ast.On():
            anchor = _anchor(checker, window.day, point, "`on`")
            if anchor is None:
                return None
            day = date_of(anchor) if anchor.type == INSTANT else anchor
            return Ends(_closed(day), _closed(day))
        case ast.Calendar():
            offset = {"last": -1, "this": 0, "next": 1}[window.which]
            start = start_of(window.unit, offset, span)
            if offset < 1:
                return Ends(_closed(start), _open(start_of(window.unit, offset + 1, span)))
            length = {"day": Duration(days=2), "week": Duration(days=14), "month": Duration(months=2),
                      "quarter": Duration(months=6), "year": Duration(months=24)}[window.unit]  # fmt: skip
            end = apply("start_of", text_of(window.unit, span), shift(now, length, span), gives=INSTANT, span=span)
            return Ends(_closed(start), _open(end))
        case ast.InPeriod():
            if not context.in_kpi:
                checker.report.error("R208", "`in period` means something in a kpi only", span, advice="`last 30d`, …")
                return None
            return Ends(_closed(Period("start", span=span)), _open(Period("end", span=span)))


def _after(anchor: Expr, length: Duration, span: Span) -> Bound:
    if anchor.type == DATE and length.micros:
        return _open(shift(start_of_day(day_after(anchor)), length, span))
    return _closed(_moved(anchor, length, span))


def _moved(anchor: Expr, length: Duration, span: Span) -> Expr:
    if anchor.type == INSTANT:
        return shift(anchor, length, span)
    if length.micros:
        return shift(start_of_day(anchor), length, span)
    return shift_date(anchor, length, span)


def _anchor(checker: Checker, node: ast.Expression, context: Context, of: str) -> Expr | None:
    value = checker.value(node, context)
    if value.type == UNKNOWN:
        return None
    if value.type in (INSTANT, DATE):
        return value
    advice = "write `last 30d`, or `since 30d ago`" if value.type.name == "duration" else None
    checker.report.error(
        "R208", f"{of} wants an instant or a date, and this is {article(value.type)}", node.span, advice=advice
    )
    return None


def _as_instant(end: Bound | None, *, lower: bool) -> Bound | None:
    if end is None or end.at.type != DATE:
        return end
    begins = end.closed == lower
    return Bound(start_of_day(end.at if begins else day_after(end.at)), lower)


def _as_date(end: Bound | None) -> Bound | None:
    if end is None or end.at.type != INSTANT:
        return end
    return Bound(date_of(end.at), end.closed)


def _longer(older: Duration, newer: Duration) -> bool:
    """Whether `older` reaches further back; where the calendar decides it, yes."""
    low = older.months * 28 + older.days
    high = newer.months * _MONTHS_TO_DAYS + newer.days
    if older.months == newer.months:
        return (older.days, older.micros) > (newer.days, newer.micros)
    return low > high or older.months > newer.months


def _check_order(checker: Checker, start: Expr, end: Expr, span: Span) -> None:
    if isinstance(start, Const) and isinstance(end, Const) and start.type == end.type and not greater(end, start):
        checker.report.error("R207", "the window is empty: it ends where or before it begins", span)


def _open(at: Expr) -> Bound:
    return Bound(at, False)


def _closed(at: Expr) -> Bound:
    return Bound(at, True)

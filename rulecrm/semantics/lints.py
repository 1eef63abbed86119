"""Remarks on what is allowed and most likely not meant, and on comparisons that cannot be.

In: typed predicates as they are made. Out: findings R206 and R6xx.
Invariant: nothing here changes what a rule means.
"""

from __future__ import annotations

from decimal import Decimal

from rulecrm.diagnostics.span import Span
from rulecrm.model.ir import Aggregate, Apply, AsOf, Const, Elements, Expr, PopulationOf, Ref, Standing
from rulecrm.model.types import MONEY
from rulecrm.semantics.build import decimal_of
from rulecrm.semantics.checker import Checker

__all__ = ["forgotten_zero", "impossible", "overlooked_missing", "reach"]

Reach = tuple[Decimal | None, Decimal | None]

_CLOCK: dict[str, tuple[int, int]] = {
    "hour": (0, 23), "minute": (0, 59), "weekday": (1, 7), "day": (1, 31), "month": (1, 12), "quarter": (1, 4),
    "week": (1, 53), "year": (1, 9999), "bucket": (0, 9999),
}  # fmt: skip
_COUNTS = frozenset({"count", "distinct", "periods", "streak"})
_COMPARISONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts_with", "ends_with", "matches"})
_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def impossible(checker: Checker, op: str, left: Expr, right: Expr, span: Span) -> None:
    """Report a comparison with a constant that no value, or every value, passes."""
    if not isinstance(right, Const):
        return
    limit = decimal_of(right.value)
    if limit is None:
        return
    low, high = reach(checker, left)
    if low is None and high is None:
        return
    never, always = _verdict(op, low, high, limit)
    if not (never or always):
        return
    if never:
        percent = high == 1 and 1 < limit <= 100
        advice = f"the value lies between 0 and 1: `{_plain(limit)}%`" if percent else _range_words(low, high)
        checker.report.error("R206", f"no value is `{_SIGNS[op]} {_plain(limit)}` here", span, advice=advice)
    elif not checker.may_miss(left):
        checker.report.warning(
            "R605", f"every value is `{_SIGNS[op]} {_plain(limit)}` here", span, advice=_range_words(low, high)
        )


def overlooked_missing(checker: Checker, predicate: Expr, span: Span) -> None:
    """Point at a `not` over a comparison that is false only because a value is missing."""
    if not isinstance(predicate, Apply) or predicate.op not in _COMPARISONS:
        return
    if any(checker.may_miss(side) for side in predicate.args):
        checker.report.hint(
            "R601",
            "those without a value are in here too: a comparison with a missing value is false, and `not` of it true",
            span,
            advice="say what holds for them: `… ?? default`, or `… is not missing and not …`",
        )


def forgotten_zero(checker: Checker, op: str, left: Expr, right: Expr, span: Span) -> None:
    """Point at a sum below a limit, which leaves out those with no row at all."""
    if op not in ("lt", "le") or not isinstance(right, Const):
        return
    total = left
    if isinstance(left, Ref):
        entry = checker.by_symbol.get(left.symbol)
        total = entry.value if entry is not None and entry.value is not None else left
    if isinstance(total, Aggregate) and total.function == "sum":
        zero = f"0 {checker.currency}" if total.type == MONEY else "0"
        checker.report.hint(
            "R604",
            "those without a single row are left out: their sum is missing, not 0",
            span,
            advice=f"where they are meant as well: `… ?? {zero}`",
        )


def reach(checker: Checker, value: Expr) -> Reach:  # noqa: C901 - a case for each node
    """The least and the greatest number that a value can be; None where there is no limit."""
    match value:
        case Const():
            number = decimal_of(value.value)
            return number, number
        case Ref():
            entry = checker.by_symbol.get(value.symbol)
            return (None, None) if entry is None else entry.reach
        case Aggregate():
            if value.function in _COUNTS:
                return Decimal(0), None
            return (Decimal(0), Decimal(1)) if value.function == "share" else (None, None)
        case Elements():
            return Decimal(0), None
        case PopulationOf():
            if value.function in ("count", "distinct"):
                return Decimal(0), None
            return (Decimal(0), Decimal(1)) if value.function == "share" else (None, None)
        case Standing():
            if value.function == "percentile":
                return Decimal(0), Decimal(1)
            high = decimal_of(value.args[0].value) if value.function == "ntile" and value.args else None
            return Decimal(1), high
        case AsOf():
            return reach(checker, value.value)
        case Apply():
            if value.op in _CLOCK:
                low, high_ = _CLOCK[value.op]
                return Decimal(low), Decimal(high_)
            if value.op in ("length", "abs", "sqrt", "distance_km"):
                return Decimal(0), None
            if value.op == "number":
                return reach(checker, value.args[0])
            if value.op == "coalesce":
                return _union(reach(checker, value.args[0]), reach(checker, value.args[1]))
            if value.op == "if":
                return _union(reach(checker, value.args[1]), reach(checker, value.args[2]))
    return None, None


def _union(a: Reach, b: Reach) -> Reach:
    low = None if a[0] is None or b[0] is None else min(a[0], b[0])
    high = None if a[1] is None or b[1] is None else max(a[1], b[1])
    return low, high


def _verdict(op: str, low: Decimal | None, high: Decimal | None, limit: Decimal) -> tuple[bool, bool]:
    above = low is not None and low > limit
    below = high is not None and high < limit
    at_least = low is not None and low >= limit
    at_most = high is not None and high <= limit
    return {
        "eq": (above or below, False),
        "ne": (False, above or below),
        "lt": (at_least, below),
        "le": (above, at_most),
        "gt": (at_most, above),
        "ge": (below, at_least),
    }[op]


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _range_words(low: Decimal | None, high: Decimal | None) -> str:
    if low is not None and high is not None:
        return f"the value lies between {low} and {high}"
    return f"the value is never below {low}" if low is not None else f"the value is never above {high}"

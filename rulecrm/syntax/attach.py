"""What `in`, `on`, `within` and `>=` belong to where the grammar leaves two readings.

In: an expression that the grammar read as a comparison as far as it went. Out: the expression and what was taken off
its right end. Invariant: only the right end is touched, and only what could be no comparison there.

The parser always prefers the comparison, so `count(purchase in last month)` arrives as the comparison
`purchase in last month`, and the step `order where paid within 1h` as the condition `paid within 1h`.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.syntax import ast
from rulecrm.syntax.parts import RefusedError, between
from rulecrm.syntax.scan import Token

__all__ = [
    "AGGREGATES", "OPEN_WITHIN", "WINDOWS", "is_windowed", "split_times", "split_where", "split_window", "split_within",
]  # fmt: skip

AGGREGATES = frozenset(
    [
        "count",
        "sum",
        "mean",
        "min",
        "max",
        "median",
        "quantile",
        "stddev",
        "distinct",
        "mode",
        "first",
        "last",
        "nth",
        "share",
        "exists",
        "none",
        "mean_gap",
        "median_gap",
        "max_gap",
        "periods",
        "streak",
    ]
)
"""Functions that read rows of a kind: with them `x in last month` is a window, with all others a comparison."""

OPEN_WITHIN = "write `last …`, or say after or before what, as in `within 30d after first(purchase).at`"

WINDOWS = (
    ast.Last, ast.From, ast.Since, ast.Until, ast.Between, ast.WithinAfter, ast.WithinBefore, ast.On, ast.Calendar,
    ast.InPeriod, ast.Next,
)  # fmt: skip


def split_window(argument: ast.Argument) -> ast.Argument:
    """The argument of an aggregate, with the window that was read as a comparison of its value.

    What stands in parentheses stays a comparison.
    """
    value = argument.value
    if argument.window is not None or not isinstance(value, ast.Compare) or value.right is None or _closed(value):
        return argument
    if not is_windowed(value):
        if value.operator == "within" and not value.negated:
            raise RefusedError(
                Diagnostic("R012", "`within` leaves open from when it counts", value.right.span, OPEN_WITHIN)
            )
        return argument
    return evolve(argument, value=value.left, window=_window(value.right))


def is_windowed(value: ast.Expression) -> bool:
    """Whether the value of an argument is a comparison that reads like a window."""
    if not isinstance(value, ast.Compare) or value.negated:
        return False
    return isinstance(value.right, WINDOWS) or value.operator == "on"


def split_where(
    where: ast.Expression, is_predicate: Callable[[ast.Expression], bool]
) -> tuple[ast.Expression, ast.Window | None]:
    """The condition of rows, and the window that was read as its last comparison: `order where paid on 2025-11-11`.

    `is_predicate` says whether the left side of that comparison is yes or no, which lies in no window itself; only who
    knows the types of names can tell, so the checker asks this, and the parser does not.
    """
    taken: list[ast.Window] = []

    def take(last: ast.Expression) -> ast.Expression | None:
        if not isinstance(last, ast.Compare) or last.right is None or not is_windowed(last) or _closed(last):
            return None
        if not is_predicate(last.left):
            return None
        taken.append(_window(last.right))
        return last.left

    return _at_right_end(where, take), taken[0] if taken else None


def split_within(where: ast.Expression) -> tuple[ast.Expression, ast.Expression | None]:
    """The condition of a step or a goal, and the duration of the `within` that was read as its last comparison."""
    taken: list[ast.Expression] = []

    def take(last: ast.Expression) -> ast.Expression | None:
        if not isinstance(last, ast.Compare) or last.operator != "within" or last.negated or _closed(last):
            return None
        if last.right is not None and not isinstance(last.right, WINDOWS):
            taken.append(last.right)
            return last.left
        return None

    return _at_right_end(where, take), taken[0] if taken else None


def split_times(where: ast.Expression, times: Token) -> tuple[ast.Expression, int]:
    """The condition of a step, and the N of the `>= N times` that was read as its last comparison."""
    taken: list[int] = []

    def take(last: ast.Expression) -> ast.Expression | None:
        if not isinstance(last, ast.Compare) or last.operator != ">=" or _closed(last):
            return None
        if isinstance(last.right, ast.Number) and isinstance(last.right.value, int):
            taken.append(last.right.value)
            return last.left
        return None

    rest = _at_right_end(where, take)
    if not taken:
        raise RefusedError(Diagnostic("R001", "`times` follows a count", times.span, "as in `view >= 3 times`"))
    return rest, taken[0]


def _window(right: ast.Expression | ast.Window) -> ast.Window:
    """The right side of a windowed comparison as the window of an argument; after `on` it may be any date."""
    return right if isinstance(right, WINDOWS) else ast.On(right, span=right.span)


def _closed(node: ast.Compare) -> bool:
    """Whether a comparison stands in parentheses: then its span goes beyond its left side."""
    return node.span.start < node.left.span.start


def _at_right_end(whole: ast.Expression, take: Callable[[ast.Expression], ast.Expression | None]) -> ast.Expression:
    """The expression with its last operand replaced by what `take` makes of it (None: left as it is)."""
    match whole:
        case ast.AllOf(operands) | ast.AnyOf(operands) if whole.span.end == operands[-1].span.end:
            last = _at_right_end(operands[-1], take)
            if last is operands[-1]:
                return whole
            return evolve(whole, operands=(*operands[:-1], last), span=between(whole, last))
        case ast.Not(operand) if whole.span.end == operand.span.end:
            last = _at_right_end(operand, take)
            return whole if last is operand else evolve(whole, operand=last, span=between(whole, last))
    return take(whole) or whole

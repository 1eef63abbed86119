"""Comparisons: `== != < <= > >= is in on within`, `is missing`.

In: a comparison of the syntax. Out: a predicate; a comparison with a missing value is false.
Invariant: both sides have one type in the result. An age is compared with a constant duration by the calendar: not
T − x against D, but x against T − D.
"""

from __future__ import annotations

from rulecrm.diagnostics.span import Span
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Aggregate, Apply, Const, Expr, Now
from rulecrm.model.types import AGE, BOOL, DATE, DURATION, INSTANT, INT, MONEY, NUMBER, TEXT, UNKNOWN, list_of
from rulecrm.semantics import lints
from rulecrm.semantics.aggregates import rows_alone
from rulecrm.semantics.build import (
    all_of,
    any_of,
    apply,
    date_of,
    day_after,
    elapsed,
    greater,
    negated,
    predicate_of,
    shift,
    start_of_day,
)
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.coerce import unify
from rulecrm.semantics.names import NOTHING, item_of, labels_of
from rulecrm.semantics.texts import compare_text, folded_case
from rulecrm.semantics.windows import holds, on_day
from rulecrm.syntax import ast

__all__ = ["compare"]

_OPS = {"==": "eq", "is": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_FLIPPED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_TEXTUAL = frozenset(
    {"contains", "contains any", "contains all", "contains none", "matches", "starts with", "ends with"}
)
_WINDOWS = (
    ast.Last, ast.From, ast.Since, ast.Until, ast.Between, ast.WithinAfter, ast.WithinBefore, ast.On, ast.Calendar,
    ast.InPeriod, ast.Next,
)  # fmt: skip

_LITERALS = (ast.Number, ast.Percent, ast.Text, ast.Boolean, ast.Money, ast.Duration, ast.Date, ast.DateTime, ast.Time)


def compare(checker: Checker, node: ast.Compare, context: Context) -> Expr:
    """One comparison."""
    if node.operator == "is missing":
        result = _missing(checker, node, context)
    else:
        left = checker.value(node.left, context)
        result = _compare(checker, node, left, context)
        if node.negated and context.is_point:
            lints.overlooked_missing(checker, result, node.span)
    return negated(result, node.span) if node.negated else result


def _compare(checker: Checker, node: ast.Compare, left: Expr, context: Context) -> Expr:
    right = node.right
    if right is None:
        return predicate_of(False, node.span)
    if isinstance(right, _WINDOWS):
        return holds(checker, left, right, context, node.span)
    if node.operator in ("on", "within"):
        return _on(checker, node, left, right, context)
    if node.operator in _TEXTUAL:
        return compare_text(checker, node, left, right, context)
    if node.operator == "in":
        return _in(checker, node, left, right, context)
    value = _right(checker, left, right, context, differs=node.negated or node.operator == "!=")
    if isinstance(node.left, _LITERALS) and isinstance(right, _LITERALS):
        checker.report.warning("R606", "two constants are compared: the answer is always the same", node.span)
    if node.ignoring_case:
        pair = folded_case(checker, left, value, node.span)
        if pair is None:
            return predicate_of(False, node.span)
        left, value = pair
    return _ordered(checker, _OPS[node.operator], left, value, span=node.span, context=context)


def _right(checker: Checker, left: Expr, node: ast.Expression, context: Context, *, differs: bool) -> Expr:
    """The right side; beside a label a name or a text is a label. `differs` says whether it is to be another."""
    if left.type.name == "label":
        text = node.text if isinstance(node, ast.Name) else node.value if isinstance(node, ast.Text) else None
        if text is not None:
            other = context.module.scope.get(text)
            if (
                isinstance(node, ast.Name)
                and text not in left.type.names
                and other is not None
                and other.type == left.type
            ):
                return checker.value(node, context)
            return labels_of(checker, left.type, text, node.span) or Const(False, UNKNOWN, span=node.span)
    if isinstance(node, ast.Name) and not _known(checker, node, context):
        if left.type == UNKNOWN:
            return Const(False, UNKNOWN, span=node.span)  # perhaps a label of what is unknown
        advice = f'a text is written "{node.text}"' if left.type == TEXT else None
        if node.text.lower() in NOTHING:
            advice = f"write `is {'not ' if differs else ''}missing`"
        if node.text.lower() == "set":
            advice = f"write `is {'' if differs else 'not '}missing`"
        if advice is not None:
            return checker.wrong("R101", f"unknown name `{node.text}`", node.span, advice=advice)
    return checker.value(node, context)


def _known(checker: Checker, node: ast.Name, context: Context) -> bool:
    row = context.row
    return (
        node.text in context.module.scope
        or node.text in checker.schema.subjects[context.subject].columns
        or node.text == context.subject
        or item_of(context.record, node.text, node.span) is not None
        or (row is not None and (node.text == "at" or node.text in row.columns or node.text in row.subjects))
    )


def _ordered(checker: Checker, op: str, left: Expr, right: Expr, *, span: Span, context: Context) -> Expr:
    if UNKNOWN in (left.type, right.type):
        return predicate_of(False, span)
    if left.type != right.type:
        if {left.type, right.type} == {AGE, DURATION}:
            return _aged(op, left, right, span)
        if {left.type, right.type} == {INSTANT, DATE}:
            return _dated(checker, op, left, right, span)
        pair = unify(left, right)
        if pair is None:
            return _mismatch(checker, left, right, span)
        left, right = pair
    if left.type == AGE:
        left, right = elapsed(left), elapsed(right)
    if op not in ("eq", "ne") and (left.type == BOOL or left.type.name in ("label", "list", "record")):
        checker.report.error("R201", f"{article(left.type)} has no order", span, advice="compare with `is` or `in`")
        return predicate_of(False, span)
    if left.type.name in ("list", "record"):
        checker.report.error("R201", f"{article(left.type)} cannot be compared as a whole", span, advice=_LISTS)
        return predicate_of(False, span)
    if left.type == DURATION and not (_countable(checker, left, span) and _countable(checker, right, span)):
        return predicate_of(False, span)
    if isinstance(left, Const) and not isinstance(right, Const):
        op, left, right = _FLIPPED[op], right, left
    lints.impossible(checker, op, left, right, span)
    if context.is_point:
        lints.forgotten_zero(checker, op, left, right, span)
    return apply(op, left, right, span=span)


def _aged(op: str, left: Expr, right: Expr, span: Span) -> Expr:
    if left.type == DURATION:
        op, left, right = _FLIPPED[op], right, left
    if isinstance(right, Const) and isinstance(right.value, Duration):
        before = shift(Now(span=span), -right.value, span)
        return apply(_FLIPPED[op], _origin(left), before, span=span)
    return apply(op, elapsed(left), right, span=span)


def _origin(age: Expr) -> Expr:
    if isinstance(age, Apply) and age.op == "age":
        return age.args[0]
    return apply("origin", age, gives=INSTANT, span=age.span)


def _dated(checker: Checker, op: str, left: Expr, right: Expr, span: Span) -> Expr:
    if left.type == DATE:
        op, left, right = _FLIPPED[op], right, left
    if op in ("eq", "ne"):
        checker.report.error(
            "R211", "an instant never equals a date", span, advice="ask `on`: `first(purchase).at on 2025-11-11`"
        )
        return predicate_of(False, span)
    begins = op in ("lt", "ge")
    edge = start_of_day(right if begins else day_after(right))
    return apply("lt" if op in ("lt", "le") else "ge", left, edge, span=span)


def _on(checker: Checker, node: ast.Compare, left: Expr, right: ast.Expression, context: Context) -> Expr:
    day = checker.value(right, context)
    if UNKNOWN in (left.type, day.type):
        return predicate_of(False, node.span)
    if node.operator == "within":
        if day.type == DURATION:
            advice = "write `within last 30d`, or `within 30d after …`"
        else:
            advice = "write `within last 30d`"
        checker.report.error("R208", "`within` wants a window", right.span, advice=advice)
    elif left.type not in (INSTANT, DATE):
        checker.report.error(
            "R201", f"`on` asks about an instant or a date, and this is {article(left.type)}", node.left.span
        )
    elif day.type not in (INSTANT, DATE):
        checker.report.error("R201", f"`on` wants a date, and this is {article(day.type)}", right.span)
    else:
        return on_day(left, date_of(day) if day.type == INSTANT else day, node.span)
    return predicate_of(False, node.span)


def _in(checker: Checker, node: ast.Compare, left: Expr, right: ast.Expression, context: Context) -> Expr:
    span = node.span
    if isinstance(right, ast.Range):
        return _in_range(checker, left, right, span, context)
    if isinstance(right, ast.List):
        if not right.items:
            checker.report.error("R206", "nothing is in an empty list", span)
            return predicate_of(False, span)
        items = [_right(checker, left, item, context, differs=False) for item in right.items]
        return _in_items(checker, left, items, node, context)
    value = checker.value(right, context)
    if UNKNOWN in (left.type, value.type):
        return predicate_of(False, span)
    if value.type.name != "list" or value.type.item is None:
        message = f"`in` wants a list, a range or a window, and this is {article(value.type)}"
        checker.report.error("R201", message, right.span, advice="a list stands in brackets: `in [ … ]`")
        return predicate_of(False, span)
    if isinstance(value, Const) and isinstance(value.value, tuple):
        items = [Const(item, value.type.item, span=right.span) for item in value.value]
        return _in_items(checker, left, list(items), node, context)
    if left.type != value.type.item:
        return _mismatch(checker, left, value, span)
    return apply("has", value, left, span=span)


def _in_items(checker: Checker, left: Expr, items: list[Expr], node: ast.Compare, context: Context) -> Expr:
    span = node.span
    if left.type == UNKNOWN or any(item.type == UNKNOWN for item in items):
        return predicate_of(False, span)
    if node.ignoring_case:
        pairs = [folded_case(checker, left, item, item.span) for item in items]
        if any(pair is None for pair in pairs):
            return predicate_of(False, span)
        items = [pair[1] for pair in pairs if pair is not None]
        left = pairs[0][0] if pairs and pairs[0] is not None else left
    plain = left.type in (INT, NUMBER, TEXT, MONEY, INSTANT, DATE) or left.type.name in ("time", "label")
    constants: list[Const] = []
    for item in items:
        pair = unify(left, item) if plain else None
        if pair is None or not isinstance(pair[1], Const) or pair[0].type != left.type or pair[1].type != left.type:
            break
        constants.append(pair[1])
    else:
        return apply(
            "in", left, Const(tuple(item.value for item in constants), list_of(left.type), span=span), span=span
        )
    return any_of(tuple(_ordered(checker, "eq", left, item, span=item.span, context=context) for item in items), span)


def _in_range(checker: Checker, left: Expr, node: ast.Range, span: Span, context: Context) -> Expr:
    low, high = checker.value(node.low, context), checker.value(node.high, context)
    if UNKNOWN in (left.type, low.type, high.type):
        return predicate_of(False, span)
    if isinstance(low, Const) and isinstance(high, Const) and _above(low, high):
        checker.report.error(
            "R207", "the range is empty: it ends below where it begins", node.span, advice="swap its ends"
        )
        return predicate_of(False, span)
    parts = (
        _ordered(checker, "ge", left, low, span=span, context=context),
        _ordered(checker, "le", left, high, span=span, context=context),
    )
    return all_of(parts, span)


def _above(low: Const, high: Const) -> bool:
    a, b = low.value, high.value
    if isinstance(a, Duration) and isinstance(b, Duration):
        if a.months == b.months:
            return (a.days, a.micros) > (b.days, b.micros) and a.elapsed != b.elapsed and _micros(a) > _micros(b)
        return a.months * 28 + a.days > b.months * 31 + b.days + 1
    pair = unify(low, high)
    if pair is None or not (isinstance(pair[0], Const) and isinstance(pair[1], Const)) or low.type.name == "label":
        return False
    return greater(pair[0], pair[1])


def _micros(value: Duration) -> int:
    return value.days * 86_400_000_000 + value.micros


def _countable(checker: Checker, value: Expr, span: Span) -> bool:
    if isinstance(value, Const) and isinstance(value.value, Duration) and value.value.months:
        checker.report.error(
            "R205", "elapsed time cannot be compared with months or years", span, advice="write days or hours"
        )
        return False
    return True


def _missing(checker: Checker, node: ast.Compare, context: Context) -> Expr:
    row = rows_alone(checker, node.left, context)
    if row is not None:
        return row
    value = checker.value(node.left, context)
    if value.type == UNKNOWN:
        return predicate_of(False, node.span)
    if not checker.may_miss(value):
        what = "this count" if isinstance(value, Aggregate) else "this value"
        checker.report.warning("R603", f"{what} is never missing", node.span)
    return apply("missing", value, span=node.span)


def _mismatch(checker: Checker, left: Expr, right: Expr, span: Span) -> Expr:
    advice: str | None = None
    types = {left.type, right.type}
    plain = next((side for side in (left, right) if isinstance(side, Const) and side.type in (INT, NUMBER)), None)
    quoted = next((side for side in (left, right) if isinstance(side, Const) and side.type == TEXT), None)
    code = "R201"
    if MONEY in types and plain is not None and isinstance(plain.value, int | float):
        code, advice = "R215", f"write the currency: `{plain.value:g} {checker.currency}`"
    elif types & {AGE, DURATION} and plain is not None and isinstance(plain.value, int | float):
        advice = f"write the unit: `{plain.value:g}d`"
    elif types & {DATE, INSTANT} and quoted is not None:
        advice = f"a date is written without quotes: `{quoted.value}`"
    elif TEXT in types and plain is not None:
        advice = f'a text is written in quotes: "{plain.value}"'
    elif types & {DATE, INSTANT} and types & {DURATION, AGE}:
        advice = "compare its age: `age(…) <= 30d`, or ask `in last 30d`"
    elif "list" in (left.type.name, right.type.name):
        advice = _LISTS
    elif BOOL in types:
        advice = "a yes or no is asked by itself, or with `not`"
    message = f"{article(left.type)} is compared with {article(right.type)}"
    checker.report.error(code, message, span, advice=advice)
    return predicate_of(False, span)


_LISTS = "ask `contains`, `contains any [..]`, `length(…)`"

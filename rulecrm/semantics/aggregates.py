"""Aggregates: one value from the rows of a kind.

In: a call of `count`, `sum`, `first`, …. Out: an `Aggregate` over a scan.
Invariant: the kind is found from the words of the value alone, and one aggregate reads one kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from attrs import frozen

from rulecrm.diagnostics.span import Span
from rulecrm.diagnostics.suggest import did_you_mean, near_or_all
from rulecrm.model.ir import Aggregate, Const, Expr, Scan
from rulecrm.model.schema import Kind
from rulecrm.model.types import AGE, BOOL, DATE, DURATION, INSTANT, INT, MONEY, NUMBER, TEXT, TIME, UNKNOWN, Type
from rulecrm.semantics.build import UNITS, apply, conjuncts, elapsed, number, predicate_of, text_of, unknown
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.names import column_of, entry_of, fields_of, resolve_kind
from rulecrm.semantics.records import over_records, reads_records
from rulecrm.semantics.scope import Entry
from rulecrm.semantics.windows import bounds
from rulecrm.syntax import ast
from rulecrm.syntax.attach import split_where

__all__ = ["AGGREGATES", "POPULATION", "ROWS", "Shape", "aggregate", "field_of_row", "rows_alone"]

_MEASURES = (INT, NUMBER, MONEY, DURATION)
_ORDERED = (*_MEASURES, INSTANT, DATE, TIME, TEXT)
_SCALARS = (*_ORDERED, BOOL)

ROWS = frozenset({"first", "last", "nth"})
"""Aggregates that give a row when they are asked for rows."""


@frozen
class Shape:
    """What an aggregate takes and gives.

    Attributes:
        value: `none` (rows only), `optional`, `value` (of one of `types`), `predicate`, or `any`.
        types: of the value.
        gives: the result; None for the type of the value, `NUMBER` for a number of ints as well.
        extra: what follows the value: nothing, `number` (a share of the way, 0 to 1) or `int` (a place).
        unit: whether `by UNIT` is wanted.
        doc: one line.
        example: one call.
    """

    value: str
    doc: str
    example: str
    types: tuple[Type, ...] = ()
    gives: Type | None = None
    extra: str = ""
    unit: bool = False


AGGREGATES: Mapping[str, Shape] = MappingProxyType({
    "count": Shape("optional", "how many rows", "count(purchase last 30d)", gives=INT),
    "exists": Shape("none", "whether there is a row", "exists(open last 10d)", gives=BOOL),
    "none": Shape("none", "whether there is no row", "none(purchase last 10d)", gives=BOOL),
    "sum": Shape("value", "the sum; missing over no rows", "sum(purchase.amount)", _MEASURES),
    "mean": Shape("value", "the mean", "mean(purchase.amount)", _MEASURES),
    "min": Shape("value", "the least value", "min(purchase.amount)", _ORDERED),
    "max": Shape("value", "the greatest value", "max(purchase.amount)", _ORDERED),
    "median": Shape("value", "the value in the middle", "median(purchase.amount)", _MEASURES),
    "quantile": Shape("value", "the value so far up", "quantile(purchase.amount, 0.9)", _MEASURES, extra="number"),
    "stddev": Shape("value", "the standard deviation of a sample", "stddev(purchase.amount)", _MEASURES),
    "distinct": Shape("value", "how many different values", "distinct(item.category)", _SCALARS, gives=INT),
    "mode": Shape("value", "the most frequent value", "mode(item.category)", _SCALARS),
    "first": Shape("any", "the value in the first row", "first(purchase).at"),
    "last": Shape("any", "the value in the last row", "last(purchase).at"),
    "nth": Shape("any", "the value in the n-th row, -1 the last", "nth(purchase, 2).amount", extra="int"),
    "share": Shape("predicate", "the share of rows that fit", "share(purchase where amount > 99 CNY)", gives=NUMBER),
    "mean_gap": Shape("none", "the mean time from one row to the next", "mean_gap(purchase)", gives=DURATION),
    "median_gap": Shape("none", "the median time from one row to the next", "median_gap(purchase)", gives=DURATION),
    "max_gap": Shape("none", "the longest time from one row to the next", "max_gap(purchase)", gives=DURATION),
    "periods": Shape("none", "how many units have a row", "periods(purchase by month last 6mo)", gives=INT, unit=True),
    "streak": Shape("none", "units in a row, up to now, with one", "streak(purchase by week)", gives=INT, unit=True),
})  # fmt: skip
"""The aggregates by name; `model.ir.Aggregate` gives their exact meaning."""

POPULATION = ("count", "sum", "mean", "min", "max", "median", "quantile", "stddev", "share", "distinct", "mode")
"""Functions that may follow `population`."""

_AVERAGING = frozenset({"mean", "median", "quantile", "stddev"})


def aggregate(checker: Checker, node: ast.Call, context: Context) -> Expr:
    """A call of an aggregate, on rows, on values of rows or on a list of records."""
    if reads_records(checker, node, context):
        return over_records(checker, node, context)
    rows = _rows(checker, node, context)
    if rows is None:
        return unknown(node.span)
    name = node.function.text
    shape = AGGREGATES[name]
    if rows.bare and shape.value == "any":
        return checker.wrong(
            "R209",
            f"`{name}({rows.alias})` is a row, not a value",
            node.span,
            advice=f"say which field: `{name}({rows.alias}).at`; or ask `exists({rows.alias})`",
        )
    if rows.bare and shape.value == "value":
        return checker.wrong(
            "R204",
            f"`{name}` wants a field of `{rows.alias}`",
            node.arguments[0].span,
            advice=f"such as `{name}({rows.alias}.{_some_field(rows.kind, shape)})`",
        )
    value = None if rows.bare else checker.value(node.arguments[0].value, rows.context)
    return _finish(checker, node, context, rows, value)


def field_of_row(checker: Checker, node: ast.Field, call: ast.Call, context: Context) -> Expr:
    """`first(purchase).amount`: the field of a row that an aggregate gives."""
    rows = _rows(checker, call, context)
    if rows is None:
        return unknown(node.span)
    if not rows.bare:
        value = aggregate(checker, call, context)
        if value.type != UNKNOWN:
            checker.report.error("R102", f"{article(value.type)} has no field `{node.name.text}`", node.name.span)
        return unknown(node.span)
    column = column_of(rows.kind, node.name.text, node.name.span)
    if column is None:
        names = fields_of(rows.kind)
        advice = did_you_mean(node.name.text, names) or f"`{rows.kind.name}` has: {', '.join(names[:12])}, …"
        message = f"`{rows.kind.name}` has no field `{node.name.text}`"
        return checker.wrong("R102", message, node.name.span, advice=advice)
    return _finish(checker, call, context, rows, column, span=node.span)


def rows_alone(checker: Checker, node: ast.Expression, context: Context) -> Expr | None:
    """`first(purchase) is missing`: whether the row is not there; None where the node is no such row."""
    if not isinstance(node, ast.Call) or node.function.text not in ROWS or not node.arguments:
        return None
    entry = entry_of(node.arguments[0].value, context)
    if entry is None or entry.form not in ("kind", "collection"):
        return None
    rows = _rows(checker, node, context)
    if rows is None:
        return predicate_of(False, node.span)
    if node.function.text == "nth":
        place = column_of(rows.kind, "at", node.span)
        value = _finish(checker, node, context, rows, place)
        return apply("missing", value, span=node.span)
    scan = _scan(checker, node, context, rows)
    return Aggregate("none", scan, None, (), BOOL, span=node.span)


@frozen(eq=False)
class _Rows:
    kind: Kind
    alias: str
    where: tuple[Expr, ...]
    bare: bool
    context: Context


def _rows(checker: Checker, node: ast.Call, context: Context) -> _Rows | None:
    """The kind that a call reads; None after a report."""
    name = node.function.text
    if not node.arguments:
        checker.report.error("R204", f"`{name}` wants rows", node.span, advice=f"such as `{AGGREGATES[name].example}`")
        return None
    value = node.arguments[0].value
    found: dict[int, tuple[Entry, Span]] = {}
    for entry, span in _mentioned(value, context):
        found.setdefault(id(entry), (entry, span))
    if not found:
        _no_rows(checker, node, context)
        return None
    (entry, span), *others = found.values()
    resolved = resolve_kind(checker, entry, span, context)
    if resolved is None:
        return None
    for other, place in others:
        checker.report.error(
            "R214", f"`{name}` reads one kind at a time, and this mixes `{entry.name}` and `{other.name}`", place
        )
        return None
    kind, where = resolved
    bare = entry_of(value, context) is entry
    alias = entry.name
    return _Rows(kind, alias, where, bare, context.at_row(kind, alias))


def _mentioned(node: ast.Expression, context: Context) -> Iterator[tuple[Entry, Span]]:
    """Kinds and collections named in a value; nested aggregates read their own."""
    stack: list[ast.Expression] = [node]
    while stack:
        at = stack.pop()
        entry = entry_of(at, context)
        if entry is not None:
            if entry.form in ("kind", "collection"):
                yield entry, at.span
            continue
        match at:
            case ast.Field():
                stack.append(at.base)
            case ast.Call() if at.function.text not in AGGREGATES:
                stack.extend(reversed([argument.value for argument in at.arguments]))
            case ast.Operate():
                stack.extend((at.right, at.left))
            case ast.Negate() | ast.Not():
                stack.append(at.operand)
            case ast.Compare():
                if at.right is not None and isinstance(at.right, _EXPRESSIONS):
                    stack.append(at.right)
                stack.append(at.left)
            case ast.AllOf() | ast.AnyOf():
                stack.extend(reversed(at.operands))
            case _:
                pass


def _no_rows(checker: Checker, node: ast.Call, context: Context) -> None:
    name = node.function.text
    argument = node.arguments[0]
    value = argument.value
    if isinstance(value, ast.Name) and value.text not in context.module.scope:
        attributes = checker.schema.subjects[context.subject].columns
        if value.text not in attributes:
            kinds = [word for word, entry in context.module.scope.items() if entry.form in ("kind", "collection")]
            advice = did_you_mean(value.text, kinds)
            checker.report.error("R103", f"unknown kind `{value.text}`", value.span, advice=advice)
            return
    if isinstance(value, ast.Field) and isinstance(value.base, ast.Name) and entry_of(value.base, context) is None:
        kinds = [word for word, entry in context.module.scope.items() if entry.form in ("kind", "collection")]
        advice = did_you_mean(value.base.text, kinds)
        checker.report.error("R103", f"unknown kind `{value.base.text}`", value.base.span, advice=advice)
        return
    inner = checker.value(value, context)
    if inner.type == UNKNOWN:
        return
    example = f"over rows `{AGGREGATES[name].example}`"
    if inner.type == BOOL and name in ("exists", "none"):
        advice = f"a yes or no is asked by itself, without `{name}`"
    else:
        advice = f"over all of them it is `population {name}(…)`; {example}" if name in POPULATION else example
    message = f"`{name}` reads the rows of a kind, and this is one value for each {context.subject}"
    checker.report.error("R204", message, argument.span, advice=advice)


def _condition(
    checker: Checker, argument: ast.Argument, rows: _Rows
) -> tuple[ast.Expression | None, ast.Window | None]:
    """The `where` and the window of an argument; in `order where paid last month` both ways of reading end here."""
    if argument.where is None or argument.window is not None:
        return argument.where, argument.window
    return split_where(argument.where, lambda left: checker.value(left, rows.context).type == BOOL)


def _scan(checker: Checker, node: ast.Call, context: Context, rows: _Rows) -> Scan:
    where = rows.where
    condition, window = _condition(checker, node.arguments[0], rows)
    if condition is not None:
        where = (*where, *conjuncts(checker.predicate(condition, rows.context, of="`where`")))
    lower, upper = bounds(checker, window, context)
    return Scan(rows.kind.name, context.subject, where, lower, upper)


def _finish(
    checker: Checker, node: ast.Call, context: Context, rows: _Rows, value: Expr | None, *, span: Span | None = None
) -> Expr:
    name = node.function.text
    shape = AGGREGATES[name]
    span = span or node.span
    argument = node.arguments[0]
    args = _extra(checker, node, context, shape)
    if name == "share" and rows.bare:
        condition, window = _condition(checker, argument, rows)
        if condition is None:
            return checker.wrong("R204", "`share` wants a condition", argument.span, advice=f"`{shape.example}`")
        value = checker.predicate(condition, rows.context, of="`share`")
        lower, upper = bounds(checker, window, context)
        scan = Scan(rows.kind.name, context.subject, rows.where, lower, upper)
        return unknown(span) if args is None else Aggregate(name, scan, value, args, NUMBER, span=span)
    scan = _scan(checker, node, context, rows)
    if args is None:
        return unknown(span)
    if value is None:
        return Aggregate(name, scan, None, args, shape.gives or UNKNOWN, span=span)
    if value.type == UNKNOWN:
        return unknown(span)
    if shape.value == "none":
        advice = f"`{name}({rows.alias})`, with `where` for a condition"
        return checker.wrong("R204", f"`{name}` reads rows, not one of their fields", argument.span, advice=advice)
    if shape.value == "predicate":
        value = checker.as_predicate(value, argument.value.span, of="`share`")
    if value.type == AGE:
        value = elapsed(value)
    if shape.types and value.type not in shape.types:
        wanted = ", ".join(map(str, shape.types))
        message = f"`{name}` wants one of {wanted}, and this is {article(value.type)}"
        return checker.wrong("R204", message, argument.value.span, advice=_rather(name, value.type))
    gives = shape.gives or value.type
    if name in _AVERAGING and value.type == INT:
        value, gives = number(value), NUMBER
    return Aggregate(name, scan, value, args, gives, span=span)


def _extra(checker: Checker, node: ast.Call, context: Context, shape: Shape) -> tuple[Const, ...] | None:
    """The constants after the value; None after a report."""
    first, *rest = node.arguments
    name = node.function.text
    for argument in rest:
        if argument.where is not None or argument.window is not None or argument.by is not None:
            checker.report.error("R204", "`where` and windows belong to the first argument", argument.span)
            return None
    if len(rest) != (1 if shape.extra else 0):
        count = "two arguments" if shape.extra else "one argument"
        checker.report.error("R204", f"`{name}` takes {count}", node.span, advice=f"such as `{shape.example}`")
        return None
    if (first.by is not None) != shape.unit:
        message = f"`{name}` wants `by day`, `by week`, …" if shape.unit else f"`{name}` takes no `by`"
        span = first.by.span if first.by is not None else first.span
        checker.report.error("R204", message, span, advice=f"such as `{shape.example}`")
        return None
    if first.by is not None:
        if first.by.text not in UNITS:
            advice = near_or_all(first.by.text, UNITS)
            checker.report.error("R204", f"unknown calendar unit `{first.by.text}`", first.by.span, advice=advice)
            return None
        return (text_of(first.by.text, first.by.span),)
    if shape.extra == "int":
        place = checker.constant(rest[0].value, context, INT, of="`nth`")
        if place is not None and place.value == 0:
            checker.report.error("R204", "rows are counted from 1, or from -1 backwards", rest[0].span)
            return None
        return None if place is None else (place,)
    if shape.extra == "number":
        value = number(checker.value(rest[0].value, context.at_point()))
        if value.type == UNKNOWN:
            return None
        if not isinstance(value, Const) or not isinstance(value.value, float) or not 0 <= value.value <= 1:
            advice = f"such as `{shape.example}`"
            checker.report.error("R204", "`quantile` wants a constant from 0 to 1", rest[0].span, advice=advice)
            return None
        return (value,)
    return ()


def _some_field(kind: Kind, shape: Shape) -> str:
    for name, column in kind.columns.items():
        if column.type in shape.types and (column.type == MONEY or MONEY not in shape.types):
            return name
    return next((name for name, column in kind.columns.items() if column.type in shape.types), "at")


def _rather(name: str, of: Type) -> str | None:
    if of == BOOL and name in ("sum", "mean"):
        return "count with `count(… where …)`, or `share(… where …)`"
    return None


_EXPRESSIONS = (
    ast.Number, ast.Percent, ast.Text, ast.Boolean, ast.Money, ast.Duration, ast.Date, ast.DateTime, ast.Time, ast.List,
    ast.Range, ast.Name, ast.Field, ast.Call, ast.Population, ast.Negate, ast.Operate, ast.Compare, ast.AsOf, ast.Not,
    ast.AllOf, ast.AnyOf, ast.Ago, ast.Sequence,
)  # fmt: skip

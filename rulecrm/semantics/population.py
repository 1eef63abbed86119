"""Questions about all subjects, and about earlier instants.

In: `population AGG(x) [among S]`, `percentile`, `ntile`, `rank`, `EXPR as of X`, `since(P)`.
Out: `PopulationOf`, `Standing`, `AsOf`, `HeldSince`.
Invariant: what is asked of all subjects never depends on a row.
"""

from __future__ import annotations

from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.model.durations import Duration
from rulecrm.model.ir import AsOf, Const, Expr, HeldSince, PopulationOf, Standing
from rulecrm.model.types import BOOL, DATE, DURATION, INSTANT, INT, MONEY, NUMBER, TEXT, TIME, UNKNOWN, Type
from rulecrm.semantics.aggregates import POPULATION
from rulecrm.semantics.build import elapsed, number, predicate_of, start_of_day, unknown
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.syntax import ast

__all__ = ["SINCE", "STANDINGS", "earlier", "held_since", "population", "standing"]

_MEASURES = (INT, NUMBER, MONEY, DURATION)
_ORDERED = (*_MEASURES, INSTANT, DATE, TIME)
_TYPES: dict[str, tuple[Type, ...]] = {
    "sum": _MEASURES, "mean": _MEASURES, "median": _MEASURES, "quantile": _MEASURES, "stddev": _MEASURES,
    "min": (*_ORDERED, TEXT), "max": (*_ORDERED, TEXT),
}  # fmt: skip
_AVERAGING = frozenset({"mean", "median", "quantile", "stddev"})

STANDINGS = frozenset({"percentile", "ntile", "rank"})
"""Functions that place a subject among all."""

SINCE = "since"
"""The function that tells since when a predicate holds."""

_BACK = Duration(days=400)
"""How far back `since` looks where nothing is said: a year, and a month to tell it from a year."""

_FARTHEST = 100
"""Years that it looks back at most."""

_SUCH_AS = "such as `since(vip)`, `since(vip, 2y)`"


def population(checker: Checker, node: ast.Population, context: Context) -> Expr:
    """One number over all subjects."""
    name, span = node.function.text, node.span
    if name not in POPULATION:
        near = near_or_all(name, POPULATION)
        return checker.wrong("R104", f"unknown population function `{name}`", node.function.span, advice=near)
    point = context.at_point()
    among = None if node.among is None else checker.predicate(node.among, point, of="`among`")
    wanted = 2 if name == "quantile" else 1
    if name == "count" and not node.arguments:
        return PopulationOf("count", predicate_of(True, span), among, (), INT, span=span)
    if len(node.arguments) != wanted:
        count = "a value and a constant" if wanted == 2 else "one value"
        return checker.wrong("R204", f"`population {name}` takes {count}", span)
    written = node.arguments[0]
    if name == "count" and isinstance(written, ast.Name) and written.text == context.subject:
        return PopulationOf("count", predicate_of(True, span), among, (), INT, span=span)
    value = elapsed(checker.value(written, point))
    if value.type == UNKNOWN:
        return unknown(span)
    if name == "share" or (name == "count" and value.type == BOOL):
        value = checker.as_predicate(value, written.span, of=f"`population {name}`")
    types = _TYPES.get(name)
    if types is not None and value.type not in types:
        message = f"`population {name}` wants one of {', '.join(map(str, types))}, and this is {article(value.type)}"
        advice = "count with `population count(…)`, or `population share(…)`" if value.type == BOOL else None
        return checker.wrong("R204", message, written.span, advice=advice)
    if value.type.name in ("list", "record"):
        return checker.wrong(
            "R204", f"`population {name}` wants a scalar, and this is {article(value.type)}", written.span
        )
    args: tuple[Const, ...] = ()
    if wanted == 2:
        share = number(checker.value(node.arguments[1], point))
        if share.type == UNKNOWN:
            return unknown(span)
        if not isinstance(share, Const) or not isinstance(share.value, float) or not 0 <= share.value <= 1:
            return checker.wrong("R204", "`quantile` wants a constant from 0 to 1", node.arguments[1].span)
        args = (share,)
    if name in _AVERAGING:
        value = number(value)
    gives = INT if name in ("count", "distinct") else NUMBER if name == "share" else value.type
    return PopulationOf(name, value, among, args, gives, span=span)


def standing(checker: Checker, node: ast.Call, context: Context) -> Expr:
    """`percentile(m)`, `ntile(5, m)`, `rank(m)`, each with `among S`."""
    name, span, point = node.function.text, node.span, context.at_point()
    if len(node.arguments) != (2 if name == "ntile" else 1):
        example = "ntile(5, spent)" if name == "ntile" else f"{name}(spent)"
        return checker.wrong("R204", f"`{name}` is called otherwise", span, advice=f"such as `{example}`")
    args: tuple[Const, ...] = ()
    if name == "ntile":
        parts = checker.constant(node.arguments[0].value, context, INT, of="`ntile`")
        if parts is None:
            return unknown(span)
        if not isinstance(parts.value, int) or not 2 <= parts.value <= 1_000_000:
            return checker.wrong("R204", "`ntile` wants two parts or more", node.arguments[0].span)
        args = (parts,)
    written = node.arguments[-1]
    if written.where is not None or written.window is not None or written.by is not None:
        advice = f"among whom is said behind it: `{name}(…) among vip`"
        return checker.wrong("R204", f"`{name}` takes a value alone", written.span, advice=advice)
    value = elapsed(checker.value(written.value, point))
    if value.type == UNKNOWN:
        return unknown(span)
    if value.type not in _ORDERED:
        return checker.wrong(
            "R204", f"`{name}` wants what has an order, and this is {article(value.type)}", written.span
        )
    among = None if node.among is None else checker.predicate(node.among, point, of="`among`")
    return Standing(name, value, among, args, NUMBER if name == "percentile" else INT, span=span)


def earlier(checker: Checker, node: ast.AsOf, context: Context) -> Expr:
    """The same expression at an earlier instant."""
    value = checker.value(node.operand, context.at_point())
    instant = checker.value(node.instant, context)
    if UNKNOWN in (value.type, instant.type):
        return unknown(node.span)
    if instant.type == DATE:
        instant = start_of_day(instant)
    if instant.type != INSTANT:
        advice = None
        if instant.type == DURATION:
            advice = "write `as of 30d ago`"
        message = f"`as of` wants an instant or a date, and this is {article(instant.type)}"
        return checker.wrong("R204", message, node.instant.span, advice=advice)
    result = AsOf(elapsed(value), instant, elapsed(value).type, span=node.span)
    checker.earlier.append(result)
    return result


def held_since(checker: Checker, node: ast.Call, context: Context) -> Expr:
    """`since(P)`, `since(P, 2y)`: since when a predicate of the subject holds."""
    span = node.span
    if len(node.arguments) not in (1, 2):
        return checker.wrong("R204", "`since` is called otherwise", span, advice=_SUCH_AS)
    if context.at_point() is not context:
        window = f"; or as a window: `{context.alias} since since(…)`" if context.alias else ""
        advice = f"a metric holds it, `metric held = since(…)`{window}"
        return checker.wrong("R208", "`since(…)` speaks of the subject, and of nothing inside it", span, advice=advice)
    for argument in node.arguments:
        if argument.where is not None or argument.window is not None or argument.by is not None:
            return checker.wrong("R204", "`since` takes a condition alone: no `where`, no window", argument.span)
    value = checker.predicate(node.arguments[0].value, context, of="`since`")
    if len(node.arguments) == 1:
        return HeldSince(value, _BACK, span=span)
    written = node.arguments[1].value
    limit = checker.duration(written, context, of="`since`")
    if limit is None:
        return unknown(span)
    if limit.micros or limit.months > 12 * _FARTHEST or limit.days > 366 * _FARTHEST:
        message = f"`since` looks back by days, weeks, months or years, at most `{_FARTHEST}y`"
        return checker.wrong("R204", message, written.span, advice=_SUCH_AS)
    return HeldSince(value, limit, span=span)

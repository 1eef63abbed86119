"""Calls of functions.

In: a call of the syntax whose name is no aggregate. Out: an operator of the typed model.
Invariant: overloads decide by types alone; the few functions that need more are lowered here by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rulecrm.diagnostics.span import Span
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Apply, Const, Expr, Key, Now
from rulecrm.model.types import BOOL, DATE, INT, MONEY, NUMBER, UNKNOWN, Type
from rulecrm.semantics.aggregates import AGGREGATES, POPULATION, aggregate
from rulecrm.semantics.build import apply, date_of, decimal_of, elapsed, int_of, unknown
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.coerce import fits, to_type, unify
from rulecrm.semantics.functions import SAME, Function, Overload
from rulecrm.semantics.literals import fits_money
from rulecrm.semantics.population import SINCE, STANDINGS, held_since, standing
from rulecrm.syntax import ast

__all__ = ["call"]

_ELSEWHERE: Mapping[str, str] = MappingProxyType({
    "average": "mean", "avg": "mean", "total": "sum", "minimum": "min", "maximum": "max", "stdev": "stddev",
    "unique": "distinct", "nunique": "distinct", "any": "exists", "earliest": "first", "latest": "last",
    "nvl": "??", "ifnull": "??", "coalesce": "??", "len": "length", "ceiling": "ceil",
})  # fmt: skip
"""What functions are called in other languages."""

_ORDERED = frozenset({"int", "number", "money", "duration", "age", "instant", "date"})


def call(checker: Checker, node: ast.Call, context: Context) -> Expr:
    """A call of an aggregate or of a function."""
    name = node.function.text
    if node.among is not None and name not in STANDINGS:
        advice = f"`population {name}(…) among …`" if name in POPULATION else None
        return checker.wrong(
            "R204", "`among` follows `percentile`, `ntile`, `rank` and `population …`", node.among.span, advice=advice
        )
    if name in AGGREGATES:
        if context.constant is not None:
            return checker.wrong("R210", f"{context.constant} wants a constant", node.span)
        return aggregate(checker, node, context)
    function = checker.functions.get(name)
    if function is None:
        names = [*AGGREGATES, *checker.functions]
        meant = _ELSEWHERE.get(name.lower())
        advice = did_you_mean(name, names) if meant is None else f"here it is `{meant}`"
        if advice is None and name in context.module.scope:
            advice = f"`{name}` is no function: leave out the brackets"
        if checker.refused and meant is None:
            missed = f"the plugin {checker.refused[0]} was refused: `rulecrm plugins` says why"
            advice = missed if advice is None else f"{advice} {missed}"
        return checker.wrong("R104", f"unknown function `{name}`", node.function.span, advice=advice)
    if name in STANDINGS or name == SINCE:
        if context.constant is not None:
            return checker.wrong("R210", f"{context.constant} wants a constant", node.span)
        return (held_since if name == SINCE else standing)(checker, node, context)
    for argument in node.arguments:
        if argument.where is not None or argument.window is not None or argument.by is not None:
            return checker.wrong("R204", f"`{name}` reads no rows: no `where`, no window", argument.span)
    arguments = [checker.value(argument.value, context) for argument in node.arguments]
    if any(argument.type == UNKNOWN for argument in arguments):
        return unknown(node.span)
    for overload in function.overloads:
        if _accepts(overload, arguments):
            return _lower(checker, function, overload, node, arguments)
    return _no_overload(checker, function, node, arguments)


def _accepts(overload: Overload, arguments: Sequence[Expr]) -> bool:
    if len(overload.takes) != len(arguments):
        return False
    pairs = zip(overload.takes, arguments, strict=True)
    return all(wanted == SAME or fits(argument.type, wanted) for wanted, argument in pairs)


def _lower(checker: Checker, function: Function, overload: Overload, node: ast.Call, arguments: list[Expr]) -> Expr:
    span = node.span
    for place in sorted({*range(len(arguments) - overload.constants, len(arguments)), *overload.written}):
        if not isinstance(arguments[place], Const):
            return checker.wrong("R210", f"`{function.name}` wants a constant here", node.arguments[place].span)
    same: Type | None = None
    if SAME in overload.takes:
        united = _united(checker, function, overload, node, arguments)
        if united is None:
            return unknown(span)
        arguments = united
        same = arguments[-1].type
    else:
        arguments = [to_type(value, wanted) for value, wanted in zip(arguments, overload.takes, strict=True)]
    gives = same if overload.gives == SAME and same is not None else overload.gives
    if overload.op == "money":
        return _amount(checker, arguments[0], span)
    if function.name in checker.provided:
        checker.called[function.name] = checker.provided[function.name]
        for value, written in zip(arguments, node.arguments, strict=True):
            if isinstance(value, Const) and isinstance(value.value, Duration) and value.value.months:
                return checker.wrong("R205", "elapsed time is wanted here; write days or hours", written.span)
    return _special(overload.op, arguments, span) or _simple(overload.op, tuple(arguments), gives, span)


def _simple(op: str, arguments: tuple[Expr, ...], gives: Type, span: Span) -> Expr:
    return Apply(op, arguments, gives, span=span)


def _special(op: str, arguments: list[Expr], span: Span) -> Expr | None:
    """What the typed model writes with more than the arguments."""
    match op:
        case "now":
            return Now(span=span)
        case "anniversary" | "years":
            gives = DATE if op == "anniversary" else INT
            return apply(op, arguments[0], date_of(Now(span=span)), gives=gives, span=span)
        case "bucket":
            return apply(op, Key(span=span), arguments[0], gives=INT, span=span)
        case "hour" | "minute" if isinstance(arguments[0], Apply) and arguments[0].op == "time_of":
            return apply(op, arguments[0].args[0], gives=INT, span=span)
        case "round" if len(arguments) == 1:
            gives = MONEY if arguments[0].type == MONEY else NUMBER
            return apply(op, arguments[0], int_of(0, span), gives=gives, span=span)
    return None


def _amount(checker: Checker, value: Expr, span: Span) -> Expr:
    """A constant number as an amount of the reporting currency."""
    amount = decimal_of(value.value) if isinstance(value, Const) else None
    if amount is None or not fits_money(amount):
        return checker.wrong("R217", "the amount is too large or too fine", span, advice="money has four decimals")
    return Const(amount, MONEY, span=span)


def _united(
    checker: Checker, function: Function, overload: Overload, node: ast.Call, arguments: list[Expr]
) -> list[Expr] | None:
    """The last two arguments in one type, those before as predicates; None after a report."""
    *before, left, right = arguments
    pair = unify(left, right)
    if pair is None:
        message = (
            f"`{function.name}` wants two values of one type; these are {article(left.type)} and {article(right.type)}"
        )
        checker.report.error("R204", message, node.span)
        return None
    if overload.op in ("least", "greatest"):
        pair = (elapsed(pair[0]), elapsed(pair[1]))
        if pair[0].type.name not in _ORDERED:
            message = f"`{function.name}` wants what has an order, and this is {article(pair[0].type)}"
            checker.report.error("R204", message, node.span)
            return None
    for side in pair:
        if isinstance(side, Const) and isinstance(side.value, Duration) and side.value.months:
            checker.report.error("R205", "elapsed time is chosen here; write days or hours", side.span)
            return None
    predicates = [
        checker.as_predicate(value, written.value.span) if wanted == BOOL else value
        for value, wanted, written in zip(before, overload.takes, node.arguments, strict=False)
    ]
    return [*predicates, *pair]


def _no_overload(checker: Checker, function: Function, node: ast.Call, arguments: list[Expr]) -> Expr:
    advice = f"such as `{function.example}`" if function.example else None
    counts = {len(overload.takes) for overload in function.overloads}
    if len(arguments) not in counts:
        wanted = " or ".join(map(str, sorted(counts)))
        word = "argument" if counts == {1} else "arguments"
        message = f"`{function.name}` takes {wanted} {word}, not {len(arguments)}"
        return checker.wrong("R204", message, node.span, advice=advice)
    for overload in function.overloads:
        if len(overload.takes) != len(arguments):
            continue
        for taken, value, written in zip(overload.takes, arguments, node.arguments, strict=True):
            if taken != SAME and not fits(value.type, taken):
                message = f"`{function.name}` wants {_words(taken)} here, and this is {article(value.type)}"
                return checker.wrong("R204", message, written.span, advice=advice)
    return checker.wrong("R204", f"`{function.name}` is called otherwise", node.span, advice=advice)


def _words(wanted: Type) -> str:
    return "a list" if wanted.name == "list" else article(wanted)

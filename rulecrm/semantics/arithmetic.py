"""`+ - * /`, unary minus and `??`.

In: two operands of the syntax. Out: an operator of the typed model, coercions explicit, constants folded.
Invariant: money stays exact; a duration with months never turns into elapsed time.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from rulecrm.diagnostics.span import Span
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Const, Expr
from rulecrm.model.types import DATE, DURATION, INSTANT, INT, MONEY, NUMBER, TEXT, UNKNOWN, Type
from rulecrm.semantics.build import apply, elapsed, number, shift, shift_date, unknown
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.coerce import unify
from rulecrm.semantics.literals import LARGEST_INT, fits_duration, fits_money
from rulecrm.syntax import ast

__all__ = ["negate", "operate"]

_NUMERIC = (INT, NUMBER)
_SCALING = (*_NUMERIC, MONEY, DURATION)


def operate(checker: Checker, node: ast.Operate, context: Context) -> Expr:
    """`left operator right`."""
    left, right = checker.value(node.left, context), checker.value(node.right, context)
    if UNKNOWN in (left.type, right.type):
        return unknown(node.span)
    if node.operator == "??":
        return _default(checker, node, left, right)
    left, right = elapsed(left), elapsed(right)
    result = {"+": _sum, "-": _sum, "*": _product, "/": _quotient}[node.operator](node.operator, left, right, node.span)
    if isinstance(result, str):
        return checker.wrong("R206" if result is _BY_ZERO else "R205", result, node.span)
    if result is None:
        words = {"+": "added to", "-": "taken from", "*": "multiplied by", "/": "divided by"}[node.operator]
        a, b = (right, left) if node.operator in "+-" else (left, right)
        message = f"{article(a.type)} cannot be {words} {article(b.type)}"
        return checker.wrong("R203", message, node.span, advice=_help(left, right, checker.currency))
    if isinstance(result, Const) and not _holds(result):
        return checker.wrong("R217", "the result is too large", node.span)
    return result


def negate(checker: Checker, node: ast.Negate, context: Context) -> Expr:
    """Unary minus."""
    value = elapsed(checker.value(node.operand, context))
    if value.type == UNKNOWN:
        return unknown(node.span)
    if value.type not in _SCALING:
        return checker.wrong("R203", f"{article(value.type)} has no opposite", node.span)
    if isinstance(value, Const) and isinstance(value.value, int | float | Decimal | Duration):
        return Const(-value.value, value.type, span=node.span)
    return apply("neg", value, gives=value.type, span=node.span)


def _default(checker: Checker, node: ast.Operate, left: Expr, right: Expr) -> Expr:
    pair = unify(left, right)
    if pair is None:
        message = f"the default is {article(right.type)}, and the value {article(left.type)}"
        return checker.wrong("R203", message, node.right.span, advice=_help(left, right, checker.currency))
    if not checker.may_miss(left):
        checker.report.warning("R602", "the default is never taken: this value is never missing", node.left.span)
        return pair[0]
    if pair[1].type.name == "duration" and isinstance(pair[1], Const) and not _elapsed(pair[1]):
        return checker.wrong("R205", "elapsed time has no default in months or years", node.right.span, advice=_DAYS)
    return apply("coalesce", *pair, gives=pair[0].type, span=node.span)


def _sum(operator: str, left: Expr, right: Expr, span: Span) -> Expr | str | None:
    plus = operator == "+"
    a, b = left.type, right.type
    if plus and b in (INSTANT, DATE) and a == DURATION:
        left, right, a, b = right, left, b, a
    if a in (INSTANT, DATE) and b == DURATION:
        return _moved(left, right, span, plus=plus)
    if not plus and {a, b} <= {INSTANT, DATE}:
        pair = unify(left, right)
        assert pair is not None
        if a == b == DATE:
            folded = _days_between(left, right, span)
            return folded or apply("sub", left, right, gives=INT, span=span)
        return apply("sub", *pair, gives=DURATION, span=span)
    if plus and a == b == TEXT:
        return apply("concat", left, right, gives=TEXT, span=span)
    if a in _NUMERIC and b in _NUMERIC and a != b:
        left, right = number(left), number(right)
    if left.type != right.type or left.type not in _SCALING:
        return None
    folded = _fold_sum(left, right, span, plus=plus)
    if folded is not None:
        return folded
    if left.type == DURATION and not (_elapsed(left) and _elapsed(right)):
        return "months and years are no elapsed time; write days or hours"
    return apply("add" if plus else "sub", left, right, gives=left.type, span=span)


def _moved(point: Expr, duration: Expr, span: Span, *, plus: bool) -> Expr | str:
    if not isinstance(duration, Const) or not isinstance(duration.value, Duration):
        return "an instant or a date can be moved by a constant duration only"
    length = duration.value if plus else -duration.value
    if point.type == INSTANT:
        return shift(point, length, span)
    if length.micros:
        return "a date is moved by days, weeks, months or years, not by hours"
    return shift_date(point, length, span)


def _product(_: str, left: Expr, right: Expr, span: Span) -> Expr | str | None:
    if right.type in (MONEY, DURATION):
        left, right = right, left
    if right.type not in _NUMERIC or left.type not in _SCALING:
        return None
    folded = _fold_product(left, right, span)
    if folded is not None:
        return folded
    if left.type == right.type == INT:
        return apply("mul", left, right, gives=INT, span=span)
    if not _elapsed(left):
        return "months and years can be multiplied by a whole constant only"
    gives = left.type if left.type in (MONEY, DURATION) else NUMBER
    return apply("mul", number(left), number(right), gives=gives, span=span)


def _quotient(_: str, left: Expr, right: Expr, span: Span) -> Expr | str | None:
    if left.type not in _SCALING or right.type not in _SCALING:
        return None
    if isinstance(right, Const) and right.value in (0, Duration()):
        return _BY_ZERO
    if not (_elapsed(left) and _elapsed(right)):
        return "months and years are no elapsed time; write days or hours"
    if left.type in (MONEY, DURATION):
        if right.type == left.type:
            return apply("div", left, right, gives=NUMBER, span=span)
        if right.type not in _NUMERIC:
            return None
        return _fold_half(left, right, span) or apply("div", left, number(right), gives=left.type, span=span)
    if right.type not in _NUMERIC:
        return None
    a, b = number(left), number(right)
    if isinstance(a, Const) and isinstance(b, Const) and isinstance(a.value, float) and isinstance(b.value, float):
        return Const(a.value / b.value, NUMBER, span=span)
    return apply("div", a, b, gives=NUMBER, span=span)


def _fold_sum(left: Expr, right: Expr, span: Span, *, plus: bool) -> Const | None:
    if not (isinstance(left, Const) and isinstance(right, Const)):
        return None
    a, b = left.value, right.value
    if isinstance(a, Duration) and isinstance(b, Duration):
        b = b if plus else -b
        return Const(Duration(a.months + b.months, a.days + b.days, a.micros + b.micros), DURATION, span=span)
    if isinstance(a, int) and isinstance(b, int):
        return Const(a + b if plus else a - b, INT, span=span)
    if isinstance(a, Decimal) and isinstance(b, Decimal):
        return Const(a + b if plus else a - b, MONEY, span=span)
    if isinstance(a, float) and isinstance(b, float):
        return Const(a + b if plus else a - b, NUMBER, span=span)
    return None


def _fold_product(left: Expr, right: Expr, span: Span) -> Const | None:
    if not (isinstance(left, Const) and isinstance(right, Const)):
        return None
    a, b = left.value, right.value
    if isinstance(a, Duration) and isinstance(b, int):
        return Const(Duration(a.months * b, a.days * b, a.micros * b), DURATION, span=span)
    if isinstance(a, Decimal) and isinstance(b, int):
        return Const(a * b, MONEY, span=span)
    if isinstance(a, int) and isinstance(b, int):
        return Const(a * b, INT, span=span)
    if isinstance(a, int | float) and isinstance(b, int | float):
        return Const(float(a) * float(b), NUMBER, span=span)
    return None


def _fold_half(left: Expr, right: Expr, span: Span) -> Const | None:
    if not (isinstance(left, Const) and isinstance(right, Const)):
        return None
    a, b = left.value, right.value
    if isinstance(a, Duration) and isinstance(b, int) and not any(part % b for part in (a.months, a.days, a.micros)):
        return Const(Duration(a.months // b, a.days // b, a.micros // b), DURATION, span=span)
    return None


def _days_between(left: Expr, right: Expr, span: Span) -> Const | None:
    a = left.value if isinstance(left, Const) else None
    b = right.value if isinstance(right, Const) else None
    if isinstance(a, dt.date) and isinstance(b, dt.date):
        return Const((a - b).days, INT, span=span)
    return None


def _elapsed(value: Expr) -> bool:
    """Whether a duration (or whatever else) can be told in elapsed time."""
    return not (isinstance(value, Const) and isinstance(value.value, Duration) and value.value.months)


def _holds(result: Const) -> bool:
    value = result.value
    if isinstance(value, Duration):
        return fits_duration(value)
    if isinstance(value, Decimal):
        return fits_money(value)
    return not isinstance(value, int) or abs(value) <= LARGEST_INT


def _help(left: Expr, right: Expr, currency: str) -> str | None:
    types: set[Type] = {left.type, right.type}
    if MONEY in types and types & {INT, NUMBER}:
        plain = left if left.type in _NUMERIC else right
        if isinstance(plain, Const):
            return f"write the currency: `{plain.value:g} {currency}`" if isinstance(plain.value, int | float) else None
    if types == {DURATION, INT}:
        return "write the unit: `30d`, `12h`, …"
    return None


_BY_ZERO = "division by zero is always missing"
_DAYS = "write days or hours"

"""Literals as constants.

In: literals of the syntax. Out: `Const`, or the conversion of an amount in another currency.
Invariant: what does not fit the engine's types is a finding here, never an overflow there.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from rulecrm.model.currencies import CURRENCIES, instead_of
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Const, Expr, Value
from rulecrm.model.types import (
    BOOL,
    DATE,
    DURATION,
    INSTANT,
    INT,
    MONEY,
    MONEY_SCALE,
    NUMBER,
    TEXT,
    TIME,
    Type,
    list_of,
)
from rulecrm.semantics.build import apply, number, text_of, unknown
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.coerce import unify
from rulecrm.syntax import ast

__all__ = ["LARGEST_INT", "fits_duration", "fits_money", "instant_of", "list_literal", "literal", "money"]

LARGEST_INT = 2**63 - 1
_LARGEST_AMOUNT = Decimal(LARGEST_INT) / 10**MONEY_SCALE
_CENTURIES = 10_000

Literal = (
    ast.Number | ast.Percent | ast.Text | ast.Boolean | ast.Money | ast.Duration | ast.Date | ast.DateTime | ast.Time
)


def literal(checker: Checker, node: Literal) -> Expr:
    """A literal of one word."""
    span = node.span
    match node:
        case ast.Number():
            if isinstance(node.value, int):
                if abs(node.value) > LARGEST_INT:
                    return checker.wrong("R217", "the number is too large", span, advice=f"at most {LARGEST_INT}")
                return Const(node.value, INT, span=span)
            return Const(float(node.value), NUMBER, span=span)
        case ast.Percent():
            return Const(float(node.value), NUMBER, span=span)
        case ast.Text():
            return Const(node.value, TEXT, span=span)
        case ast.Boolean():
            return Const(node.value, BOOL, span=span)
        case ast.Money():
            return money(checker, node)
        case ast.Duration():
            value = Duration.of(*node.parts)
            if not fits_duration(value):
                return checker.wrong("R217", "the duration is too long", span, advice=f"at most {_CENTURIES}y")
            return Const(value, DURATION, span=span)
        case ast.Date():
            return Const(node.value, DATE, span=span)
        case ast.DateTime():
            instant = instant_of(node.value, checker.zone)
            if instant is None:
                return checker.wrong("R217", "the instant lies outside the years 1 to 9999", span)
            return Const(instant, INSTANT, span=span)
        case ast.Time():
            return Const(node.value, TIME, span=span)


def money(checker: Checker, node: ast.Money) -> Expr:
    """An amount; in another currency than the reporting one it is converted at the rate of T's day, but for nothing."""
    if not fits_money(node.amount):
        return checker.wrong("R217", "the amount is too large or too fine", node.span, advice="money has four decimals")
    if node.currency not in CURRENCIES:
        return checker.wrong("R507", f"`{node.currency}` is no currency", node.span, advice=instead_of(node.currency))
    amount = Const(node.amount, MONEY, span=node.span)
    if node.currency == checker.currency or node.amount == 0:
        return amount
    return apply("convert", amount, text_of(node.currency, node.span), gives=MONEY, span=node.span)


def fits_money(amount: Decimal) -> bool:
    """Whether an amount can be held exactly."""
    if not amount.is_finite() or abs(amount) > _LARGEST_AMOUNT:
        return False
    return amount == amount.quantize(Decimal(1).scaleb(-MONEY_SCALE))


def fits_duration(value: Duration) -> bool:
    """Whether a duration stays within what instants can be moved by."""
    return (
        abs(value.months) <= _CENTURIES * 12
        and abs(value.days) <= _CENTURIES * 366
        and abs(value.micros) <= _CENTURIES * 366 * 86_400_000_000
    )


def instant_of(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
    """Wall clock in a zone as an instant in UTC: in a gap by the offset before, of two the earlier."""
    try:
        return wall.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return None


def list_literal(checker: Checker, node: ast.List, context: Context) -> Expr:
    """A list of constants of one type."""
    items = [checker.value(item, context) for item in node.items]
    if any(item.type.name == "unknown" for item in items):
        return unknown(node.span)
    if not items:
        return Const((), list_of(Type("unknown")), span=node.span)
    constants: list[Const] = []
    for item, written in zip(items, node.items, strict=True):
        if not isinstance(item, Const) or item.type.name in ("list", "record", "label"):
            return checker.wrong("R210", "a list holds constants", written.span)
        constants.append(item)
    if any(item.type == NUMBER for item in constants):
        constants = [part for part in map(number, constants) if isinstance(part, Const)]
    first = constants[0]
    for item in constants:
        if item.type != first.type and unify(first, item) is None:
            message = f"a list holds values of one type, and this is {article(item.type)} after {article(first.type)}"
            return checker.wrong("R201", message, item.span)
    values: tuple[Value, ...] = tuple(item.value for item in constants)
    return Const(values, list_of(first.type), span=node.span)

"""Expressions from their parts.

In: parts of the rules under "expressions" of `rules.lark`. Out: `Expression` nodes.
Invariant: `and` and `or` are flat: no operand of an `AllOf` is an `AllOf`, of an `AnyOf` an `AnyOf`.
"""
# ruff: noqa: D102, RUF059
# A method is named for its rule and does what the rule says; it names every part of the rule, used or not.

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from attrs import evolve

from rulecrm.syntax import ast
from rulecrm.syntax.attach import AGGREGATES, split_window
from rulecrm.syntax.build_windows import Phrase, Within, as_window
from rulecrm.syntax.parts import Children, between, identifier, optional
from rulecrm.syntax.scan import Token

__all__ = ["ExpressionRules", "number_of", "percent_of"]

PART = re.compile("([0-9]+)(mo|[ywdhms])")


def number_of(token: Token) -> ast.Number:
    """`3`, `2.5`."""
    value = int(token.value) if token.type == "INT" else Decimal(token.value)
    return ast.Number(value, span=token.span)


def percent_of(token: Token) -> ast.Percent:
    """`10%`."""
    return ast.Percent(Decimal(token.value[:-1]).scaleb(-2), span=token.span)


class ExpressionRules:
    """The rules of expressions."""

    # --- literals ---

    def number(self, c: Children) -> ast.Number:
        return number_of(c[0])

    def percent(self, c: Children) -> ast.Percent:
        return percent_of(c[0])

    def money(self, c: Children) -> ast.Money:
        amount = c[0].value[:-3].rstrip()
        return ast.Money(Decimal(amount), c[0].value[-3:], span=c[0].span)

    def duration(self, c: Children) -> ast.Duration:
        parts = tuple((int(count), unit) for count, unit in PART.findall(c[0].value))
        return ast.Duration(parts, span=c[0].span)

    def date(self, c: Children) -> ast.Date:
        return ast.Date(dt.date.fromisoformat(c[0].value), span=c[0].span)

    def datetime(self, c: Children) -> ast.DateTime:
        return ast.DateTime(dt.datetime.fromisoformat(c[0].value), span=c[0].span)

    def time(self, c: Children) -> ast.Time:
        return ast.Time(dt.time.fromisoformat(c[0].value), span=c[0].span)

    def text(self, c: Children) -> ast.Text:
        return ast.Text(c[0].value, span=c[0].span)

    def boolean(self, c: Children) -> ast.Boolean:
        return ast.Boolean(c[0].value == "true", span=c[0].span)

    def list(self, c: Children) -> ast.List:
        items = tuple(part for part in c if part is not None and not isinstance(part, Token))
        return ast.List(items, span=between(c[0], c[-1]))

    def range(self, c: Children) -> ast.Range:
        return ast.Range(c[0], c[2], span=between(c[0], c[2]))

    # --- names and calls ---

    def name(self, c: Children) -> ast.Name:
        return ast.Name(c[0].value, span=c[0].span)

    def field_of(self, c: Children) -> ast.Field:
        return ast.Field(c[0], identifier(c[2]), span=between(c[0], c[2]))

    def call(self, c: Children) -> ast.Call:
        arguments = tuple(part for part in c[2:-1] if isinstance(part, ast.Argument))
        if c[0].value in AGGREGATES:
            arguments = tuple(map(split_window, arguments))
        return ast.Call(identifier(c[0]), arguments, span=between(c[0], c[-1]))

    def among(self, c: Children) -> ast.Call:
        call = c[0]
        return ast.Call(call.function, call.arguments, c[2], span=between(call, c[2]))

    def argument(self, c: Children) -> ast.Argument:
        value, by_word, by, where, part = c
        end = next(part for part in reversed(c) if part is not None)
        span = between(value, end)
        window = None if part is None else as_window(part)
        return ast.Argument(value, where, window, optional(by), span=span)

    def argument_window_first(self, c: Children) -> ast.Argument:
        value, by_word, by, part, where = c
        return ast.Argument(value, where, as_window(part), optional(by), span=between(value, where))

    def population(self, c: Children) -> ast.Population:
        arguments = tuple(part for part in c[3:-3] if part is not None and not isinstance(part, Token))
        end = c[-1] or c[-3]
        return ast.Population(identifier(c[1]), arguments, c[-1], span=between(c[0], end))

    def ago(self, c: Children) -> ast.Ago:
        return ast.Ago(c[0], span=between(c[0], c[1]))

    def parenthesised(self, c: Children) -> ast.Expression:
        whole: ast.Expression = evolve(c[1], span=between(c[0], c[2]))
        return whole

    # --- operators ---

    def negate(self, c: Children) -> ast.Negate:
        return ast.Negate(c[1], span=between(c[0], c[1]))

    def operate(self, c: Children) -> ast.Operate:
        return ast.Operate(c[1].value, c[0], c[2], span=between(c[0], c[2]))

    def comparator(self, c: Children) -> tuple[str, bool]:
        words = [token.value for token in c if token is not None]
        return " ".join(word for word in words if word != "not"), "not" in words

    def compare(self, c: Children) -> ast.Compare:
        left, (operator, negated), right, ignoring, case = c
        return ast.Compare(operator, left, right, negated, case is not None, span=between(left, case or right))

    def is_missing(self, c: Children) -> ast.Compare:
        return ast.Compare("is missing", c[0], None, c[2] is not None, span=between(c[0], c[3]))

    def compare_window(self, c: Children) -> ast.Compare:
        left, *negated, phrase = c
        right = _right(phrase)
        return ast.Compare(phrase.operator, left, right, any(negated), span=between(left, phrase))

    def as_of(self, c: Children) -> ast.AsOf:
        return ast.AsOf(c[0], c[3], span=between(c[0], c[3]))

    def not_(self, c: Children) -> ast.Not:
        return ast.Not(c[1], span=between(c[0], c[1]))

    def all_of(self, c: Children) -> ast.AllOf:
        return ast.AllOf(_flat(ast.AllOf, c), span=between(c[0], c[2]))

    def any_of(self, c: Children) -> ast.AnyOf:
        return ast.AnyOf(_flat(ast.AnyOf, c), span=between(c[0], c[2]))


def _right(phrase: Phrase) -> ast.Expression | ast.Window:
    if isinstance(phrase.window, Within):
        return phrase.window.duration
    if isinstance(phrase.window, ast.On):
        return phrase.window.day
    return phrase.window


def _flat(node: type[ast.AllOf | ast.AnyOf], c: Children) -> tuple[ast.Expression, ...]:
    operands: list[ast.Expression] = []
    for side in (c[0], c[2]):
        operands.extend(side.operands if isinstance(side, node) else (side,))
    return tuple(operands)

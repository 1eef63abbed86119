"""Declarations from their parts.

In: parts of the rules under "declarations" of `rules.lark`. Out: nodes of `syntax.declarations`.
Invariant: docstrings are not seen here; `syntax.parse` gives each declaration its own.
"""
# ruff: noqa: D102, RUF059
# A method is named for its rule and does what the rule says; it names every part of the rule, used or not.

from __future__ import annotations

import datetime as dt

from rulecrm.syntax import ast
from rulecrm.syntax import declarations as node
from rulecrm.syntax.parts import Children, declared, identifier, optional, text, title, whole
from rulecrm.syntax.scan import Token

__all__ = ["DeclarationRules", "day_of"]


def day_of(token: Token) -> ast.Date | ast.DateTime:
    """A date, or a date with a time."""
    if token.type == "DATE":
        return ast.Date(dt.date.fromisoformat(token.value), span=token.span)
    return ast.DateTime(dt.datetime.fromisoformat(token.value), span=token.span)


class DeclarationRules:
    """The rules of declarations."""

    def import_(self, c: Children) -> node.Import:
        word, path, as_word, prefix, with_word, values = c
        return node.Import(text(path), None if prefix is None else declared(prefix), _values(values), span=whole(c))

    def timezone(self, c: Children) -> node.TimezoneIs:
        return node.TimezoneIs(text(c[1]), span=whole(c))

    def currency(self, c: Children) -> node.CurrencyIs:
        return node.CurrencyIs(identifier(c[1]), span=whole(c))

    def kind(self, c: Children) -> node.Kind:
        word, name, words, fields = c
        return node.Kind(declared(name), fields.fields, title(words), span=whole(c))

    def attribute(self, c: Children) -> node.Attribute:
        word, name, words, colon, type_, of_word, subject = c
        return node.Attribute(declared(name), type_, optional(subject), title(words), span=whole(c))

    def param(self, c: Children) -> node.Param:
        word, name, words, colon, type_, equals, default = c
        return node.Param(declared(name), type_, default, title(words), span=whole(c))

    def dotted(self, c: Children) -> ast.Identifier:
        return ast.Identifier(".".join(token.value for token in c[::2]), span=whole(c))

    def collection(self, c: Children) -> node.Collection:
        word, name, words, equals, kind, where = c
        return node.Collection(declared(name), kind, where, title(words), span=whole(c))

    def metric(self, c: Children) -> node.Metric:
        word, name, words, of_word, subject, equals, value = c
        return node.Metric(declared(name), value, optional(subject), title(words), span=whole(c))

    def segment(self, c: Children) -> node.Segment:
        word, name, words, of_word, subject, equals, predicate = c
        return node.Segment(declared(name), predicate, optional(subject), title(words), span=whole(c))

    def classify(self, c: Children) -> node.Classify:
        word, name, words, of_word, subject, brace, *arms, end = c
        return node.Classify(declared(name), tuple(arms), optional(subject), title(words), span=whole(c))

    def arm(self, c: Children) -> node.Arm:
        label, words, when_word, when = c
        return node.Arm(declared(label), when, title(words), span=whole(c))

    def otherwise(self, c: Children) -> node.Arm:
        label, words, otherwise_word = c
        return node.Arm(declared(label), None, title(words), span=whole(c))

    def kpi(self, c: Children) -> node.Kpi:
        word, name, words, equals, value, every_word, every, alert_word, when_word, alert = c
        return node.Kpi(declared(name), value, optional(every), alert, title(words), span=whole(c))

    # --- types and values ---

    def type(self, c: Children) -> node.FieldType:
        return node.FieldType(c[0].value, span=c[0].span)

    def list_type(self, c: Children) -> node.FieldType:
        return node.FieldType("list", c[2], span=whole(c))

    def record_type(self, c: Children) -> node.FieldType:
        return node.FieldType("record", None, c[1].fields, span=whole(c))

    def fields(self, c: Children) -> node.FieldType:
        """A pair of braces with fields; it stands for a record until its owner is known."""
        fields = tuple(part for part in c if isinstance(part, node.KindField))
        return node.FieldType("record", None, fields, span=whole(c))

    def field(self, c: Children) -> node.KindField:
        return node.KindField(declared(c[0]), c[2], span=whole(c))

    def values(self, c: Children) -> list[object]:
        return c

    def value(self, c: Children) -> node.Override:
        return node.Override(identifier(c[0]), c[2], span=whole(c))

    # --- tests ---

    def test(self, c: Children) -> node.Test:
        subjects = tuple(part for part in c if isinstance(part, node.CustomerFacts))
        expectations = tuple(part for part in c if isinstance(part, node.Expectation))
        return node.Test(text(c[1]), subjects, expectations, span=whole(c))

    def facts(self, c: Children) -> node.CustomerFacts:
        rows = tuple(part for part in c if isinstance(part, node.FactRow))
        return node.CustomerFacts(identifier(c[0]), text(c[1]), _values(c), rows, span=whole(c))

    def fact(self, c: Children) -> node.FactRow:
        kind, at_word, day, values = c
        return node.FactRow(identifier(kind), day_of(day), _values(values), span=whole(c))

    def expectation(self, c: Children) -> node.Expectation:
        at_word, day, expect_word, of_word, of, predicate = c
        return node.Expectation(day_of(day), predicate, None if of is None else text(of), span=whole(c))


def _values(parts: Children | None) -> tuple[node.Override, ...]:
    return tuple(part for part in parts or () if isinstance(part, node.Override))

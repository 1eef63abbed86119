"""One expression of the syntax, typed.

In: any expression and where it stands. Out: a node of the typed model; UNKNOWN where a mistake was reported.
Invariant: every kind of expression has its case; a missing one is found by the type checker, not by a user.
"""

from __future__ import annotations

from typing import assert_never

from rulecrm.model.ir import Expr, Now
from rulecrm.model.types import UNKNOWN
from rulecrm.semantics import arithmetic, calls, comparisons, lints, literals, names, population, sequences
from rulecrm.semantics.aggregates import ROWS, field_of_row
from rulecrm.semantics.build import all_of, any_of, negated, shift, unknown
from rulecrm.semantics.checker import Checker, Context
from rulecrm.syntax import ast

__all__ = ["lower"]


def lower(checker: Checker, node: ast.Expression, context: Context) -> Expr:  # noqa: C901 - a case for each node
    """The typed model of an expression."""
    match node:
        case ast.Name():
            return names.name(checker, node, context)
        case ast.Compare():
            return comparisons.compare(checker, node, context)
        case ast.Call():
            return calls.call(checker, node, context)
        case ast.Field():
            if isinstance(node.base, ast.Call) and node.base.function.text in ROWS:
                return field_of_row(checker, node, node.base, context)
            return names.field(checker, node, context)
        case ast.AllOf():
            operands = tuple(checker.predicate(operand, context, of="`and`") for operand in node.operands)
            return all_of(operands, node.span)
        case ast.AnyOf():
            operands = tuple(checker.predicate(operand, context, of="`or`") for operand in node.operands)
            return any_of(operands, node.span)
        case ast.Not():
            operand = checker.predicate(node.operand, context, of="`not`")
            if context.is_point:
                lints.overlooked_missing(checker, operand, node.span)
            return negated(operand, node.span)
        case ast.Operate():
            return arithmetic.operate(checker, node, context)
        case ast.Negate():
            return arithmetic.negate(checker, node, context)
        case ast.AsOf():
            return population.earlier(checker, node, context)
        case ast.Population():
            return population.population(checker, node, context)
        case ast.Sequence():
            return sequences.sequence(checker, node, context)
        case ast.Ago():
            length = checker.duration(node.duration, context, of="`ago`")
            return unknown(node.span) if length is None else shift(Now(span=node.span), -length, node.span)
        case ast.List():
            return literals.list_literal(checker, node, context)
        case ast.Range():
            for end in (node.low, node.high):
                if checker.value(end, context).type == UNKNOWN:
                    return unknown(node.span)
            return checker.wrong("R204", "a range stands on the right of `in` only", node.span)
        case (
            ast.Number()
            | ast.Percent()
            | ast.Text()
            | ast.Boolean()
            | ast.Money()
            | ast.Duration()
            | ast.Date()
            | ast.DateTime()
            | ast.Time()
        ):
            return literals.literal(checker, node)
        case _:
            assert_never(node)

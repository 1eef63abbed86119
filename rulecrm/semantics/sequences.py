"""`sequence (…)`: steps in the order of time.

In: a sequence of the syntax. Out: a `SequenceOf`.
Invariant: a sequence has a step that must happen, and its first step is one.
"""

from __future__ import annotations

from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Expr, SequenceOf, StepOf
from rulecrm.semantics.build import conjuncts, predicate_of
from rulecrm.semantics.checker import Checker, Context
from rulecrm.semantics.names import column_of, fields_of, kind_of
from rulecrm.semantics.windows import bounds
from rulecrm.syntax import ast

__all__ = ["sequence"]


def sequence(checker: Checker, node: ast.Sequence, context: Context) -> Expr:
    """Whether the steps happened."""
    steps = [_step(checker, step, node.by, context) for step in node.steps]
    total = None if node.total is None else checker.duration(node.total, context, of="`within`")
    lower, upper = bounds(checker, node.window, context)
    if node.steps and node.steps[0].negated:
        checker.report.error("R208", "a sequence begins with something that happened", node.steps[0].span)
        return predicate_of(False, node.span)
    if not steps or any(step is None for step in steps):
        return predicate_of(False, node.span)
    for step in node.steps:
        if step.negated and step.at_least is not None:
            checker.report.error("R208", "a step that must not happen takes no `times`", step.span)
        if step.at_least is not None and step.at_least < 1:
            checker.report.error("R208", "a step happens once or more", step.span)
    found = tuple(step for step in steps if step is not None)
    by = None if node.by is None else node.by.text
    return SequenceOf(context.subject, found, by, total, lower, upper, span=node.span)


def _step(checker: Checker, step: ast.Step, by: ast.Identifier | None, context: Context) -> StepOf | None:
    within: Duration | None = None
    if step.within is not None:
        within = checker.duration(step.within, context, of="`within`")
    resolved = kind_of(checker, step.kind, context)
    if resolved is None:
        return None
    kind, where = resolved
    if by is not None and not checker.report.failed_at(by.span) and column_of(kind, by.text, by.span) is None:
        advice = did_you_mean(by.text, fields_of(kind))
        checker.report.error("R102", f"`{kind.name}` has no field `{by.text}`", by.span, advice=advice)
        return None
    if step.where is not None:
        row = context.at_row(kind, step.kind.text)
        where = (*where, *conjuncts(checker.predicate(step.where, row, of="`where`")))
    return StepOf(kind.name, step.negated, where, step.at_least or 1, within)

"""Campaigns: who enters and when, and every step.

In: the syntax of a campaign, or of the steps of a lifecycle's state. Out: findings.
Invariant: `entry`, the instant at which the customer entered, has a meaning in here alone.
"""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.span import Span
from rulecrm.model.types import INSTANT
from rulecrm.semantics.build import UNITS
from rulecrm.semantics.checker import Checker, Context
from rulecrm.semantics.names import kind_of
from rulecrm.semantics.nearest import did_you_mean
from rulecrm.semantics.scope import WORDS, Module
from rulecrm.syntax import ast
from rulecrm.syntax import journeys as j

__all__ = ["check_campaign", "check_steps"]

_LOCAL = MappingProxyType({"entry": INSTANT})
_ONCE = (j.Reenter, j.Goal, j.Control, j.Priority)


def check_campaign(checker: Checker, node: j.Campaign, module: Module) -> None:
    """Check one campaign."""
    before, inside = Context(module), Context(module, local=_LOCAL)
    seen: dict[type, Span] = {}
    for clause in node.clauses:
        if isinstance(clause, _ONCE):
            if type(clause) in seen:
                word = type(clause).__name__.lower()
                notes = (Note("first here", seen[type(clause)]),)
                checker.report.error("R306", f"a campaign has one `{word}`", clause.span, notes=notes)
            seen.setdefault(type(clause), clause.span)
        _clause(checker, clause, before, inside)
    if not any(isinstance(clause, j.Enter | j.EnterDaily | j.EnterAt | j.EnterOnState) for clause in node.clauses):
        message = f"nobody enters `{node.name.text}`"
        checker.report.error(
            "R310", message, node.name.span, advice="add `enter on KIND`, `enter every day at 10:00`, …"
        )
    check_steps(checker, node.steps, inside)


def check_steps(checker: Checker, steps: tuple[j.Step, ...], context: Context) -> None:
    """Check a block of steps and all blocks inside it."""
    for step in steps:
        match step:
            case j.Send():
                for message in step.messages:
                    _message(checker, message, context)
            case j.Wait():
                checker.duration(step.duration, context, of="`wait`")
            case j.WaitUntilFact():
                _fact(checker, step.kind, step.where, context)
                if step.up_to is not None:
                    checker.duration(step.up_to, context, of="`up to`")
            case j.If():
                checker.predicate(step.condition, context, of="`if`")
                check_steps(checker, step.then, context)
                check_steps(checker, step.otherwise, context)
            case j.Split():
                _split(checker, step, context)
            case j.Repeat():
                if step.times < 1:
                    checker.report.error("R208", "`repeat` wants one time or more", step.span)
                checker.duration(step.every, context, of="`every`")
                if step.until is not None:
                    _fact(checker, step.until, step.where, context)
                check_steps(checker, step.steps, context)
            case j.Measure():
                checker.duration(step.after, context, of="`measure after`")
            case j.WaitUntilTime() | j.Tag() | j.NotifyStaff() | j.Exit():
                pass


def _clause(checker: Checker, clause: j.Clause, before: Context, inside: Context) -> None:
    match clause:
        case j.Enter():
            _on_fact(checker, clause.trigger, before)
        case j.ExitOn():
            _on_fact(checker, clause.trigger, inside)
        case j.EnterDaily():
            if clause.every.text not in UNITS:
                advice = did_you_mean(clause.every.text, UNITS) or f"there are: {', '.join(UNITS)}"
                checker.report.error(
                    "R204", f"unknown calendar unit `{clause.every.text}`", clause.every.span, advice=advice
                )
            _when(checker, clause.when, before)
        case j.EnterAt():
            _when(checker, clause.when, before)
        case j.EnterOnState():
            _state(checker, clause, before)
            _when(checker, clause.when, before)
        case j.Reenter():
            if clause.after is not None:
                checker.duration(clause.after, before, of="`reenter after`")
        case j.Goal():
            _fact(checker, clause.kind, clause.where, inside)
            checker.duration(clause.within, inside, of="`within`")
        case j.Control():
            if not 0 <= clause.share.value < 1:
                checker.report.error("R208", "a control group is less than all", clause.share.span)
        case j.Budget():
            checker.duration(clause.per, before, of="`per`")
        case j.Priority():
            pass


def _on_fact(checker: Checker, trigger: j.OnFact, context: Context) -> None:
    _fact(checker, trigger.kind, trigger.where, context)
    _when(checker, trigger.when, context)


def _fact(checker: Checker, kind: ast.Identifier, where: ast.Expression | None, context: Context) -> None:
    found = kind_of(checker, kind, context)
    if where is not None and found is not None:
        checker.predicate(where, context.at_row(found[0], kind.text), of="`where`")


def _when(checker: Checker, when: ast.Expression | None, context: Context) -> None:
    if when is not None:
        checker.predicate(when, context, of="`when`")


def _state(checker: Checker, clause: j.EnterOnState, context: Context) -> None:
    word = clause.lifecycle
    entry = context.module.scope.get(word.text)
    if entry is None:
        names = [name for name, other in context.module.scope.items() if other.form == "lifecycle"]
        checker.report.error(
            "R101", f"unknown lifecycle `{word.text}`", word.span, advice=did_you_mean(word.text, names)
        )
    elif entry.form == "lifecycle" and clause.state.text not in entry.type.names:
        advice = did_you_mean(clause.state.text, entry.type.names) or f"there are: {', '.join(entry.type.names)}"
        checker.report.error("R105", f"there is no state `{clause.state.text}`", clause.state.span, advice=advice)
    elif entry.form not in ("lifecycle", "broken"):
        message = f"a lifecycle is wanted here, and `{word.text}` is {WORDS[entry.form]}"
        checker.report.error("R109", message, word.span)


def _message(checker: Checker, message: j.Message, context: Context) -> None:
    word = message.template
    entry = context.module.scope.get(word.text)
    if entry is None:
        names = [name for name, other in context.module.scope.items() if other.form == "template"]
        advice = did_you_mean(word.text, names) or f'add `template {word.text} for {message.channel.text} "…"`'
        checker.report.warning("R108", f"unknown template `{word.text}`", word.span, advice=advice)
    elif entry.form not in ("template", "broken"):
        checker.report.error("R109", f"a template is wanted here, and `{word.text}` is {WORDS[entry.form]}", word.span)
    elif isinstance(entry.node, j.Template) and entry.node.channel.text != message.channel.text:
        advice = f"send {entry.node.channel.text} {word.text}"
        text = f"the template `{word.text}` is for {entry.node.channel.text}, not for {message.channel.text}"
        checker.report.error("R221", text, message.channel.span, advice=f"write `{advice}`")
    for value in message.values:
        checker.value(value.value, context)


def _split(checker: Checker, step: j.Split, context: Context) -> None:
    names: dict[str, Span] = {}
    for branch in step.branches:
        name = branch.name.text
        if name in names:
            notes = (Note("first here", names[name]),)
            checker.report.error("R307", f"the branch `{name}` is there twice", branch.name.span, notes=notes)
        names.setdefault(name, branch.name.span)
        check_steps(checker, branch.steps, context)
    total = sum((branch.share for branch in step.branches), Decimal())
    if total > 1:
        message = f"the branches of a split take {(total * 100).normalize():f}%"
        checker.report.error("R208", message, step.span, advice="together at most 100%; the rest goes on")

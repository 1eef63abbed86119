"""Campaigns: who enters and when, what counts as success, and how many messages there may be.

In: the syntax of a campaign. Out: `machine.Campaign`, without its version.
Invariant: `entry`, the instant at which the customer entered, and `entry.FIELD` have a meaning in here alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from attrs import evolve

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.diagnostics.suggest import did_you_mean, near_or_all
from rulecrm.model import machine
from rulecrm.model.asked import asked
from rulecrm.model.ir import Local
from rulecrm.model.types import INSTANT, Type
from rulecrm.semantics.build import UNITS
from rulecrm.semantics.channels import channel_of
from rulecrm.semantics.checker import Checker, Context
from rulecrm.semantics.guards import Guards
from rulecrm.semantics.names import column_of, fields_of
from rulecrm.semantics.never import check_campaign
from rulecrm.semantics.scope import WORDS, Entry
from rulecrm.semantics.steps import lower_steps
from rulecrm.semantics.walk import nodes
from rulecrm.syntax import journeys as j

__all__ = ["carried", "lower_campaign"]

_ONCE = (j.Reenter, j.Goal, j.Control, j.Priority)
_ENTRIES = (j.Enter, j.EnterDaily, j.EnterAt, j.EnterOnState)

Clause = TypeVar("Clause")


def lower_campaign(guards: Guards, entry: Entry) -> machine.Campaign:
    """One campaign."""
    node, module, report = entry.node, entry.module, guards.checker.report
    assert isinstance(node, j.Campaign)
    assert module is not None
    _check_once(guards.checker, node)
    before = Context(module)
    entries = tuple(_entry(guards, clause, before) for clause in node.clauses if isinstance(clause, _ENTRIES))
    if not entries:
        message = f"nobody enters `{node.name.text}`"
        report.error("R310", message, node.name.span, advice="add `enter on KIND`, `enter every day at 10:00`, …")
    brought = _brought(guards.checker, entries)
    local = {"entry": INSTANT, **{f"entry.{name}": type_ for name, type_ in brought.items()}}
    inside = Context(module, local=MappingProxyType(local))
    reenter, goal, control, priority = (
        _first(node, j.Reenter), _first(node, j.Goal), _first(node, j.Control), _first(node, j.Priority)
    )  # fmt: skip
    campaign = machine.Campaign(
        entry.symbol,
        entries,
        lower_steps(guards, node.steps, [one for one in node.clauses if isinstance(one, j.ExitOn)], inside),
        machine.Reentry() if reenter is None else _reentry(guards, reenter, before, brought),
        0 if control is None else _control(guards.checker, control),
        None if goal is None else _goal(guards, goal, inside),
        None if priority is None else int(priority.value.value),
        tuple(_budget(guards, one, before) for one in node.clauses if isinstance(one, j.Budget)),
        title=node.title,
        doc=node.doc,
        span=node.span,
    )
    check_campaign(report, campaign, guards.checker.schema.kinds, guards.checker.zone)
    return evolve(campaign, carried=carried(campaign))


def carried(campaign: machine.Campaign) -> tuple[tuple[str, Type], ...]:
    """Fields of the entering row that a campaign reads as `entry.FIELD`, each once, in the order met."""
    read = (part for expr in asked(campaign) for part in nodes(expr) if isinstance(part, Local))
    names = {part.name.partition(".")[2]: part.type for part in read}
    return tuple((name, type_) for name, type_ in names.items() if name)


def _check_once(checker: Checker, node: j.Campaign) -> None:
    seen: dict[type, Span] = {}
    for clause in node.clauses:
        if not isinstance(clause, _ONCE):
            continue
        if type(clause) in seen:
            word = type(clause).__name__.lower()
            notes = (Note("first here", seen[type(clause)]),)
            checker.report.error("R306", f"a campaign has one `{word}`", clause.span, notes=notes)
        seen.setdefault(type(clause), clause.span)


def _first(node: j.Campaign, form: type[Clause]) -> Clause | None:
    return next((clause for clause in node.clauses if isinstance(clause, form)), None)


def _entry(
    guards: Guards, clause: j.Enter | j.EnterDaily | j.EnterAt | j.EnterOnState, context: Context
) -> machine.Entry:
    checker, span = guards.checker, clause.span
    match clause:
        case j.Enter(trigger):
            rows = guards.rows(trigger.kind, trigger.where, context)
            return machine.EnterOn(rows, guards.when(trigger.when, context), trigger.kind.text, span=span)
        case j.EnterDaily(every, time, when):
            if every.text not in UNITS:
                advice = near_or_all(every.text, UNITS)
                checker.report.error("R204", f"unknown calendar unit `{every.text}`", every.span, advice=advice)
            return machine.EnterEvery(every.text, time.value, guards.when(when, context), span=span)
        case j.EnterAt(at, when):
            return machine.EnterAt(guards.instant(at), guards.when(when, context), span=span)
        case j.EnterOnState():
            lifecycle = _lifecycle(checker, clause, context)
            return machine.EnterOnState(lifecycle, clause.state.text, guards.when(clause.when, context), span=span)


def _lifecycle(checker: Checker, clause: j.EnterOnState, context: Context) -> str:
    """The symbol of the lifecycle that a clause names."""
    word, state, report = clause.lifecycle, clause.state, checker.report
    entry = context.module.scope.get(word.text)
    if entry is None:
        names = [name for name, other in context.module.scope.items() if other.form == "lifecycle"]
        advice = did_you_mean(word.text, names)
        report.error("R101", f"unknown lifecycle `{word.text}`", word.span, advice=advice)
        return word.text
    if entry.form == "lifecycle" and state.text not in entry.type.names:
        advice = near_or_all(state.text, entry.type.names)
        report.error("R105", f"there is no state `{state.text}`", state.span, advice=advice)
    elif entry.form not in ("lifecycle", "broken"):
        message = f"a lifecycle is wanted here, and `{word.text}` is {WORDS[entry.form]}"
        report.error("R109", message, word.span)
    return entry.symbol


def _brought(checker: Checker, entries: Sequence[machine.Entry]) -> dict[str, Type]:
    """Fields that an entering row may have; one that is of two types is none."""
    found: dict[str, Type] = {}
    clashing: set[str] = set()
    kinds = [checker.schema.kinds.get(entry.rows.kind) for entry in entries if isinstance(entry, machine.EnterOn)]
    for kind in kinds:
        if kind is None:
            continue
        for name in fields_of(kind):
            column = column_of(kind, name, NOWHERE)
            if column is not None and found.setdefault(name, column.type) != column.type:
                clashing.add(name)
    return {name: type_ for name, type_ in found.items() if name not in clashing}


def _reentry(guards: Guards, node: j.Reenter, context: Context, brought: Mapping[str, Type]) -> machine.Reentry:
    after = None if node.after is None else guards.duration(node.after, context, of="`reenter after`")
    by = node.by
    if by is not None and by.text not in brought:
        advice = did_you_mean(by.text, brought) or "a field of the rows that `enter on` names"
        guards.checker.report.error("R102", f"no entering row has a field `{by.text}`", by.span, advice=advice)
    return machine.Reentry(node.how, after, None if by is None else by.text)


def _control(checker: Checker, node: j.Control) -> int:
    if not 0 <= node.share.value < 1:
        checker.report.error("R208", "a control group is less than all", node.share.span)
    return machine.buckets(node.share.value)


def _goal(guards: Guards, node: j.Goal, context: Context) -> machine.Goal:
    rows = guards.rows(node.kind, node.where, context)
    return machine.Goal(rows, guards.duration(node.within, context, of="`within`"), span=node.span)


def _budget(guards: Guards, node: j.Budget, context: Context) -> machine.Budget:
    if node.count < 1:
        advice = "to send nothing, send nothing"
        guards.checker.report.error("R208", "a budget allows one message or more", node.span, advice=advice)
    channel = channel_of(node.what, guards.channels, guards.checker.report)
    return machine.Budget(node.count, channel, guards.duration(node.per, context, of="`per`"), span=node.span)

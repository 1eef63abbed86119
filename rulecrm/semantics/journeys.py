"""Lifecycles, templates, policies and kpis: their names and types. Campaigns are in `campaigns`.

In: a loaded program whose definitions are checked. Out: findings.
Invariant: nothing here gives a definition; this version does not run journeys, and says no less about their mistakes.
"""

from __future__ import annotations

from rulecrm.diagnostics.model import Note
from rulecrm.semantics.campaigns import check_campaign, check_steps
from rulecrm.semantics.checker import Checker, Context
from rulecrm.semantics.declared import states_of
from rulecrm.semantics.definitions import Settling
from rulecrm.semantics.load import Loaded
from rulecrm.semantics.mentions import mentioned
from rulecrm.semantics.names import kind_of
from rulecrm.semantics.nearest import did_you_mean
from rulecrm.semantics.order import sort
from rulecrm.semantics.scope import Entry, Module
from rulecrm.syntax import declarations as d
from rulecrm.syntax import journeys as j

__all__ = ["check_journeys"]


def check_journeys(checker: Checker, loaded: Loaded, settling: Settling) -> None:
    """Check every journey, policy and kpi of every file."""
    for module in loaded.modules:
        for node in module.rules.declarations:
            match node:
                case j.Lifecycle():
                    _lifecycle(checker, node, module)
                case j.Template():
                    _template(checker, node)
                case j.Campaign():
                    check_campaign(checker, node, module)
                case j.Policy():
                    _policy(checker, node, module)
                case _:
                    pass
    _kpis(checker, loaded, settling)


def _lifecycle(checker: Checker, node: j.Lifecycle, module: Module) -> None:
    starts = [part for part in node.body if isinstance(part, j.State) and part.start]
    if not starts:
        checker.report.error(
            "R309", f"`{node.name.text}` has no first state", node.name.span, advice="add `start STATE`"
        )
    for extra in starts[1:]:
        notes = (Note("first here", starts[0].span),)
        checker.report.error("R309", "a lifecycle has one first state", extra.span, notes=notes)
    if starts:
        _reachable_states(checker, node)
    context = Context(module)
    states = states_of(node)
    for part in node.body:
        if isinstance(part, j.Move):
            _trigger(checker, part.trigger, context)
        elif isinstance(part, j.Entering):
            if part.state.text not in states:
                advice = did_you_mean(part.state.text, states) or f"there are: {', '.join(states)}"
                checker.report.error("R105", f"there is no state `{part.state.text}`", part.state.span, advice=advice)
            check_steps(checker, part.steps, context)


def _reachable_states(checker: Checker, node: j.Lifecycle) -> None:
    """A state that moves leave and nothing enters is a slip of the pen."""
    entered = {part.name.text for part in node.body if isinstance(part, j.State)}
    entered.update(part.target.text for part in node.body if isinstance(part, j.Move))
    for part in node.body:
        for source in part.sources if isinstance(part, j.Move) else ():
            if source.text not in entered:
                advice = did_you_mean(source.text, entered) or "add a move that leads to it"
                checker.report.error("R105", f"no move leads to the state `{source.text}`", source.span, advice=advice)


def _trigger(checker: Checker, trigger: j.OnFact | j.AfterSilence, context: Context) -> None:
    if isinstance(trigger, j.AfterSilence):
        checker.duration(trigger.duration, context, of="`after`")
        kind = trigger.without
    else:
        kind = trigger.kind
    found = None if kind is None else kind_of(checker, kind, context)
    if trigger.where is not None and found is not None and kind is not None:
        checker.predicate(trigger.where, context.at_row(found[0], kind.text), of="`where`")
    if trigger.when is not None:
        checker.predicate(trigger.when, context, of="`when`")


def _template(checker: Checker, node: j.Template) -> None:
    seen: dict[tuple[str, str | None], j.TemplateBody] = {}
    for part in node.parts:
        key = (part.part.text, part.locale)
        if key in seen:
            notes = (Note("first here", seen[key].span),)
            checker.report.error("R307", f"the template says its `{part.part.text}` twice", part.span, notes=notes)
        seen.setdefault(key, part)


def _policy(checker: Checker, node: j.Policy, module: Module) -> None:
    for rule in node.rules:
        match rule:
            case j.Cap():
                checker.duration(rule.per, Context(module), of="`per`")
                if rule.count < 1:
                    advice = "to send nothing, send nothing"
                    checker.report.error("R208", "a cap allows one message or more", rule.span, advice=advice)
            case j.PriorityOrder():
                for word in rule.campaigns:
                    entry = module.scope.get(word.text)
                    if entry is None or entry.form not in ("campaign", "broken"):
                        names = [name for name, other in module.scope.items() if other.form == "campaign"]
                        near = did_you_mean(word.text, names)
                        checker.report.error("R101", f"unknown campaign `{word.text}`", word.span, advice=near)
            case _:
                pass


def _kpis(checker: Checker, loaded: Loaded, settling: Settling) -> None:
    entries = [entry for module in loaded.modules for entry in module.own.values() if entry.form == "kpi"]

    def needs(entry: Entry) -> list[Entry]:
        assert isinstance(entry.node, d.Kpi)
        assert entry.module is not None
        found = (entry.module.scope.get(name) for name in mentioned(entry.node.value))
        return [other for other in found if other is not None and other.form == "kpi"]

    def circle(path: list[Entry]) -> None:
        chain = " → ".join(entry.name for entry in [*path, path[0]])
        checker.report.error("R302", f"`{path[0].name}` is defined by itself: {chain}", path[0].span)

    for entry in sort(entries, needs, circle):
        settling(checker, entry)

"""The policy: what no campaign may break.

In: the policies of all files. Out: `machine.Policy`, that of the root file.
Invariant: a campaign stands in the order of urgency once.
"""

from __future__ import annotations

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model import machine
from rulecrm.semantics.build import UNITS
from rulecrm.semantics.channels import channel_of
from rulecrm.semantics.checker import Context
from rulecrm.semantics.guards import Guards
from rulecrm.semantics.load import Loaded
from rulecrm.semantics.scope import Module
from rulecrm.syntax import ast
from rulecrm.syntax import journeys as j

__all__ = ["lower_policies"]


def lower_policies(guards: Guards, loaded: Loaded) -> machine.Policy | None:
    """The policy of the root file; None where it has none. Those of imports give way, after a word about it."""
    report, held = guards.checker.report, None
    for module in loaded.modules:
        written = [node for node in module.rules.declarations if isinstance(node, j.Policy)]
        for extra in written[1:]:
            notes = (Note("first here", written[0].span),)
            report.error("R306", "a file has one policy", extra.span, notes=notes, advice="write all in one block")
        policies = [_policy(guards, node, module) for node in written]
        if module is loaded.root:
            held = policies[0] if policies else None
        elif written:
            advice = "what an imported file forbids is written anew in the file that is run"
            report.warning("R508", "this policy gives way to that of the root file", written[0].span, advice=advice)
    return held


def _policy(guards: Guards, node: j.Policy, module: Module) -> machine.Policy:
    report = guards.checker.report
    caps: list[machine.Cap] = []
    quiet: list[machine.Quiet] = []
    holdout: j.Holdout | None = None
    order: j.PriorityOrder | None = None
    consent = False
    symbols: tuple[str, ...] = ()
    for rule in node.rules:
        match rule:
            case j.Quiet(start, end):
                if start.value == end.value:
                    advice = "to send nothing, send nothing"
                    report.error("R208", "quiet from an hour to itself is the whole day", rule.span, advice=advice)
                quiet.append(machine.Quiet(start.value, end.value, span=rule.span))
            case j.Cap():
                caps.append(_cap(guards, rule, Context(module)))
            case j.Holdout():
                if holdout is not None:
                    notes = (Note("first here", holdout.span),)
                    report.error("R306", "a policy has one `holdout`", rule.span, notes=notes)
                if not 0 <= rule.share.value < 1:
                    report.error("R208", "a holdout is less than all", rule.share.span)
                holdout = holdout or rule
            case j.Require(what):
                if what.text != "consent":
                    advice = did_you_mean(what.text, ("consent",)) or "there is: consent"
                    report.error("R204", f"`{what.text}` cannot be required", what.span, advice=advice)
                consent = True
            case j.PriorityOrder():
                if order is not None:
                    notes = (Note("first here", order.span),)
                    report.error("R306", "a policy has one `priority`", rule.span, notes=notes)
                order = order or rule
                symbols = symbols or _order(guards, rule, module)
    share = 0 if holdout is None else machine.buckets(holdout.share.value)
    return machine.Policy(tuple(quiet), tuple(caps), share, consent, symbols, span=node.span)


def _cap(guards: Guards, rule: j.Cap, context: Context) -> machine.Cap:
    if rule.count < 1:
        advice = "to send nothing, send nothing"
        guards.checker.report.error("R208", "a cap allows one message or more", rule.span, advice=advice)
    channel = channel_of(rule.what, guards.channels, guards.checker.report)
    if isinstance(rule.per, ast.Name) and rule.per.text in UNITS:
        # units are the names of functions too, so that nothing else can be called like them
        return machine.Cap(rule.count, channel, unit=rule.per.text, span=rule.span)
    return machine.Cap(rule.count, channel, guards.duration(rule.per, context, of="`per`"), span=rule.span)


def _order(guards: Guards, rule: j.PriorityOrder, module: Module) -> tuple[str, ...]:
    found: dict[str, ast.Identifier] = {}
    for word in rule.campaigns:
        entry = module.scope.get(word.text)
        if entry is None or entry.form not in ("campaign", "broken"):
            names = [name for name, other in module.scope.items() if other.form == "campaign"]
            advice = did_you_mean(word.text, names)
            guards.checker.report.error("R101", f"unknown campaign `{word.text}`", word.span, advice=advice)
        elif entry.symbol in found:
            notes = (Note("first here", found[entry.symbol].span),)
            guards.checker.report.error("R307", f"`{word.text}` is in the order twice", word.span, notes=notes)
        else:
            found[entry.symbol] = word
    return tuple(found)

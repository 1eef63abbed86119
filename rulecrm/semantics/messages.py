"""Messages: what `send` names.

In: the syntax of a message. Out: `machine.Message`.
Invariant: the template is there, and is for the channel.
"""

from __future__ import annotations

from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model import machine
from rulecrm.model.ir import Expr
from rulecrm.semantics.checker import Context
from rulecrm.semantics.guards import Guards
from rulecrm.semantics.scope import WORDS
from rulecrm.syntax import journeys as j

__all__ = ["lower_message"]


def lower_message(guards: Guards, message: j.Message, context: Context) -> machine.Message:
    """One way to say it."""
    report, word = guards.checker.report, message.template
    scope = context.module.scope
    entry = scope.get(word.text)
    if entry is None:
        names = [name for name, other in scope.items() if other.form == "template"]
        advice = did_you_mean(word.text, names) or f'add `template {word.text} for {message.channel.text} "…"`'
        report.error("R108", f"unknown template `{word.text}`", word.span, advice=advice)
    elif entry.form not in ("template", "broken"):
        report.error("R109", f"a template is wanted here, and `{word.text}` is {WORDS[entry.form]}", word.span)
    elif isinstance(entry.node, j.Template) and entry.node.channel.text != message.channel.text:
        channel = entry.node.channel
        text = f"the template `{word.text}` is for {channel.text}, not for {message.channel.text}"
        advice = f"write `send {channel.text} {word.text}`"
        report.error("R221", text, message.channel.span, advice=advice)
    values: dict[str, Expr] = {}
    for pair in message.values:
        name = pair.name.text
        if name in values:
            report.error("R307", f"`{name}` is given twice", pair.name.span)
        values.setdefault(name, guards.value(pair.value, context))
    via = None if message.via is None else message.via.text
    symbol = word.text if entry is None else entry.symbol
    return machine.Message(message.channel.text, symbol, tuple(values.items()), via, span=message.span)

"""Whether templates have all the names that they use.

In: templates with the files they stand in, and every message that is sent. Out: findings.
Invariant: a name is that of a definition about customers, of an attribute of the customer, or given by every message
that sends the template.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.span import Span
from rulecrm.model import machine
from rulecrm.model.schema import Schema
from rulecrm.semantics.liquid import Used, used
from rulecrm.semantics.nearest import did_you_mean
from rulecrm.semantics.report import Report
from rulecrm.semantics.scope import DEFINING, Entry, Module

__all__ = ["check_wording"]

_PARTS = ("since", "previous", "moves")
"""What a lifecycle has besides its state."""


def check_wording(
    report: Report,
    schema: Schema,
    templates: Iterable[tuple[Entry, machine.Template]],
    journeys: Iterable[machine.Campaign],
    sources: Mapping[str, str],
) -> None:
    """Report names that a template uses and nothing gives."""
    sent: dict[str, list[machine.Message]] = {}
    for message in _messages(journeys):
        sent.setdefault(message.template, []).append(message)
    for entry, template in templates:
        assert entry.module is not None
        for part in template.parts:
            for one in used(part.text):
                problem = _problem(one, entry.module, schema)
                if problem is not None:
                    finding = _Finding(one, template, _place(one, part, sources), problem)
                    _report(report, finding, sent.get(template.symbol, ()))


def _messages(journeys: Iterable[machine.Campaign]) -> Iterator[machine.Message]:
    for journey in journeys:
        for node in journey.automaton.nodes:
            if isinstance(node, machine.Act) and isinstance(node.action, machine.Send):
                yield from node.action.messages


@frozen
class _Problem:
    """What is wrong with a name: the names that would be right, and whether no message can give it either."""

    right: tuple[str, ...]
    certain: bool = False


def _problem(one: Used, module: Module, schema: Schema) -> _Problem | None:
    columns, scope, first = schema.subjects["customer"].columns, module.scope, one.path[0]
    if first == "customer":
        if len(one.path) == 1 or one.path[1] in columns:
            return None
        return _Problem(tuple(f"customer.{name}" for name in columns), certain=True)
    for length in range(len(one.path), 0, -1):
        entry = scope.get(".".join(one.path[:length]))
        if entry is not None and (entry.form == "broken" or _speaks_of_customers(entry)):
            rest = one.path[length:]
            if entry.form == "lifecycle" and rest and rest[0] not in _PARTS:
                return _Problem(tuple(f"{entry.name}.{part}" for part in _PARTS), certain=True)
            return None
    if first in columns:
        return None
    defined = (name for name, entry in scope.items() if _speaks_of_customers(entry))
    return _Problem((*defined, *columns, *(f"customer.{name}" for name in columns)))


def _speaks_of_customers(entry: Entry) -> bool:
    return entry.subject == "customer" and (entry.form in DEFINING or entry.form == "lifecycle")


@frozen
class _Finding:
    """A name that is wrong, and where it stands."""

    used: Used
    template: machine.Template
    place: Span
    problem: _Problem


def _report(report: Report, finding: _Finding, senders: Sequence[machine.Message]) -> None:
    path, symbol, problem = finding.used.path, finding.template.symbol, finding.problem
    given = {name for message in senders for name, _ in message.values}
    if path[0] in given and not problem.certain:
        for message in senders:
            if path[0] not in dict(message.values):
                text = f"the template `{symbol}` uses `{path[0]}`, which this message does not give"
                advice = f"add `with {{ {path[0]}: … }}`"
                report.error("R222", text, message.span, advice=advice, notes=(Note("used here", finding.place),))
        return
    name = ".".join(path)
    right = (*problem.right, *given)
    near = did_you_mean(name, right) or did_you_mean(path[0], right)
    text = f"the template `{symbol}` knows no name `{name}`"
    if senders or problem.certain:
        report.error("R222", text, finding.place, advice=near or f"a message may give it: `with {{ {path[0]}: … }}`")
    else:
        report.warning("R222", text, finding.place, advice=near or "a message may give it: `with { … }`")


def _place(one: Used, part: machine.TemplatePart, sources: Mapping[str, str]) -> Span:
    """Where a name stands: in the template's file, or in the text of the rules, where escapes move it."""
    if part.file is not None:
        return Span(part.file, one.start, one.end)
    start, end = part.span.start, part.span.end
    written = _ESCAPE.sub(lambda escape: " " * len(escape[0]), sources.get(part.span.source, "")[start:end])
    word = re.compile(rf"(?<!\w){re.escape(one.path[0])}(?!\w)")
    after = len(word.findall(part.text, one.start))
    found = [match.start() for match in word.finditer(written)]
    if not 0 < after <= len(found):
        return part.span
    at = start + found[-after]
    return Span(part.span.source, at, at + one.end - one.start)


_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|.)", re.DOTALL)

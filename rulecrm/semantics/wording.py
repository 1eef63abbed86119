"""Whether templates are Liquid, and have all the names that they use.

In: templates with the files they stand in, and every message that is sent. Out: findings, and the templates with what
each of their names means.
Invariant: a name is that of a definition about customers, of an attribute of the customer, a code of a pool
(`coupon.SPRING`), the clock (`now`, `today`), or given by every message that sends the template.

A text that has no more than names in it is read without python-liquid, which takes long to import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import evolve, frozen

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.span import Span
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model import machine
from rulecrm.model.schema import Schema
from rulecrm.model.types import Type
from rulecrm.semantics.report import Report
from rulecrm.semantics.scope import DEFINING, Entry, Module
from rulecrm.words.used import Used, simple

__all__ = ["check_wording"]

_PARTS = ("since", "previous", "moves")
"""What a lifecycle has besides its state."""
_COUPON = "coupon"
_CLOCK = ("now", "today")
_LIQUID = frozenset({"size", "first", "last"})
"""What every text and list has in Liquid."""


def check_wording(
    report: Report,
    schema: Schema,
    templates: Iterable[tuple[Entry, machine.Template]],
    journeys: Iterable[machine.Campaign],
    sources: Mapping[str, str],
) -> dict[str, machine.Template]:
    """Report texts that are no Liquid, and names that a template uses and nothing gives.

    Returns:
        The templates by symbol, each with its `uses`.
    """
    sent: dict[str, list[machine.Message]] = {}
    for message in _messages(journeys):
        sent.setdefault(message.template, []).append(message)
    checked: dict[str, machine.Template] = {}
    for entry, template in templates:
        assert entry.module is not None
        senders = sent.get(template.symbol, ())
        given = {name for message in senders for name, _ in message.values}
        uses: dict[machine.Use, None] = {}
        for part in template.parts:
            for one in _used(report, template, part, sources):
                found = _meaning(one, entry.module, schema, given)
                if isinstance(found, _Problem) and not one.own:
                    _report(report, _Finding(one, template, _place(one, part, sources), found), senders)
                elif isinstance(found, machine.Use):
                    uses[found] = None
                    if found.what == "given":
                        _ask_all(report, _Finding(one, template, _place(one, part, sources), _Problem(())), senders)
        checked[template.symbol] = evolve(template, uses=tuple(sorted(uses, key=lambda use: use.name)))
    return checked


def _messages(journeys: Iterable[machine.Campaign]) -> Iterator[machine.Message]:
    for journey in journeys:
        for node in journey.automaton.nodes:
            if isinstance(node, machine.Act) and isinstance(node.action, machine.Send):
                yield from node.action.messages


def _used(
    report: Report, template: machine.Template, part: machine.TemplatePart, sources: Mapping[str, str]
) -> Sequence[Used]:
    """The names of a part, or none after a report that it cannot be read."""
    names = simple(part.text)
    if names is not None:
        return names
    from rulecrm.words.errors import ReadingError
    from rulecrm.words.reading import read
    from rulecrm.words.sandbox import Sandbox

    try:
        return read(part.text, Sandbox(html=False)).used
    except ReadingError as fault:
        place = _place_of(part.text[fault.start : fault.end], fault.start, part, sources)
        message = f"the template `{template.symbol}` is no Liquid: {fault.problem}"
        report.error("R224", message, place, advice=fault.advice)
        return ()


# --- what a name means --------------------------------------------------------------------------------------------


@frozen
class _Problem:
    """What is wrong with a name: the names that would be right, and whether no message can give it either."""

    right: tuple[str, ...]
    certain: bool = False
    later: bool = False


def _meaning(one: Used, module: Module, schema: Schema, given: set[str]) -> machine.Use | _Problem | None:
    """What a name stands for, or what is wrong with it."""
    columns, scope, first = schema.subjects["customer"].columns, module.scope, one.path[0]
    if first == "customer":
        return _of_customer(one, schema)
    for length in range(len(one.path), 0, -1):
        entry = scope.get(".".join(one.path[:length]))
        if entry is not None and entry.form == "broken":
            return None
        if entry is not None and _speaks_of_customers(entry):
            return _defined(one, entry, length)
    if first in columns:
        return _inside(columns[first].type, one.path, 1) or machine.Use(first, "attribute", first)
    if first == _COUPON and len(one.path) > 1 and not one.later:
        return machine.Use(".".join(one.path[:2]), "coupon", one.path[1])
    if first in given:
        return machine.Use(first, "given", first)
    if first in _CLOCK:
        return machine.Use(first, "clock", first)
    defined = (name for name, entry in scope.items() if _speaks_of_customers(entry))
    return _Problem((*defined, *columns, *(f"customer.{name}" for name in columns)))


def _of_customer(one: Used, schema: Schema) -> machine.Use | _Problem:
    columns = schema.subjects["customer"].columns
    if len(one.path) == 1:
        return _Problem((), certain=True, later=True) if one.later else machine.Use("customer", "customer", "customer")
    name = one.path[1]
    if name not in columns:
        return _Problem(tuple(f"customer.{name}" for name in columns), certain=True)
    return _inside(columns[name].type, one.path, 2) or machine.Use(f"customer.{name}", "attribute", name)


def _defined(one: Used, entry: Entry, length: int) -> machine.Use | _Problem:
    name, rest = ".".join(one.path[:length]), one.path[length:]
    if entry.form != "lifecycle":
        return machine.Use(name, "definition", entry.symbol)
    if rest and rest[0] not in _PARTS:
        return _Problem(tuple(f"{entry.name}.{part}" for part in _PARTS), certain=True)
    if one.later and not rest:
        return _Problem((), certain=True, later=True)
    return machine.Use(f"{name}.{rest[0]}" if rest else name, "lifecycle", entry.symbol, rest[0] if rest else "")


def _inside(kind: Type, path: Sequence[str], length: int) -> _Problem | None:
    """What is wrong with the words that follow an attribute's name: a record has fields, a text has none."""
    name = ".".join(path[:length])
    for word in path[length:]:
        fields = dict(kind.fields)
        if word in _LIQUID or kind.name in ("list", "unknown"):
            return None
        if word not in fields:
            return _Problem(tuple(f"{name}.{field}" for field in fields) or (name,), certain=True)
        kind, name = fields[word], f"{name}.{word}"
    return None


def _speaks_of_customers(entry: Entry) -> bool:
    return entry.subject == "customer" and (entry.form in DEFINING or entry.form == "lifecycle")


# --- findings -----------------------------------------------------------------------------------------------------


@frozen
class _Finding:
    """A name that is wrong, and where it stands."""

    used: Used
    template: machine.Template
    place: Span
    problem: _Problem


def _ask_all(report: Report, finding: _Finding, senders: Sequence[machine.Message]) -> None:
    """What one message gives, all that are sent from the template have to."""
    name = finding.used.path[0]
    for message in senders:
        if name not in dict(message.values):
            text = f"the template `{finding.template.symbol}` uses `{name}`, which this message does not give"
            advice = f"add `with {{ {name}: … }}`"
            report.error("R222", text, message.span, advice=advice, notes=(Note("used here", finding.place),))


def _report(report: Report, finding: _Finding, senders: Sequence[machine.Message]) -> None:
    path, symbol, problem = finding.used.path, finding.template.symbol, finding.problem
    if problem.later:
        text = f"the template `{symbol}` asks for a part of `{path[0]}` that is only known when it is filled"
        report.error("R227", text, finding.place, advice=f"a part has a name: `{path[0]}.…`")
        return
    name = ".".join(path)
    right = (*problem.right, *(given for message in senders for given, _ in message.values))
    near = did_you_mean(name, right) or did_you_mean(path[0], right)
    if path == (_COUPON,):
        near = near or f"`{_COUPON}.POOL` draws one of a pool; or a message gives it: `with {{ {_COUPON}: … }}`"
    text = f"the template `{symbol}` knows no name `{name}`"
    if problem.certain:
        report.error("R222", text, finding.place, advice=near)
    elif senders:
        report.error("R222", text, finding.place, advice=near or f"a message may give it: `with {{ {path[0]}: … }}`")
    else:
        report.warning("R222", text, finding.place, advice=near or "a message may give it: `with { … }`")


def _place(one: Used, part: machine.TemplatePart, sources: Mapping[str, str]) -> Span:
    """Where a name stands."""
    found = _place_of(one.path[0], one.start, part, sources)
    return found if found is part.span else Span(found.source, found.start, found.start + one.end - one.start)


def _place_of(word: str, start: int, part: machine.TemplatePart, sources: Mapping[str, str]) -> Span:
    """Where a piece of a part stands: in the template's file, or in the text of the rules, where escapes move it."""
    if part.file is not None:
        return Span(part.file, start, start + len(word))
    if not word:
        return part.span
    first, last = part.span.start, part.span.end
    written = _ESCAPE.sub(lambda escape: " " * len(escape[0]), sources.get(part.span.source, "")[first:last])
    edges = (r"(?<!\w)" if word[0].isalnum() else "", r"(?!\w)" if word[-1].isalnum() else "")
    pattern = re.compile(f"{edges[0]}{re.escape(word)}{edges[1]}")
    after = len(pattern.findall(part.text, start))
    found = [match.start() for match in pattern.finditer(written)]
    if not 0 < after <= len(found):
        return part.span
    at = first + found[-after]
    return Span(part.span.source, at, at + len(word))


_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|.)", re.DOTALL)

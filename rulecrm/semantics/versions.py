"""The version of a campaign: the digest of what it means.

In: a campaign, and all that it can refer to. Out: SHA-256 in hexadecimal digits.
Invariant: a version depends on meaning alone. Titles, docstrings and places have none; what the campaign does not refer
to has none for it; and the same meaning has the same version in every process and every Python.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

import attrs
from attrs import define, field

from rulecrm.model import ir, machine
from rulecrm.model.asked import asked
from rulecrm.model.walk import walk

__all__ = ["Versions", "canonical"]

_MEANINGLESS = frozenset({"title", "doc", "titles", "file", "version", "span", "uses"})
"""Fields that change nothing about what happens: the file of a text, not the text; what is read off it."""


@define
class Versions:
    """Works out versions.

    Attributes:
        definitions, lifecycles, templates: by symbol.
        world: what every version depends on: the zone and the currency.
    """

    definitions: Mapping[str, ir.Definition]
    lifecycles: Mapping[str, machine.Lifecycle]
    templates: Mapping[str, machine.Template]
    world: tuple[str, ...]
    _digests: dict[tuple[str, str], str] = field(factory=dict, init=False)
    _needs: dict[tuple[str, str], tuple[tuple[str, str], ...]] = field(factory=dict, init=False)

    def of(self, campaign: machine.Campaign) -> str:
        """The version of a campaign."""
        reached: set[tuple[str, str]] = set()
        stack = list(_referred(campaign))
        while stack:
            name = stack.pop()
            if name not in reached:
                reached.add(name)
                stack.extend(self._look(name))
        parts = [*self.world, canonical(campaign)]
        parts.extend(self._digests[name] for name in sorted(reached))
        return _digest("\n".join(parts))

    def _look(self, name: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        """What a named part refers to; its digest is kept on the way."""
        if name not in self._needs:
            form, symbol = name
            part: object = None
            if form == "definition":
                part = self.definitions.get(symbol)
            elif form == "lifecycle":
                # what its states begin are journeys of their own, which change nothing about the states
                found = self.lifecycles.get(symbol)
                part = None if found is None else attrs.evolve(found, entering=())
            elif form == "template":
                part = self.templates.get(symbol)
            self._needs[name] = tuple(_referred(part))
            self._digests[name] = _digest(canonical(part))
        return self._needs[name]


def canonical(value: object) -> str:
    """A value of the model as text: equal meanings give equal texts, different ones different texts.

    A field that has its default is left out, so that a field that a later release adds changes no version.
    """
    out: list[str] = []
    stack: list[object] = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, _Written):
            out.append(one.text)
        elif isinstance(one, tuple):
            out.append("(")
            stack.append(_Written(")"))
            stack.extend(reversed(one))
        elif attrs.has(type(one)):
            out.append(type(one).__name__ + "{")
            stack.append(_Written("}"))
            for part in reversed(_fields(type(one))):
                held = getattr(one, part.name)
                if part.init and part.name not in _MEANINGLESS and held != part.default:
                    stack.extend((held, _Written(f"{part.name}=")))
        else:
            out.append(_scalar(one))
    return " ".join(out)


@attrs.frozen
class _Written:
    text: str


def _scalar(value: object) -> str:
    """One value and its type; never by `repr`, which is no promise between versions of Python."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool | int):
        return f"{kind}:{value}"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, float):
        return f"{kind}:{value.hex()}"
    if isinstance(value, Decimal):
        return f"{kind}:{value.normalize():f}"
    if isinstance(value, dt.datetime):
        return f"{kind}:{value.astimezone(dt.UTC).isoformat()}"
    if isinstance(value, dt.date | dt.time):
        return f"{kind}:{value.isoformat()}"
    raise AssertionError(f"no canonical text for {kind}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _referred(part: object) -> Iterator[tuple[str, str]]:
    """The forms and symbols of what a part of the program refers to."""
    for expr in asked(part):
        for node in walk(expr):
            if isinstance(node, ir.Ref):
                yield "definition", node.symbol
            elif isinstance(node, ir.State):
                yield "lifecycle", node.lifecycle
    if isinstance(part, machine.Campaign):
        for entry in part.entries:
            if isinstance(entry, machine.EnterOnState):
                yield "lifecycle", entry.lifecycle
        for step in part.automaton.nodes:
            if isinstance(step, machine.Act) and isinstance(step.action, machine.Send):
                yield from (("template", message.template) for message in step.action.messages)


def _fields(kind: type) -> tuple[attrs.Attribute[object], ...]:
    found: tuple[attrs.Attribute[object], ...] = attrs.fields(kind)
    return found

"""What one file declares, before any expression is looked at.

In: the declarations of a file. Out: entries by name, and types as they are written.
Invariant: what is known without looking at another name (segments are yes or no, labels, states) is settled here, so
that definitions may refer to one another in any order and to any depth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.model import schema
from rulecrm.model.types import (
    BOOL,
    DATE,
    DURATION,
    INSTANT,
    INT,
    MONEY,
    NUMBER,
    TEXT,
    TIME,
    UNKNOWN,
    Type,
    label_of,
    list_of,
    record_of,
)
from rulecrm.semantics.report import Report
from rulecrm.semantics.scope import Entry, Module
from rulecrm.syntax import declarations as d
from rulecrm.syntax.ast import Identifier

if TYPE_CHECKING:
    from rulecrm.syntax import journeys as j

__all__ = ["column", "own_entries", "states_of", "type_of"]

_TYPES = {
    "text": TEXT, "int": INT, "number": NUMBER, "money": MONEY, "bool": BOOL, "date": DATE, "instant": INSTANT,
    "duration": DURATION, "time": TIME,
}  # fmt: skip

_FORMS = {
    "Kind": "kind", "Collection": "collection", "Param": "param", "Metric": "metric", "Segment": "segment",
    "Classify": "classify", "Kpi": "kpi", "Lifecycle": "lifecycle", "Template": "template", "Campaign": "campaign",
}  # fmt: skip
"""What each node declares, by the name of its class: the nodes of journeys are imported where there are any."""


def own_entries(module: Module, report: Report) -> dict[str, Entry]:
    """The entries of one file; a name declared twice keeps its first meaning."""
    entries: dict[str, Entry] = {}
    for node in module.rules.declarations:
        form = _FORMS.get(type(node).__name__)
        if form is None:
            continue
        word: Identifier = cast("d.Metric", node).name  # every form has its name there
        name = word.text
        entry = Entry(name, form, module, node, word.span, type=_type(node, form, report))
        if isinstance(node, d.Metric | d.Segment | d.Classify) and node.subject is not None:
            entry.subject = node.subject.text
        first = entries.get(name)
        if first is not None:
            notes = (Note("first here", first.span),)
            report.error("R301", f"`{name}` is defined twice", entry.span, notes=notes)
            continue
        entries[name] = entry
    for name in module.broken:
        entries.setdefault(name, Entry(name, "broken", module, stage="checked"))
    return entries


def states_of(node: j.Lifecycle) -> tuple[str, ...]:
    """The states of a lifecycle in the order in which they are first written."""
    from rulecrm.syntax import journeys as j

    names: dict[str, None] = {}
    for part in node.body:
        if isinstance(part, j.State):
            names.setdefault(part.name.text)
        elif isinstance(part, j.Move):
            for source in part.sources:
                names.setdefault(source.text)
            names.setdefault(part.target.text)
    return tuple(names)


def type_of(written: d.FieldType, report: Report) -> Type:
    """A written type; UNKNOWN after a report."""
    if written.name == "list" and written.item is not None:
        item = type_of(written.item, report)
        if item.name == "list":
            report.error("R106", "a list holds scalars or records", written.item.span)
            return UNKNOWN
        return list_of(item)
    if written.name == "record":
        return record_of(tuple((part.name.text, type_of(part.type, report)) for part in written.fields))
    found = _TYPES.get(written.name)
    if found is None:
        names = [*_TYPES, "list", "record"]
        advice = near_or_all(written.name, names)
        report.error("R106", f"unknown type `{written.name}`", written.span, advice=advice)
        return UNKNOWN
    return found


def column(name: str, written: d.FieldType, report: Report) -> schema.Column:
    """A declared field."""
    return schema.Column(name, type_of(written, report))


def _type(node: d.Declaration, form: str, report: Report) -> Type:
    match node:
        case d.Param():
            return type_of(node.type, report)
        case d.Segment():
            return BOOL
        case d.Classify():
            return label_of(tuple(dict.fromkeys(arm.label.text for arm in node.arms)))
        case _ if form == "lifecycle":
            return label_of(states_of(cast("j.Lifecycle", node)))
        case _:
            return UNKNOWN

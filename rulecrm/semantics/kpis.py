"""Kpis: one number for the shop in each period.

In: the entry of a kpi. Out: its typed model, and findings.
Invariant: a kpi depends on no single subject, and each has a calendar unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from attrs import evolve

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.model.ir import Definition, Expr
from rulecrm.model.kpi import Kpi, leaves, mentions_kpi, parts_of
from rulecrm.model.types import DURATION, INT, MONEY, NUMBER, UNKNOWN
from rulecrm.semantics.build import UNITS
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.load import Loaded
from rulecrm.semantics.mentions import mentioned
from rulecrm.semantics.order import sort
from rulecrm.semantics.scope import Entry
from rulecrm.semantics.walk import is_common
from rulecrm.syntax import declarations as d

__all__ = ["check_kpi", "check_kpis"]

_UNSAID = "month"
"""The unit where neither a kpi nor any of its tree says one."""


def check_kpis(checker: Checker, loaded: Loaded, made: Mapping[str, Kpi]) -> tuple[Kpi, ...]:
    """Type every kpi of every file, each after those it is made of; `made` fills as entries are settled."""
    entries = [entry for module in loaded.modules for entry in module.own.values() if entry.form == "kpi"]

    def needs(entry: Entry) -> list[Entry]:
        assert isinstance(entry.node, d.Kpi)
        assert entry.module is not None
        found = (entry.module.scope.get(name) for name in mentioned(entry.node.value))
        return [other for other in found if other is not None and other.form == "kpi"]

    def circle(path: list[Entry]) -> None:
        chain = " → ".join(entry.name for entry in [*path, path[0]])
        checker.report.error("R302", f"`{path[0].name}` is defined by itself: {chain}", path[0].span)

    ordered = sort(entries, needs, circle)
    for entry in ordered:
        checker.settle(checker, entry)
    return _with_units([made[entry.symbol] for entry in ordered if entry.symbol in made])


def check_kpi(checker: Checker, entry: Entry, found: Mapping[str, Definition]) -> Kpi | None:
    """Type one kpi and its alert; None after a report. Its unit is empty where the text does not say it."""
    node, module = entry.node, entry.module
    assert isinstance(node, d.Kpi)
    assert module is not None
    value = checker.value(node.value, Context(module, in_kpi=True))
    if value.type != UNKNOWN:
        if value.type not in (INT, NUMBER, MONEY, DURATION):
            message = f"a kpi is a number, an amount or a duration, and this is {article(value.type)}"
            checker.report.error("R204", message, node.value.span)
        elif not is_common(value, found):
            message = "a kpi is one value for the shop, and this differs between its customers"
            checker.report.error(
                "R220", message, node.value.span, advice="write `population mean(…)`, `population share(…)`, …"
            )
        else:
            entry.type = value.type
    _alone(checker, value, node.value.span)
    if node.every is not None and node.every.text not in UNITS:
        advice = near_or_all(node.every.text, UNITS)
        checker.report.error("R204", f"unknown calendar unit `{node.every.text}`", node.every.span, advice=advice)
    alert: Expr | None = None
    if node.alert is not None:
        local = MappingProxyType({"change": NUMBER, "previous": entry.type, entry.name: entry.type})
        alert = checker.predicate(node.alert, Context(module, in_kpi=True, local=local), of="`alert when`")
        if not is_common(alert, found):
            message = "an alert is about the shop, and this differs between its customers"
            checker.report.error("R220", message, node.alert.span, advice="`change`, `previous`, or the kpi's own name")
        _alone(checker, alert, node.alert.span)
    if entry.type == UNKNOWN:
        return None
    unit = "" if node.every is None else node.every.text
    return Kpi(entry.symbol, value, entry.type, unit, alert, parts_of(value), node.title, node.doc, span=entry.span)


def _alone(checker: Checker, value: Expr, span: Span) -> None:
    """Report a kpi, or what an alert is told, inside of something that is asked of the facts."""
    for leaf in leaves(value):
        if mentions_kpi(leaf):
            message = "a kpi, `change` and `previous` stand in arithmetic and comparisons alone, not inside of this"
            place = span if leaf.span == NOWHERE else leaf.span
            checker.report.error("R230", message, place, advice="name what is asked of the facts a kpi of its own")


def _with_units(kpis: list[Kpi]) -> tuple[Kpi, ...]:
    """The kpis, each with its unit: its own, that of what it is made of, or of what is made of it."""
    units = {one.symbol: one.every for one in kpis}
    for one in kpis:
        units[one.symbol] = one.every or _first(units.get(part, "") for part in one.parts)
    for one in reversed(kpis):
        for part in one.parts:
            units[part] = units.get(part) or units[one.symbol]
    return tuple(evolve(one, every=units[one.symbol] or _UNSAID) for one in kpis)


def _first(units: Iterable[str]) -> str:
    return next(filter(None, units), "")

"""Kpis: one number for the shop in each period.

In: the entry of a kpi. Out: its type, and findings.
Invariant: a kpi depends on no single subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.model.ir import Definition
from rulecrm.model.types import AGE, DURATION, INT, MONEY, NUMBER, UNKNOWN
from rulecrm.semantics.build import UNITS
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.load import Loaded
from rulecrm.semantics.mentions import mentioned
from rulecrm.semantics.order import sort
from rulecrm.semantics.scope import Entry
from rulecrm.semantics.walk import is_common
from rulecrm.syntax.declarations import Kpi

__all__ = ["check_kpi", "check_kpis"]


def check_kpis(checker: Checker, loaded: Loaded) -> None:
    """Type every kpi of every file, each after those it is made of."""
    entries = [entry for module in loaded.modules for entry in module.own.values() if entry.form == "kpi"]

    def needs(entry: Entry) -> list[Entry]:
        assert isinstance(entry.node, Kpi)
        assert entry.module is not None
        found = (entry.module.scope.get(name) for name in mentioned(entry.node.value))
        return [other for other in found if other is not None and other.form == "kpi"]

    def circle(path: list[Entry]) -> None:
        chain = " → ".join(entry.name for entry in [*path, path[0]])
        checker.report.error("R302", f"`{path[0].name}` is defined by itself: {chain}", path[0].span)

    for entry in sort(entries, needs, circle):
        checker.settle(checker, entry)


def check_kpi(checker: Checker, entry: Entry, found: Mapping[str, Definition]) -> None:
    """Type one kpi and its alert."""
    node, module = entry.node, entry.module
    assert isinstance(node, Kpi)
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
    if node.every is not None and node.every.text not in UNITS:
        advice = near_or_all(node.every.text, UNITS)
        checker.report.error("R204", f"unknown calendar unit `{node.every.text}`", node.every.span, advice=advice)
    if node.alert is not None:
        own = entry.type if entry.type != AGE else DURATION
        local = MappingProxyType({"change": NUMBER, "previous": own, entry.name: own})
        checker.predicate(node.alert, Context(module, in_kpi=True, local=local), of="`alert when`")

"""Metrics, segments and classifications, each typed once.

In: all entries of a loaded program. Out: definitions, each after those it refers to; circles are findings.
Invariant: a chain of definitions of any length is checked without recursion along it.
"""

from __future__ import annotations

from collections.abc import Mapping

from rulecrm.diagnostics.model import Note
from rulecrm.model import ir
from rulecrm.model.kpi import Kpi
from rulecrm.model.types import BOOL, UNKNOWN
from rulecrm.semantics import lints
from rulecrm.semantics.arms import check_arms
from rulecrm.semantics.build import predicate_of
from rulecrm.semantics.checker import Checker, Context
from rulecrm.semantics.collections import filter_of
from rulecrm.semantics.kpis import check_kpi
from rulecrm.semantics.mentions import mentioned
from rulecrm.semantics.names import subject_has
from rulecrm.semantics.order import sort
from rulecrm.semantics.params import settle_param
from rulecrm.semantics.scope import DEFINING, Entry, Module
from rulecrm.semantics.walk import asks_population, is_common
from rulecrm.syntax import ast
from rulecrm.syntax import declarations as d

__all__ = ["Settling", "check_definitions", "check_earlier"]


class Settling:
    """Settles an entry when its type is asked for; the way the checker reaches definitions.

    Most entries are settled in an order in which this finds them done; what is left are words that mean a field of a
    row in one place and a definition in another, so the nesting here stays shallow.
    """

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = given
        self._depth = 0
        self.definitions: dict[str, ir.Definition] = {}
        self.kpis: dict[str, Kpi] = {}
        self.referred: dict[str, tuple[str, ...]] = {}
        self.order: tuple[str, ...] = ()

    def has_value(self, entry: Entry) -> bool:
        """Whether anything gives a param its value; without one it is an error only where it is used."""
        assert isinstance(entry.node, d.Param)
        assert entry.module is not None
        return entry.symbol in self._given or entry.name in entry.module.overrides or entry.node.default is not None

    def __call__(self, checker: Checker, entry: Entry) -> None:
        """Make sure that the type of `entry` is known, unless it is being found out right now."""
        if entry.form == "param":
            settle_param(checker, entry, self._given)
        elif entry.form == "collection" and entry.stage == "new":
            entry.stage = "checked"
            key = (id(entry), "customer")
            if key not in checker.filters:
                checker.filters[key] = filter_of(checker, entry, "customer")
        elif entry.form == "kpi" and entry.stage == "new" and self._depth < _DEEPEST:
            self._depth += 1
            entry.stage = "checking"
            outer, checker.referred = checker.referred, {}
            found = check_kpi(checker, entry, self.definitions)
            if found is not None:
                self.kpis[entry.symbol] = found
            self.referred[entry.symbol] = tuple(checker.referred)
            checker.referred = outer
            entry.stage = "checked"
            self._depth -= 1
        elif entry.form in DEFINING and entry.stage == "new" and self._depth < _DEEPEST:
            self._depth += 1
            entry.stage = "checking"
            outer, checker.referred = checker.referred, {}
            self.definitions[entry.symbol] = _definition(checker, entry)
            self.referred[entry.symbol] = tuple(checker.referred)
            checker.referred = outer
            entry.stage = "checked"
            self._depth -= 1


_DEEPEST = 12


def check_definitions(checker: Checker, modules: list[Module], settling: Settling) -> tuple[ir.Definition, ...]:
    """Type every definition of every file."""
    entries = [
        entry for module in modules for entry in module.own.values() if entry.form in DEFINING or entry.form == "param"
    ]
    for entry in entries:
        if entry.form in DEFINING:
            checker.by_symbol[entry.symbol] = entry
    for entry in sort(entries, _mentions):
        if entry.form != "param" or settling.has_value(entry):
            settling(checker, entry)
    found = settling.definitions
    in_text = [found[entry.symbol] for entry in entries if entry.symbol in found]
    needs = {symbol: [other for other in referred if other in found] for symbol, referred in settling.referred.items()}
    reported: set[frozenset[str]] = set()

    def circle(symbols: list[str]) -> None:
        if frozenset(symbols) in reported:
            return
        reported.add(frozenset(symbols))
        first = checker.by_symbol[symbols[0]]
        chain = " → ".join([*symbols, symbols[0]] if len(symbols) <= 8 else [*symbols[:7], "…", symbols[0]])
        notes = [Note("which refers to this", checker.by_symbol[symbol].span) for symbol in symbols[1:8]]
        message = f"`{first.name}` is defined by itself: {chain}"
        checker.report.error("R302", message, first.span, notes=notes)

    symbols = sort([definition.symbol for definition in in_text], lambda symbol: needs[symbol], circle)
    if not checker.report.failed:
        for symbol, span in checker.unsettled.items():
            message = f"what `{symbol}` is cannot be told: it and this refer to one another by too many names"
            checker.report.error("R302", message, span, advice="give fields and definitions different names")
    settling.order = tuple(symbols)
    check_earlier(checker, settling)
    return tuple(found[symbol] for symbol in symbols)


def _mentions(entry: Entry) -> list[Entry]:
    """Entries that the declaration may refer to; only those whose type is not known without them."""
    assert entry.module is not None
    scope = entry.module.scope
    found: dict[int, Entry] = {}
    for name in mentioned(*_written(entry)):
        other = scope.get(name)
        hops = 0
        while other is not None and other.form == "collection" and hops < 1:
            hops += 1
            node = other.node
            assert isinstance(node, d.Collection)
            assert other.module is not None
            for inner in mentioned(node.where):
                within = other.module.scope.get(inner)
                if within is not None and within.form in DEFINING:
                    found[id(within)] = within
        if other is not None and other is not entry and (other.form in DEFINING or other.form == "param"):
            found[id(other)] = other
    return list(found.values())


def _written(entry: Entry) -> tuple[ast.Expression | None, ...]:
    match entry.node:
        case d.Metric():
            return (entry.node.value,)
        case d.Segment():
            return (entry.node.predicate,)
        case d.Classify():
            return tuple(arm.when for arm in entry.node.arms)
        case d.Param():
            return (entry.node.default,)
        case _:
            return ()


def _definition(checker: Checker, entry: Entry) -> ir.Definition:
    node, module = entry.node, entry.module
    assert isinstance(node, d.Metric | d.Segment | d.Classify)
    assert module is not None
    context = Context(module, subject_has(checker, node.subject))
    arms: tuple[tuple[str, ir.Expr | None], ...] = ()
    titles: dict[str, str] = {}
    value: ir.Expr
    match node:
        case d.Metric():
            value = checker.value(node.value, context)
            entry.type = value.type
            entry.may_miss = value.type == UNKNOWN or checker.may_miss(value)
            entry.reach = lints.reach(checker, value)
        case d.Segment():
            value = checker.predicate(node.predicate, context, of=f"the segment `{entry.name}`")
            entry.type = BOOL
        case d.Classify():
            value, arms = _classified(checker, node, entry, context)
            titles = {arm.label.text: arm.title for arm in node.arms if arm.title is not None}
    entry.value = value
    return ir.Definition(
        entry.symbol, entry.form, context.subject, value, entry.type, node.title, node.doc, arms, titles, span=node.span
    )


def _classified(
    checker: Checker, node: d.Classify, entry: Entry, context: Context
) -> tuple[ir.Expr, tuple[tuple[str, ir.Expr | None], ...]]:
    arms: list[tuple[str, ir.Expr | None]] = []
    for arm in node.arms:
        of = f"the arm `{arm.label.text}`"
        arms.append((arm.label.text, None if arm.when is None else checker.predicate(arm.when, context, of=of)))
    if not check_arms(checker, node, arms):
        return predicate_of(False, node.span), tuple(arms)
    parts: list[ir.Expr] = []
    for label, when in arms:
        if when is not None:
            parts.append(when)
        parts.append(ir.Const(label, entry.type, span=node.span))
    return ir.Apply("choose", tuple(parts), entry.type, span=node.span), tuple(arms)


def check_earlier(checker: Checker, settling: Settling) -> None:
    """Report each `as of` an instant that differs between subjects over a value that asks for all of them."""
    if not checker.earlier:
        return
    asking: dict[str, bool] = {}
    found = settling.definitions
    for symbol in settling.order:
        asking[symbol] = asks_population(found[symbol].value, asking)
    for node in checker.earlier:
        if asks_population(node.value, asking) and not is_common(node.instant, found):
            checker.report.error(
                "R212",
                "a figure over all subjects is asked as of an instant that differs between them",
                node.span,
                advice="use one instant for all, such as `as of 30d ago`",
            )

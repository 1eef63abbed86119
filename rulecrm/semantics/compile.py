"""From the text of a rules file to its typed model.

In: a text, values of params, a way to read imports. Out: `Compiled`: the program, or what is wrong with it.
Invariant: any text compiles to a result; nothing is executed and nothing but the imported files is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.model.ir import Const, Definition
from rulecrm.model.program import Program, TestCase
from rulecrm.model.schema import Schema
from rulecrm.semantics.aggregates import AGGREGATES
from rulecrm.semantics.brought import (
    functions_of,
    known_plugins,
    provided_by,
    read_with,
    refused_of,
    rules_of,
    world_with,
)
from rulecrm.semantics.checker import Checker
from rulecrm.semantics.collecting import paused_collection
from rulecrm.semantics.definitions import Settling, check_definitions
from rulecrm.semantics.expressions import lower
from rulecrm.semantics.functions import FUNCTIONS
from rulecrm.semantics.load import Loaded, load
from rulecrm.semantics.params import unknown_params
from rulecrm.semantics.report import Report
from rulecrm.semantics.settings import currency_of, zone_of
from rulecrm.semantics.sources import Read
from rulecrm.syntax.declarations import Rules

if TYPE_CHECKING:
    from rulecrm.model.kpi import Kpi
    from rulecrm.plugin import Registry
    from rulecrm.semantics.journeys import Journeys

__all__ = ["Compiled", "compile_rules"]


@frozen
class Compiled:
    """What became of a text.

    Attributes:
        program: the typed model; None where there is any error.
        diagnostics: all findings, in source order, the root file first.
        rules: the syntax of the root file.
        sources: text by source name, imports included.
    """

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    rules: Rules
    sources: Mapping[str, str] = field(factory=dict)


_NAMES_TOO = frozenset({"since"})
"""Functions whose names a file may give to something of its own; before a bracket they stay the functions."""

_LARGE = 100_000
"""Letters of a text from which on the garbage collector would be felt."""

_OF_JOURNEYS = frozenset({"Campaign", "Lifecycle", "Policy", "Template"})

_NO_PARAMS: Mapping[str, object] = MappingProxyType({})


def compile_rules(
    rules_text: str,
    *,
    source: str,
    params: Mapping[str, object] = _NO_PARAMS,
    read: Read | None = None,
    schema: Schema | None = None,
    plugins: Registry | None = None,
) -> Compiled:
    """Parse, load what is imported, and check.

    Args:
        rules_text: the text of the root file.
        source: its name; imports are relative to it.
        params: values of params by name (`name`, or `prefix.name`).
        read: how an import is read; by default rules of plugins, the standard library for `std/…`, and files.
        schema: the world; by default the built-in one and the kinds of plugins.
        plugins: what functions, kinds and rules there are besides; what is installed where it is left out.

    Returns:
        Compiled: with every finding; nothing is raised for a mistake in the text.
    """
    registry = known_plugins(plugins)
    with paused_collection() if len(rules_text) > _LARGE else nullcontext():
        return _compile(
            rules_text,
            source,
            params=params,
            read=read or read_with(registry),
            schema=schema or world_with(registry),
            plugins=registry,
        )


def _compile(
    rules_text: str,
    source: str,
    *,
    params: Mapping[str, object],
    read: Read,
    schema: Schema,
    plugins: Registry | None,
) -> Compiled:
    report = Report()
    provided = provided_by(plugins)
    known = {**functions_of(provided), **FUNCTIONS}
    # A file may call something like a function of a plugin: no plugin that is installed spoils a file.
    reserved = (frozenset(FUNCTIONS) | frozenset(AGGREGATES)) - _NAMES_TOO
    library = tuple(rules_of(plugins))
    loaded = load(rules_text, source, read, base=schema, reserved=reserved, report=report, library=library)
    zone, currency = zone_of(loaded, report), currency_of(loaded, report)
    scope = loaded.root.scope
    unknown_params(scope, params, report)
    given = {scope[name].symbol: value for name, value in params.items() if name in scope}
    settling = Settling(given)
    checker = Checker(report, loaded.schema, ZoneInfo(zone), currency, known, lower, settling, provided)
    checker.refused = refused_of(plugins)
    definitions = check_definitions(checker, loaded.modules, settling)
    _settle_rest(checker, loaded)
    kpis: tuple[Kpi, ...] = ()
    if _declares(loaded, {"Kpi"}):
        from rulecrm.semantics.kpis import check_kpis

        kpis = check_kpis(checker, loaded, settling.kpis)
    journeys: Journeys | None = None
    if _declares(loaded, _OF_JOURNEYS):
        from rulecrm.semantics.journeys import lower_journeys

        journeys = lower_journeys(checker, loaded, settling, read, zone)
    tests: tuple[TestCase, ...] = ()
    if _declares(loaded, {"Test"}):
        from rulecrm.semantics.cases import check_tests

        tests = check_tests(checker, loaded.root)
    diagnostics = report.in_order(list(loaded.sources))
    sources = MappingProxyType(dict(loaded.sources))
    program = None
    if not report.failed:
        constants = {name: entry.value for name, entry in scope.items() if entry.form == "param"}
        program = Program(
            definitions,
            _exported(loaded, definitions),
            loaded.schema,
            zone,
            currency,
            MappingProxyType({name: value for name, value in constants.items() if isinstance(value, Const)}),
            sources,
            tests,
            functions=MappingProxyType(dict(sorted(checker.called.items()))),
            kpis=kpis,
        )
        if journeys is not None:
            program = evolve(
                program,
                definitions=(*definitions, *journeys.definitions),
                lifecycles=journeys.lifecycles,
                templates=journeys.templates,
                campaigns=journeys.campaigns,
                policy=journeys.policy,
            )
    return Compiled(program, diagnostics, loaded.root.rules, sources)


def _declares(loaded: Loaded, forms: AbstractSet[str]) -> bool:
    """Whether any file has such declarations; what only they need is imported where there are any."""
    return any(type(node).__name__ in forms for module in loaded.modules for node in module.rules.declarations)


def _settle_rest(checker: Checker, loaded: Loaded) -> None:
    """Check collections that nothing used."""
    for module in loaded.modules:
        for entry in module.own.values():
            if entry.form == "collection" and not any(key[0] == id(entry) for key in _keys(checker, id(entry))):
                checker.settle(checker, entry)


def _keys(checker: Checker, entry: int) -> list[tuple[int, str]]:
    return [(entry, subject) for subject in checker.schema.subjects if (entry, subject) in checker.filters]


def _exported(loaded: Loaded, definitions: tuple[Definition, ...]) -> tuple[str, ...]:
    """Symbols of the root file and of its imports without a prefix, in text order."""
    defined = {definition.symbol for definition in definitions}
    return tuple(
        entry.symbol
        for name, entry in loaded.root.scope.items()
        if name == entry.name and entry.symbol in defined and entry.symbol == name
    )

"""A checked file: its definitions, its machines, its tests.

In: built by `semantics`. Out: read by `planning`, `runtime`, `machine`, `explain` and `api`.
Invariant: every symbol that a part refers to is one of the program's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.model import ir
from rulecrm.model.kpi import Kpi
from rulecrm.model.node import Node
from rulecrm.model.schema import Schema

if TYPE_CHECKING:
    from rulecrm.model import machine  # noqa: TC004 - a program without journeys does not wait for their classes
    from rulecrm.plugin import Provided  # noqa: TC004 - a field type, which attrs leaves as the text it is

__all__ = ["Program", "TestCase", "TestExpectation", "TestRow", "TestSubject"]


@frozen(eq=False, repr=False)
class TestRow(Node):
    """One row of a kind in a test; `values` are constants by field name."""

    __test__ = False

    kind: str
    at: dt.datetime
    values: Mapping[str, ir.Const] = field(hash=False)


@frozen(eq=False, repr=False)
class TestSubject(Node):
    """One subject in a test: its key, its attributes, its rows (their subject key is `key`)."""

    __test__ = False

    subject: str
    key: str
    attributes: Mapping[str, ir.Const] = field(hash=False)
    rows: tuple[TestRow, ...] = ()


@frozen(eq=False, repr=False)
class TestExpectation(Node):
    """What must hold of a subject (`key`) as of `at`: `value` is a predicate."""

    __test__ = False

    at: dt.datetime
    subject: str
    key: str
    value: ir.Expr
    span: Span = field(default=NOWHERE, eq=False, repr=False, kw_only=True)


@frozen(eq=False, repr=False)
class TestCase(Node):
    """A `test` block."""

    __test__ = False

    name: str
    subjects: tuple[TestSubject, ...]
    expectations: tuple[TestExpectation, ...]
    span: Span = field(default=NOWHERE, eq=False, repr=False, kw_only=True)


@frozen(eq=False, repr=False)
class Program(Node):
    """A checked file with all it imports.

    Attributes:
        definitions: every definition, each after those it refers to.
        exported: symbols that the file itself defines (imports left out unless they have no prefix), in text order.
        schema: the canonical schema and what the file declares.
        zone: IANA name of the zone of calendar words.
        currency: ISO 4217 code of the reporting currency.
        params: name → constant, after they were set.
        sources: text by source name.
        tests: the file's own `test` blocks (not those of imports).
        lifecycles: all, each after those that its guards refer to.
        templates: by symbol.
        campaigns: the file's own and those of its imports, in text order; `entering` blocks of lifecycles are not
            among them (see `journeys`).
        policy: of the root file; None where it has none.
        functions: those of plugins that it calls, by name.
        kpis: the file's own and those of its imports, each after those that it is made of.
    """

    definitions: tuple[ir.Definition, ...]
    exported: tuple[str, ...]
    schema: Schema
    zone: str
    currency: str
    params: Mapping[str, ir.Const]
    sources: Mapping[str, str]
    tests: tuple[TestCase, ...] = ()
    lifecycles: tuple[machine.Lifecycle, ...] = ()
    templates: Mapping[str, machine.Template] = field(factory=dict)
    campaigns: tuple[machine.Campaign, ...] = ()
    policy: machine.Policy | None = None
    functions: Mapping[str, Provided] = field(factory=dict)
    kpis: tuple[Kpi, ...] = ()
    _by_symbol: Mapping[str, ir.Definition] = field(init=False, eq=False, repr=False)

    @_by_symbol.default
    def _index(self) -> Mapping[str, ir.Definition]:
        return {definition.symbol: definition for definition in self.definitions}

    def definition(self, symbol: str) -> ir.Definition:
        """The definition with this symbol; KeyError where there is none."""
        return self._by_symbol[symbol]

    def lifecycle(self, symbol: str) -> machine.Lifecycle:
        """The lifecycle with this symbol; KeyError where there is none."""
        for one in self.lifecycles:
            if one.symbol == symbol:
                return one
        raise KeyError(symbol)

    def kpi(self, symbol: str) -> Kpi:
        """The kpi with this symbol; KeyError where there is none."""
        for one in self.kpis:
            if one.symbol == symbol:
                return one
        raise KeyError(symbol)

    @property
    def journeys(self) -> tuple[machine.Campaign, ...]:
        """Every campaign, and every `entering` block of a lifecycle after them."""
        return (*self.campaigns, *(block for one in self.lifecycles for block in one.entering))

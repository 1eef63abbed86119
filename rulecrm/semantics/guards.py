"""What a machine asks while it runs: rows, conditions, values, lengths of time.

In: expressions of lifecycles and campaigns. Out: their typed model, in which every figure over all subjects is that of
the last local midnight. Invariant: what `docs/machine.md` says of the population in a guard holds of all that comes
from here, however deep in other definitions the population is asked for.

A definition that asks for the population is there twice in a program whose machines refer to it: as it is written, and
as `NAME@guard`, which differs from it in nothing but the instant of its population. No name holds an `@`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import define, evolve, field

from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.machine import Rows
from rulecrm.model.rewrite import rewrite
from rulecrm.semantics.build import conjuncts, start_of
from rulecrm.semantics.checker import Checker, Context
from rulecrm.semantics.literals import instant_of
from rulecrm.semantics.names import kind_of
from rulecrm.semantics.order import sort
from rulecrm.semantics.walk import asks_population, nodes, references
from rulecrm.syntax import ast

__all__ = ["Guards"]

_NO_TIME, _LONG_AGO = Duration(), dt.datetime(1, 1, 2, tzinfo=dt.UTC)
"""Stand for what was reported as wrong; no other finding follows from them."""


@define
class Guards:
    """Reads the expressions of machines.

    Attributes:
        checker: types them.
        definitions: every definition by its symbol.
        channels: that messages may go through.
        copies: `NAME@guard` definitions made so far, each after those it refers to.
    """

    checker: Checker
    definitions: Mapping[str, ir.Definition]
    channels: frozenset[str] = frozenset()
    copies: dict[str, ir.Definition] = field(factory=dict, init=False)
    _asking: dict[str, bool] = field(factory=dict, init=False)

    def rows(self, kind: ast.Identifier, where: ast.Expression | None, context: Context) -> Rows:
        """Rows of a kind or a collection that fit `where`."""
        found = kind_of(self.checker, kind, context)
        if found is None:
            return Rows(kind.text)
        parts = found[1]
        if where is not None:
            condition = self.checker.predicate(where, context.at_row(found[0], kind.text), of="`where`")
            parts = (*parts, *conjuncts(condition))
        return Rows(found[0].name, tuple(map(self.at_midnight, parts)))

    def condition(self, node: ast.Expression, context: Context, *, of: str) -> ir.Expr:
        """A predicate of the customer; `of` names what wants it."""
        return self.at_midnight(self.checker.predicate(node, context, of=of))

    def when(self, node: ast.Expression | None, context: Context) -> ir.Expr | None:
        """The condition behind `when`, where there is one."""
        return None if node is None else self.condition(node, context, of="`when`")

    def value(self, node: ast.Expression, context: Context) -> ir.Expr:
        """A value of the customer."""
        return self.at_midnight(self.checker.value(node, context))

    def duration(self, node: ast.Expression, context: Context, *, of: str) -> Duration:
        """A constant length of time; none after a report."""
        found = self.checker.duration(node, context, of=of)
        return _NO_TIME if found is None else found

    def instant(self, node: ast.DateTime) -> dt.datetime:
        """An instant that is written out; one long ago after a report."""
        found = instant_of(node.value, self.checker.zone)
        if found is None:
            self.checker.report.error("R217", "the instant lies outside the years 1 to 9999", node.span)
        return found or _LONG_AGO

    def at_midnight(self, value: ir.Expr) -> ir.Expr:
        """The same value, every figure over all subjects in it being that of the last local midnight."""
        moved, twins = self._moved(value)
        for symbol in twins:
            self._copy(symbol)
        return moved

    def _moved(self, value: ir.Expr) -> tuple[ir.Expr, list[str]]:
        """A value at midnight, and the symbols of the definitions whose twins it refers to."""
        self._check_common(value)
        done: dict[ir.Expr, ir.Expr] = {
            node: ir.AsOf(node, start_of("day", 0, node.span), node.type, span=node.span)
            for node in nodes(value)
            if isinstance(node, ir.PopulationOf | ir.Standing)
        }  # `rewrite` takes what is done already as it is, so what stands inside of these stays as it was written
        if not done and not any(map(self._asks, references(value))):
            return value, []
        met: dict[str, None] = {}

        def redirected(node: ir.Expr) -> ir.Expr:
            if not isinstance(node, ir.Ref) or not self._asks(node.symbol):
                return node
            met.setdefault(node.symbol)
            return evolve(node, symbol=_twin(node.symbol))

        return rewrite(value, redirected, done), list(met)

    def _check_common(self, value: ir.Expr) -> None:
        """Report figures over all subjects that ask for what one journey brings along."""
        for node in nodes(value):
            if isinstance(node, ir.PopulationOf | ir.Standing):
                for part in nodes(node):
                    if isinstance(part, ir.Local):
                        message = f"a figure over all subjects cannot depend on the `{part.name}` of one journey"
                        self.checker.report.error("R212", message, part.span)

    def _copy(self, symbol: str) -> None:
        """Make the twins of a definition and of all that it refers to and that need one."""
        drafts: dict[str, ir.Definition] = {}

        def needs(each: str) -> list[str]:
            found = self.definitions[each]
            value, twins = self._moved(found.value)
            arms = tuple((label, None if arm is None else self._moved(arm)[0]) for label, arm in found.arms)
            drafts[each] = evolve(found, symbol=_twin(each), value=value, arms=arms)
            return [other for other in twins if _twin(other) not in self.copies]

        if _twin(symbol) not in self.copies:
            for each in sort([symbol], needs):
                self.copies[_twin(each)] = drafts[each]

    def _asks(self, symbol: str) -> bool:
        if symbol not in self._asking:
            for each in sort([symbol], self._unknown):
                found = self.definitions.get(each)
                self._asking[each] = found is not None and asks_population(found.value, self._asking)
        return self._asking[symbol]

    def _unknown(self, symbol: str) -> list[str]:
        found = self.definitions.get(symbol)
        return [] if found is None else [other for other in references(found.value) if other not in self._asking]


def _twin(symbol: str) -> str:
    return f"{symbol}@guard"

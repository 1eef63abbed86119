"""A run: one program over one store, and every point that it has been asked about.

In: a program, a plan's levels and a store. Out: `Run`, which gives points.
Invariant: points of everyone at one instant are made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.model import ir
from rulecrm.model.program import Program
from rulecrm.model.schema import Schema
from rulecrm.planning import Plan, Predicates, children, refs, walk
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.lives import Lender, Lives
from rulecrm.runtime.physical import to_physical_value
from rulecrm.runtime.points import Points
from rulecrm.runtime.population import Gathered, Place
from rulecrm.runtime.store import Store
from rulecrm.runtime.values import Fixed

__all__ = ["Run"]

Schedule = tuple[tuple[tuple[ir.Ref, ir.Expr], ...], ...]
"""By level, references and the values of what they refer to."""

_INSTANTS = 24
"""Instants at which everyone is kept: a year of midnights would not fit into memory."""


@define(eq=False)
class Run:
    """What all points of one evaluation share."""

    program: Program
    plan: Plan
    store: Store
    period_ends: tuple[int, int] | None = None
    gathered: Mapping[Place, Gathered] | None = None
    """What was gathered from all shards, where the store holds but one of them."""
    lender: Lender | None = None
    """What works out the states of lifecycles."""
    busy: bool = field(default=False, init=False)
    """Whether work is being done side by side; what is asked for meanwhile is done where it is asked."""
    _definitions: dict[str, ir.Definition] = field(init=False)
    _levels: dict[str, int] = field(init=False)
    numbers: dict[Place, Fixed] = field(factory=dict, init=False)
    """Numbers over the whole population that are known already."""
    _points: dict[tuple[str, int], Points] = field(factory=dict)
    _lives: dict[str, Lives] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._definitions = {definition.symbol: definition for level in self.plan.levels for definition in level}
        self._levels = {
            definition.symbol: number for number, level in enumerate(self.plan.levels) for definition in level
        }

    @property
    def zone(self) -> str:
        """The zone of calendar words."""
        return self.program.zone

    @property
    def schema(self) -> Schema:
        """Kinds and subjects, those the file declares included."""
        return self.program.schema

    def definition(self, symbol: str) -> ir.Definition:
        """The definition with this symbol."""
        return self._definitions[symbol]

    def points(self, subject: str, codes: Ints | None, instant: int, keys: pl.Series | None = None) -> Points:
        """Points at one instant; those of everyone are shared."""
        if codes is not None:
            return Points(self, subject, codes, instant, keys)
        known = self._points.get((subject, instant))
        if known is None:
            if len(self._points) >= _INSTANTS:
                self._points.clear()
                self.store.forget_instants()
            known = self._points[subject, instant] = Points(self, subject, None, instant)
        return known

    @contextmanager
    def passing(self, subject: str, instant: int) -> Iterator[None]:
        """While an instant is one of many: what is worked out of everyone then is not kept."""
        place = (subject, instant)
        stays = place in self._points
        try:
            yield
        finally:
            if not stays:
                self._points.pop(place, None)
                if not self.busy:
                    self.store.forget_instants()

    def lives(self, symbol: str, horizon: int) -> Lives:
        """The states of a lifecycle up to an instant."""
        known = self._lives.get(symbol)
        if known is None or known.horizon < horizon:
            assert self.lender is not None, "nobody lends this run the lives of its lifecycles"
            known = self._lives[symbol] = self.lender(self, symbol, horizon)
        return known

    def schedule(self, exprs: Iterable[ir.Expr], *, everyone: bool) -> Schedule:
        """Definitions that the expressions need at their own points, directly or not, level by level."""
        asked = frozenset(symbol for expr in exprs for symbol in self._refs_here(expr, everyone=everyone))
        if not asked:
            return ()
        place = ("schedule", asked, everyone)
        known = self.plan.found.get(place)
        if known is None:
            known = self.plan.found[place] = self._schedule(asked, everyone=everyone)
        assert isinstance(known, tuple)
        return known

    def _schedule(self, asked: Iterable[str], *, everyone: bool) -> Schedule:
        levels: dict[int, list[ir.Definition]] = {}
        needed: set[str] = set()
        stack = list(asked)
        while stack:
            symbol = stack.pop()
            if symbol not in needed:
                needed.add(symbol)
                definition = self.definition(symbol)
                levels.setdefault(self._levels[symbol], []).append(definition)
                stack.extend(self._refs_here(definition.value, everyone=everyone))
        return tuple(
            tuple(
                (ir.Ref(one.symbol, one.type), one.value)
                for one in sorted(levels[level], key=lambda definition: definition.symbol)
            )
            for level in sorted(levels)
        )

    def _refs_here(self, expr: ir.Expr, *, everyone: bool) -> frozenset[str]:
        """Definitions that `expr` needs at its own points, not at other instants or for other subjects.

        For the points of everyone the population is at home, and what it asks for is needed here too.
        """
        place = ("refs", expr, everyone)
        known = self.plan.found.get(place)
        if known is None:
            known = self.plan.found[place] = _refs_here(expr, everyone=everyone)
        assert isinstance(known, frozenset)
        return known

    @property
    def predicates(self) -> Predicates:
        """The predicates of the plan, taken apart."""
        known = self.plan.found.get("predicates")
        if known is None:
            known = self.plan.found["predicates"] = Predicates()
            known.add(definition.value for level in self.plan.levels for definition in level)
        assert isinstance(known, Predicates)
        return known

    def constant(self, const: ir.Const) -> object:
        """A constant in its physical form."""
        place = ("constant", const)
        if place not in self.plan.found:
            self.plan.found[place] = to_physical_value(const.value, const.type)
        return self.plan.found[place]

    def rate(self, currency: str, instant: int | Ints) -> pl.Expr:
        """1e-12 units of the reporting currency for one unit of another, at the rate of each instant's local day."""
        rates = self.store.facts.rates_into(self.program.currency).filter(pl.col("currency") == currency)
        instants = np.unique(np.atleast_1d(np.asarray(instant, np.int64)))
        local = (
            pl.DataFrame({"at": instants})
            .select(calendar.ordinal("day", pl.col("at"), self.zone))
            .to_series()
            .to_numpy()
        )
        days = rates.get_column("day").to_numpy()
        place = np.searchsorted(days, local, side="right") - 1
        if not len(days) or bool((place < 0).any()):
            message = f"no rate of {currency} to {self.program.currency} on or before the day asked about"
            raise RulesError([Diagnostic("R431", message, help="add it to the frame of rates")])
        scaled = (
            (rates.get_column("rate") * pl.Series([10**12]).cast(pl.Decimal(38, 0))).cast(pl.Int64).to_numpy()[place]
        )
        if len(instants) == 1:
            return pl.lit(int(scaled[0]), dtype=pl.Int64)
        assert isinstance(instant, np.ndarray)
        return pl.lit(pl.Series(scaled[np.searchsorted(instants, instant)]))

    def period(self, end: str) -> Fixed:
        """An end of the period that a kpi reports."""
        assert self.period_ends is not None, "the checker lets `in period` stand in kpis alone"
        return Fixed(self.period_ends[0] if end == "start" else self.period_ends[1], pl.Int64())


def _refs_here(expr: ir.Expr, *, everyone: bool) -> frozenset[str]:
    found: set[str] = set()
    stack = [expr]
    while stack:
        node = stack.pop()
        match node:
            case ir.Ref(symbol=symbol):
                found.add(symbol)
            case ir.Apply(args=args):
                stack.extend(args)
            case ir.AsOf(instant=instant):
                stack.append(instant)
            case ir.PopulationOf() | ir.Standing():
                if everyone and not any(isinstance(part, ir.AsOf) for part in walk(node)):
                    found |= refs(node)
            case _:
                stack.extend(children(node))
    return frozenset(found)

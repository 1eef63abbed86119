"""A shop and a file of rules that moves its customers, with both ways to learn what happened.

In: draws. Out: `Programme`, and what the engine and the oracle say of it in one form.
Invariant: both are given the same text and the same rows; nothing the one computes reaches the other.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import polars as pl
from attrs import frozen
from hypothesis import strategies as st

import rulecrm
from rulecrm.syntax import declarations, journeys
from rulecrm.syntax.parse import parse
from tests.oracle.interpreter import Oracle
from tests.oracle.machine.machine import Machine
from tests.oracle.values import Value
from tests.oracle.world import World
from tests.strategies.cases import facts_of
from tests.strategies.journeys import campaigns_texts, lifecycles_texts
from tests.strategies.moments import MICRO, Moments, moments
from tests.strategies.shops import shops

__all__ = ["Programme", "Table", "campaigns", "decisions_of", "journeys_of", "lifecycles", "unequal"]

Table = Mapping[str, Mapping[str, object]]
"""Rows by id."""

DECIDED = (
    "journey", "campaign", "customer", "step", "wave", "round", "action", "at", "due", "choice", "channel", "template",
    "via", "values", "text", "outcome",
)  # fmt: skip
"""Columns of a decision that do not tell when, or by which text of the rules, it was made."""

WALKED = ("campaign", "customer", "line", "entered", "turn", "why", "arm", "at", "step", "ended", "reason")
"""Columns of a journey that docs/machine.md settles."""


@lru_cache(maxsize=8)
def _parsed(text: str) -> declarations.Rules:
    return parse(text).rules


@frozen
class Programme:
    """One example."""

    moments: Moments
    text: str
    world: World
    start: dt.datetime

    @property
    def until(self) -> dt.datetime:
        """When most of it is over."""
        return self.moments.until()

    def instants(self) -> tuple[dt.datetime, ...]:
        """Instants of interest, in their order; `until` is the last."""
        pool = {at + shift for at in self.moments.instants() for shift in (-MICRO, 0 * MICRO, MICRO)}
        return (*sorted(at for at in pool if self.start < at < self.until), self.until)

    def rules(self) -> rulecrm.Rules:
        """The rules, loaded."""
        return rulecrm.loads(self.text)

    def facts(self, world: World | None = None) -> rulecrm.Facts:
        """The facts, handed in through the door."""
        return facts_of(self.world if world is None else world)

    def oracle(self, world: World | None = None) -> Oracle:
        """The oracle of values."""
        found = Oracle(_parsed(self.text), self.world if world is None else world)
        found.horizon = max(found.horizon, self.until)
        return found

    def machine(self, *through: dt.datetime, world: World | None = None) -> Machine:
        """The oracle of journeys, advanced through some instants to `until`, or to the last of them."""
        found = Machine(_parsed(self.text), start=self.start)
        for to in through or (self.until,):
            found.advance(self.world if world is None else world, to)
        return found

    def names(self) -> list[str]:
        """Lifecycles of the file."""
        return [one.name.text for one in _parsed(self.text).declarations if isinstance(one, journeys.Lifecycle)]

    def engine(self, state: str = "sqlite://", world: World | None = None) -> rulecrm.Engine:
        """An engine on a database, by default one in memory; to be used in a `with` block."""
        return rulecrm.Engine(self.rules(), self.facts(world), state=state, start=self.start)

    def backtest(self) -> rulecrm.Backtest:
        """What would have happened."""
        return self.rules().backtest(self.facts(), start=self.start, end=self.until)


@st.composite
def lifecycles(draw: st.DrawFn, *, most: int = 12, population: bool = False) -> Programme:
    """Lifecycles and values of them."""
    about = draw(moments())
    text = draw(lifecycles_texts(about, population=population))
    return Programme(about, text, draw(shops(about, most=most)), min(about.instants()) - MICRO)


@st.composite
def campaigns(draw: st.DrawFn, *, most: int = 12, population: bool = False) -> Programme:
    """Campaigns, perhaps with a lifecycle and a policy; the engine starts before all facts or amid them."""
    about = draw(moments())
    text = draw(campaigns_texts(about, population=population))
    world = draw(shops(about, most=most))
    early = min(about.instants())
    start = draw(st.sampled_from((early - MICRO, early - dt.timedelta(days=2), about.first, about.instants()[1])))
    return Programme(about, text, world, start)


# --- what both say ------------------------------------------------------------------------------------------------


def decisions_of(told: rulecrm.Engine | Machine | rulecrm.Backtest) -> Table:
    """Decisions by id; values as they were handed to the template."""
    if isinstance(told, Machine):
        return {key: {**row, "values": _shown(row["values"])} for key, row in told.decisions().items()}
    frame = told.decisions if isinstance(told, rulecrm.Backtest) else told.decisions()
    rows = _by_id(frame, "decision", DECIDED)
    return {
        key: {**row, "values": None if row["action"] != "send" else _values(row["values"])} for key, row in rows.items()
    }


def _shown(value: Value) -> object:
    """A value handed to a template as the ledger's JSON has it."""
    match value:
        case dict():
            return {name: _shown(one) for name, one in value.items()}
        case Decimal():
            return f"{value.normalize():f} CNY"
        case Fraction():
            return float(value)
        case dt.timedelta():
            return value / dt.timedelta(seconds=1)
        case dt.datetime():
            return value.replace(tzinfo=None).isoformat() + "Z"
        case dt.date():
            return value.isoformat()
    return value


def _values(text: object) -> object:
    """What was handed over, to the last digit."""
    return {} if text is None else json.loads(str(text))


def journeys_of(told: rulecrm.Engine | Machine | rulecrm.Backtest) -> Table:
    """Journeys by id; the step at which they rest, of those that have not ended."""
    if isinstance(told, Machine):
        return told.journeys()
    frame = told.journeys if isinstance(told, rulecrm.Backtest) else told.journeys()
    rows = _by_id(frame, "journey", WALKED)
    return {key: {**row, "step": row["step"] if row["ended"] is None else None} for key, row in rows.items()}


def _by_id(frame: pl.DataFrame, key: str, columns: Sequence[str]) -> dict[str, dict[str, object]]:
    rows = {str(row[key]): {name: row[name] for name in columns} for row in frame.to_dicts()}
    assert len(rows) == frame.height, f"a {key} is there twice"
    return rows


def unequal(expected: Table, found: Table) -> list[str]:
    """What differs, in words; empty where all is equal."""
    told = [f"{key} is not there: {dict(expected[key])}" for key in expected if key not in found]
    told += [f"{key} should not be there: {dict(found[key])}" for key in found if key not in expected]
    for key in expected:
        for name, value in expected[key].items() if key in found else ():
            if found[key][name] != value or type(found[key][name]) is not type(value):
                told.append(f"{key}: {name} is {value!r} expected, {found[key][name]!r} found")
    return told

"""Kpis to ask generated shops about.

In: draws. Out: `KpiCase`: rules with kpis, a world, T.
Invariant: the rules pass the checker.
"""

from __future__ import annotations

import datetime as dt

from attrs import frozen
from hypothesis import strategies as st

import rulecrm
from rulecrm.syntax.parse import parse
from tests.oracle.kpis import KpiOracle
from tests.oracle.world import World
from tests.strategies.clocks import ZONES, focuses, instants_of_evaluation
from tests.strategies.vocabulary import PREAMBLE
from tests.strategies.worlds import worlds

__all__ = ["UNITS", "KpiCase", "kpi_cases"]

UNITS = ("day", "week", "month", "quarter", "year")

WINDOWS = ("in period", "in period", "in period", "last 7d", "last 1mo", "this month", "")

INTS = (
    "population count(exists(purchase W))",
    "population sum(count(purchase W))",
    "population sum(count(purchase where amount >= 20 CNY W))",
    "population count(first(purchase).at in period)",
    "population count(count(order W) >= 2) among exists(order W)",
    "population count()",
    "population count(sequence(order then purchase) and exists(purchase W))",
    "population count(exists(purchase W) as of 1d ago)",
)
MONEY = (
    "population sum(sum(purchase.amount W))",
    "population sum(sum(purchase.amount W) ?? 0 CNY)",
    "population mean(sum(purchase.amount W))",
    "population max(last(purchase W).amount)",
)
NUMBERS = (
    "population share(count(purchase W) >= 2) among exists(purchase W)",
    "population mean(count(order W))",
    "population share(phase is active)",
)
DURATIONS = ("population mean(age(last(purchase).at))",)

MACHINE = """\
lifecycle phase {
  start idle
  idle -> active on purchase
  active -> idle after 7d without purchase
}
"""

ALERTS = (
    "change > 20%",
    "change < -50%",
    "NAME < previous",
    "previous is missing or change is missing",
    "not (change <= 0) and NAME != previous",
)


@frozen
class KpiCase:
    """One example."""

    text: str
    zone: str
    now: dt.datetime
    world: World

    def rules(self) -> rulecrm.Rules:
        return rulecrm.loads(self.text)

    def oracle(self, world: World | None = None) -> KpiOracle:
        return KpiOracle(parse(self.text).rules, self.world if world is None else world, self.now)


@st.composite
def kpi_cases(draw: st.DrawFn, *, currencies: tuple[str, ...] = ("CNY",), most: int = 16) -> KpiCase:
    """A shop, and a few kpis, some made of others."""
    zone = draw(st.sampled_from(ZONES))
    now = draw(instants_of_evaluation(zone))
    world = draw(worlds(zone, now, draw(focuses()), currencies=currencies, most=most))
    lines = [PREAMBLE.format(zone=zone), MACHINE]
    pools = {"int": INTS, "money": MONEY, "number": NUMBERS, "duration": DURATIONS}
    known: dict[str, list[str]] = {kind: [] for kind in pools}
    for number in range(draw(st.integers(2, 4))):
        name, kind = f"k{number}", draw(st.sampled_from(("int", "int", "money", "money", "number", "duration")))
        text = draw(st.sampled_from(pools[kind])).replace("W", draw(st.sampled_from(WINDOWS)))
        lines.append(_kpi(draw, name, text))
        known[kind].append(name)
    for number in range(4, 4 + draw(st.integers(1, 3))):
        name = f"k{number}"
        made = _made(draw, known)
        if made is not None:
            kind, text = made
            lines.append(_kpi(draw, name, text))
            known[kind].append(name)
    return KpiCase("\n".join(lines), zone, now, world)


def _kpi(draw: st.DrawFn, name: str, text: str) -> str:
    alert = draw(st.sampled_from(("", *ALERTS)))
    every = draw(st.sampled_from(("", *UNITS)))
    line = f"kpi {name} = {text}"
    line += f" every {every}" if every else ""
    return line + (f" alert when {alert.replace('NAME', name)}" if alert else "")


def _made(draw: st.DrawFn, known: dict[str, list[str]]) -> tuple[str, str] | None:
    """A kpi made of others, and its type."""
    forms = []
    ints, money, numbers = known["int"], known["money"], [*known["int"], *known["number"]]
    if numbers:
        forms += [("number", "{n} / {n}"), ("number", "({n} / {n}) * {n} - 1.5"), ("number", "({n} / {n}) ?? 0.25")]
    if len(ints) > 1:
        forms += [("int", "{i} + {i} * 2"), ("int", "-{i} + 3")]
    if money:
        forms += [("number", "{m} / {m}"), ("money", "{m} - {m} * 0.3")]
        if numbers:
            forms += [("money", "{m} / {n}"), ("money", "{m} / {n} * {n} + 5 CNY"), ("money", "if({n} > 1, {m}, -{m})")]
    if known["duration"]:
        forms += [("duration", "{d} / 3"), ("number", "{d} / {d}")]
    if not forms:
        return None
    kind, text = draw(st.sampled_from(forms))
    pools = {"n": numbers, "i": ints, "m": money, "d": known["duration"]}
    for letter, pool in pools.items():
        while f"{{{letter}}}" in text:
            text = text.replace(f"{{{letter}}}", draw(st.sampled_from(pool)), 1)
    return kind, text

"""Which kpis an insight is asked about, and their values in a shop.

In: a shop, names. Out: `Kpi`s, `Measures`, and why a value is missing in words.
Invariant: nothing after T is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from rulecrm.insight.asking import known
from rulecrm.insight.figure import Remark, Words
from rulecrm.insight.shop import Shop
from rulecrm.machine import lives
from rulecrm.model import ir
from rulecrm.model.instants import to_microseconds
from rulecrm.model.kpi import Kpi, is_formula, is_kpi, leaves
from rulecrm.model.walk import children, walk
from rulecrm.runtime.formula import evaluate
from rulecrm.runtime.kpis import Measures, closure
from rulecrm.runtime.periods import CalendarPeriod

__all__ = [
    "UNIT_ZH", "chosen", "days_of", "empty_periods", "first_row", "measures_of", "missing_remarks", "text_of",
    "titled", "why_missing",
]  # fmt: skip


UNIT_ZH = {"day": "日", "week": "周", "month": "月", "quarter": "季度", "year": "年"}
"""Calendar units in Chinese."""


def measures_of(shop: Shop) -> Measures:
    """Values of the shop's kpis as of T."""
    return Measures(shop.rules.program, shop.facts, to_microseconds(shop.as_of), lives)


def chosen(shop: Shop, names: Sequence[str] | None) -> tuple[Kpi, ...]:
    """The kpis with these names, in the order given; all of the file's own where none is given.

    Raises:
        RulesError: R120 a name that is none.
    """
    by_symbol = {one.symbol: one for one in shop.rules.program.kpis}
    wanted = shop.rules.names("kpi") if names is None else [known(name, by_symbol, "kpi") for name in names]
    return tuple(by_symbol[name] for name in wanted)


def titled(kpi: Kpi) -> str:
    """How a sentence names a kpi."""
    return f"“{kpi.title}”" if kpi.title else f"`{kpi.symbol}`"


def text_of(shop: Shop, expr: ir.Expr) -> str:
    """What is written in the file for an expression, on one line."""
    source = shop.rules.program.sources.get(expr.span.source, "") if hasattr(expr, "span") else ""
    words = " ".join(source[expr.span.start : expr.span.end].split()) if source else ""
    return words or "a number of the facts"


# --- what is missing ----------------------------------------------------------------------------------------------


def why_missing(shop: Shop, measures: Measures, kpi: Kpi, period: CalendarPeriod) -> Words:
    """Why a kpi has no value in a period, as the half of a sentence."""
    by_symbol = {one.symbol: one for one in shop.rules.program.kpis}
    reading = measures.reading(period)
    expr: ir.Expr = kpi.value
    while True:
        if is_kpi(expr):
            assert isinstance(expr, ir.Apply)
            assert isinstance(expr.args[0], ir.Const)
            expr = by_symbol[str(expr.args[0].value)].value
            continue
        parts = sorted(children(expr), key=lambda part: part.span.start) if is_formula(expr) else ()
        lacking = next((one for one in parts if evaluate(one, reading) is None), None)
        if lacking is None:
            break
        expr = lacking
    if isinstance(expr, ir.Apply) and is_formula(expr):
        if expr.op == "div":
            told = text_of(shop, expr.args[1])
            return Words(f"`{told}` is 0, and nothing is divided by 0", f"`{told}` 为 0，不能作除数")
        told = text_of(shop, expr)
        return Words(f"`{told}` has no value", f"`{told}` 没有值")
    told = text_of(shop, expr)
    return Words(f"`{told}` has no value: nobody counts in it", f"`{told}` 没有值：没有任何人计入")


def empty_periods(shop: Shop, kpi: Kpi, periods: Sequence[CalendarPeriod]) -> list[CalendarPeriod]:
    """The periods in which not one row lies of all the kinds that the kpi reads."""
    if not periods:
        return []
    counts = np.zeros(len(periods) * 2 + 1, np.int64)
    # Between the start of each and its end; where periods do not follow one another, what lies between is left alone.
    edges = np.array([edge for one in periods for edge in (one.start, one.end)])
    for kind in _kinds(shop, [kpi]):
        at = shop.rows(kind, []).select(pl.col("at").cast(pl.Int64)).collect(engine="in-memory").to_series().to_numpy()
        counts += np.bincount(np.searchsorted(edges, at, side="right"), minlength=len(counts))
    return [one for number, one in enumerate(periods) if not counts[2 * number + 1]]


def first_row(shop: Shop, kpis: Iterable[Kpi]) -> int | None:
    """The instant of the first row of all that kpis read; None where there is none."""
    found = []
    for kind in _kinds(shop, kpis):
        least = shop.rows(kind, []).select(pl.col("at").cast(pl.Int64).min()).collect(engine="in-memory").item()
        if least is not None:
            found.append(int(least))
    return min(found, default=None)


def _kinds(shop: Shop, kpis: Iterable[Kpi]) -> list[str]:
    """Kinds whose rows the kpis read, definitions that they refer to included."""
    program = shop.rules.program
    stack = [leaf for one in closure(program, [kpi.symbol for kpi in kpis]) for leaf in leaves(one.value)]
    kinds: dict[str, None] = {}
    seen: set[str] = set()
    while stack:
        for node in walk(stack.pop()):
            match node:
                case ir.Aggregate(scan=scan):
                    kinds[scan.kind] = None
                case ir.SequenceOf(steps=steps):
                    kinds |= dict.fromkeys(step.kind for step in steps)
                case ir.Ref(symbol=symbol) if symbol not in seen:
                    seen.add(symbol)
                    stack.append(program.definition(symbol).value)
                case _:
                    pass
    return [kind for kind in kinds if kind in shop.facts.kinds()]


def missing_remarks(shop: Shop, measures: Measures, kpi: Kpi, periods: Sequence[CalendarPeriod]) -> list[Remark]:
    """That a kpi has no value in some periods, and why: one remark a reason."""
    reasons: dict[Words, list[CalendarPeriod]] = {}
    for one in periods:
        reasons.setdefault(why_missing(shop, measures, kpi, one), []).append(one)
    return [
        Remark(
            "R857",
            Words(
                f"{titled(kpi)} has no value in the {those[0].unit} of {days_of(those)}: {why.en}.",
                f"{titled(kpi)} 在以下各{UNIT_ZH[those[0].unit]}没有值（{days_of(those)}）：{why.zh}。",
            ),
            {"kpi": kpi.symbol},
        )
        for why, those in reasons.items()
    ]


def days_of(periods: Sequence[CalendarPeriod]) -> str:
    """The first days of periods, six at most."""
    return ", ".join(str(one.first) for one in periods[:6]) + (", …" if len(periods) > 6 else "")

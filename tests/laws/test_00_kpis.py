"""The engine's kpis are the oracle's, whatever the period, the unit and the zone."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.kpis import KpiOracle
from tests.strategies import fewer
from tests.strategies.cases import facts_of
from tests.strategies.kpis import UNITS, KpiCase, kpi_cases


@given(kpi_cases(), st.sampled_from((None, *UNITS)))
@fewer(4)
def test_every_kpi_in_every_period(case: KpiCase, every: str | None) -> None:
    found = case.rules().kpis(facts_of(case.world), case.now, periods=2, every=every)
    oracle = case.oracle()
    assert set(found["kpi"]) == set(oracle.kpis)
    for row in found.iter_rows(named=True):
        expect(row, oracle)


@given(kpi_cases(currencies=("CNY", "USD"), most=8))
@fewer(16)
def test_in_two_currencies(case: KpiCase) -> None:
    oracle = case.oracle()
    for row in case.rules().kpis(facts_of(case.world), case.now, periods=1).iter_rows(named=True):
        expect(row, oracle)


def expect(row: dict[str, object], oracle: KpiOracle) -> None:
    """One row of the frame is what the definition says."""
    name, first, after = row["kpi"], row["start"], row["end"]
    assert isinstance(name, str)
    assert isinstance(first, dt.date)
    assert isinstance(after, dt.date)
    unit = unit_of(first, after)
    over = oracle.is_over(unit, first)
    assert row["complete"] is over
    assert near(row["value"], oracle.value(name, unit, first), row["type"])
    if row["type"] == "money" and row["amount"] is not None:
        value = oracle.value(name, unit, first)
        assert value is not None
        assert row["amount"] == round(value * 10_000) / Fraction(10_000)
    if over:
        assert near(row["previous"], oracle.value(name, unit, oracle.before(unit, first)), row["type"])
        assert near(row["change"], oracle.change(name, unit, first))
        assert row["alert"] == oracle.alert(name, unit, first)
    else:
        assert (row["previous"], row["change"], row["alert"]) == (None, None, None)


def unit_of(first: dt.date, after: dt.date) -> str:
    days = (after - first).days
    return {1: "day", 7: "week", 365: "year", 366: "year"}.get(days, "month" if days <= 31 else "quarter")


def near(found: object, expected: Fraction | None, kind: object = None) -> bool:
    if expected is None or found is None:
        return expected is None and found is None
    assert isinstance(found, float)
    wanted = float(expected) / (1_000_000 if kind == "duration" else 1)
    # Money is shown to four decimals.
    return abs(found - wanted) <= 1e-9 * max(1.0, abs(wanted)) + (0.5001e-4 if kind == "money" else 0)

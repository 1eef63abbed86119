"""Each pass alone changes no value, and does what it is for."""

from __future__ import annotations

import pytest
from hypothesis import given

import rulecrm
from rulecrm.model import ir
from rulecrm.model.instants import to_microseconds
from rulecrm.planning import make_plan
from rulecrm.planning.passes import PASSES, Pass, narrow_windows
from rulecrm.runtime.evaluate import evaluate_all, start_run
from tests.strategies import fewer
from tests.strategies.cases import Case, cases, facts_of


@pytest.mark.parametrize("change", PASSES, ids=lambda change: change.__name__)
def test_a_pass_changes_no_value(change: Pass) -> None:
    @given(cases(most=10))
    @fewer(2)
    def check(case: Case) -> None:
        rules = case.rules()
        program, facts = rules.program, facts_of(case.world)
        names = [name for name in rules.names() if program.definition(name).subject == "customer"]
        tables = [
            evaluate_all(
                start_run(program, facts, make_plan(program, names, passes)), "customer", to_microseconds(case.now)
            )
            for passes in ((), (change,))
        ]
        assert tables[0].equals(tables[1])

    check()


def scan_of(text: str) -> ir.Scan:
    value = rulecrm.loads(f"currency CNY\nsegment s = {text}").program.definition("s").value
    assert isinstance(value, ir.Aggregate)
    changed = narrow_windows(value)
    assert isinstance(changed, ir.Aggregate)
    return changed.scan


def test_an_age_becomes_a_window() -> None:
    scan = scan_of("exists(order where not paid and age(at) in 1h..24h)")
    assert scan.lower is not None
    assert scan.upper is not None
    assert (scan.lower.closed, scan.upper.closed) == (True, True)
    assert len(scan.where) == 1  # what is left: not paid


def test_an_end_that_is_there_already_is_kept() -> None:
    scan = scan_of("exists(order where at > 2025-01-01 last 30d)")
    assert scan.lower is not None
    assert not scan.lower.closed
    assert len(scan.where) == 1


def test_a_comparison_with_another_field_stays_a_filter() -> None:
    scan = scan_of("exists(order where at < paid_at)")
    assert (scan.lower, scan.upper) == (None, None)
    assert len(scan.where) == 1

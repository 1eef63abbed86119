"""Windows that differ in their beginning alone ask about the latest rows."""

from __future__ import annotations

import rulecrm
from rulecrm.model import ir
from rulecrm.planning import make_plan, walk

HEAD = 'timezone "Asia/Shanghai"\ncurrency CNY\n'


def functions_of(*conditions: str) -> list[str]:
    text = HEAD + "\n".join(f"segment s{number} = {one}" for number, one in enumerate(conditions))
    program = rulecrm.loads(text).program
    plan = make_plan(program, [f"s{number}" for number in range(len(conditions))])
    values = {one.symbol: one.value for level in plan.levels for one in level}
    nodes = [list(walk(values[f"s{number}"])) for number in range(len(conditions))]
    return [" ".join(sorted({one.function for one in part if isinstance(one, ir.Aggregate)})) for part in nodes]


def test_windows_of_one_begin_are_counted() -> None:
    assert functions_of("count(purchase last 30d) >= 2") == ["count"]


def test_the_kth_latest_row_tells_of_k_rows() -> None:
    asked = ("count(purchase last 30d) >= 2", "count(purchase last 60d) >= 2", "exists(purchase last 9d)")
    assert functions_of(*asked) == ["nth", "nth", "exists"]  # one window of a single row does not pay


def test_the_latest_row_tells_of_any_row() -> None:
    asked = ("exists(purchase last 30d)", "none(purchase last 60d)", "count(purchase last 9d) == 0")
    assert functions_of(*asked) == ["last", "last", "last"]


def test_an_exact_number_takes_two_rows() -> None:
    asked = ("count(purchase last 30d) == 1", "count(purchase last 60d) != 1")
    assert functions_of(*asked) == ["last nth", "last nth"]


def test_other_rows_and_windows_that_end_early_are_left_alone() -> None:
    asked = (
        "count(purchase last 30d) >= 2",
        "count(order last 30d) >= 2",
        "count(purchase from 60d to 30d ago) >= 2",
        "count(purchase from 90d to 30d ago) >= 2",
        "count(purchase within 23d after first(purchase).at) >= 2",
    )
    assert functions_of(*asked) == ["count", "count", "count", "count", "count first"]

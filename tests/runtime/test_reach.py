"""How far back a plan looks, and questions that look less far back than others over the same facts."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rulecrm
from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.instants import to_microseconds
from rulecrm.model.types import DURATION, INSTANT
from rulecrm.planning import make_plan
from rulecrm.runtime.evaluate import start_run
from rulecrm.runtime.reach import reach_of
from tests.strategies import fewer

ZONE = "Asia/Shanghai"
NOW = dt.datetime(2025, 11, 12, tzinfo=dt.timezone(dt.timedelta(hours=8)))
HEAD = f'timezone "{ZONE}"\ncurrency CNY\n'


def ago(**span: int) -> int:
    return to_microseconds(NOW - dt.timedelta(**span))


REACHES = [
    ("metric m = count(view last 30d)", {"view": ago(days=30)}),
    ("metric m = count(view last 30d) + count(view last 90d)", {"view": ago(days=90)}),
    ("metric m = count(view last 30d) + count(view)", {}),
    ("metric m = count(view last 30d) + count(cart)", {"view": ago(days=30)}),
    ("metric m = count(view from 60d to 30d ago)", {"view": ago(days=60)}),
    ("metric m = count(view where age(at) <= 5h)", {"view": ago(hours=5)}),
    ("metric m = count(view from 30d to 20d ago) as of 10d ago", {"view": ago(days=40)}),
    ("metric a = count(view last 30d)\nmetric m = a as of 10d ago", {"view": ago(days=40)}),
    ("metric m = population mean(count(view last 3d))", {"view": ago(days=3)}),
    ("metric m = count(view since first(purchase).at)", {}),
    ("metric m = count(view last 30d) as of first(purchase).at", {}),
    ("segment m = sequence(view then no cart within 1d) last 7d", {"view": ago(days=7), "cart": ago(days=7)}),
    ("segment m = sequence(view then cart)", {}),
    ("metric m = count(view between 2026-01-01 and 2026-02-01)", {"view": ago()}),
]


@pytest.mark.parametrize(("text", "expected"), REACHES)
def test_a_plan_looks_back_to_the_earliest_of_its_windows(text: str, expected: dict[str, int]) -> None:
    program = rulecrm.loads(HEAD + text).program
    found = reach_of(make_plan(program, ["m"]), to_microseconds(NOW), ZONE)
    assert found == {(kind, "customer"): since for kind, since in expected.items()}


RULES = (
    HEAD
    + """
metric lately = count(view last 3d)
segment left = sequence(view then no cart within 1d) last 7d
metric forty = count(view last 40d)
metric ever = count(view)
metric then = count(view last 3d) as of 60d ago
"""
)

Row = tuple[str, str, int]
rows = st.lists(
    st.tuples(st.sampled_from(["view", "cart"]), st.sampled_from("abc"), st.integers(0, 100 * 24)), max_size=30
)


def facts(given_rows: list[Row]) -> rulecrm.Facts:
    events = pl.DataFrame(
        {
            "kind": [kind for kind, _, _ in given_rows],
            "customer": [customer for _, customer, _ in given_rows],
            "at": [NOW - dt.timedelta(hours=hours) for _, _, hours in given_rows],
        },
        schema={"kind": pl.String, "customer": pl.String, "at": pl.Datetime("us", "UTC")},
    )
    # `a` is listed and joined late, `b` is listed, `c` is only known from facts.
    customers = pl.DataFrame(
        {"customer": ["a", "b"], "joined_at": [NOW - dt.timedelta(days=1), NOW - dt.timedelta(days=200)]},
        schema={"customer": pl.String, "joined_at": pl.Datetime("us", "UTC")},
    )
    return rulecrm.Facts.from_frames(customers=customers, events=events)


@given(rows, st.lists(st.tuples(st.sampled_from(["lately", "left", "forty", "ever", "then"]), st.integers(0, 120)), min_size=2, max_size=6))  # fmt: skip
@fewer(2)
def test_what_was_asked_before_changes_no_answer(given_rows: list[Row], questions: list[tuple[str, int]]) -> None:
    """Narrow questions, wide ones and narrow ones again, about days back and forth."""
    rules, kept = rulecrm.loads(RULES), facts(given_rows)
    for name, days in questions:
        as_of = NOW - dt.timedelta(days=days)
        found = rules.evaluate(kept, as_of=as_of, only=[name]).table()
        fresh = rules.evaluate(facts(given_rows), as_of=as_of, only=[name]).table()
        everything = rules.evaluate(facts(given_rows), as_of=as_of, only=sorted({"ever", name})).table()
        assert found.equals(fresh)
        assert found.equals(everything.select("customer", name))


def test_rows_before_the_first_question_are_counted_by_the_next() -> None:
    kept = facts([("view", "b", 1), ("view", "b", 24 * 50), ("view", "b", 24 * 99)])
    rules = rulecrm.loads(RULES)
    views = [
        rules.evaluate(kept, as_of=NOW, only=[name]).table().item(1, name)
        for name in ("lately", "forty", "ever", "lately")
    ]
    assert views == [1, 1, 3, 1]


def test_a_subject_exists_from_its_first_fact_on_though_that_was_left_out_of_the_index() -> None:
    kept = facts([("view", "a", 24 * 90), ("view", "c", 24 * 80)])
    rules = rulecrm.loads(RULES)
    assert rules.evaluate(kept, as_of=NOW, only=["lately"]).table()["customer"].to_list() == ["a", "b", "c"]
    early = rules.evaluate(kept, as_of=NOW - dt.timedelta(days=85), only=["lately"]).table()
    assert early["customer"].to_list() == ["a", "b"]


def test_an_index_that_left_rows_out_does_not_answer_for_them() -> None:
    kept, rules = facts([("view", "b", 1), ("view", "b", 24 * 99)]), rulecrm.loads(RULES)
    plan = make_plan(rules.program, ["lately"])
    run = start_run(rules.program, kept, plan, instant=to_microseconds(NOW))
    rows = run.points("customer", None, to_microseconds(NOW)).rows
    view = rows.static_view("view", ())
    shift = ir.Apply("shift", (ir.Now(), ir.Const(Duration(days=-50), DURATION)), INSTANT)
    for lower in (None, ir.Bound(shift, closed=True)):
        with pytest.raises(RuntimeError, match="left out"):
            rows.window(view, lower, None)


def test_a_window_that_ends_before_all_that_is_looked_back_at_is_empty() -> None:
    kept = facts([("view", "b", 1), ("view", "b", 24 * 800), ("view", "b", 24 * 200)])
    rules = rulecrm.loads(
        HEAD + "collection fresh = view where age(at) <= 1y\nmetric old = count(fresh before 2024-09-30)\n"
    )
    assert rules.evaluate(kept, as_of=NOW).table().item(1, "old") == 0

"""The engine agrees with the oracle, at one instant for all and at many instants for each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fewer
from tests.strategies.cases import (
    Case,
    cases,
    differences,
    facts_of,
    oracle_at,
    points_frame,
    table_answers,
)
from tests.strategies.worlds import CUSTOMERS, PRODUCTS

KEYS = {"customer": CUSTOMERS, "product": PRODUCTS}


@given(cases())
def test_at_one_instant(case: Case) -> None:
    oracle = case.oracle()
    result = case.rules().evaluate(facts_of(case.world), as_of=case.now)
    assert not differences(case.oracle_answers(), table_answers(result, oracle.subjects()))


@given(cases(currencies=("CNY", "USD", "JPY"), most=8))
@fewer(2)
def test_in_several_currencies(case: Case) -> None:
    oracle = case.oracle()
    result = case.rules().evaluate(facts_of(case.world), as_of=case.now)
    assert not differences(case.oracle_answers(), table_answers(result, oracle.subjects()))


@given(cases(most=8), st.data())
@fewer(2)
def test_at_many_instants(case: Case, data: st.DataObject) -> None:
    oracle = case.oracle()
    for subject in oracle.subjects():
        point = st.tuples(st.sampled_from(KEYS[subject]), st.sampled_from(case.instants()))
        points = data.draw(st.lists(point, max_size=12))
        names = oracle.names(subject)
        frame = points_frame(points, subject)
        found = case.rules().evaluate_at(facts_of(case.world), frame, only=names)
        assert found.select(subject, "at").equals(frame)
        expected = dict(enumerate(oracle_at(oracle, subject, points)))
        rows = dict(enumerate(found.select(names).to_dicts()))
        assert not differences({subject: _by_text(expected)}, {subject: _by_text(rows)})


def _by_text(rows: dict[int, dict[str, object]]) -> dict[str, dict[str, object]]:
    return {f"row {number}": row for number, row in rows.items()}

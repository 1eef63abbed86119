"""Lifecycles of the engine are those of the oracle, at any instant and a moment before and after every move."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.machine.lifecycles import lifecycle_moves
from tests.strategies import fewer
from tests.strategies.cases import differences, oracle_at, points_frame, table_answers
from tests.strategies.moments import MICRO
from tests.strategies.programmes import Programme, lifecycles


def _agree_at(programme: Programme, points: list[tuple[str, object]]) -> None:
    oracle = programme.oracle()
    names = oracle.names("customer")
    found = programme.rules().evaluate_at(programme.facts(), points_frame(points), only=names)  # type: ignore[arg-type]
    expected = oracle_at(oracle, "customer", points)  # type: ignore[arg-type]
    by_point = [f"{key} at {at}" for key, at in points]
    rows = found.select(names).to_dicts()
    assert not differences(
        {"customer": dict(zip(by_point, expected, strict=True))}, {"customer": dict(zip(by_point, rows, strict=True))}
    )


@given(lifecycles(), st.data())
@fewer(3)
def test_at_one_instant(programme: Programme, data: st.DataObject) -> None:
    as_of = data.draw(st.sampled_from(programme.instants()))
    oracle = programme.oracle()
    expected = {
        key: {name: oracle.answer(name, "customer", key, as_of) for name in oracle.names("customer")}
        for key in programme.world.keys("customer", as_of)
    }
    found = table_answers(programme.rules().evaluate(programme.facts(), as_of=as_of), ["customer"])
    assert not differences({"customer": expected}, found)


@given(lifecycles())
@fewer(3)
def test_around_every_move(programme: Programme) -> None:
    oracle = programme.oracle()
    points = {
        (key, at + shift)
        for name in programme.names()
        for key, moves in lifecycle_moves(oracle, name, programme.until).items()
        for at, *_ in moves
        for shift in (-MICRO, 0 * MICRO, MICRO)
    }
    _agree_at(programme, sorted(points)[:120])  # type: ignore[arg-type]


@given(lifecycles(population=True, most=8), st.data())
@fewer(6)
def test_with_the_population_in_guards(programme: Programme, data: st.DataObject) -> None:
    instants = data.draw(st.lists(st.sampled_from(programme.instants()), min_size=1, max_size=6, unique=True))
    _agree_at(programme, [(key, at) for at in instants for key in programme.world.keys("customer", at)])

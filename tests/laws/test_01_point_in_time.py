"""Law 1: what is evaluated as of T depends on no fact after T."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.world import World
from tests.oracle.zone import Zone
from tests.strategies import fewer
from tests.strategies.cases import Case, cases, differences, facts_of, points_frame, table_answers
from tests.strategies.clocks import Focus
from tests.strategies.futures import another_future, without_future
from tests.strategies.kpis import KpiCase, kpi_cases
from tests.strategies.programmes import Programme, lifecycles
from tests.strategies.shops import shops
from tests.strategies.worlds import CUSTOMERS, worlds


@given(cases(currencies=("CNY", "USD"), most=10), st.data())
@fewer(3)
def test_another_future_changes_nothing(case: Case, data: st.DataObject) -> None:
    other = data.draw(worlds(case.zone, case.now, case.focus, currencies=("CNY", "USD"), most=12))
    subjects = case.oracle().subjects()
    rules = case.rules()

    def answers(world: World) -> object:
        return table_answers(rules.evaluate(facts_of(world), as_of=case.now), subjects)

    expected = answers(case.world)
    assert answers(without_future(case.world, case.now, case.zone)) == expected
    assert answers(another_future(case.world, other, case.now, case.zone)) == expected


@given(cases(most=8), st.data())
@fewer(3)
def test_the_past_seen_from_later_is_the_past(case: Case, data: st.DataObject) -> None:
    """At a point before T the vector kernel sees what was there then, though the facts go on to T and beyond."""
    names = case.oracle().names("customer")
    earlier = data.draw(st.sampled_from([at for at in case.instants() if at <= case.now]))
    frame = points_frame([(key, earlier) for key in CUSTOMERS])
    now_known = case.rules().evaluate_at(facts_of(case.world), frame, only=names)
    then_known = case.rules().evaluate_at(facts_of(without_future(case.world, earlier, case.zone)), frame, only=names)
    assert now_known.equals(then_known)


@given(cases(most=6), st.data())
@fewer(3)
def test_the_oracle_keeps_the_law_too(case: Case, data: st.DataObject) -> None:
    other = data.draw(worlds(case.zone, case.now, case.focus, most=12))
    changed = another_future(case.world, other, case.now, case.zone)
    assert not differences(case.oracle_answers(), case.oracle_answers(world=changed))


@given(lifecycles(population=True), st.data())
@fewer(8)
def test_lifecycles_know_no_future(programme: Programme, data: st.DataObject) -> None:
    now, zone = data.draw(st.sampled_from(programme.instants())), programme.moments.zone
    other = data.draw(shops(programme.moments))
    rules = programme.rules()

    def answers(world: World) -> object:
        return table_answers(rules.evaluate(programme.facts(world), as_of=now), ["customer"])

    expected = answers(programme.world)
    assert answers(without_future(programme.world, now, zone)) == expected
    assert answers(another_future(programme.world, other, now, zone)) == expected


@given(lifecycles(population=True), st.data())
@fewer(4)
def test_lifecycles_of_the_oracle_know_no_future(programme: Programme, data: st.DataObject) -> None:
    now, zone = data.draw(st.sampled_from(programme.instants())), programme.moments.zone
    other = another_future(programme.world, data.draw(shops(programme.moments)), now, zone)
    one, another = programme.oracle(), programme.oracle(other)
    for key in programme.world.keys("customer", now):
        for name in one.names("customer"):
            assert one.answer(name, "customer", key, now) == another.answer(name, "customer", key, now)


@given(kpi_cases(most=10), st.data())
@fewer(16)
def test_kpis_of_a_period_know_nothing_after_it(case: KpiCase, data: st.DataObject) -> None:
    """Facts at the end of a period or later change nothing in it; nor do facts after T in the one that holds T."""
    rules = case.rules()
    found = rules.kpis(facts_of(case.world), case.now, periods=2)
    over = found.filter("complete").select("kpi", "start", "end").unique().sort("kpi", "start")
    for name, first, after in data.draw(st.permutations(over.rows()))[:2]:
        last = Zone(case.zone).start_of_day(after) - dt.timedelta(microseconds=1)
        other = data.draw(worlds(case.zone, last, Focus(("1d", "7d"), ("view",)), most=8))
        changed = another_future(case.world, other, last, case.zone)
        again = rules.kpis(facts_of(changed), case.now, periods=2, only=[name])
        of_period = (pl.col("kpi") == name) & (pl.col("start") == first)
        assert again.filter(of_period).equals(found.filter(of_period))
    other = data.draw(worlds(case.zone, case.now, Focus(("1d", "7d"), ("view",)), most=8))
    assert rules.kpis(facts_of(another_future(case.world, other, case.now, case.zone)), case.now, periods=2).equals(
        found
    )

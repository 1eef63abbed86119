"""Law 4: in whatever order and batches facts arrive, the answers are those of one clean load.

What is late restates lifecycles; of decisions it may add some, but unmakes none.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.values import Value
from tests.oracle.world import World
from tests.strategies import fewer
from tests.strategies.cases import differences, table_answers
from tests.strategies.futures import without_future
from tests.strategies.programmes import Programme, campaigns, decisions_of, journeys_of, lifecycles, unequal

Record = dict[str, Value]


def _shuffled(world: World, data: st.DataObject) -> World:
    """The same rows, in another order. (That none is there twice, the door sees to.)"""
    return evolve(
        world,
        customers=data.draw(st.permutations(world.customers)),
        orders=data.draw(st.permutations(world.orders)),
        events=data.draw(st.permutations(world.events)),
    )


def _without(world: World, lost: Callable[[Record], bool]) -> World:
    """The world as it is known before some rows have arrived."""
    return evolve(
        world,
        orders=[row for row in world.orders if not lost(row)],  # type: ignore[arg-type]
        events=[row for row in world.events if not lost(row)],  # type: ignore[arg-type]
    )


def _late(data: st.DataObject, world: World) -> Callable[[Record], bool]:
    """Some rows that arrive late."""
    keys = [str(row.get("order") or row["event"]) for row in (*world.orders, *world.events)]
    chosen = set(data.draw(st.lists(st.sampled_from(keys), max_size=4))) if keys else set()
    return lambda row: str(row.get("order") or row["event"]) in chosen


@given(campaigns(), st.data())
@fewer(8)
def test_facts_that_come_in_time_may_come_in_any_order(programme: Programme, data: st.DataObject) -> None:
    """At each advance everything up to its instant is known, shuffled, and nothing later."""
    stops = sorted(data.draw(st.lists(st.sampled_from(programme.instants()), max_size=3, unique=True)))
    expected = programme.machine()
    with programme.engine() as engine:
        for at in (*stops, programme.until):
            known = without_future(programme.world, at, programme.moments.zone)
            engine.facts = programme.facts(_shuffled(known, data))
            engine.advance(to=at)
        assert not unequal(journeys_of(expected), journeys_of(engine))
        assert not unequal(decisions_of(expected), decisions_of(engine))


@given(lifecycles(), st.data())
@fewer(4)
def test_what_is_late_restates_lifecycles(programme: Programme, data: st.DataObject) -> None:
    late = _late(data, programme.world)
    as_of = data.draw(st.sampled_from(programme.instants()))
    rules = programme.rules()
    rules.evaluate(programme.facts(_without(programme.world, late)), as_of=as_of)
    found = table_answers(rules.evaluate(programme.facts(_shuffled(programme.world, data)), as_of=as_of), ["customer"])
    oracle = programme.oracle()
    expected = {
        key: {name: oracle.answer(name, "customer", key, as_of) for name in oracle.names("customer")}
        for key in programme.world.keys("customer", as_of)
    }
    assert not differences({"customer": expected}, found)


@given(campaigns(), st.data())
@fewer(8)
def test_what_is_late_is_taken_as_the_oracle_takes_it(programme: Programme, data: st.DataObject) -> None:
    """Journeys at rest take late rows as if they had been there; rows of the last week may still be entered on."""
    early = _without(programme.world, _late(data, programme.world))
    clock = data.draw(st.sampled_from(programme.instants()))
    expected = programme.machine(clock, world=early)
    expected.advance(programme.world, programme.until)
    with programme.engine(world=early) as engine:
        engine.advance(to=clock)
        engine.facts = programme.facts()
        engine.advance(to=programme.until)
        assert not unequal(journeys_of(expected), journeys_of(engine))
        assert not unequal(decisions_of(expected), decisions_of(engine))


@given(campaigns(), st.data())
@fewer(8)
def test_what_is_late_unmakes_no_decision(programme: Programme, data: st.DataObject) -> None:
    late = _late(data, programme.world)
    clock = data.draw(st.sampled_from(programme.instants()))
    with programme.engine(world=_without(programme.world, late)) as engine:
        engine.advance(to=clock)
        decided, entered = decisions_of(engine), journeys_of(engine)
        engine.facts = programme.facts()
        engine.advance(to=programme.until)
        after, walked = decisions_of(engine), journeys_of(engine)
        waiting = {key for key, row in decided.items() if row["outcome"] == "quiet"}
        made = {key: row for key, row in decided.items() if key not in waiting}
        assert not unequal(made, {key: row for key, row in after.items() if key in made})
        assert waiting <= set(after)
        ended = {key: row for key, row in entered.items() if row["ended"] is not None}
        assert not unequal(ended, {key: row for key, row in walked.items() if key in ended})
        assert set(entered) <= set(walked)

"""Law 3: one advance or many, the engine does what the oracle does, one customer and one move at a time."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.facts import at, world_of
from tests.strategies import fewer
from tests.strategies.moments import Moments
from tests.strategies.programmes import Programme, campaigns, decisions_of, journeys_of, unequal


def _through(data: st.DataObject, programme: Programme, most: int = 5) -> list[dt.datetime]:
    """Some instants on the way, in order."""
    return sorted(data.draw(st.lists(st.sampled_from(programme.instants()), max_size=most, unique=True)))


@given(campaigns())
@fewer(3)
def test_one_advance_does_what_the_oracle_does(programme: Programme) -> None:
    expected, found = programme.machine(), programme.backtest()
    assert not unequal(journeys_of(expected), journeys_of(found))
    assert not unequal(decisions_of(expected), decisions_of(found))


@given(campaigns(population=True, most=8))
@fewer(8)
def test_with_the_population_in_guards(programme: Programme) -> None:
    expected, found = programme.machine(), programme.backtest()
    assert not unequal(journeys_of(expected), journeys_of(found))
    assert not unequal(decisions_of(expected), decisions_of(found))


@given(campaigns(), st.data())
@fewer(6)
def test_many_advances_do_what_one_does(programme: Programme, data: st.DataObject) -> None:
    with programme.engine() as once, programme.engine() as often:
        for at in (*_through(data, programme), programme.until):
            often.advance(to=at)
        once.advance(to=programme.until)
        assert not unequal(journeys_of(once), journeys_of(often))
        assert not unequal(decisions_of(once), decisions_of(often))


@given(campaigns(most=8), st.data())
@fewer(6)
def test_at_every_stop_it_stands_where_the_oracle_stands(programme: Programme, data: st.DataObject) -> None:
    stops = _through(data, programme, most=3)
    with programme.engine() as engine:
        for number, at in enumerate(stops, start=1):
            engine.advance(to=at)
            expected = programme.machine(*stops[:number])
            assert not unequal(journeys_of(expected), journeys_of(engine))
            assert not unequal(decisions_of(expected), decisions_of(engine))


@given(campaigns(), st.data())
@fewer(8)
def test_a_backtest_is_what_a_live_engine_did(programme: Programme, data: st.DataObject) -> None:
    with programme.engine() as engine:
        for at in (*_through(data, programme), programme.until):
            engine.advance(to=at)
        replayed = programme.backtest()
        assert not unequal(journeys_of(engine), journeys_of(replayed))
        assert not unequal(decisions_of(engine), decisions_of(replayed))


@given(campaigns(), st.data())
@fewer(3)
def test_the_oracle_keeps_the_law_too(programme: Programme, data: st.DataObject) -> None:
    once, often = programme.machine(), programme.machine(*_through(data, programme), programme.until)
    assert not unequal(journeys_of(once), journeys_of(often))
    assert not unequal(decisions_of(once), decisions_of(often))


@pytest.mark.parametrize(
    ("steps", "most"),
    [
        ("send sms w" + ' tag "x"' * 8 + " send email m", 1),
        ("repeat up to 12 times every 10m { send sms w }", 3),
    ],
)
def test_deferred_messages_are_asked_again_in_the_order_of_their_steps(steps: str, most: int) -> None:
    text = f"""
template w for sms "w"
template m for email "m"
campaign p {{ enter on view {steps} }}
policy {{ quiet 21:00..09:00  at most {most} message per 1d }}
"""
    world = world_of("c view 2025-01-01T22:00")
    about = Moments("UTC", at("2025-01-01"), ("2d", "1mo"), ("view",))
    programme = Programme(about, text, world, at("2025-01-01"))
    with programme.engine() as once, programme.engine() as often:
        often.advance(to=at("2025-01-01T23:59"))
        for engine in (once, often):
            engine.advance(to=at("2025-01-03"))
        assert not unequal(decisions_of(programme.machine()), decisions_of(once))
        assert not unequal(decisions_of(once), decisions_of(often))

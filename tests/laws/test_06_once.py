"""Law 6: no decision is lost or made twice: whoever advances, how often, and whatever was cut short.

A process that is killed in the middle of an advance is one more way to cut it short: see `check_that_nothing_is_lost`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fewer
from tests.strategies.programmes import Programme, campaigns, decisions_of, journeys_of, unequal


def check_that_nothing_is_lost(
    programme: Programme, cut_short: Callable[[str, dt.datetime], None], at: dt.datetime
) -> None:
    """After an advance to `at` that `cut_short` has begun and broken off, going on does what one clean run does.

    `cut_short` is given the URL of the database and the instant; it may leave the advance done, or not begun.
    """
    with TemporaryDirectory() as folder:
        state = f"sqlite:///{folder}/crm.db"
        cut_short(state, at)
        with programme.engine(state) as engine, programme.engine() as clean:
            engine.advance(to=programme.until)
            clean.advance(to=programme.until)
            assert not unequal(journeys_of(clean), journeys_of(engine))
            assert not unequal(decisions_of(clean), decisions_of(engine))


@given(campaigns(), st.data())
@fewer(10)
def test_another_process_goes_on_where_the_first_stopped(programme: Programme, data: st.DataObject) -> None:
    def one_then_gone(state: str, at: dt.datetime) -> None:
        with programme.engine(state) as engine:
            engine.advance(to=at)

    check_that_nothing_is_lost(programme, one_then_gone, data.draw(st.sampled_from(programme.instants())))


@given(campaigns(), st.data())
@fewer(10)
def test_an_advance_repeated_adds_nothing(programme: Programme, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from(programme.instants()))
    with programme.engine() as engine:
        engine.advance(to=at)
        decided, walked = decisions_of(engine), journeys_of(engine)
        engine.advance(to=at)
        assert not unequal(decided, decisions_of(engine))
        assert not unequal(walked, journeys_of(engine))


@given(campaigns(), st.data())
@fewer(10)
def test_two_engines_on_one_database_take_turns(programme: Programme, data: st.DataObject) -> None:
    stops = sorted(data.draw(st.lists(st.sampled_from(programme.instants()), max_size=4, unique=True)))
    expected = programme.machine()
    with TemporaryDirectory() as folder:
        state = f"sqlite:///{folder}/crm.db"
        with programme.engine(state) as one, programme.engine(state) as other:
            for number, at in enumerate((*stops, programme.until)):
                (one, other)[number % 2].advance(to=at)
            for engine in (one, other):
                assert not unequal(journeys_of(expected), journeys_of(engine))
                assert not unequal(decisions_of(expected), decisions_of(engine))

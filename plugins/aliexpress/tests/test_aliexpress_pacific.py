"""The platform's wall clock, above all the hour that it has twice."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulecrm_aliexpress.pacific import PACIFIC, at_latest, in_order, is_twice, outside_twice, wall

UTC = dt.UTC
AUTUMN = dt.datetime(2025, 11, 2, 9, 0, tzinfo=UTC)  # 02:00 becomes 01:00
SPRING = dt.datetime(2025, 3, 9, 10, 0, tzinfo=UTC)  # 02:00 becomes 03:00


def near(change: dt.datetime) -> st.SearchStrategy[dt.datetime]:
    return st.integers(-4 * 3600, 4 * 3600).map(lambda seconds: change + dt.timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("instant", "told", "twice"),
    [
        (dt.datetime(2025, 11, 2, 7, 59, 59, tzinfo=UTC), "2025-11-02 00:59:59", False),
        (dt.datetime(2025, 11, 2, 8, 30, tzinfo=UTC), "2025-11-02 01:30:00", True),
        (dt.datetime(2025, 11, 2, 9, 30, tzinfo=UTC), "2025-11-02 01:30:00", True),
        (dt.datetime(2025, 11, 2, 10, 0, tzinfo=UTC), "2025-11-02 02:00:00", False),
        (dt.datetime(2025, 3, 9, 9, 59, 59, tzinfo=UTC), "2025-03-09 01:59:59", False),
        (dt.datetime(2025, 3, 9, 10, 0, tzinfo=UTC), "2025-03-09 03:00:00", False),
    ],
)
def test_the_wall_clock_by_hand(instant: dt.datetime, told: str, twice: bool) -> None:
    assert wall(instant) == told
    assert is_twice(instant) is twice


@given(near(AUTUMN) | near(SPRING))
def test_no_window_ends_within_the_hour_that_is_there_twice(instant: dt.datetime) -> None:
    moved = outside_twice(instant)
    assert not is_twice(moved)
    assert dt.timedelta(0) <= instant - moved <= dt.timedelta(hours=2, minutes=15)
    assert (moved == instant) is not is_twice(instant)


@given(near(AUTUMN) | near(SPRING), near(AUTUMN))
def test_what_is_read_is_one_of_the_instants_that_the_clock_showed(instant: dt.datetime, now: dt.datetime) -> None:
    for read in (at_latest(wall(instant), now), in_order(wall(instant), None)[0]):
        assert wall(read) == wall(instant)
        assert read == instant or is_twice(instant)


@given(near(AUTUMN), st.integers(1, 7200), st.integers(0, 7200), st.integers(0, 90_000))
def test_of_two_versions_the_later_one_stays_the_later(first: dt.datetime, gap: int, soon: int, late: int) -> None:
    second = first + dt.timedelta(seconds=gap)
    read_first = min(first + dt.timedelta(seconds=soon), second - dt.timedelta(seconds=1))  # it was not there yet
    read_second = second + dt.timedelta(seconds=late)
    assert at_latest(wall(first), read_first) < at_latest(wall(second), read_second)


@given(near(AUTUMN), st.integers(0, 7200))
def test_stages_never_go_back(first: dt.datetime, gap: int) -> None:
    before, _ = in_order(wall(first), None)
    after, _ = in_order(wall(first + dt.timedelta(seconds=gap)), before)
    assert before <= after


@pytest.mark.parametrize("told", ["2025-11-02T01:30:00", "11/02/2025 01:30:00", "", "2025-11-02"])
def test_what_is_written_otherwise_is_refused_without_being_repeated(told: str) -> None:
    with pytest.raises(ValueError, match="not written as") as error:
        in_order(told, None)
    assert not told or told not in str(error.value)
    assert PACIFIC.key == "America/Los_Angeles"

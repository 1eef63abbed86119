"""The calendar for columns and for single instants, against each other and against `zoneinfo`."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.model.durations import Duration
from rulecrm.model.instants import to_microseconds
from rulecrm.runtime import calendar

ZONES = (
    "UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Cairo",
)  # fmt: skip
UNITS = ("day", "week", "month", "quarter", "year")


def micros(text: str, zone: str) -> int:
    return to_microseconds(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def shown(instant: int, zone: str) -> str:
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=instant)
    return moment.astimezone(ZoneInfo(zone)).isoformat()


instants = st.integers(micros("2005-01-01", "UTC"), micros("2030-01-01", "UTC"))
durations = st.builds(
    Duration, st.integers(-30, 30), st.integers(-800, 800), st.sampled_from((0, 1, -3_600_000_000, 90_000_000))
)


@given(st.lists(instants, min_size=1, max_size=40), durations, st.sampled_from(ZONES))
def test_a_column_is_shifted_as_each_instant_is(moments: list[int], by: Duration, zone: str) -> None:
    column = pl.DataFrame({"at": moments}).select(calendar.shift(pl.col("at"), by, zone)).to_series().to_list()
    assert column == [calendar.shift_scalar(moment, by, zone) for moment in moments]


def test_a_missing_instant_stays_missing() -> None:
    start = micros("2025-03-29T10:00", "Europe/Berlin")
    column = pl.DataFrame({"at": [None, start]}, schema={"at": pl.Int64})
    moved = column.select(calendar.shift(pl.col("at"), Duration(days=1), "Europe/Berlin")).to_series().to_list()
    assert moved == [None, start + 23 * 3_600_000_000]


@given(st.lists(instants, max_size=40), durations, st.sampled_from(ZONES))
def test_an_array_is_shifted_as_each_instant_is(moments: list[int], by: Duration, zone: str) -> None:
    found = calendar.later(np.array(moments, np.int64), by, zone).tolist()
    assert found == [calendar.shift_scalar(moment, by, zone) for moment in moments]


@pytest.mark.parametrize("zone", ZONES)
def test_an_array_around_every_change_of_a_clock(zone: str) -> None:
    """Days moved onto the hours around a change, from a week before and a week after."""
    place, week = ZoneInfo(zone), Duration(days=7)
    first = micros("2005-01-01", "UTC")
    days = [first + day * 86_400_000_000 for day in range(25 * 365)]
    shown_ = [dt.datetime.fromtimestamp(day // 1_000_000, place).utcoffset() for day in days]
    changes = [day for day, before, after in zip(days, shown_, shown_[1:], strict=False) if before != after]
    near = [day + quarter * 900_000_000 for day in changes for quarter in range(-8, 104)]
    for by, sign in ((week, -1), (-week, 1)):
        moments = [moment + sign * 7 * 86_400_000_000 for moment in near]
        found = calendar.later(np.array(moments, np.int64), by, zone).tolist()
        assert found == [calendar.shift_scalar(moment, by, zone) for moment in moments]


@given(st.lists(instants, min_size=1, max_size=40), st.sampled_from(UNITS), st.sampled_from(ZONES))
def test_a_column_starts_its_units_where_each_instant_does(moments: list[int], unit: str, zone: str) -> None:
    column = pl.DataFrame({"at": moments}).select(calendar.start_of(unit, pl.col("at"), zone)).to_series().to_list()
    assert column == [calendar.start_of_scalar(unit, moment, zone) for moment in moments]


@given(instants, st.sampled_from(UNITS), st.sampled_from(ZONES))
def test_units_are_numbered_without_a_gap(moment: int, unit: str, zone: str) -> None:
    start = calendar.start_of_scalar(unit, moment, zone)
    frame = pl.DataFrame({"at": [start - 1, start, moment]}).select(calendar.ordinal(unit, pl.col("at"), zone))
    before, first, here = frame.to_series().to_list()
    assert (first - before, here - first) == (1, 0)


@pytest.mark.parametrize(
    ("start", "by", "zone", "expected"),
    [
        # The clock goes forward on 2025-03-09 at 02:00: 02:30 does not exist and is read with the offset before.
        ("2025-03-08T02:30", Duration(days=1), "America/New_York", "2025-03-09T03:30:00-04:00"),
        # It goes back on 2025-11-02: 01:30 comes twice, the first is meant.
        ("2025-11-01T01:30", Duration(days=1), "America/New_York", "2025-11-02T01:30:00-04:00"),
        # A day keeps the wall clock, 24 hours do not.
        ("2025-03-08T12:00", Duration(days=1), "America/New_York", "2025-03-09T12:00:00-04:00"),
        ("2025-03-08T12:00", Duration(micros=86_400_000_000), "America/New_York", "2025-03-09T13:00:00-04:00"),
        # The last day of a shorter month.
        ("2025-01-31T08:00", Duration(months=1), "Asia/Shanghai", "2025-02-28T08:00:00+08:00"),
        ("2024-03-31T08:00", Duration(months=-1), "Asia/Shanghai", "2024-02-29T08:00:00+08:00"),
        # Samoa had no 30 December 2011.
        ("2011-12-29T10:00", Duration(days=1), "Pacific/Apia", "2011-12-31T10:00:00+14:00"),
    ],
)
def test_shifts_worked_out_by_hand(start: str, by: Duration, zone: str, expected: str) -> None:
    assert shown(calendar.shift_scalar(micros(start, zone), by, zone), zone) == expected

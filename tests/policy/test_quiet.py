"""Quiet hours: until when a message waits, on whose clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.model.machine import Quiet
from rulecrm.policy.quiet import free_at

NIGHT = Quiet(dt.time(21), dt.time(9))
LUNCH = Quiet(dt.time(12), dt.time(13, 30))
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def micros(text: str, zone: str = "UTC", fold: int = 0) -> int:
    wall = dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return (wall - EPOCH) // dt.timedelta(microseconds=1)


def moved(instant: int, zone: str, *quiet: Quiet) -> int:
    return int(free_at(np.array([instant]), pl.Series([zone]), quiet)[0])


@pytest.mark.parametrize(
    ("at", "free"),
    [
        ("2025-06-01T20:59:59", "2025-06-01T20:59:59"),
        ("2025-06-01T21:00:00", "2025-06-02T09:00:00"),
        ("2025-06-02T00:00:00", "2025-06-02T09:00:00"),
        ("2025-06-02T08:59:59", "2025-06-02T09:00:00"),
        ("2025-06-02T09:00:00", "2025-06-02T09:00:00"),
        ("2025-06-02T12:15:00", "2025-06-02T13:30:00"),
    ],
)
def test_a_message_waits_for_the_end_of_the_stretch_it_falls_into(at: str, free: str) -> None:
    zone = "Asia/Shanghai"
    assert moved(micros(at, zone), zone, NIGHT, LUNCH) == micros(free, zone)


def test_each_customer_is_asked_on_a_clock_of_their_own() -> None:
    at = micros("2025-06-01T14:00:00")  # 22:00 in Shanghai, 16:00 in Berlin
    free = free_at(np.array([at, at]), pl.Series(["Asia/Shanghai", "Europe/Berlin"]), (NIGHT,))
    assert free.tolist() == [micros("2025-06-02T09:00:00", "Asia/Shanghai"), at]


def test_stretches_that_touch_are_waited_for_together() -> None:
    morning = Quiet(dt.time(9), dt.time(10))
    assert moved(micros("2025-06-01T22:00:00"), "UTC", morning, NIGHT) == micros("2025-06-02T10:00:00")


def test_the_clock_set_back_makes_the_night_longer() -> None:
    # 2025-10-26: 03:00 becomes 02:00 in Berlin. Quiet until 02:30, which comes twice.
    early = Quiet(dt.time(1), dt.time(2, 30))
    first, second = (micros("2025-10-26T02:15:00", "Europe/Berlin", fold) for fold in (0, 1))
    assert moved(first, "Europe/Berlin", early) == micros("2025-10-26T02:30:00", "Europe/Berlin", 0)
    assert moved(second, "Europe/Berlin", early) == micros("2025-10-26T02:30:00", "Europe/Berlin", 1)


@given(
    st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2025, 12, 31)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai"]),
    st.times(),
    st.times(),
)
def test_what_may_go_is_in_no_quiet_hours_and_never_earlier(
    at: dt.datetime, zone: str, start: dt.time, end: dt.time
) -> None:
    quiet = Quiet(start, end)
    instant = (at.replace(tzinfo=dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)
    if start == end:
        return  # the checker refuses quiet hours that never end
    free = moved(instant, zone, quiet)
    assert instant <= free <= instant + 26 * 3_600_000_000
    clock = (EPOCH + dt.timedelta(microseconds=free)).astimezone(ZoneInfo(zone)).time()
    inside = clock >= start or clock < end if end <= start else start <= clock < end
    assert not inside

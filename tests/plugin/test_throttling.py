"""Until when a server asks to be left alone."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.plugin import retry_after
from rulecrm.plugin.throttling import LONGEST

NOW = dt.datetime(2026, 11, 11, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("0", 0), ("7", 7), (" 7 ", 7), ("2.5", 2.5), ("Wed, 11 Nov 2026 02:00:30 GMT", 30),
        ("Wed, 11 Nov 2026 02:00:30 -0000", 30), ("Wed, 11 Nov 2026 03:00:30 +0100", 30),
        ("Wed, 11 Nov 2026 01:59:00 GMT", 0), ("1" + "0" * 400, 604_800), ("Fri, 31 Dec 9999 23:59:59 GMT", 604_800),
    ],
)  # fmt: skip
def test_seconds_and_dates(told: str, seconds: float) -> None:
    assert retry_after({"retry-after": told}, NOW) == NOW + dt.timedelta(seconds=seconds)


@pytest.mark.parametrize("told", ["", "soon", "-3", "1e13", "inf", "nan", "٣", "Mon, 1 Jan 99999999 00:00:00 GMT"])
def test_what_makes_no_sense_says_nothing(told: str) -> None:
    assert retry_after({"retry-after": told}, NOW) is None
    assert retry_after({}, NOW) is None


@given(st.text(max_size=20) | st.from_regex(r"[0-9, :A-Za-z+-]{0,30}", fullmatch=True))
def test_nothing_is_raised(told: str) -> None:
    found = retry_after({"retry-after": told}, NOW)
    assert found is None or NOW <= found <= NOW + LONGEST

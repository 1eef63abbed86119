"""Durations are made of parts, and come apart into them again."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.engine.versions import params_of
from rulecrm.model.durations import Duration
from rulecrm.runtime import calendar
from rulecrm.semantics import compile_rules

LENGTHS = st.builds(Duration, *(st.integers(-(10**most), 10**most) for most in (4, 6, 15)))


def read(text: str) -> Duration:
    return Duration.of(*((int(count), unit) for count, unit in re.findall(r"(-?\d+)([a-z]+)", text)))


@given(
    st.builds(Duration, st.integers(0, 30), st.integers(0, 800), st.integers(0, 10**12)),
    st.integers(1_000_000_000_000_000, 1_700_000_000_000_000),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Shanghai", "Pacific/Apia", "Pacific/Kwajalein", "America/St_Johns"]),
)
def test_no_clock_takes_longer_than_the_most(length: Duration, start: int, zone: str) -> None:
    assert calendar.shift_scalar(start, length, zone) - start < length.most


@given(LENGTHS)
def test_what_is_written_reads_as_what_it_was(length: Duration) -> None:
    assert read(length.written()) == length
    assert read(length.written(" ")) == length
    assert Duration.of(*length.parts) == length
    assert all(count for count, _ in length.parts)


@pytest.mark.parametrize(
    ("parts", "written"),
    [
        ([], "0s"),
        ([(1, "y"), (2, "mo")], "14mo"),
        ([(2, "w"), (1, "d")], "15d"),
        ([(90, "m")], "1h30m"),
        ([(1, "d"), (61, "s")], "1d1m1s"),
        ([(1, "s"), (250_000, "us")], "1s250000us"),
        ([(-90, "m")], "-1h-30m"),
    ],
)
def test_units_are_as_most_people_write_them(parts: list[tuple[int, str]], written: str) -> None:
    assert Duration.of(*parts).written() == written


@given(st.timedeltas(dt.timedelta(microseconds=1), dt.timedelta(days=9_000)))
def test_a_param_is_kept_to_the_microsecond(length: dt.timedelta) -> None:
    text = "param pause: duration = 1d\nsegment s = exists(purchase last pause)\n"
    program = compile_rules(text, source="shop.rules", params={"pause": length}).program
    assert program is not None
    kept = {name: json.loads(value) for name, value in params_of(program).items()}
    again = compile_rules(text, source="shop.rules", params=kept).program
    assert again is not None
    assert again.params == program.params

"""Values as JSON: exact, whatever they are."""

from __future__ import annotations

import json
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.machine.words import from_json, to_json
from rulecrm.model.types import DURATION

YEARS = 250 * 366 * 86_400 * 1_000_000


@given(st.lists(st.none() | st.integers(-YEARS, YEARS), min_size=1, max_size=20))
def test_a_duration_is_its_seconds_to_the_last_digit(micros: list[int | None]) -> None:
    text = to_json([("d", pl.Series(micros, dtype=pl.Int64), DURATION)], len(micros), "CNY")
    read = [json.loads(one, parse_float=Decimal)["d"] for one in text.to_list()]
    assert [None if one is None else one * 1_000_000 for one in read] == micros
    assert from_json(text, {"d": DURATION}).get_column("d").to_list() == micros


def test_a_division_would_leave_noise() -> None:
    text = to_json([("d", pl.Series([1_234_567_890_123, 86_400_000_000, 1, -500_000]), DURATION)], 4, "CNY")
    assert text.to_list() == ['{"d":1234567.890123}', '{"d":86400.0}', '{"d":1e-6}', '{"d":-0.5}']

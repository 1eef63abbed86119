"""Comparisons with constants, by places and directly, against Polars' own with what is missing made false."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.runtime.cuts import above, reached
from rulecrm.runtime.operands import compare, make_operand

OPS = ("ge", "gt", "lt", "le", "eq", "ne")
whole = st.one_of(st.integers(-40, 40), st.integers(-(2**60), 2**60))
broken = st.one_of(st.floats(-40, 40), st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan]))


@given(st.lists(st.one_of(st.none(), whole), max_size=50), st.lists(st.tuples(st.sampled_from(OPS), whole), min_size=1))
def test_integers_compare_as_polars_has_it(values: list[int | None], asked: list[tuple[str, int]]) -> None:
    check(pl.Series(values, dtype=pl.Int64), asked)


@given(
    st.lists(st.one_of(st.none(), broken), max_size=50),
    st.lists(st.tuples(st.sampled_from(OPS), st.floats(-40, 40)), min_size=1),
)
def test_floats_compare_as_polars_has_it(values: list[float | None], asked: list[tuple[str, float]]) -> None:
    check(pl.Series(values, dtype=pl.Float64), asked)


def check(column: pl.Series, asked: list[tuple[str, int]] | list[tuple[str, float]]) -> None:
    for announced in (asked, asked * 40):  # few constants, and so many that places are worked out
        operand = make_operand(column, announced)
        assert operand is not None
        for op, constant in asked:
            found = operand.compare(op, constant)
            assert found is not None
            assert found.to_list() == compare(op, column, constant).fill_null(False).to_list(), (op, constant)


def test_a_constant_that_the_column_has_no_room_for_is_left_to_others() -> None:
    operand = make_operand(pl.Series([1, 2], dtype=pl.Int32), [("ge", 2**40)])
    assert operand is not None
    assert operand.compare("ge", 2**40) is None


@pytest.mark.parametrize("column", [pl.Series(["a"]), pl.Series([True])])
def test_what_is_no_number_is_no_operand(column: pl.Series) -> None:
    assert make_operand(column, [("eq", 1)]) is None


@given(st.lists(whole, max_size=60), st.sets(whole, min_size=1, max_size=300))
def test_a_value_reaches_the_cuts_that_it_is_no_less_than(values: list[int], cuts: set[int]) -> None:
    ordered = np.array(sorted(cuts), np.int64)
    found = reached(np.array(values, np.int64), ordered)
    assert found.dtype == (np.uint8 if len(cuts) < 255 else np.uint16)
    assert found.tolist() == [sum(cut <= value for cut in cuts) for value in values]


def test_crowded_cuts_are_told_apart() -> None:
    cuts = np.array([1, 2, 3, 4, 5, 6, 7, 10**15], np.int64)
    assert reached(np.array([0, 4, 7, 9, 10**15, 10**18]), cuts).tolist() == [0, 4, 7, 7, 8, 8]


def test_above_is_the_next_number() -> None:
    assert above(3) == 4
    assert above(0.5) > 0.5
    assert above(0.5) - 0.5 < 1e-15

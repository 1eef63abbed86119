"""Rows in order, against Python's own stable sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.runtime import ordering
from rulecrm.runtime.ordering import arrange, by_time, time_order

instants = st.integers(0, 4) | st.integers(0, 2**50) | st.integers(0, 2**20).map(lambda n: n + 2**50)
rows = st.lists(st.tuples(st.integers(-1, 5), instants), max_size=40)


@given(rows, st.booleans())
def test_by_subject_and_time(given_rows: list[tuple[int, int]], in_time: bool) -> None:
    if in_time:
        given_rows = sorted(given_rows, key=lambda row: row[1])
    codes = np.array([code for code, _ in given_rows], np.int32)
    at = np.array([at for _, at in given_rows], np.int64)
    expected = sorted((row for row in range(len(codes)) if codes[row] >= 0), key=lambda row: given_rows[row])
    found = arrange(codes, at)
    assert found.order.tolist() == expected
    assert found.codes.tolist() == codes[expected].tolist()
    assert found.at.tolist() == at[expected].tolist()


@given(st.lists(instants, max_size=40))
def test_by_time(given_instants: list[int]) -> None:
    expected = sorted(range(len(given_instants)), key=lambda row: given_instants[row])
    assert time_order(np.array(given_instants, np.int64)).tolist() == expected


@pytest.mark.parametrize("bits", [20, 30, 40])
@pytest.mark.parametrize("fine", [1, 14])
def test_instants_that_do_not_fit_beside_the_subject(monkeypatch: pytest.MonkeyPatch, bits: int, fine: int) -> None:
    """Where rows are so many that the instant must give up bits, or be sorted by first."""
    monkeypatch.setattr(ordering, "_BITS", bits)
    monkeypatch.setattr(ordering, "_FINE", fine)
    random = np.random.default_rng(bits)
    codes, at = random.integers(-1, 9, 500).astype(np.int32), random.integers(0, 2**45, 500) >> random.integers(0, 40)
    known = np.flatnonzero(codes >= 0)
    assert arrange(codes, at).order.tolist() == known[np.lexsort((at[known], codes[known]))].tolist()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=40))
def test_by_time_and_then_by_what_else_there_is(given_rows: list[tuple[int, int]]) -> None:
    at = np.array([at for at, _ in given_rows], np.int64)
    asked: list[int] = []

    def ties(rows: np.ndarray) -> np.ndarray:
        asked.extend(rows.tolist())
        return np.array(sorted(rows.tolist(), key=lambda row: (*given_rows[row], row)), np.int64)

    found = by_time(at, ties)
    assert [given_rows[row] for row in found] == sorted(given_rows)
    assert sorted(asked) == [row for row in range(len(at)) if (at == at[row]).sum() > 1]

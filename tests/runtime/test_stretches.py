"""Kernels over stretches, against loops that do the same one stretch at a time."""

from __future__ import annotations

import statistics
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.runtime.course import search
from rulecrm.runtime.stretches import in_order, narrow, order_within, quantile, reduce

runs = st.lists(st.lists(st.tuples(st.integers(-50, 50), st.booleans()), max_size=6), min_size=1, max_size=6)


def laid_out(run: list[list[tuple[int, bool]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = [row for subject in run for row in subject]
    sizes = [len(subject) for subject in run]
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    values = np.array([value for value, _ in rows], np.int64)
    present = np.array([there for _, there in rows], bool)
    return values, present, offsets


@given(runs, st.data())
def test_values_are_ordered_within_each_stretch(run: list[list[tuple[int, bool]]], data: st.DataObject) -> None:
    values, present, offsets = laid_out(run)
    lower = np.array([data.draw(st.integers(a, b)) for a, b in pairwise(offsets)])
    upper = np.array([data.draw(st.integers(a, b)) for a, b in zip(lower, offsets[1:], strict=False)])
    expected = [sorted(values[i] for i in range(a, b) if present[i]) for a, b in zip(lower, upper, strict=True)]
    direct = in_order(values, present, lower, upper)
    kept = narrow(order_within(offsets, values, present), lower, upper)
    for found in (direct, kept):
        parts = [found.values[a:b].tolist() for a, b in pairwise(found.starts)]
        assert parts == expected
        assert values[found.positions].tolist() == found.values.tolist()


@given(runs)
def test_reductions_do_not_look_beyond_their_stretch(run: list[list[tuple[int, bool]]]) -> None:
    values, _, offsets = laid_out(run)
    best, filled = reduce(np.maximum, values, offsets[:-1], offsets[1:])
    for number, subject in enumerate(run):
        assert filled[number] == bool(subject)
        assert not subject or best[number] == max(value for value, _ in subject)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=9))
def test_the_median_is_the_one_of_the_books(values: list[int]) -> None:
    whole = in_order(np.array(values), None, np.array([0]), np.array([len(values)]))
    assert quantile(whole, Fraction(1, 2), exact=False).to_list() == [statistics.median(values)]


def test_quantiles_of_money_round_halves_to_even() -> None:
    values = np.array([1, 2, 1, 4])
    whole = in_order(values, None, np.array([0, 2]), np.array([2, 4]))
    # 1.5 → 2 and 2.5 → 2
    assert quantile(whole, Fraction(1, 2), exact=True).to_list() == [2, 2]


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), min_size=1, max_size=5), st.integers(-1, 10))
def test_a_search_counts_the_rows_at_or_before(histories: list[list[int]], instant: int) -> None:
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in histories])))
    at = np.array([moment for one in histories for moment in sorted(one)], np.int64)
    groups = np.arange(len(histories))
    found = search(offsets, at, groups, np.full(len(histories), instant))
    assert (found - offsets[:-1]).tolist() == [sum(moment <= instant for moment in one) for one in histories]

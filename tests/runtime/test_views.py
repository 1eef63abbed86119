"""The index and its views, against a list of rows that is sorted and counted in plain Python."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.runtime.index import build_index
from rulecrm.runtime.views import make_view

rows = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 6), st.integers(0, 3)), max_size=25)


def indexed(given_rows: list[tuple[int, int, int]]) -> object:
    frame = pl.DataFrame(
        {"at": [at * 1_000 for _, at, _ in given_rows], "value": [value for _, _, value in given_rows]},
        schema={"at": pl.Int64, "value": pl.Int64},
    )
    codes = np.array([code for code, _, _ in given_rows], np.int32)
    columns = {"at": frame["at"], "value": frame["value"]}
    return build_index(columns, codes, 4, lambda picked: frame["value"].gather(pl.Series(picked)))


@given(rows)
def test_rows_are_sorted_by_subject_time_and_value(given_rows: list[tuple[int, int, int]]) -> None:
    index = indexed(given_rows)
    found = list(zip(index.codes.tolist(), index.at.tolist(), index.frame["value"].to_list(), strict=True))
    assert found == sorted((code, at * 1_000, value) for code, at, value in given_rows if code >= 0)
    assert np.diff(index.offsets).tolist() == [sum(code == one for code, _, _ in found) for one in range(4)]


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_arrival_leaves_no_trace(given_rows: list[tuple[int, int, int]], random: object) -> None:
    shuffled = list(given_rows)
    random.shuffle(shuffled)
    one, other = indexed(given_rows), indexed(shuffled)
    assert one.frame.equals(other.frame)


@given(rows, st.lists(st.integers(-1, 7), min_size=1, max_size=20), st.integers(0, 3))
def test_positions_of_an_instant_count_the_rows_up_to_it(
    given_rows: list[tuple[int, int, int]], moments: list[int], least: int
) -> None:
    index = indexed(given_rows)
    view = make_view(index, (index.frame["value"] >= least).to_numpy())
    kept = [(code, at) for code, at, value in given_rows if code >= 0 and value >= least]
    # More instants than it takes for the view to order its rows by time.
    for moment in [*moments, *range(-1, 8)]:
        seen = view.upto(moment * 1_000) - view.offsets[:-1]
        assert seen.tolist() == [sum(code == one and at <= moment for code, at in kept) for one in range(4)]
        each = view.upto_each(np.arange(4), np.full(4, moment * 1_000)) - view.offsets[:-1]
        assert each.tolist() == seen.tolist()

"""Windows taken in one sweep, against sums made one window and subject at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.runtime.bands import Band, Timed, sweep

SUBJECTS = 4
rows = st.lists(st.tuples(st.integers(0, 20), st.integers(0, SUBJECTS - 1), st.integers(-5, 5)), max_size=25)
bands = st.lists(st.builds(Band, st.integers(-2, 22), st.sampled_from(["ge", "gt", "lt", "le"]), st.integers(-9, 9)))
HOLDS = {"ge": int.__ge__, "gt": int.__gt__, "lt": int.__lt__, "le": int.__le__}


@pytest.mark.parametrize("counting", [True, False])
@given(history=rows, asked=bands, until=st.integers(-1, 21))
def test_each_window_has_its_own_total(
    counting: bool, history: list[tuple[int, int, int]], asked: list[Band], until: int
) -> None:
    history = sorted(history)
    at, codes, values = (np.array([row[part] for row in history], np.int64) for part in range(3))
    found = sweep(Timed(at, codes, None if counting else values, SUBJECTS), until, asked)
    for column, band in zip(found, asked, strict=True):
        expected = []
        for subject in range(SUBJECTS):
            seen = [value for moment, code, value in history if code == subject and band.edge < moment <= until]
            total = len(seen) if counting else sum(seen) if seen else None
            expected.append(total is not None and HOLDS[band.op](total, band.constant))
        assert column.to_list() == expected

"""Law 4 for syncing: any order, any overlap, pages twice, runs that end early: the store equals the platform's truth.

The oracle is the platform itself: a market, whose orders are told as rows one by one (tests/intake/mall.py).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rulecrm.lake import FactStore
from tests.intake.mall import truth
from tests.intake.running import a_mall, expected, run, stored


@settings(max_examples=12)
@given(
    steps=st.lists(
        st.tuples(st.floats(0.1, 2.0), st.none() | st.integers(0, 9), st.none() | st.integers(0, 4)),
        min_size=1,
        max_size=4,
    )
)
def test_any_order_any_overlap_and_any_end_give_the_truth(
    steps: list[tuple[float, int | None, int | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mall, store = a_mall(2, 6), FactStore.open(Path(folder) / "shop", create=True)
        for days, shuffle, breaks in steps:
            mall.shuffle, mall.breaks = shuffle, breaks
            done = run(mall, store)
            assert (done.later is None) == (breaks is None or done.until is not None)
            mall.market.live(days)
        mall.shuffle = mall.breaks = None
        run(mall, store)
        assert stored(store) == expected(truth(mall.market))

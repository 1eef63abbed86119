"""What holds of every comparison: finite numbers or a reason, and the same of both sides."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rulecrm.insight.statistics import (
    Compared,
    always_valid_means,
    always_valid_proportions,
    compare_means,
    compare_proportions,
    cuped,
    proportion,
)

Arm = tuple[float | None, float | None, int]
"""Mean, variance, customers."""


def sound(one: Compared) -> None:
    numbers = (one.difference, one.low, one.high, one.p)
    assert all(value is None or math.isfinite(value) for value in numbers)
    assert (one.why is None) == (None not in numbers)
    assert (one.low is None) == (one.high is None) == (one.p is None)
    if one.low is not None and one.high is not None and one.difference is not None and one.p is not None:
        assert one.low <= one.difference <= one.high
        assert 0 <= one.p <= 1


def mirrored(one: Compared, two: Compared) -> None:
    """The arms exchanged."""
    assert one.why == two.why or {one.why, two.why} == {"no_control", "empty_arm"}
    for left, right in ((one.difference, two.difference), (one.low, two.high), (one.high, two.low)):
        assert (left is None) == (right is None)
        if left is not None and right is not None:
            assert left == pytest.approx(-right, rel=1e-9, abs=1e-12 * max(1, abs(one.difference or 0)))
    assert two.p == (None if one.p is None else pytest.approx(one.p, rel=1e-6, abs=1e-12))


few = st.one_of(st.integers(0, 3), st.integers(0, 1000), st.just(1_000_000))
counts = few.flatmap(lambda n: st.tuples(st.one_of(st.sampled_from([0, n, min(1, n)]), st.integers(0, n)), st.just(n)))


@given(counts, counts)
@example((0, 0), (0, 0))
@example((1, 1), (0, 1))
@example((1_000_000, 1_000_000), (1, 1))
@example((1_000_000, 1_000_000), (0, 1_000_000))
def test_shares(one: tuple[int, int], two: tuple[int, int]) -> None:
    for compare in (compare_proportions, looked_at):
        found = compare(*one, *two)
        sound(found)
        mirrored(found, compare(*two, *one))
    alone = proportion(*one)
    assert (alone.low is None) == (alone.high is None) == (alone.why is not None)
    if alone.low is not None and alone.high is not None:
        assert 0 <= alone.low <= one[0] / one[1] <= alone.high <= 1


def looked_at(x1: int, n1: int, x0: int, n0: int) -> Compared:
    return always_valid_proportions(x1, n1, x0, n0, information=0.3)


def arm(n: int) -> st.SearchStrategy[Arm]:
    mean = st.none() if n == 0 else st.one_of(st.just(0.0), st.floats(-1e12, 1e12))
    variance = st.none() if n < 2 else st.one_of(st.just(0.0), st.floats(0, 1e20))
    return st.tuples(mean, variance, st.just(n))


arms = st.one_of(st.integers(0, 3), st.integers(0, 1000)).flatmap(arm)


@given(arms, arms)
@example((None, None, 0), (None, None, 0))
@example((3.0, None, 1), (3.0, None, 1))
@example((3.0, 0.0, 50), (3.0, 0.0, 50))
@example((0.0, 5e-324, 50), (0.0, 0.0, 2))
@example((1e12, 1e-300, 50), (-1e12, 1e20, 50))
def test_means(one: Arm, two: Arm) -> None:
    for compare in (compare_means, watched):
        found = compare(*one, *two)
        sound(found)
        mirrored(found, compare(*two, *one))


def watched(
    mean1: float | None, variance1: float | None, n1: int, mean0: float | None, variance0: float | None, n0: int
) -> Compared:
    return always_valid_means(mean1, variance1, n1, mean0, variance0, n0, information=2)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, -2.5, 1e9, 0.1]), st.sampled_from([0.0, 1.0, 1e6]), st.booleans()),
        max_size=80,
    ),
    st.sampled_from([None, 0.4]),
)
def test_the_pre_period(rows: list[tuple[float, float, bool]], information: float | None) -> None:
    y, x, treated = (np.array([row[place] for row in rows], dtype) for place, dtype in enumerate((float, float, bool)))
    found = cuped(y, x, treated, information=information)
    sound(found.compared)
    told = (found.theta, found.correlation, found.variance_ratio)
    assert all(value is None for value in told) or all(value is not None and math.isfinite(value) for value in told)
    assert found.variance_ratio is None or 0 <= found.variance_ratio <= 1


@pytest.mark.parametrize(
    "compare",
    [
        lambda level: compare_proportions(30, 100, 20, 90, level=level),
        lambda level: compare_means(3, 2, 40, 2, 5, 50, level=level),
        lambda level: always_valid_proportions(30, 100, 20, 90, information=0.5, level=level),
        lambda level: always_valid_means(3, 2, 40, 2, 5, 50, information=0.5, level=level),
    ],
)
def test_the_surer_the_wider(compare: Callable[[float], Compared]) -> None:
    found = [compare(level) for level in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999999)]
    widths = [one.high - one.low for one in found if one.low is not None and one.high is not None]
    assert len(widths) == 6
    assert widths == sorted(widths)


def test_looking_at_any_time_costs_width() -> None:
    fixed, always = compare_proportions(300, 9000, 20, 1000), looked_at(300, 9000, 20, 1000)
    assert fixed.low is not None
    assert always.low is not None
    assert always.low < fixed.low
    assert (always.p or 0) > (fixed.p or 0)


def test_shares_need_no_scipy_and_nothing_imports_it_early() -> None:
    program = """
import sys
from rulecrm.insight import statistics
statistics.proportion(3, 9)
statistics.compare_proportions(300, 900, 20, 90)
statistics.required_size(0.02, 0.005)
assert not [name for name in sys.modules if name.split(".")[0] == "scipy"]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

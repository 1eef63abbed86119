"""Shares and their differences: published examples, a second package, and laws."""

from __future__ import annotations

import pytest

from rulecrm.insight.statistics import compare_proportions


@pytest.mark.parametrize(
    ("x1", "n1", "x0", "n0", "low", "high"),
    [  # R. G. Newcombe, Statistics in Medicine 17, 1998, table II, method 10: the examples (a) to (h)
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0000),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    x1: int, n1: int, x0: int, n0: int, low: float, high: float
) -> None:
    found = compare_proportions(x1, n1, x0, n0)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))

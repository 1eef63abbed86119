"""What factors contribute: all orders tried one by one, and the laws that contributions keep."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.insight.kpis.flow import contributions
from tests.strategies import fewer

Values = Sequence[Fraction | None]


def by_orders(n: int, value: Callable[[int], Fraction | None]) -> tuple[Fraction, ...] | None:
    """Every order tried; those on whose way there is no value left out."""
    found = []
    for order in itertools.permutations(range(n)):
        sets = [0]
        for factor in order:
            sets.append(sets[-1] | 1 << factor)
        values = [value(which) for which in sets]
        if None not in values:
            steps = [one - other for one, other in zip(values[1:], values, strict=False)]  # type: ignore[operator]
            found.append([step for _, step in sorted(zip(order, steps, strict=True))])
    if not found:
        return None
    return tuple(sum(column, Fraction(0)) / len(found) for column in zip(*found, strict=True))


numbers = st.fractions(-5, 5, max_denominator=12)


@given(st.integers(1, 4), st.data())
@fewer(2)
def test_contributions_are_averages_over_all_orders(n: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | numbers, min_size=2**n, max_size=2**n))
    found = contributions(n, values.__getitem__)
    assert found == by_orders(n, values.__getitem__)
    if found is not None:
        assert values[-1] is not None
        assert values[0] is not None
        assert sum(found) == values[-1] - values[0]


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12))
@fewer(8)
def test_a_sum_is_moved_by_each_as_much_as_it_moved(sides: list[tuple[Fraction, Fraction]]) -> None:
    """Of more than ten factors, too, for which not all orders are tried."""

    def total(which: int) -> Fraction:
        return sum((now if which >> index & 1 else before for index, (before, now) in enumerate(sides)), Fraction(0))

    assert contributions(len(sides), total) == tuple(now - before for before, now in sides)


def test_a_product_of_two_by_hand() -> None:
    """2 × 3 = 6 becomes 4 × 5 = 20: the first alone 12 − 6 or 20 − 10, the second alone 10 − 6 or 20 − 12."""
    value = [Fraction(2 * 3), Fraction(4 * 3), Fraction(2 * 5), Fraction(4 * 5)].__getitem__
    assert contributions(2, value) == (Fraction(8), Fraction(6))


@pytest.mark.parametrize("n", [3, 12])
def test_where_no_order_has_a_value_all_along_nothing_is_said(n: int) -> None:
    ends = (0, 2**n - 1)
    assert contributions(n, lambda which: Fraction(which) if which in ends else None) is None


def test_of_many_factors_one_way_may_be_closed() -> None:
    """The last factor cannot be the first to change: the written order is left."""

    def value(which: int) -> Fraction | None:
        return None if which == 1 << 11 else Fraction(which.bit_count())

    assert contributions(12, value) == (Fraction(1),) * 12

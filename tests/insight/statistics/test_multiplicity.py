"""Many questions: published examples, a second package, the rules themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from rulecrm import RulesError
from rulecrm.insight.statistics import adjust

# Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57, 1995, section 4.1: thrombolysis
INFARCTION = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
    *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_the_published_example_finds_three_and_four() -> None:
    assert sum(p is not None and p <= 0.05 for p in adjust(INFARCTION, "holm")) == 3
    assert sum(p is not None and p <= 0.05 for p in adjust(INFARCTION, "benjamini_hochberg")) == 4


shares = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=20)


def test_a_second_package_says_the_same_of_the_example() -> None:
    shuffled = INFARCTION[::2] + INFARCTION[1::2]
    assert list(adjust(shuffled, "holm")) == pytest.approx(list(multipletests(shuffled, method="holm")[1]))


@given(shares)
def test_a_second_package_says_the_same(ps: list[float | None]) -> None:
    told = [p for p in ps if p is not None]
    found = adjust(ps, "benjamini_hochberg")
    assert [p is None for p in found] == [p is None for p in ps]
    if told:
        assert [p for p in found if p is not None] == pytest.approx(list(multipletests(told, method="fdr_bh")[1]))


@given(shares.filter(lambda ps: any(p is not None for p in ps)), st.floats(0.001, 0.5))
def test_holm_finds_what_its_steps_find(ps: list[float | None], alpha: float) -> None:
    """Step down: the least against alpha / m, the next against alpha / (m - 1), until one fails."""
    rising = sorted(p for p in ps if p is not None)
    steps = [(len(rising) - rank) * p <= alpha for rank, p in enumerate(rising)]
    expected = steps.index(False) if False in steps else len(steps)
    assert sum(p is not None and p <= alpha for p in adjust(ps, "holm")) == expected


@given(shares)
def test_none_falls_and_their_order_stays(ps: list[float | None]) -> None:
    for method in ("holm", "benjamini_hochberg"):
        pairs = [(p, after) for p, after in zip(ps, adjust(ps, method), strict=True) if p is not None]
        assert all(after is not None and p <= after + 1e-15 and after <= 1 for p, after in pairs)
        in_order = [after for _, after in sorted(pairs, key=lambda pair: pair[0])]
        assert in_order == sorted(in_order)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.data())
def test_the_least_of_many_are_adjusted_as_among_all(ps: list[float], data: st.DataObject) -> None:
    for method in ("holm", "benjamini_hochberg"):
        kept = sorted(ps)[: data.draw(st.integers(1, len(ps)))]
        alone, among = adjust(kept, method, tests=len(ps)), adjust(sorted(ps), method)
        if method == "holm":
            assert alone == among[: len(kept)]
        assert all(a is not None and b is not None and a >= b for a, b in zip(alone, among, strict=False))


def test_nothing_and_nonsense() -> None:
    assert adjust([]) == ()
    assert adjust([None, None], "benjamini_hochberg") == (None, None)
    with pytest.raises(ValueError, match="from 0 to 1"):
        adjust([0.5, 1.5])
    with pytest.raises(ValueError, match="from 0 to 1"):
        adjust([float("nan")])
    with pytest.raises(RulesError, match="did you mean `holm`"):
        adjust([0.5], "hollm")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="3 p values of 2 tests"):
        adjust([0.1, 0.2, 0.3], tests=2)

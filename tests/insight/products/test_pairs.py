"""Pairs counted by joins are those counted one by one."""

from __future__ import annotations

import datetime as dt
from itertools import combinations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rulecrm.insight.products.pairs import count_pairs

DAY = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
Row = tuple[str, str, int]
ROWS = st.lists(
    st.tuples(st.sampled_from(["o1", "o2", "o3", "o4", "o5"]), st.sampled_from("abcdef"), st.integers(0, 9)),
    max_size=40,
)
Pairs = dict[tuple[str, str], tuple[int, int, int]]


def one_by_one(rows: list[Row], at_least: int, within: int | None) -> Pairs:
    """Every pair of things of every basket, in plain loops."""
    things = sorted({thing for _, thing, _ in rows})
    holding = {thing: {basket for basket, other, _ in rows if other == thing} for thing in things}
    found: Pairs = {}
    for left, right in combinations(things, 2):
        together = {
            basket
            for basket, thing, day in rows
            for other, also, later in rows
            if (thing, also, other) == (left, right, basket) and (within is None or abs(day - later) <= within)
        }
        if len(together) >= at_least:
            found[left, right] = (len(together), len(holding[left]), len(holding[right]))
    return found


def frame_of(rows: list[Row], within: int | None) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"basket": pl.String, "thing": pl.String, "day": pl.Int64}, orient="row")
    at = pl.lit(DAY).cast(pl.Datetime("us", "UTC")) + pl.duration(days="day")
    if within is None:
        return frame.drop("day")
    return frame.select("basket", "thing", at.alias("at"), (at + pl.duration(days=within)).alias("until"))


@given(ROWS, st.integers(1, 3), st.none() | st.integers(0, 4), st.sampled_from([1, 3, 1000]))
def test_pairs_are_those_counted_one_by_one(rows: list[Row], at_least: int, within: int | None, chunk: int) -> None:
    counted = count_pairs(frame_of(rows, within), at_least=at_least, chunk=chunk)
    names = ["left", "right", "together", "n_left", "n_right"]
    found = {(row[0], row[1]): row[2:] for row in counted.pairs.select(names).iter_rows()}
    assert found == one_by_one(rows, at_least, within)
    assert counted.baskets == len({basket for basket, _, _ in rows})


@settings(max_examples=30)
@given(ROWS, st.integers(1, 3))
def test_all_pairs_of_frequent_things_are_summed(rows: list[Row], at_least: int) -> None:
    counted = count_pairs(frame_of(rows, None), at_least=at_least)
    singles = {thing: len({one[0] for one in rows if one[1] == thing}) for _, thing, _ in rows}
    often = {thing: n for thing, n in singles.items() if n >= at_least}
    every = one_by_one([row for row in rows if row[1] in often], 1, None)
    assert counted.frequent == len(often)
    assert counted.together == sum(together for together, _, _ in every.values())
    baskets = len({row[0] for row in rows}) or 1
    expected = sum(often[a] * often[b] for a, b in combinations(often, 2)) / baskets
    assert abs(counted.expected - expected) < 1e-9


def test_a_large_basket_is_no_matter_of_memory() -> None:
    # 3000 things in one basket are 4.5 million pairs, none of them in two
    rows = pl.DataFrame({"basket": [0] * 3000 + [1] * 2, "thing": [*range(3000), 7, 11]})
    counted = count_pairs(rows, at_least=2)
    assert counted.pairs.select("left", "right", "together").rows() == [(7, 11, 2)]

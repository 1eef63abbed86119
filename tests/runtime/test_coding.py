"""Codes of keys, against a dictionary."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.runtime.coding import coder_of

LOWEST, HIGHEST = -(2**63), 2**63 - 1
close = st.integers(-40, 40)
anywhere = st.integers(LOWEST, HIGHEST)
crowded = st.builds(lambda high, low: (high << 40) + low, st.integers(0, 3), st.integers(0, 20))
keys = st.sampled_from([close, anywhere, crowded, close | anywhere]).flatmap(lambda one: st.sets(one, max_size=60))


@given(keys, st.lists(close | anywhere | crowded, max_size=20), st.data())
def test_integers(known: set[int], others: list[int], data: st.DataObject) -> None:
    ordered = sorted(known)
    sought = data.draw(st.permutations([*ordered, *others, None]))
    found = coder_of(pl.Series(ordered, dtype=pl.Int64)).codes(pl.Series(sought, dtype=pl.Int64))
    codes = {key: code for code, key in enumerate(ordered)}
    assert found.tolist() == [codes.get(key, -1) for key in sought]


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt32, pl.UInt64])
def test_keys_of_another_width(dtype: pl.DataType) -> None:
    coder = coder_of(pl.Series([3, 5, 90], dtype=pl.Int64))
    assert coder.codes(pl.Series([5, 90, 4, None], dtype=dtype)).tolist() == [1, 2, -1, -1]


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["a", "b", "c", "z"])])
def test_words(dtype: pl.DataType) -> None:
    coder = coder_of(pl.Series(["a", "b", "z"]))
    assert coder.codes(pl.Series(["z", "c", None, "a"], dtype=dtype)).tolist() == [2, -1, -1, 0]


def test_nobody() -> None:
    assert coder_of(pl.Series([], dtype=pl.Int64)).codes(pl.Series([1, None])).tolist() == [-1, -1]
    assert coder_of(pl.Series([], dtype=pl.String)).codes(pl.Series(["a", None])).tolist() == [-1, -1]

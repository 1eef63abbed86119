"""Codes of keys: which of the subjects, in the order of their keys, a key names.

In: sorted, unique keys, and columns of keys. Out: `Coder`, which gives Int32 codes.
Invariant: a key that is missing or not known has the code −1, and no two keys share one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import polars as pl

from rulecrm.runtime.arrays import Array, Ints

__all__ = ["Coder", "coder_of"]

_CHUNK = 1 << 15
"""Rows that are looked up at a time, so that what is in between stays in the processor's cache."""

_CROWDED = 3
"""Keys that a key may find in its bucket, itself among them and on average, before keys are scattered first."""

_ODD = 0x9E37_79B9_7F4A_7C15
"""2^64 over the golden ratio: a product with it scatters what lies close together over its upper bits."""


class Coder(Protocol):
    """Gives the codes of keys."""

    def codes(self, column: pl.Series) -> Ints:
        """Int32 codes; −1 for a key that is missing or not known."""
        ...


def coder_of(keys: pl.Series) -> Coder:
    """What encodes keys by a sorted column of unique ones."""
    if not keys.dtype.is_integer():
        return _Words(keys)
    values: Array = keys.cast(pl.Int64).to_numpy()
    if len(values) and int(values[-1]) - int(values[0]) <= max(8 * len(values), 1 << 16):
        return _Dense(values)
    return _Sparse(values)


class _Dense:
    """Integers that lie close together: a table of codes."""

    def __init__(self, keys: Array) -> None:
        self._low = int(keys[0])
        self._table = np.full(int(keys[-1]) - self._low + 2, -1, np.int32)
        self._table[keys - self._low] = np.arange(len(keys), dtype=np.int32)

    def codes(self, column: pl.Series) -> Ints:
        outside = np.uint64(len(self._table) - 1)

        def look_up(values: Ints) -> Ints:
            # Below the lowest key a distance without sign is huge.
            places = np.minimum((values - self._low).view(np.uint64), outside)
            found: Ints = self._table.take(places.view(np.int64), mode="clip")
            return found

        return _in_chunks(column, look_up)


class _Sparse:
    """Any integers: a table says where the keys of each bucket begin, and the few of one bucket are gone through.

    The bucket of a key is told by its upper bits; where that crowds them, by those of a product that scatters.
    """

    def __init__(self, keys: Array) -> None:
        self._low = int(keys[0]) if len(keys) else 0
        distances = (keys - self._low).view(np.uint64)
        span = int(distances[-1]) if len(keys) else 0
        bits = max(4, len(keys).bit_length() + 1)
        self._spread = np.uint64(1)
        self._shift = np.uint64(max(0, span.bit_length() - bits))
        sizes = np.bincount(self._buckets(distances), minlength=1 << bits)
        self._order: Ints | None = None
        if int((sizes * sizes).sum()) > _CROWDED * len(keys):
            self._spread, self._shift = np.uint64(_ODD), np.uint64(64 - bits)
            buckets = self._buckets(distances)
            sizes = np.bincount(buckets, minlength=1 << bits)
            self._order = np.argsort(buckets, kind="stable").astype(np.int32)
            keys = keys[self._order]
        self._keys = keys
        self._starts = np.zeros(len(sizes) + 1, np.int32)
        np.cumsum(sizes, out=self._starts[1:])

    def _buckets(self, distances: Array) -> Ints:
        buckets: Ints = ((distances * self._spread) >> self._shift).view(np.int64)
        return buckets

    def codes(self, column: pl.Series) -> Ints:
        if not len(self._keys):
            return np.full(len(column), -1, np.int32)
        return _in_chunks(column, self._look_up)

    def _look_up(self, values: Ints) -> Ints:
        buckets = self._buckets((values - self._low).view(np.uint64))
        places: Ints = self._starts.take(buckets, mode="clip")
        wrong = np.flatnonzero(self._keys.take(places, mode="clip") != values)
        while len(wrong):
            following = places[wrong] + 1
            past = following >= self._starts.take(buckets[wrong] + 1, mode="clip")
            places[wrong] = np.where(past, -1, following)
            wrong = wrong[~past]
            wrong = wrong[self._keys.take(places[wrong]) != values[wrong]]
        if self._order is None:
            return places
        found: Ints = np.where(places < 0, np.int32(-1), self._order.take(places, mode="clip"))
        return found


class _Words:
    """Text, through the hash table of a private set of categories."""

    def __init__(self, keys: pl.Series) -> None:
        self._dtype = pl.Categorical(pl.Categories.random())
        # The mapping of words to numbers lives as long as a column that uses it: this one is kept for that.
        self._words = keys.cast(self._dtype)
        numbers = self._words.to_physical().to_numpy()
        self._table = np.full(int(numbers.max(initial=0)) + 2, -1, np.int32)
        self._table[numbers] = np.arange(len(keys), dtype=np.int32)

    def codes(self, column: pl.Series) -> Ints:
        outside = len(self._table) - 1
        numbers = column.cast(pl.String).cast(self._dtype).to_physical().fill_null(outside).to_numpy()
        found: Ints = self._table[np.minimum(numbers, outside)]
        return found


def _in_chunks(column: pl.Series, look_up: Callable[[Ints], Ints]) -> Ints:
    """What `look_up` gives for integers, chunk by chunk, −1 where one is missing."""
    found = np.empty(len(column), np.int32)
    start = 0
    # Piece by piece, for the whole in one would be a copy.
    for piece in column.get_chunks():
        missing = piece.is_null().to_numpy() if piece.null_count() else None
        values = _integers(piece if missing is None else piece.fill_null(0))
        part = found[start : start + len(values)]
        for begin in range(0, len(values), _CHUNK):
            part[begin : begin + _CHUNK] = look_up(values[begin : begin + _CHUNK])
        if missing is not None:
            part[missing] = -1
        start += len(values)
    return found


def _integers(column: pl.Series) -> Ints:
    values: Ints = (column if column.dtype == pl.Int64 else column.cast(pl.Int64)).to_numpy()
    return values

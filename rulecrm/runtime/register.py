"""The register of a subject: who there is, since when, with which attributes, and the code of each key.

In: the facts. Out: `Register`, where the subject with code i is row i of every array and column.
Invariant: keys are unique and sorted, so that nothing depends on the order in which rows arrived.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from attrs import define, field, frozen

from rulecrm.runtime.arrays import Array, Ints

__all__ = [
    "ALWAYS",
    "NEVER",
    "Arranged",
    "Register",
    "arrange",
    "build_register",
    "coder_of",
    "normal",
    "time_order",
    "unique_keys",
]

ALWAYS = np.iinfo(np.int64).min
"""The instant from which on a subject exists that no date is known of."""

NEVER = np.iinfo(np.int64).max
"""The same of a subject that its own frame does not list: only facts tell since when it exists."""


@frozen(eq=False)
class Arranged:
    """Rows in the order of their subject, and within it in the order of time.

    Attributes:
        order: row numbers. Rows of one subject that lie microseconds apart may still be swapped.
        codes: the subject of each, sorted, Int32; −1 for a key that is missing or not known.
    """

    order: Ints
    codes: Ints


@define(eq=False)
class Register:
    """All subjects of one name.

    Attributes:
        keys: sorted, unique: Int64 or String.
        since: Int64 instants from which on each exists, as far as its own frame says.
        attributes: frame in the order of `keys`, physical values.
    """

    keys: pl.Series
    since: Ints
    attributes: pl.DataFrame
    _coder: Coder | None = field(default=None)

    def __len__(self) -> int:
        return len(self.keys)

    def encode(self, column: pl.Series) -> Ints:
        """Int32 codes of keys, −1 for one that is missing or not known."""
        return self._coded().codes(self._coded().ranks(column))

    def arrange(self, column: pl.Series, at: Ints) -> Arranged:
        """Rows with these keys and instants, by subject and time."""
        return arrange(self._coded(), column, at)

    def _coded(self) -> Coder:
        if self._coder is None:
            self._coder = coder_of(self.keys)
        return self._coder


class _DenseCoder:
    """Codes of integers that lie close together: a table. The rank of a key is its code."""

    def __init__(self, keys: Array) -> None:
        self._low = int(keys[0])
        self._table = np.full(int(keys[-1]) - self._low + 2, -1, np.int32)
        self._table[keys - self._low] = np.arange(len(keys), dtype=np.int32)

    def ranks(self, column: pl.Series) -> Ints:
        outside = len(self._table) - 1
        places = column.cast(pl.Int64).fill_null(self._low - 1).to_numpy() - self._low
        found: Ints = self._table[np.where((places < 0) | (places > outside), outside, places)]
        return found

    def codes(self, ranks: Ints) -> Ints:
        return ranks


class _SparseCoder:
    """Codes of any integers: the rank of a key is its distance from the smallest, and the code is searched for."""

    def __init__(self, keys: Array) -> None:
        self._keys = keys

    def ranks(self, column: pl.Series) -> Ints:
        if not len(self._keys):
            return np.full(len(column), -1)
        low, high = int(self._keys[0]), int(self._keys[-1])
        if column.null_count():
            column = column.fill_null(low - 1)
        values = column.cast(pl.Int64).to_numpy()
        if not len(values) or (int(values.min()) >= low and int(values.max()) <= high):
            return values - low
        return np.where((values >= low) & (values <= high), values - low, -1)

    def codes(self, ranks: Ints) -> Ints:
        if not len(self._keys):
            return np.full(len(ranks), -1, np.int32)
        sought = ranks + int(self._keys[0])
        found = np.minimum(np.searchsorted(self._keys, sought), len(self._keys) - 1)
        return np.where((self._keys[found] == sought) & (ranks >= 0), found, -1).astype(np.int32)


class _TextCoder:
    """Codes of text keys, through the hash table of a private set of categories. The rank of a key is its code."""

    def __init__(self, keys: pl.Series) -> None:
        self._dtype = pl.Categorical(pl.Categories.random())
        # The mapping of words to numbers lives as long as a column that uses it: this one is kept for that.
        self._words = keys.cast(self._dtype)
        numbers = self._words.to_physical().to_numpy()
        self._table = np.full(int(numbers.max(initial=0)) + 2, -1, np.int32)
        self._table[numbers] = np.arange(len(keys), dtype=np.int32)

    def ranks(self, column: pl.Series) -> Ints:
        outside = len(self._table) - 1
        numbers = column.cast(pl.String).cast(self._dtype).to_physical().fill_null(outside).to_numpy()
        found: Ints = self._table[np.minimum(numbers, outside)]
        return found

    def codes(self, ranks: Ints) -> Ints:
        return ranks


Coder = _DenseCoder | _SparseCoder | _TextCoder


def coder_of(keys: pl.Series) -> Coder:
    """What encodes keys by a sorted column of unique ones."""
    if not keys.dtype.is_integer():
        return _TextCoder(keys)
    values: Array = keys.to_numpy()
    if len(values) and int(values[-1]) - int(values[0]) <= max(8 * len(values), 1 << 16):
        return _DenseCoder(values)
    return _SparseCoder(values)


def arrange(coder: Coder, column: pl.Series, at: Ints) -> Arranged:
    """Sort rows by subject and time.

    Sorting one packed integer a row is several times faster than sorting row numbers by two columns, or than a hash
    join that finds the codes; and each run of one key is looked up only once.
    """
    rows = len(at)
    if not rows:
        return Arranged(np.zeros(0, np.int64), np.zeros(0, np.int32))
    ranks = coder.ranks(column)
    number = None if bool((at[1:] >= at[:-1]).all()) else time_order(at)
    if number is not None:
        ranks = ranks[number]
    bits = rows.bit_length()
    known = (int(ranks.max()) + 1).bit_length() + bits > 62
    if known:
        ranks = coder.codes(ranks)
    packed = ((ranks.astype(np.int64, copy=False) + 1) << bits) | np.arange(rows)
    packed.sort()
    order = packed & ((1 << bits) - 1)
    packed >>= bits
    begins = np.flatnonzero(np.concatenate(([True], packed[1:] != packed[:-1])))
    each = packed[begins] - 1
    found = each if known else coder.codes(each)
    codes = np.repeat(found.astype(np.int32), np.diff(begins, append=rows))
    return Arranged(order if number is None else number[order], codes)


def time_order(at: Ints) -> Ints:
    """Row numbers in the order of time, near enough: rows microseconds apart may still be swapped."""
    rows = len(at)
    bits = rows.bit_length()
    low = int(at.min())
    drop = max(0, (int(at.max()) - low).bit_length() + bits - 62)
    packed = (((at - low) >> drop) << bits) | np.arange(rows)
    packed.sort()
    order: Ints = packed & ((1 << bits) - 1)
    return order


def normal(keys: pl.Series) -> pl.Series:
    """Keys as registers hold them: Int64 or String."""
    return keys.cast(pl.Int64 if keys.dtype.is_integer() else pl.String)


def unique_keys(columns: Sequence[pl.Series], name: str) -> pl.Series:
    """The keys of all columns, once each, sorted."""
    parts = [normal(column.drop_nulls()).alias(name) for column in columns if column.dtype != pl.Null]
    if not parts:
        return pl.Series(name, [], pl.String)
    return pl.concat([part.unique() for part in parts] if len(parts) > 1 else parts).unique().sort()


def build_register(keys: pl.Series, listed: pl.DataFrame | None, since: str | None) -> Register:
    """The register of these keys.

    Args:
        keys: sorted, unique.
        listed: the subject's own frame (key and attributes), or None.
        since: attribute that holds the instant from which on a subject exists, if the frame has it.
    """
    name = keys.name
    if listed is None:
        return Register(keys, np.full(len(keys), NEVER), pl.DataFrame([keys]))
    own = listed.with_columns(normal(listed.get_column(name))).sort(name)
    if len(own) < len(keys):
        known = own.with_columns(pl.lit(True).alias("__listed"))
        own = pl.DataFrame([keys]).join(known, on=name, how="left", maintain_order="left")
        unlisted = own.get_column("__listed").is_null().to_numpy()
        own = own.drop("__listed")
    else:
        unlisted = np.zeros(len(keys), bool)
    start = np.full(len(keys), ALWAYS)
    if since is not None and since in own.columns:
        start = own.get_column(since).fill_null(ALWAYS).to_numpy()
    return Register(keys, np.where(unlisted, NEVER, start), own)

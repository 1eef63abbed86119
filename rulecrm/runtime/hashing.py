"""Sticky buckets: a number in 0..9999 that anyone can work out again from a key and a seed.

In: a column of keys as text. Out: Int64, by the definition of `bucket` in `model.ir`.
Invariant: depends on the key and the seed alone, on every machine and in every version.
"""

from __future__ import annotations

import hashlib

import polars as pl

__all__ = ["bucket", "bucket_of"]


def bucket_of(key: str, seed: str) -> int:
    """The bucket of one key."""
    digest = hashlib.sha256(f"{seed}\x1f{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 10_000


def bucket(keys: pl.Expr, seed: str) -> pl.Expr:
    """The bucket of every key; missing where the key is."""

    def hashed(column: pl.Series) -> pl.Series:
        # A cryptographic hash has no vectorised form here; each key is hashed once, not once a row.
        return pl.Series(column.name, [None if key is None else bucket_of(key, seed) for key in column], pl.Int64)

    return keys.cast(pl.String).map_batches(hashed, return_dtype=pl.Int64)

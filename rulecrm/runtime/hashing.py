"""Sticky buckets: a number in 0..9999 that anyone can work out again from a key and a seed.

In: a column of keys as text. Out: Int64, by the definition of `bucket` in `model.ir`.
Invariant: depends on the key and the seed alone, on every machine and in every version.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import polars as pl

__all__ = ["bucket", "bucket_of", "buckets_of"]

_BUCKETS = 10_000


def bucket_of(key: str, seed: str) -> int:
    """The bucket of one key."""
    digest = sha256(_before(seed) + key.encode()).digest()
    return int.from_bytes(digest[:8], "big") % _BUCKETS


def buckets_of(keys: pl.Series, seed: str) -> pl.Series:
    """The bucket of every key (String); missing where the key is."""
    known = keys.drop_nulls()
    before = _before(seed)
    # A cryptographic hash has no vectorised form here: each key is hashed by itself, and all else done for all at once.
    digests = b"".join([sha256(before + key.encode()).digest() for key in known.to_list()])
    numbers = np.frombuffer(digests, ">u8")[:: sha256().digest_size // 8] % _BUCKETS
    found = pl.Series(keys.name, numbers.astype(np.int64))
    if len(known) == len(keys):
        return found
    place = keys.is_not_null().cum_sum().cast(pl.Int64) - 1
    return found.gather(place.set(keys.is_null(), None))


def bucket(keys: pl.Expr, seed: str) -> pl.Expr:
    """The bucket of every key; missing where the key is."""
    return keys.cast(pl.String).map_batches(lambda column: buckets_of(column, seed), return_dtype=pl.Int64)


def _before(seed: str) -> bytes:
    """What is hashed before the key."""
    return f"{seed}\x1f".encode()

"""Buckets: of a whole column the same as of each key."""

from __future__ import annotations

import hashlib

import polars as pl

from rulecrm.runtime.hashing import bucket, bucket_of, buckets_of


def test_a_column_of_keys_and_each_key_fall_into_the_same_buckets() -> None:
    keys = ["a", None, "ü", "", "a"]
    spelled = {key: int(hashlib.sha256(f"s\x1f{key}".encode()).hexdigest()[:16], 16) % 10_000 for key in ("a", "ü", "")}
    found = [spelled["a"], None, spelled["ü"], spelled[""], spelled["a"]]
    assert buckets_of(pl.Series(keys, dtype=pl.String), "s").to_list() == found
    assert [bucket_of(key, "s") for key in ("a", "ü", "")] == list(spelled.values())
    assert pl.DataFrame({"key": keys}).select(bucket(pl.col("key"), "s")).to_series().to_list() == found


def test_nobody_and_numbers() -> None:
    assert buckets_of(pl.Series([], dtype=pl.String), "s").to_list() == []
    assert buckets_of(pl.Series([None], dtype=pl.String), "s").to_list() == [None]
    assert pl.DataFrame({"key": [7]}).select(bucket(pl.col("key"), "s")).item() == bucket_of("7", "s")

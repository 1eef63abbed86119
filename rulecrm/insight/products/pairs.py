"""How often two things are in one basket, counted exactly.

In: which things are in which baskets. Out: counts of pairs, of things and of baskets.
Invariant: no pair that occurs often enough is missing, none is counted twice in one basket; memory is bounded by a
chunk of pairs and by the number of different ones.
"""

from __future__ import annotations

import polars as pl
from attrs import frozen

__all__ = ["Counted", "count_pairs"]

_CHUNK = 4_000_000


@frozen(eq=False)
class Counted:
    """What was counted.

    Attributes:
        pairs: `left` and `right` (things, left before right), `together` Int64, `n_left` Int64, `n_right` Int64.
        baskets: how many baskets there are.
        frequent: how many things are in at least the asked number of baskets; pairs are made of these alone.
        together: `together` over all pairs of frequent things, also the rare ones.
        expected: the same were all things independent of one another.
    """

    pairs: pl.DataFrame
    baskets: int
    frequent: int
    together: int
    expected: float


def count_pairs(rows: pl.DataFrame, *, at_least: int, chunk: int = _CHUNK) -> Counted:
    """The pairs that are together in at least so many baskets.

    A pair is never in more baskets than either of its things, so things that are too rare are left out first
    (Agrawal and Srikant 1994).

    Args:
        rows: `basket` and `thing`, of any type without nulls; with `at` and `until` (Datetime), two things are
            together in a basket where one of its rows of the one lies in [at, until] of one of the other.
        at_least: baskets, 1 or more.
        chunk: how many pairs of rows are held at once.
    """
    timed = "until" in rows.columns
    distinct = rows.unique()
    baskets = distinct.get_column("basket").n_unique()
    once = distinct.select("basket", "thing").unique() if timed else distinct
    held = once.group_by("thing").agg(pl.len().cast(pl.Int64).alias("n")).filter(pl.col("n") >= at_least)
    held = held.sort("thing").with_row_index("code")
    counts = _EMPTY
    for part in _chunks(distinct.join(held.select("thing", "code"), on="thing"), chunk):
        pairs = _paired(part, timed=timed).group_by("left", "right").agg(pl.len().cast(pl.Int64).alias("together"))
        counts = pl.concat([counts, pairs]).group_by("left", "right").agg(pl.col("together").sum())
    found = counts.filter(pl.col("together") >= at_least)
    for side in ("left", "right"):
        names = held.select(pl.col("code").alias(side), pl.col("thing"), pl.col("n").alias(f"n_{side}"))
        found = found.join(names, on=side).drop(side).rename({"thing": side})
    n = held.get_column("n").cast(pl.Float64)
    expected = (float(n.sum()) ** 2 - float((n**2).sum())) / 2 / max(baskets, 1)
    together = int(counts.get_column("together").sum())
    order = ("left", "right", "together", "n_left", "n_right")
    return Counted(found.select(order).sort("left", "right"), baskets, held.height, together, expected)


_EMPTY = pl.DataFrame(schema={"left": pl.UInt32, "right": pl.UInt32, "together": pl.Int64})


def _chunks(rows: pl.DataFrame, chunk: int) -> list[pl.DataFrame]:
    """The rows of whole baskets that have two or more, in parts of about so many pairs of rows."""
    sized = rows.with_columns(pl.len().over("basket").cast(pl.Int64).alias("size")).filter(pl.col("size") > 1)
    if sized.is_empty():
        return []
    numbered = sized.with_columns((pl.col("basket").rank("dense") - 1).cast(pl.UInt32).alias("basket"))
    ordered = numbered.sort("basket").with_columns(((pl.col("size") - 1).cum_sum() // (2 * chunk)).alias("part"))
    # A basket that reaches over an edge belongs to the part it begins in.
    whole = ordered.with_columns(pl.col("part").min().over("basket"))
    return whole.drop("size", "thing").partition_by("part", include_key=False)


def _paired(rows: pl.DataFrame, *, timed: bool) -> pl.DataFrame:
    """Each pair once for each basket that has it."""
    names = ["basket", "code", *(["at", "until"] if timed else [])]
    pairs = rows.lazy().select(names).join(rows.lazy().select(names), on="basket", suffix="_right")
    pairs = pairs.filter(pl.col("code") < pl.col("code_right"))
    if timed:
        forward = pl.col("at_right").is_between(pl.col("at"), pl.col("until"))
        backward = pl.col("at").is_between(pl.col("at_right"), pl.col("until_right"))
        pairs = pairs.filter(forward | backward).select("basket", "code", "code_right").unique()
    return pairs.select(pl.col("code").alias("left"), pl.col("code_right").alias("right")).collect(engine="in-memory")

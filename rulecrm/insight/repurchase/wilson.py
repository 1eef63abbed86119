"""Shares with their intervals, for whole columns.

In: a frame with two counts. Out: the frame with a share and its limits.
Invariant: a share of nobody is missing.
"""

from __future__ import annotations

import polars as pl

from rulecrm.insight.statistics import proportion

__all__ = ["interval", "with_share"]


def interval(successes: int, n: int) -> tuple[float | None, float | None]:
    """Limits of Wilson's interval, 95 %; missing where nobody is counted."""
    if not n:
        return None, None
    found = proportion(successes, n)
    return found.low, found.high


def with_share(frame: pl.DataFrame, successes: str, n: str) -> pl.DataFrame:
    """A frame with `share`, `low`, `high` Float64 of two counts; missing where one of them is missing or n is 0."""
    limits = [
        (None, None) if part is None or whole is None else interval(int(part), int(whole))
        for part, whole in frame.select(successes, n).iter_rows()
    ]
    low, high = [one for one, _ in limits], [one for _, one in limits]
    share = pl.when(pl.col(n) > 0).then(pl.col(successes) / pl.col(n)).alias("share")
    return frame.with_columns(
        share, pl.Series("low", low, dtype=pl.Float64), pl.Series("high", high, dtype=pl.Float64)
    )  # fmt: skip

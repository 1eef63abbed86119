"""Shares with their intervals, for whole columns.

In: a frame with two counts. Out: the frame with a share and its limits.
Invariant: a share of nobody is missing.
"""

from __future__ import annotations

import polars as pl

from rulecrm.insight.statistics import proportion

__all__ = ["shared", "with_share"]


def shared(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A share, Float64; missing where there is no whole.

    A column is divided by a column: Polars divides by one number by multiplying with its reciprocal, by which 49 of 49
    are not quite all.
    """
    column = part * 0 + whole
    return pl.when(column > 0).then(part / column)


def with_share(
    frame: pl.DataFrame,
    part: str,
    whole: str,
    *,
    names: tuple[str, str, str] = ("share", "low", "high"),
    level: float = 0.95,
) -> pl.DataFrame:
    """A frame with the share that one of its counts has in another, and the limits of Wilson's interval.

    Args:
        frame: the counts.
        part: a column of Int64, at most `whole`.
        whole: a column of Int64.
        names: of the share and its limits, Float64; missing where a count is missing or the whole is 0.
        level: of the interval.
    """
    share, low, high = names
    counts = frame.select(part, whole).iter_rows()
    limits = [None if x is None or n is None else proportion(int(x), int(n), level=level) for x, n in counts]
    return frame.with_columns(
        shared(pl.col(part), pl.col(whole)).alias(share),
        pl.Series(low, [one and one.low for one in limits], pl.Float64),
        pl.Series(high, [one and one.high for one in limits], pl.Float64),
    )

"""Versions of rows: which is current, which was known on a day, and what a put row changes.

In: rows of a table in all their versions. Out: for each key the rows of one version.
Invariant: a version is only ever stored if it is no older than the one before it, so the one stored last is the one
that is believed; no clock of a platform has to be compared to read.

What "no older" means: a row that says when its platform last changed it (`changed_at`) is older if the current version
says a later instant. A row that does not say is taken as it comes, for somebody has chosen to put it now; but it claims
nothing about the platform's clock, so it leaves `changed_at` as it was. Ranking such rows by the instant at which they
were learnt would be wrong: after a file were imported, all that a platform's API says of the years before would be
older than the file.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
from attrs import frozen

from rulecrm.lake.keeping import OWN, Keeping

__all__ = ["WHEN", "Put", "compare", "current", "known", "latest", "winners"]

_TURNS = 1_000_000
"""More than there are puts in one commit."""
WHEN = "changed_at"


@frozen(eq=False)
class Put:
    """What became of rows that were put.

    Attributes:
        rows: those not older than what is known, complete: with what they do not say taken over from before.
        differs: whether each is of a version that differs from the one before.
        new: whether each is of a key that was not known.
        late: keys whose rows were older than what is known.
    """

    rows: pl.DataFrame
    differs: pl.Series
    new: pl.Series
    late: pl.Series

    def only(self, which: pl.Series) -> Put:
        """Some of the rows."""
        return Put(self.rows.filter(which), self.differs.filter(which), self.new.filter(which), self.late)


def winners(rows: pl.LazyFrame, keeping: Keeping) -> pl.LazyFrame:
    """The rows of each key that were stored last."""
    order = pl.col("commit") * _TURNS + pl.col("turn")
    return rows.filter(order == order.max().over(keeping.key))


def current(rows: pl.LazyFrame, keeping: Keeping, *, recent: bool) -> pl.LazyFrame:
    """The current rows of a table; `recent` says whether there are any beside its base."""
    base = rows.filter(pl.col("layer") == "base")
    if not recent:
        return base
    later = rows.filter(pl.col("layer") == "recent")
    return pl.concat([base.join(later, on=keeping.key, how="anti"), winners(later, keeping)])


def known(rows: pl.LazyFrame, keeping: Keeping, on: dt.datetime) -> pl.LazyFrame:
    """What was known of each key at an instant."""
    return winners(rows.filter(pl.col("learnt_at") <= on), keeping)


def latest(rows: pl.DataFrame, keeping: Keeping) -> pl.DataFrame:
    """Of rows of one key that were put together, those that changed last; of equal ones the last."""
    if not rows.select(keeping.key).is_duplicated().any():
        return rows
    if WHEN in rows.columns:
        least = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
        when = pl.col(WHEN).fill_null(least)
        rows = rows.filter(when == when.max().over(keeping.key))
    return rows.unique(subset=list(keeping.line), keep="last", maintain_order=True)


def compare(rows: pl.DataFrame, before: pl.DataFrame, keeping: Keeping) -> Put:
    """What rows change.

    Args:
        rows: as `latest` gives them, in the dtypes of the store.
        before: the current rows of their keys, with all columns of the table, `changed_at` among them.
        keeping: of their table.
    """
    columns = [name for name in before.columns if name not in OWN]
    columns += [name for name in rows.columns if name not in columns]
    seen = rows[keeping.key].is_in(before[keeping.key].unique().implode())
    unseen = rows.filter(~seen).with_columns(
        *(pl.lit(None, before.schema[name]).alias(name) for name in columns if name not in rows.columns)
    )
    put = Put(unseen.select(columns), _all(unseen), _all(unseen), rows[keeping.key].clear())
    if unseen.height == rows.height:
        return put
    beside = _beside(rows.filter(seen), before, keeping)
    timely = beside.filter(~pl.col("__late"))
    late = beside.filter("__late")[keeping.key].unique()
    return Put(
        pl.concat([put.rows, timely.select(columns)]),
        pl.concat([put.differs, timely["__differs"].alias("")]),
        pl.concat([put.new, ~_all(timely)]),
        late,
    )


def _all(rows: pl.DataFrame) -> pl.Series:
    return pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True).alias("")


def _beside(rows: pl.DataFrame, before: pl.DataFrame, keeping: Keeping) -> pl.DataFrame:
    """Rows of known keys with what they do not say taken over, and: `__late`, `__differs`."""
    key, line = keeping.key, list(keeping.line)
    data = [name for name in before.columns if name not in OWN and name not in line]
    heads = before.group_by(key).agg(pl.len().alias("__lines"), pl.col(WHEN).max().alias("__when"))
    lines = before.select(*line, pl.lit(True).alias("__there"), *(pl.col(name).alias("=" + name) for name in data))
    both = rows.join(heads, on=key, how="left", maintain_order="left")
    both = both.join(lines, on=line, how="left", maintain_order="left")
    own = pl.col(WHEN) if WHEN in rows.columns else pl.lit(None, before.schema[WHEN])
    both = both.with_columns(
        (own < pl.col("__when")).fill_null(value=False).alias("__late"),
        pl.coalesce(own, pl.col("__when")).alias(WHEN),
        *(pl.col("=" + name).alias(name) for name in data if name not in rows.columns and name != WHEN),
    )
    told = [name for name in rows.columns if name not in line and name != WHEN]
    differs = [
        pl.col(name).ne_missing(pl.col("=" + name)) if name in data else pl.col(name).is_not_null() for name in told
    ]
    moved = pl.col(WHEN).ne_missing(pl.col("__when"))
    any_line = pl.any_horizontal(pl.col("__there").is_null(), moved, *differs).any().over(key)
    any_gone = pl.len().over(key).ne_missing(pl.col("__lines"))
    return both.with_columns((any_line | any_gone).alias("__differs"))

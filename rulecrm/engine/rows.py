"""Rows of the two tables as a replay keeps them: in little space, in order, and as they are shown.

In: frames with the columns of `DECISIONS` or `JOURNEYS` in physical form. Out: the same rows, held, ordered, or at the
door. Invariant: what is held can be shown as it was; texts that return over and over are held once, and what follows
from other columns is not held at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from rulecrm.model.decisions import Field
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.ordering import by_time

__all__ = ["DECISION_ID", "at_the_door", "held", "in_order"]

_PARTS = pl.col("journey").str.split("|").list
_WHO = _PARTS.slice(1, _PARTS.len() - 3).list.join("|")

DECISION_ID = pl.format(
    "{}|{}@{}|{}|{}|{}",
    *(pl.col(name).cast(pl.String) for name in ("campaign", "step", "round")),
    _PARTS.get(-2), _WHO, _PARTS.get(-1),
)  # fmt: skip
"""`model.decisions.decision_id` of every row, held or not."""

_FEW = (
    "campaign", "step", "round", "action", "channel", "template", "via", "values", "messages", "text", "outcome",
    "reason", "version", "rules", "why", "arm", "past",
)  # fmt: skip
"""Columns that hold the same few texts over and over."""


def held(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows as they are held: few texts as Categorical, decisions without their id."""
    few = [pl.col(name).cast(pl.Categorical) for name in _FEW if name in frame.columns]
    return frame.drop("decision", strict=False).with_columns(few)


def in_order(parts: list[pl.DataFrame], instant: str, name: pl.Expr) -> pl.DataFrame:
    """All rows of the parts, which are used up, by an instant and then by name."""
    whole = pl.concat(parts)
    parts.clear()

    def ties(rows: Ints) -> Ints:
        chosen = pl.Series("row", rows)
        needed = pl.col(instant, *name.meta.root_names()).gather(chosen)
        found = whole.select(needed).select(instant, name.alias("name"), chosen).sort(instant, "name")
        order: Ints = found.get_column("row").to_numpy()
        return order

    order = pl.Series(by_time(whole.get_column(instant).to_numpy(), ties).astype(np.uint32))
    # Column by column, for so much may not be held twice; and a column of many pieces is slow to pick from.
    return pl.DataFrame([whole.drop_in_place(column).rechunk().gather(order) for column in whole.columns])


def at_the_door(frame: pl.DataFrame, fields: Sequence[Field]) -> pl.DataFrame:
    """Rows as users see them: all columns, instants Datetime in UTC, texts String."""
    shown = []
    for one in fields:
        if one.name not in frame.columns:
            assert one.name == "decision"
            shown.append(frame.select(DECISION_ID.alias("decision")).to_series())
            continue
        column = frame.get_column(one.name)
        if one.type.name == "instant":
            column = column.cast(pl.Datetime("us", "UTC"))
        shown.append(_spelled(column) if column.dtype == pl.Categorical else column)
    return pl.DataFrame(shown)


def _spelled(column: pl.Series) -> pl.Series:
    """Categories as String, of which each is written once; a cast would write one for every row."""
    known = column.unique().drop_nulls()
    words = pl.concat([known.cast(pl.String), pl.Series([None], dtype=pl.String)]).alias(column.name)
    numbers = known.to_physical().to_numpy()
    places = np.zeros(int(numbers.max(initial=0)) + 2, np.uint32)
    places[-1] = len(known)
    places[numbers] = np.arange(len(known))
    return words.gather(pl.Series(places[column.to_physical().fill_null(len(places) - 1).to_numpy()]))

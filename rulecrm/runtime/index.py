"""The index: rows of one kind, sorted by subject and time, with the offset at which each subject's rows begin.

In: rows in any order. Out: `KindIndex`.
Invariant: rows of one subject lie together in the order of `at`, then of natural key and other fields, whatever the
order in which they arrived; rows without the subject's key are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.model import ir
from rulecrm.runtime.arrays import Array, Ints, split
from rulecrm.runtime.memo import Memo
from rulecrm.runtime.register import Arranged

__all__ = ["KindIndex", "build_index", "empty_index"]


@define
class KindIndex:
    """Sorted rows of one kind for one subject.

    Attributes:
        offsets: int32 or int64, one more than there are subjects: rows of subject c are [offsets[c], offsets[c + 1]).
        codes: the subject of each row.
        at: the instant of each row, microseconds since 1970-01-01 UTC.
        frame: `at` and the fields in physical form.
    """

    offsets: Ints
    codes: Ints
    at: Ints
    frame: pl.DataFrame
    columns: Memo[ir.Expr, pl.Series] = field(factory=Memo)
    """Row-static expressions for every row, computed once."""

    def __len__(self) -> int:
        return len(self.at)


def empty_index(subjects: int, fields: Mapping[str, pl.DataType]) -> KindIndex:
    """The index of a kind that has no rows."""
    nothing = np.zeros(0, np.int64)
    frame = pl.DataFrame(schema={"at": pl.Int64(), **fields})
    return KindIndex(np.zeros(subjects + 1, np.int32), np.zeros(0, np.int32), nothing, frame)


def build_index(rows: pl.DataFrame, arranged: Arranged, subjects: int, ties: Callable[[Array], pl.Series]) -> KindIndex:
    """Lay rows out.

    Args:
        rows: `at` and the fields, in any order.
        arranged: the order of the rows by subject and time.
        subjects: how many subjects there are.
        ties: gives for row numbers of `rows`, some of which share subject and instant, the place of each among them;
            called only if there are any.
    """
    at = split(rows.get_column("at"))[0].astype(np.int64, copy=False)
    order, codes = arranged.order, arranged.codes
    start = int(np.searchsorted(codes, 0))
    if start:
        order, codes = order[start:], codes[start:]
    unmoved = len(order) == len(at) and bool((order[1:] > order[:-1]).all())
    sorted_at = at if unmoved else at[order]
    if _settle(order, codes, sorted_at, ties):
        sorted_at = at[order]
        unmoved = False
    small = np.int32 if len(order) < 2**31 - 1 else np.int64
    counts = np.bincount(codes, minlength=subjects) if len(codes) else np.zeros(subjects, np.int64)
    offsets: Ints = np.concatenate(([0], np.cumsum(counts))).astype(small)
    fields = rows.drop("at")
    moved = fields if unmoved else fields.select(pl.all().gather(pl.Series(order)))
    frame = pl.DataFrame([pl.Series("at", sorted_at), *moved])
    return KindIndex(offsets, codes, sorted_at, frame)


def _settle(order: Ints, codes: Ints, at: Ints, ties: Callable[[Array], pl.Series]) -> bool:
    """Put rows right, in place, that packing left in the wrong order or that share one instant."""
    if len(order) < 2:
        return False
    same = (codes[1:] == codes[:-1]) & (at[1:] <= at[:-1])
    if not same.any():
        return False
    touched = np.zeros(len(order), bool)
    touched[1:] |= same
    touched[:-1] |= same
    spots = np.flatnonzero(touched)
    rows = order[spots]
    frame = pl.DataFrame({"code": codes[spots], "at": at[spots], "place": ties(rows), "row": rows})
    order[spots] = frame.sort("code", "at", "place").get_column("row").to_numpy()
    return True

"""The index: rows of one kind, sorted by subject and time, with the offset at which each subject's rows begin.

In: rows in any order, and the code of each row's subject. Out: `KindIndex`.
Invariant: rows of one subject lie together in the order of `at`, then of natural key and other fields, whatever the
order in which they arrived; rows without the subject's key are left out, and so are those before `since`, by which
nothing that is asked may be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.model import ir
from rulecrm.runtime.arrays import Array, Ints
from rulecrm.runtime.memo import Memo
from rulecrm.runtime.ordering import arrange

__all__ = ["KindIndex", "build_index", "empty_index", "index_of"]


@define
class KindIndex:
    """Sorted rows of one kind for one subject.

    Attributes:
        offsets: int32 or int64, one more than there are subjects: rows of subject c are [offsets[c], offsets[c + 1]).
        codes: the subject of each row.
        at: the instant of each row, microseconds since 1970-01-01 UTC.
        frame: `at` and the fields in physical form.
        since: rows before this instant are not here; None where all are.
    """

    offsets: Ints
    codes: Ints
    at: Ints
    frame: pl.DataFrame
    since: int | None = None
    columns: Memo[ir.Expr, pl.Series] = field(factory=Memo)
    """Row-static expressions for every row, computed once."""

    def __len__(self) -> int:
        return len(self.at)

    def check_reach(self, instant: int | None) -> None:
        """Fail where rows at or before an instant (None: the earliest of all) are asked for and are not all here.

        Raises:
            RuntimeError: the plan did not tell that they would be: a mistake of ours, better than a wrong answer.
        """
        if self.since is not None and (instant is None or instant < self.since - 1):
            raise RuntimeError(f"rows before {self.since} are asked for, up to {instant}, and were left out")

    def recoded(self, codes: Ints, subjects: int) -> KindIndex:
        """The same rows where the subject with code c now has `codes[c]`, in the same order among `subjects`."""
        moved = codes[self.codes]
        return KindIndex(_offsets(moved, subjects, self.offsets.dtype), moved, self.at, self.frame, self.since)


def empty_index(subjects: int, fields: Mapping[str, pl.DataType]) -> KindIndex:
    """The index of a kind that has no rows."""
    nothing = np.zeros(0, np.int64)
    frame = pl.DataFrame(schema={"at": pl.Int64(), **fields})
    return KindIndex(np.zeros(subjects + 1, np.int32), np.zeros(0, np.int32), nothing, frame)


def index_of(offsets: Ints, frame: pl.DataFrame) -> KindIndex:
    """The index of rows that lie in their order already, none left out."""
    codes = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))
    return KindIndex(offsets, codes, frame.get_column("at").to_numpy(), frame)


def build_index(
    columns: dict[str, pl.Series],
    codes: Ints,
    subjects: int,
    ties: Callable[[Array], pl.Series],
    since: int | None = None,
) -> KindIndex:
    """Lay rows out.

    Args:
        columns: `at` and the fields, rows in any order. They are used up, so that memory need not hold all twice.
        codes: the subject of each row; those with a negative one are left out.
        subjects: how many subjects there are.
        ties: gives for row numbers, some of which share subject and instant, the place of each among them; called,
            while `columns` are whole, only if there are any.
        since: rows before it were left out; None where none were.
    """
    rows = len(codes)
    arranged = arrange(codes, columns["at"].to_numpy())
    order, codes, at = arranged.order, arranged.codes, arranged.at
    _settle(order, codes, at, ties)
    del columns["at"]
    unmoved = len(order) == rows and bool((order[1:] > order[:-1]).all())
    picked = pl.Series(order.view(f"u{order.itemsize}"))
    fields: list[pl.Series] = []
    for name in list(columns):
        # A filter leaves a column in hundreds of pieces, and picking rows out of those is several times slower.
        column = columns.pop(name).rechunk()
        fields.append(column if unmoved else column.gather(picked))
    small: np.dtype[np.signedinteger] = np.dtype(np.int32) if len(order) < 2**31 - 1 else np.dtype(np.int64)
    frame = pl.DataFrame([pl.Series("at", at), *fields])
    return KindIndex(_offsets(codes, subjects, small), codes, at, frame, since)


def _offsets(codes: Ints, subjects: int, dtype: np.dtype[np.signedinteger]) -> Ints:
    """Where each subject's rows begin among sorted codes, and where the last one's end."""
    offsets = np.zeros(subjects + 1, dtype)
    if len(codes):
        np.cumsum(np.bincount(codes, minlength=subjects), out=offsets[1:])
    return offsets


def _settle(order: Ints, codes: Ints, at: Ints, ties: Callable[[Array], pl.Series]) -> None:
    """Put rows of one subject and one instant, in place, in the order that `ties` tells."""
    same = codes[1:] == codes[:-1]
    same &= at[1:] == at[:-1]
    again = np.flatnonzero(same)
    if not len(again):
        return
    spots = np.union1d(again, again + 1)
    rows = order[spots]
    frame = pl.DataFrame({"code": codes[spots], "at": at[spots], "place": ties(rows), "row": rows})
    order[spots] = frame.sort("code", "at", "place").get_column("row").to_numpy()

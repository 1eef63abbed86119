"""An index and a register with the rows of some subjects replaced.

In: a register and indexes of everybody, the same of a part of the facts, and the subjects of whom the part has
all rows. Out: what would have been built of all the facts.
Invariant: subjects stay in the order of their keys, and the rows of each in theirs.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.runtime.arrays import Ints, expand
from rulecrm.runtime.index import KindIndex, index_of
from rulecrm.runtime.register import Register

__all__ = ["Seam", "UnlikeError", "seam_of"]


class UnlikeError(Exception):
    """Two parts have columns that do not fit together."""


@frozen(eq=False)
class Seam:
    """Where subjects are replaced.

    Attributes:
        register: everybody, as it is now.
        origin: for each of them, Int64: the code in the old register; or, from `before` on, `before` and the code in
            that of the part.
        before: how many subjects there were.
        old, new: codes of the affected subjects, in the old register and in that of the part.
    """

    register: Register
    origin: Ints
    before: int
    old: Ints
    new: Ints

    def index(self, whole: KindIndex, part: KindIndex) -> KindIndex:
        """The index of a kind; what is equal to what it was is the very same, so that it need not be written again.

        Raises:
            UnlikeError: the two have other columns, or columns of other types.
        """
        lengths = np.append(np.diff(whole.offsets), np.diff(part.offsets))[self.origin]
        dtype: type[np.signedinteger] = np.int32 if int(lengths.sum()) < 2**31 - 1 else np.int64
        offsets: Ints = np.zeros(len(lengths) + 1, dtype)
        np.cumsum(lengths, out=offsets[1:])
        if offsets.dtype == whole.offsets.dtype and np.array_equal(offsets, whole.offsets):
            offsets = whole.offsets
        mine = _alike(part.frame, whole.frame) if len(part) else whole.frame.clear()
        if len(whole) and mine.schema != whole.frame.schema:
            raise UnlikeError
        theirs = _rows(whole.frame, whole.offsets, self.old)
        if theirs.equals(_rows(mine, part.offsets, self.new), null_equal=True):
            return index_of(offsets, whole.frame)
        starts = np.append(whole.offsets[:-1], len(whole) + part.offsets[:-1].astype(np.int64))[self.origin]
        _, positions = expand(starts, starts + lengths)
        both = mine if not len(whole) else pl.concat([whole.frame, mine], rechunk=True)
        return index_of(offsets, both[pl.Series(positions)])


def seam_of(whole: Register, part: Register, affected: pl.Series) -> Seam:
    """Where subjects are replaced, and the register as it is then.

    Args:
        whole: everybody, as they were.
        part: among others, all of the affected that there still are.
        affected: keys, sorted.

    Raises:
        UnlikeError: the two have other attributes, or keys of another type.
    """
    mine = _alike(part.attributes, whole.attributes)
    if mine.schema != whole.attributes.schema:
        raise UnlikeError
    gone = whole.keys.is_in(affected.implode()).to_numpy()
    old, new = np.flatnonzero(gone), np.flatnonzero(part.keys.is_in(affected.implode()).to_numpy())
    before = len(whole)
    if whole.keys.gather(pl.Series(old)).equals(part.keys.gather(pl.Series(new))):
        origin = np.arange(before)
        origin[old] = before + new
    else:
        kept = np.flatnonzero(~gone)
        origin = np.append(kept, before + new)
        keys = pl.concat([whole.keys.gather(pl.Series(kept)), part.keys.gather(pl.Series(new))])
        origin = origin[keys.arg_sort().to_numpy()]
    rows = pl.concat([whole.attributes, mine], rechunk=True)[pl.Series(origin)]
    rows = whole.attributes if rows.equals(whole.attributes) else rows
    since = np.append(whole.since, part.since)[origin]
    since = whole.since if np.array_equal(since, whole.since) else since
    return Seam(Register(rows.get_column(whole.keys.name), since, rows), origin, before, old, new)


def _alike(part: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """A part with the columns of the whole."""
    if not set(whole.columns) <= set(part.columns):
        raise UnlikeError
    return part.select(whole.columns)


def _rows(frame: pl.DataFrame, offsets: Ints, codes: Ints) -> pl.DataFrame:
    _, positions = expand(offsets[codes], offsets[codes + 1])
    return frame[pl.Series(positions)]

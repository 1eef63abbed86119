"""The rows of one kind looked through: subjects that nobody listed, facts older than their subject, and the index.

In: rows as the door gives them, and the register. Out: `Met`.
Invariant: every row's key is looked up, those of rows that the index leaves out included.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import polars as pl
from attrs import evolve, frozen

from rulecrm.model.schema import Kind
from rulecrm.runtime.arrays import Array, Ints
from rulecrm.runtime.index import KindIndex, build_index, empty_index
from rulecrm.runtime.physical import dtype_of
from rulecrm.runtime.register import Register
from rulecrm.runtime.rows import Door, KindRows

__all__ = ["Met", "Wanted", "lay_out", "look_through"]


@frozen
class Wanted:
    """An index to be built: fields, and the instant before which rows are left out (None: all rows are wanted)."""

    columns: frozenset[str]
    since: int | None = None


@frozen(eq=False)
class Met:
    """What came of looking through rows.

    Attributes:
        strange: keys that the register does not know. If there are any, nothing else was done.
        codes, at: facts about subjects who existed, as far as the register tells, only later.
        index: where one was wanted.
    """

    strange: pl.Series
    codes: Ints
    at: Ints
    index: KindIndex | None = None

    def recoded(self, codes: Ints, subjects: int) -> Met:
        """The same where the subject with code c now has `codes[c]`, in the same order among `subjects`."""
        index = None if self.index is None else self.index.recoded(codes, subjects)
        return evolve(self, codes=codes[self.codes], index=index)


def look_through(rows: KindRows, register: Register) -> Met:
    """Rows of which no index is wanted."""
    columns = rows.read()
    codes, strange = _encode(columns[rows.subject], register)
    return Met(strange, *(_none() if len(strange) else _early(codes, columns["at"], register)))


def lay_out(door: Door, rows: KindRows, wanted: Wanted, register: Register) -> Met:
    """Rows to be indexed; `door` is where they come from."""
    kind, subject = rows.kind, rows.subject
    if rows.lazy is None:
        return Met(register.keys.clear(), *_none(), empty_index(len(register), _fields(kind, wanted.columns)))
    columns = rows.read()
    keys = columns[subject]
    codes, strange = _encode(keys, register)
    if len(strange):
        return Met(strange, *_none())
    if subject not in wanted.columns:
        del columns[subject]
    raw = {subject: keys, **{name: column for name, column in columns.items() if name in door.schema.subjects}}
    columns |= {name: column.cast(pl.String) for name, column in raw.items() if name in columns}
    early, early_at = _none()
    if wanted.since is not None:
        early, early_at = _early(codes, columns["at"], register)
        np.putmask(codes, (columns["at"] < wanted.since).to_numpy(), -1)

    def ties(picked: Array) -> pl.Series:
        tied = pl.DataFrame({**columns, **raw}).select(pl.all().gather(pl.Series(picked)))
        return door.places(kind, subject, tied)

    index = build_index(columns, codes, len(register), ties, wanted.since)
    owners = np.flatnonzero(index.offsets[1:] > index.offsets[:-1])
    first = pl.Series(index.at[index.offsets[owners]])
    late, late_at = _early(owners, first, register)
    return Met(strange, np.append(early, late), np.append(early_at, late_at), index)


def _encode(keys: pl.Series, register: Register) -> tuple[Ints, pl.Series]:
    """Codes of keys, and those of the keys that the register does not know."""
    codes = register.encode(keys)
    unknown = codes < 0
    if not unknown.any():
        return codes, keys.clear()
    return codes, keys.filter(pl.Series(unknown)).drop_nulls().unique()


_BLOCK = 1 << 16
"""Rows looked at together, so that what is in between stays in the processor's cache."""


def _early(codes: Ints, instants: pl.Series, register: Register) -> tuple[Ints, Ints]:
    """Those of the facts that lie before their subject."""
    at: Ints = instants.to_numpy()
    found = [np.zeros(0, np.int64)]
    for begin in range(0, len(at) if len(register) else 0, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        early = np.flatnonzero(at[block] < register.since.take(codes[block], mode="clip"))
        found.append(early[codes[block][early] >= 0] + begin)
    rows = np.concatenate(found)
    return codes[rows], at[rows]


def _none() -> tuple[Ints, Ints]:
    return np.zeros(0, np.int32), np.zeros(0, np.int64)


def _fields(kind: Kind, columns: Collection[str]) -> Mapping[str, pl.DataType]:
    return {
        name: pl.String() if (column := kind.columns.get(name)) is None else dtype_of(column.type) for name in columns
    }

"""The register of a subject: who there is, since when, with which attributes, and the code of each key.

In: the facts. Out: `Register`, where the subject with code i is row i of every array and column.
Invariant: keys are unique and sorted, so that nothing depends on the order in which rows arrived.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.coding import Coder, coder_of

__all__ = ["ALWAYS", "NEVER", "Register", "build_register", "normal", "unique_keys"]

ALWAYS = np.iinfo(np.int64).min
"""The instant from which on a subject exists that no date is known of."""

NEVER = np.iinfo(np.int64).max
"""The same of a subject that its own frame does not list, before any fact told since when it exists."""


@define(eq=False)
class Register:
    """All subjects of one name.

    Attributes:
        keys: sorted, unique: Int64 or String.
        since: Int64 instants from which on each exists: its own frame says so, or the first fact about it.
        attributes: frame in the order of `keys`, physical values.
    """

    keys: pl.Series
    since: Ints
    attributes: pl.DataFrame
    _coder: Coder | None = field(default=None)

    def __len__(self) -> int:
        return len(self.keys)

    def encode(self, column: pl.Series) -> Ints:
        """Int32 codes of keys, −1 for one that is missing or not known."""
        if self._coder is None:
            self._coder = coder_of(self.keys)
        return self._coder.codes(column)

    def meet(self, codes: Ints, at: Ints) -> None:
        """Take note of facts: a subject exists from its first one on, if not before."""
        np.minimum.at(self.since, codes, at)


def normal(keys: pl.Series) -> pl.Series:
    """Keys as registers hold them: Int64 or String."""
    return keys.cast(pl.Int64 if keys.dtype.is_integer() else pl.String)


def unique_keys(columns: Sequence[pl.Series], name: str) -> pl.Series:
    """The keys of all columns, once each, sorted."""
    parts = [normal(column.drop_nulls()).alias(name) for column in columns if column.dtype != pl.Null]
    if not parts:
        return pl.Series(name, [], pl.String)
    return pl.concat([part.unique() for part in parts] if len(parts) > 1 else parts).unique().sort()


def build_register(keys: pl.Series, listed: pl.DataFrame | None, since: str | None) -> Register:
    """The register of these keys, as far as the subject's own frame tells.

    Args:
        keys: sorted, unique.
        listed: the subject's own frame (key and attributes), or None.
        since: attribute that holds the instant from which on a subject exists, if the frame has it.
    """
    name = keys.name
    if listed is None:
        return Register(keys, np.full(len(keys), NEVER), pl.DataFrame([keys]))
    own = listed.with_columns(normal(listed.get_column(name))).sort(name)
    if len(own) < len(keys):
        known = own.with_columns(pl.lit(True).alias("__listed"))
        own = pl.DataFrame([keys]).join(known, on=name, how="left", maintain_order="left")
        unlisted = own.get_column("__listed").is_null().to_numpy()
        own = own.drop("__listed")
    else:
        unlisted = np.zeros(len(keys), bool)
    start = np.full(len(keys), ALWAYS)
    if since is not None and since in own.columns:
        start = own.get_column(since).fill_null(ALWAYS).to_numpy()
    return Register(keys, np.where(unlisted, NEVER, start), own)

"""Rows of a kind as they are indexed: read from where the facts are, and told apart where time does not.

In: a source of facts, a kind, a subject, columns. Out: lazy frames, and the places of rows that share an instant.
Invariant: the place of a row hangs on what it holds, never on where it stood.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity
from rulecrm.model.schema import Kind, Schema, Subject

__all__ = ["Door", "KindRows", "Source", "missing_key"]


class Source(Protocol):
    """Where a store reads from: `Facts`, or a shard of them."""

    def kinds(self) -> frozenset[str]:
        """See `Facts.kinds`."""
        ...

    def rows(self, kind: Kind, columns: Collection[str], *, currency: str, zone: str) -> pl.LazyFrame:
        """See `Facts.rows`."""
        ...

    def subjects(self, subject: Subject, columns: Collection[str], *, currency: str, zone: str) -> pl.LazyFrame | None:
        """See `Facts.subjects`."""
        ...

    def check(
        self, kinds: Collection[tuple[Kind, Collection[str]]], subjects: Collection[tuple[Subject, Collection[str]]]
    ) -> tuple[Diagnostic, ...]:
        """See `Facts.check`."""
        ...

    def rates_into(self, currency: str) -> pl.DataFrame:
        """See `Facts.rates_into`."""
        ...


@frozen(eq=False)
class KindRows:
    """Rows of a kind that have a subject's key: `at`, the key, fields; `lazy` is None for a kind without rows."""

    kind: Kind
    subject: str
    lazy: pl.LazyFrame | None

    def read(self) -> dict[str, pl.Series]:
        """The columns, by name."""
        assert self.lazy is not None
        frame = self.lazy.collect()
        return {name: frame.get_column(name) for name in frame.columns}


@frozen(eq=False)
class Door:
    """Facts seen in one currency and zone."""

    facts: Source
    schema: Schema
    currency: str
    zone: str

    def kinds_of(self, subject: str) -> dict[str, KindRows]:
        """Rows of every kind that has the subject's key, without fields, by kind."""
        found = {}
        for name in sorted(self.facts.kinds()):
            kind = self.schema.kinds.get(name)
            if kind is not None and subject in kind.subjects:
                rows = self._rows(kind, ())
                if subject in rows.collect_schema().names():
                    found[name] = KindRows(kind, subject, rows.select("at", subject))
        return found

    def rows_of(self, kind: Kind, subject: str, columns: Collection[str]) -> KindRows:
        """Rows of a kind with those of `columns` that the facts have.

        Raises:
            RulesError: a key that is asked for is not there.
        """
        if kind.name not in self.facts.kinds():
            return KindRows(kind, subject, None)
        rows = self._rows(kind, self.own_fields(columns))
        names = rows.collect_schema().names()
        for name in (subject, *sorted(columns)):
            if name in self.schema.subjects and name not in names:
                raise missing_key(kind, name)
        chosen = dict.fromkeys(["at", subject, *sorted(set(columns) & set(names))])
        return KindRows(kind, subject, rows.select(*chosen))

    def own_fields(self, columns: Collection[str]) -> list[str]:
        """Those of the columns that are no subject's key."""
        return sorted(name for name in columns if name not in self.schema.subjects)

    def listed(self, subject: str, columns: Collection[str]) -> pl.DataFrame | None:
        """The subject's own frame; None where there is none."""
        lazy = self.facts.subjects(
            self.schema.subjects[subject], sorted(columns), currency=self.currency, zone=self.zone
        )  # fmt: skip
        return None if lazy is None else lazy.collect()

    def places(self, kind: Kind, subject: str, tied: pl.DataFrame) -> pl.Series:
        """Where each of these rows, some of which share subject and instant, stands among them.

        By the natural key, then by all fields that the facts have, not only those in use: they are read for the rows
        in question alone. Rows that agree in the fields in use can stand for one another, so it is enough to match the
        two by those.
        """
        rows = self._rows(kind, [name for name in kind.columns if not self._lacks(kind, name)])
        where = tied.select(subject, "at").unique()
        whole = rows.join(where.lazy(), on=[subject, "at"], how="semi").collect()
        leading = [subject, "at", *(name for name in kind.key if name in whole.columns)]
        names = [*leading, *sorted(name for name in whole.columns if name not in leading)]
        placed = whole.with_columns(_ranked(whole, names).alias("__place"))
        used = [name for name in tied.columns if tied.schema[name] not in (pl.List, pl.Struct)]
        order = placed.sort(_sortable(placed, used), maintain_order=True).get_column("__place")
        back = tied.with_row_index("__row").sort(_sortable(tied, used), maintain_order=True).get_column("__row")
        return pl.DataFrame({"row": back, "place": order}).sort("row").get_column("place")

    def _rows(self, kind: Kind, columns: Collection[str]) -> pl.LazyFrame:
        return self.facts.rows(kind, columns, currency=self.currency, zone=self.zone)

    def _lacks(self, kind: Kind, name: str) -> bool:
        return any(one.severity is Severity.ERROR for one in self.facts.check([(kind, [name])], []))


def missing_key(kind: Kind, key: str) -> RulesError:
    """The rules count a kind by a key that its frame does not have."""
    message = f"the frame of `{kind.name}` has no column `{key}`, which the rules ask for"
    return RulesError([Diagnostic("R402", message, data={"frame": kind.frame, "column": key})])


def _sortable(frame: pl.DataFrame, names: Sequence[str]) -> list[pl.Expr]:
    """Columns to sort by: words in the order of their characters, lists and records left out."""
    return [
        pl.col(name).cast(pl.String) if frame.schema[name] in (pl.Categorical, pl.Enum) else pl.col(name)
        for name in names
        if frame.schema[name] not in (pl.List, pl.Struct)
    ]


def _ranked(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """The place of each row in the order of these columns, missing values first."""
    order = frame.with_row_index("__row").sort(_sortable(frame, names), maintain_order=True).get_column("__row")
    places = pl.DataFrame({"row": order, "place": pl.Series(np.arange(len(order)))})
    return places.sort("row").get_column("place")

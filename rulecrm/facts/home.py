"""The store that facts were opened from, and those of the facts on which later commits bear.

In: a store as of a commit, the frames that were made of it, and an earlier commit. Out: `Part`.
Invariant: of each affected subject a part has every row; a subject that is not affected has the rows it had.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import polars as pl
from attrs import define, field, frozen

from rulecrm.facts.feeds import FROM_PRODUCTS
from rulecrm.facts.shapes import ITEM_FRAME, ORDER_FRAME, PRODUCT_FRAME
from rulecrm.lake import FactStore
from rulecrm.lake.keeping import keeping_of
from rulecrm.lake.persons import LINKS
from rulecrm.model.schema import Schema

__all__ = ["Home", "Part"]

PERSON = "person"
"""The subject whose key is worked out from customers and links."""

_MANY = 250_000
"""Keys or subjects that changed: with more of them, reading everything anew is as quick."""


@frozen(eq=False)
class Part:
    """What changed after a commit, and all that hangs on it.

    Attributes:
        frames: rows of the frames, in memory: all of the affected subjects, and perhaps others.
        affected: by subject, keys whose rows may differ from what they were: sorted, unique, String.
    """

    frames: Mapping[str, pl.DataFrame]
    affected: Mapping[str, pl.Series]


@define(eq=False, slots=False)
class Home:
    """Where facts come from.

    Attributes:
        store: the store, as of one commit.
        frames: what the facts were made of, by name: scans of the current rows, complete.
        schema, currency, zone, on_error: the options with which they were.
        keep: whether an index that had to be built is written.
    """

    store: FactStore
    frames: Mapping[str, pl.LazyFrame]
    schema: Schema
    currency: str | None
    zone: str | None
    on_error: str
    keep: bool = False
    _columns: dict[str, pl.Schema] = field(factory=dict, init=False)

    @property
    def folder(self) -> Path:
        """The folder of the store."""
        return self.store.path

    @property
    def commit(self) -> int:
        """The number of the commit."""
        return self.store.version

    def layout(self) -> str:
        """A digest of the columns and dtypes of the frames: where it differs, equal rows may be read differently."""
        told = {name: [(column, str(dtype)) for column, dtype in self._schema(name).items()] for name in self.frames}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def part(self, since: int, subjects: Collection[str], fields: Collection[str]) -> Part | None:
        """What changed after a commit of this store, and all that hangs on it.

        Args:
            since: the number of the commit.
            subjects: those whose rows are asked for.
            fields: names of the columns that are.

        Returns:
            None where that cannot be told, or is so much that everything may as well be read.
        """
        written = self.store.written(since)
        if LINKS in written and PERSON in {*subjects, *fields}:
            return None
        touched = self._touched(written, since, fields)
        if sum(map(len, touched.values())) > _MANY:
            return None
        affected = {name: self._subjects(name, touched) for name in subjects}
        if any(found is None or len(found) > _MANY for found in affected.values()):
            return None
        known = {name: found for name, found in affected.items() if found is not None}
        return Part(dict(self._narrowed(known, touched)), known)

    # --- what changed -------------------------------------------------------------------------------------------

    def _touched(self, written: Collection[str], since: int, fields: Collection[str]) -> dict[str, pl.Series]:
        """By frame, keys of rows that have a new version, or take something from one that has."""
        found = {name: self._new(name, since) for name in self.frames if name in written}
        products = found.get(PRODUCT_FRAME, _joined([]))
        for name in self._borrowing(fields) if len(products) else ():
            rows = self.frames[name].filter(_among("product", products)).select(keeping_of(name).key)
            found[name] = _joined([*([found[name]] if name in found else []), rows.collect().to_series()])
        orders = [found[name] for name in (ORDER_FRAME, ITEM_FRAME) if name in found]
        if orders and {ORDER_FRAME, ITEM_FRAME} <= self.frames.keys():
            found[ORDER_FRAME] = found[ITEM_FRAME] = _joined(orders)
        return {name: keys for name, keys in found.items() if len(keys)}

    def _borrowing(self, fields: Collection[str]) -> list[str]:
        """Frames whose rows take something from the products.

        Items that share subject and instant are told apart by all their fields, asked for or not; events have a key.
        """
        return [
            name
            for name, told in FROM_PRODUCTS.items()
            if name in self.frames
            and "product" in self._schema(name)
            and (name == ITEM_FRAME or not set(told).isdisjoint(fields))
        ]

    def _new(self, frame: str, since: int) -> pl.Series:
        versions, key = self._versions(frame), keeping_of(frame).key
        return _joined([versions.filter(pl.col("commit") > since).select(key).collect().to_series()])

    def _subjects(self, subject: str, touched: Mapping[str, pl.Series]) -> pl.Series | None:
        """Subjects of whom any version of a touched key speaks; None where that is not kept by version."""
        found: list[pl.Series] = []
        for frame, keys in touched.items():
            key, versions = keeping_of(frame).key, self._versions(frame)
            names = versions.collect_schema().names()
            column = "customer" if self._linked(subject, names) else subject
            if column not in names:
                if subject in self._schema(frame):
                    return None
                continue
            rows = keys if column == key else versions.filter(_among(key, keys)).select(column).collect().to_series()
            if column != subject and len(self._persons):
                rows = rows.replace(self._persons["customer"], self._persons["person"])
            found.append(rows)
        return _joined(found).alias(subject)

    def _linked(self, subject: str, names: Collection[str]) -> bool:
        """Whether a subject is told by a frame's customers, and by who is linked with whom (docs/facts.md)."""
        return subject == PERSON and PERSON not in names and "customer" in names

    @cached_property
    def _persons(self) -> pl.DataFrame:
        """Who is linked; nobody was linked or parted since, or there would be no part."""
        return self.store.persons()

    # --- what hangs on it ---------------------------------------------------------------------------------------

    def _narrowed(
        self, affected: Mapping[str, pl.Series], touched: Mapping[str, pl.Series]
    ) -> Iterator[tuple[str, pl.DataFrame]]:
        found: dict[str, pl.DataFrame] = {}
        # Orders before items, for the items of an order of theirs are theirs.
        for name in sorted(self.frames, key=lambda name: (name != ORDER_FRAME, name != ITEM_FRAME)):
            key, columns = keeping_of(name).key, self._schema(name).names()
            told = {subject: "customer" if self._linked(subject, columns) else subject for subject in affected}
            chosen = [_among(told[subject], keys) for subject, keys in affected.items() if told[subject] in columns]
            chosen += [_among(key, touched[name])] if name in touched else []
            if name == ITEM_FRAME and ORDER_FRAME in found:
                chosen.append(_among("order", found[ORDER_FRAME]["order"].unique()))
            if name == PRODUCT_FRAME:
                mentioned = [frame["product"] for frame in found.values() if "product" in frame.columns]
                chosen.append(_among("product", _joined(mentioned)))
            found[name] = self.frames[name].filter(pl.any_horizontal(chosen) if chosen else pl.lit(False)).collect()
        if ITEM_FRAME in found and ORDER_FRAME in found:
            lacking = found[ITEM_FRAME].join(found[ORDER_FRAME], on="order", how="anti")["order"].unique()
            rows = self.frames[ORDER_FRAME].filter(_among("order", lacking)).collect()
            found[ORDER_FRAME] = pl.concat([found[ORDER_FRAME], rows])
        yield from found.items()

    def _versions(self, frame: str) -> pl.LazyFrame:
        versions = self.store.versions(frame)
        assert versions is not None, "a frame of the facts is one of the store"
        return versions

    def _schema(self, frame: str) -> pl.Schema:
        known = self._columns.get(frame)
        if known is None:
            known = self._columns[frame] = self.frames[frame].collect_schema()
        return known


def _among(column: str, keys: pl.Series) -> pl.Expr:
    return pl.col(column).is_in(keys.implode())


def _joined(columns: list[pl.Series]) -> pl.Series:
    """Keys of several columns, once each, in order."""
    parts = [column.drop_nulls().cast(pl.String).alias("key") for column in columns]
    return pl.concat(parts).unique().sort() if parts else pl.Series("key", [], pl.String)

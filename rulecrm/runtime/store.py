"""The store: registers and indexes of the facts, built when first asked for and kept with the facts.

In: facts, and the needs of a plan. Out: `Store`, which hands out registers, indexes and views.
Invariant: what the store answers depends on the facts, the schema, the currency and the zone; never on what it was
asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity
from rulecrm.facts import Facts
from rulecrm.model import ir
from rulecrm.model.schema import Kind, Schema, Subject
from rulecrm.planning import Needs
from rulecrm.runtime.arrays import Array, Ints
from rulecrm.runtime.index import KindIndex, build_index, empty_index
from rulecrm.runtime.memo import Memo, side_by_side
from rulecrm.runtime.physical import dtype_of
from rulecrm.runtime.register import NEVER, Arranged, Register, arrange, build_register, coder_of, unique_keys
from rulecrm.runtime.views import View, make_view

__all__ = ["Progress", "Source", "Store", "missing_key", "open_store"]


class Progress(Protocol):
    """Told how far a long piece of work has come."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """`done` of `total` steps are done; `what` is the next."""
        ...


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


@define(eq=False)
class Store:
    """Everything kept about one set of facts seen in one currency and zone."""

    facts: Source
    schema: Schema
    currency: str
    zone: str
    _registers: dict[str, Register] = field(factory=dict)
    _listed: dict[str, frozenset[str]] = field(factory=dict)
    _first: dict[str, Ints] = field(factory=dict)
    _indexes: dict[tuple[str, str], KindIndex] = field(factory=dict)
    _columns: dict[tuple[str, str], frozenset[str]] = field(factory=dict)
    _views: dict[tuple[str, str], Memo[tuple[ir.Expr, ...], View]] = field(factory=dict)
    _arranged: dict[tuple[str, str], Arranged] = field(factory=dict)
    derived: Memo[object, object] = field(factory=Memo)
    """What else was worked out from the facts alone (matches of sequences)."""

    # --- building -------------------------------------------------------------------------------------------------

    def prepare(self, needs: Needs, progress: Progress | None = None) -> None:
        """Build what is missing. Raises RulesError for columns the facts do not have."""
        self._check(needs)
        subjects = sorted({subject for _, subject in needs.scans} | set(needs.subjects))
        fresh = []
        for kind, subject in sorted(needs.scans):
            known, wanted = self._columns.get((kind, subject)), needs.kinds.get(kind, frozenset())
            if known is None or not wanted <= known:
                fresh.append((kind, subject, wanted | (known or frozenset())))
        steps = len(subjects) + 2 * len(fresh)
        done = 0
        rows: dict[tuple[str, str], pl.DataFrame] = {}
        for kind, subject, columns in fresh:
            if progress is not None:
                progress(done, steps, f"reading {kind}")
            rows[kind, subject] = self._read(self.schema.kinds[kind], subject, columns)
            done += 1
        for subject in subjects:
            if progress is not None:
                progress(done, steps, f"listing {subject}s")
            seen = {kind: frame for (kind, by), frame in rows.items() if by == subject}
            self._register(subject, needs.subjects.get(subject, frozenset()), seen)
            done += 1
        if progress is not None and fresh:
            progress(done, steps, "indexing")
        if fresh:
            self.derived.clear()
        side_by_side([partial(self._index, kind, subject, columns, rows) for kind, subject, columns in fresh])
        if progress is not None:
            progress(steps, steps, "")

    def prepare_subject(self, subject: str) -> None:
        """Build the register of a subject, whatever else is needed of it."""
        self._register(subject, frozenset(), {})

    def _check(self, needs: Needs) -> None:
        kinds = [(self.schema.kinds[kind], self._own_fields(columns)) for kind, columns in needs.kinds.items()]
        subjects = [(self.schema.subjects[subject], columns) for subject, columns in needs.subjects.items()]
        found: tuple[Diagnostic, ...] = self.facts.check(kinds, subjects)
        if any(one.severity is Severity.ERROR for one in found):
            raise RulesError(found)

    def _register(self, subject: str, columns: frozenset[str], seen: Mapping[str, pl.DataFrame]) -> None:
        """The register of a subject; `seen` are rows that were read already, by kind."""
        known = self._listed.get(subject)
        if known is not None and columns <= known:
            return
        columns = columns | (known or frozenset())
        schema = self.schema.subjects[subject]
        lazy = self.facts.subjects(schema, sorted(columns), currency=self.currency, zone=self.zone)
        listed = lazy.collect() if lazy is not None else None
        keys = self._registers[subject].keys if known is not None else self._keys(subject, listed, seen)
        self._registers[subject] = build_register(keys, listed, schema.since)
        self._listed[subject] = columns

    def _keys(self, subject: str, listed: pl.DataFrame | None, seen: Mapping[str, pl.DataFrame]) -> pl.Series:
        """Every key that the subject's own frame or any fact gives."""
        others = [
            rows.select(subject).drop_nulls().unique() for name, rows in self._all_rows(subject) if name not in seen
        ]
        rest = [frame.get_column(subject) for frame in pl.collect_all(others)]
        if listed is None:
            return unique_keys([*(frame.get_column(subject) for frame in seen.values()), *rest], subject)
        own = unique_keys([listed.get_column(subject)], subject)
        coder = coder_of(own)
        found = side_by_side(
            [partial(arrange, coder, frame.get_column(subject), instants_of(frame)) for frame in seen.values()]
        )
        strange = [
            frame.get_column(subject).gather(pl.Series(one.order[one.codes < 0])).drop_nulls()
            for frame, one in zip(seen.values(), found, strict=True)
        ]
        strange += [column.filter(pl.Series(coder.codes(coder.ranks(column)) < 0)) for column in rest]
        if any(len(column) for column in strange):
            return unique_keys([own, *strange], subject)
        # Most often the own frame lists everybody, and the order found on the way is that of the register.
        self._arranged.update({(kind, subject): one for kind, one in zip(seen, found, strict=True)})
        return own

    def _all_rows(self, subject: str) -> Iterator[tuple[str, pl.LazyFrame]]:
        """Every kind that has rows with the subject's key."""
        for name in sorted(self.facts.kinds()):
            kind = self.schema.kinds.get(name)
            if kind is not None and subject in kind.subjects:
                rows = self.facts.rows(kind, (), currency=self.currency, zone=self.zone)
                if subject in rows.collect_schema().names():
                    yield name, rows

    def _read(self, kind: Kind, subject: str, columns: frozenset[str]) -> pl.DataFrame:
        """The rows to be indexed: `at`, the subject's key, fields, natural key."""
        if kind.name not in self.facts.kinds():
            return pl.DataFrame(schema={"at": pl.Int64, subject: pl.Null})
        rows = self.facts.rows(kind, self._own_fields(columns), currency=self.currency, zone=self.zone)
        names = rows.collect_schema().names()
        missing = [name for name in (subject, *sorted(columns)) if name in self.schema.subjects and name not in names]
        if missing:
            raise missing_key(kind, missing[0])
        natural = [key for key in kind.key if key in names]
        return rows.select(*dict.fromkeys(["at", subject, *sorted(columns & set(names)), *natural])).collect()

    def _index(
        self, kind: str, subject: str, columns: frozenset[str], rows: dict[tuple[str, str], pl.DataFrame]
    ) -> None:
        place = (kind, subject)
        frame = rows.pop(place)
        self._columns[place] = columns
        self._views[place] = Memo()
        register = self._registers[subject]
        schema = self.schema.kinds[kind]
        if not len(frame):
            fields = {name: _dtype_of(schema, name) for name in columns}
            self._indexes[place] = empty_index(len(register), fields)
            return
        natural = [key for key in schema.key if key in frame.columns]
        fields_ = [name for name in frame.columns if name in columns]
        keys = [pl.col(name).cast(pl.String) for name in fields_ if name in self.schema.subjects]
        held = frame.select("at", *fields_).with_columns(keys)

        def ties(picked: Array) -> pl.Series:
            chosen = frame.select(pl.all().gather(pl.Series(picked)))
            if natural:
                return _ranked(chosen, ["at", subject, *natural])
            return self._full_order(schema, subject, chosen)

        arranged = self._arranged.pop(place, None)
        if arranged is None:
            arranged = register.arrange(frame.get_column(subject), instants_of(frame))
        self._indexes[place] = build_index(held, arranged, len(register), ties)

    def _own_fields(self, columns: Collection[str]) -> list[str]:
        return sorted(name for name in columns if name not in self.schema.subjects)

    def _full_order(self, kind: Kind, subject: str, tied: pl.DataFrame) -> pl.Series:
        """Where each of these rows stands among them by all fields that the facts have, not only those in use.

        Rows that agree in the fields in use can stand for one another, so it is enough to match the two by those.
        """
        available = [name for name in kind.columns if not self._lacks(kind, name)]
        rows = self.facts.rows(kind, available, currency=self.currency, zone=self.zone)
        where = tied.select(subject, "at").unique()
        whole = rows.join(where.lazy(), on=[subject, "at"], how="semi").collect()
        names = [subject, "at", *sorted(name for name in whole.columns if name not in (subject, "at"))]
        placed = whole.with_columns(_ranked(whole, names).alias("__place"))
        used = [name for name in tied.columns if tied.schema[name] not in (pl.List, pl.Struct)]
        order = placed.sort(_sortable(placed, used), maintain_order=True).get_column("__place")
        back = tied.with_row_index("__row").sort(_sortable(tied, used), maintain_order=True).get_column("__row")
        return pl.DataFrame({"row": back, "place": order}).sort("row").get_column("place")

    def _lacks(self, kind: Kind, name: str) -> bool:
        return any(one.severity is Severity.ERROR for one in self.facts.check([(kind, [name])], []))

    # --- handing out ----------------------------------------------------------------------------------------------

    def register(self, subject: str) -> Register:
        """The register of a subject."""
        return self._registers[subject]

    def exists(self, subject: str, instant: int) -> Array:
        """Which subjects exist at an instant."""
        there: Array = self._registers[subject].since <= instant
        return there if there.all() else there | (self._first_seen(subject) <= instant)

    def _first_seen(self, subject: str) -> Ints:
        """The first instant at which any fact mentions each subject.

        It is worked out only where somebody's existence hangs on it.
        """
        first = self._first.get(subject)
        if first is None:
            register = self._registers[subject]
            first = np.full(len(register), NEVER)
            for kind, rows in self._all_rows(subject):
                index = self._indexes.get((kind, subject))
                if index is not None:
                    filled = index.offsets[1:] > index.offsets[:-1]
                    first[filled] = np.minimum(first[filled], index.at[index.offsets[:-1][filled]])
                    continue
                earliest = rows.group_by(subject).agg(pl.col("at").min()).collect()
                codes = register.encode(earliest.get_column(subject))
                known = codes >= 0
                at = earliest.get_column("at").to_numpy()[known]
                first[codes[known]] = np.minimum(first[codes[known]], at)
            self._first[subject] = first
        return first

    def view(
        self, kind: str, subject: str, where: tuple[ir.Expr, ...], test: Callable[[KindIndex, ir.Expr], pl.Series]
    ) -> View:
        """Rows of a kind that fit row-static predicates; `test` evaluates one of them."""
        index = self._indexes[kind, subject]

        def make() -> View:
            mask = None
            for predicate in where:
                column = test(index, predicate).fill_null(False).to_numpy()
                mask = column if mask is None else mask & column
            return make_view(index, mask)

        return self._views[kind, subject].get(where, make)

    def forget_instants(self) -> None:
        """Drop what was kept for single instants."""
        for views in self._views.values():
            for view in views.kept():
                view.forget()


def missing_key(kind: Kind, key: str) -> RulesError:
    """The rules count a kind by a key that its frame does not have."""
    message = f"the frame of `{kind.name}` has no column `{key}`, which the rules ask for"
    return RulesError([Diagnostic("R402", message, data={"frame": kind.frame, "column": key})])


def instants_of(frame: pl.DataFrame) -> Ints:
    """The instants of rows."""
    at: Ints = frame.get_column("at").to_numpy()
    return at


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


def _dtype_of(kind: Kind, name: str) -> pl.DataType:
    column = kind.columns.get(name)
    return pl.String() if column is None else dtype_of(column.type)


def open_store(facts: Facts, schema: Schema, currency: str, zone: str) -> Store:
    """The store of these facts, the same one each time."""
    memo = facts._memo  # noqa: SLF001 - the facts keep the store for us, and for nobody else
    place = ("store", currency, zone, tuple(sorted(schema.declared)))
    store = memo.get(place)
    if not isinstance(store, Store) or store.schema != schema:
        store = memo[place] = Store(facts, schema, currency, zone)
    return store

"""The store: registers and indexes of the facts, built when first asked for and kept with the facts.

In: facts, and the needs of a plan. Out: `Store`, which hands out registers, indexes and views.
Invariant: what the store answers depends on the facts, the schema, the currency and the zone; never on what it was
asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.diagnostics.model import RulesError, Severity
from rulecrm.model import ir
from rulecrm.model.schema import Schema
from rulecrm.planning import Needs
from rulecrm.runtime.arrays import Array, Ints
from rulecrm.runtime.index import KindIndex
from rulecrm.runtime.layout import Met, Wanted, lay_out, look_through
from rulecrm.runtime.memo import Memo, side_by_side
from rulecrm.runtime.reach import Reach
from rulecrm.runtime.register import ALWAYS, NEVER, Register, build_register, unique_keys
from rulecrm.runtime.rows import Door, Source
from rulecrm.runtime.sequences import Matches
from rulecrm.runtime.shelf import Shelf
from rulecrm.runtime.views import View, make_view

__all__ = ["Progress", "Store"]

_SLACK = 31 * 86_400_000_000
"""How much further back than asked an index goes that leaves rows out: the next question may be about another day."""


class Progress(Protocol):
    """Told how far a long piece of work has come."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """`done` of `total` steps are done; `what` is the next."""
        ...


_Task = Callable[[Register], Met]


@define(eq=False)
class Store:
    """Everything kept about one set of facts seen in one currency and zone."""

    facts: Source
    schema: Schema
    currency: str
    zone: str
    _door: Door = field(init=False)
    _registers: dict[str, Register] = field(factory=dict)
    _attributes: dict[str, frozenset[str]] = field(factory=dict)
    _indexes: dict[tuple[str, str], KindIndex] = field(factory=dict)
    _columns: dict[tuple[str, str], frozenset[str]] = field(factory=dict)
    _beginnings: dict[str, Ints] = field(factory=dict)
    _views: dict[tuple[str, str], Memo[tuple[ir.Expr, ...], View]] = field(factory=dict)
    shelf: Shelf | None = None
    """Where what is built may be kept."""
    waiting: dict[tuple[str, str], Callable[[], tuple[KindIndex, frozenset[str]] | None]] = field(factory=dict)
    """Indexes that were kept on the disk, and are read when they are asked for; one that cannot be read is built."""
    derived: Memo[object, object] = field(factory=Memo)
    """What else was worked out from the facts alone (matches of sequences)."""

    @_door.default
    def _open_door(self) -> Door:
        return Door(self.facts, self.schema, self.currency, self.zone)

    # --- building -------------------------------------------------------------------------------------------------

    def prepare(self, needs: Needs, progress: Progress | None = None, reach: Callable[[], Reach] | None = None) -> None:
        """Build what is missing.

        Args:
            needs: what will be asked for.
            progress: told how far the work has come.
            reach: tells how far back it will be asked for; None says that everything may be.

        Raises:
            RulesError: for columns the facts do not have.
        """
        self._check(needs)
        for place in sorted(needs.scans & self.waiting.keys()):
            self._fetch(place)
        fresh = self._fresh(needs, reach)
        if fresh:
            self.derived.clear()
        for subject in sorted({subject for _, subject in needs.scans} | set(needs.subjects)):
            wanted = {kind: one for (kind, by), one in fresh.items() if by == subject}
            self._prepare(subject, needs.subjects.get(subject, frozenset()), wanted, progress)
        if progress is not None and not fresh:
            progress(1, 1, "")

    def _fetch(self, place: tuple[str, str]) -> None:
        found = self.waiting.pop(place)()
        if found is not None and place not in self._indexes:
            self.take_index(place, *found)

    def take_register(self, subject: str, register: Register, attributes: frozenset[str]) -> None:
        """Have a register that was built before, of the same facts, and these attributes of it."""
        self._registers[subject], self._attributes[subject] = register, attributes

    def take_index(self, place: tuple[str, str], index: KindIndex, columns: frozenset[str]) -> None:
        """Have the index of a kind for a subject that was built before, of the same facts and by the same register."""
        self._indexes[place], self._columns[place], self._views[place] = index, columns, Memo()

    def built(
        self,
    ) -> tuple[dict[str, tuple[Register, frozenset[str]]], dict[tuple[str, str], tuple[KindIndex, frozenset[str]]]]:
        """Registers by subject with their attributes, and indexes by kind and subject with their columns."""
        registers = {name: (one, self._attributes[name]) for name, one in self._registers.items()}
        return registers, {place: (one, self._columns[place]) for place, one in self._indexes.items()}

    def prepare_subject(self, subject: str) -> None:
        """Build the register of a subject, whatever else is needed of it."""
        self._prepare(subject, frozenset(), {}, None)

    def _check(self, needs: Needs) -> None:
        kinds = [(self.schema.kinds[kind], self._door.own_fields(columns)) for kind, columns in needs.kinds.items()]
        subjects = [(self.schema.subjects[subject], columns) for subject, columns in needs.subjects.items()]
        found = self.facts.check(kinds, subjects)
        if any(one.severity is Severity.ERROR for one in found):
            raise RulesError(found)

    def _fresh(self, needs: Needs, reach: Callable[[], Reach] | None) -> dict[tuple[str, str], Wanted]:
        """The indexes that are missing, lack a column, or do not go back far enough.

        Only a first index leaves rows out: whoever asks again is likely to ask a third time.
        """
        missing, lacking, short = [], [], []
        for place in sorted(needs.scans):
            columns, index = needs.kinds.get(place[0], frozenset()), self._indexes.get(place)
            if index is None:
                missing.append((place, columns))
            elif not columns <= self._columns[place]:
                lacking.append((place, columns | self._columns[place]))
            elif index.since is not None:
                short.append((place, index.since))
        back = reach() if reach is not None and (missing or short) else {}
        found = {place: Wanted(columns) for place, columns in lacking}
        for place, columns in missing:
            found[place] = Wanted(columns, back[place] - _SLACK if place in back else None)
        for place, since in short:
            if place not in back or back[place] < since:
                found[place] = Wanted(self._columns[place])
        return found

    def _prepare(
        self, subject: str, columns: frozenset[str], wanted: Mapping[str, Wanted], progress: Progress | None
    ) -> None:
        """The register of a subject, and indexes of its rows."""
        tasks: dict[str, _Task] = {}
        for name, one in wanted.items():
            rows = self._door.rows_of(self.schema.kinds[name], subject, one.columns)
            tasks[name] = partial(lay_out, self._door, rows, one)
        register = self._registers.get(subject)
        if register is None:
            register, met = self._enrol(subject, columns, tasks, progress)
        else:
            register, met = self._described(register, columns), _done(tasks, register, progress)
        self._registers[subject] = register
        for name, one in wanted.items():
            index = met[name].index
            assert index is not None
            self.take_index((name, subject), index, one.columns)

    def _described(self, register: Register, columns: frozenset[str]) -> Register:
        """A register with these attributes, too."""
        subject = register.keys.name
        have = self._attributes[subject]
        if columns <= have:
            return register
        self._attributes[subject] = have | columns
        found = build_register(register.keys, self._door.listed(subject, have | columns), None)
        found.since = register.since
        return found

    def _enrol(
        self, subject: str, columns: frozenset[str], tasks: Mapping[str, _Task], progress: Progress | None
    ) -> tuple[Register, Mapping[str, Met]]:
        """A register of all whom the subject's own frame or any fact names, and what came of the tasks."""
        everywhere = self._door.kinds_of(subject)
        others = {kind: partial(look_through, rows) for kind, rows in everywhere.items() if kind not in tasks}
        tasks = {**tasks, **others}
        listed = self._door.listed(subject, columns)
        if listed is not None:
            keys = unique_keys([listed.get_column(subject)], subject)
        else:
            keyed = [rows.lazy.select(subject).drop_nulls() for rows in everywhere.values() if rows.lazy is not None]
            named = pl.collect_all([rows.unique() for rows in keyed])
            keys = unique_keys([frame.get_column(subject) for frame in named], subject)
        since = self.schema.subjects[subject].since
        register = build_register(keys, listed, since)
        met = _done(tasks, register, progress)
        strange = {kind: one.strange for kind, one in met.items() if len(one.strange)}
        if strange:
            register = build_register(unique_keys([keys, *strange.values()], subject), listed, since)
            codes = register.encode(keys)
            met = {kind: one.recoded(codes, len(register)) for kind, one in met.items() if kind not in strange}
            met |= _done({kind: tasks[kind] for kind in strange}, register, progress)
        for one in met.values():
            register.meet(one.codes, one.at)
        self._attributes[subject] = columns
        return register, met

    # --- handing out ----------------------------------------------------------------------------------------------

    def register(self, subject: str) -> Register:
        """The register of a subject."""
        return self._registers[subject]

    def exists(self, subject: str, instant: int) -> Array:
        """Which subjects exist at an instant."""
        there: Array = self._registers[subject].since <= instant
        return there

    def beginnings(self, subject: str) -> Ints:
        """The instant at which each subject became known: listed with a date, or met in a first fact; NEVER of neither.

        For those who are listed without a date, who exist always, all facts have to be looked through; once.
        """
        known = self._beginnings.get(subject)
        if known is None:
            register = self._registers[subject]
            undated = register.since == ALWAYS
            known = np.where(undated, NEVER, register.since)
            for kind, rows in self._door.kinds_of(subject).items() if undated.any() else ():
                index = self._indexes.get((kind, subject))
                if index is not None and index.since is None:
                    filled = np.flatnonzero(index.offsets[1:] > index.offsets[:-1])
                    known[filled] = np.minimum(known[filled], index.at[index.offsets[:-1][filled]])
                elif rows.lazy is not None:
                    columns = rows.read()
                    codes = register.encode(columns[subject])
                    here = codes >= 0
                    np.minimum.at(known, codes[here], columns["at"].to_numpy()[here])
            self._beginnings[subject] = known
        return known

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
        for derived in self.derived.kept():
            if isinstance(derived, Matches):
                derived.forget()


def _done(tasks: Mapping[str, _Task], register: Register, progress: Progress | None) -> dict[str, Met]:
    """What comes of looking through rows of each kind, side by side."""

    def told(done: int) -> None:
        if progress is not None:
            progress(done, len(tasks), f"reading {register.keys.name}s" if done < len(tasks) else "")

    return dict(zip(tasks, side_by_side([partial(task, register) for task in tasks.values()], told), strict=True))

"""Questions to the engine about one subject.

In: a run, a subject, a key. Out: `Asker`, which gives the value of any expression at any instant for that subject.
Invariant: every value comes from the engine's own points; nothing of the language's meaning is worked out here.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model import ir
from rulecrm.model.schema import Kind
from rulecrm.model.types import INT
from rulecrm.planning.walk import refs
from rulecrm.runtime.arrays import Ints
from rulecrm.runtime.points import Points
from rulecrm.runtime.run import Run

__all__ = ["Asker", "ask_about"]

_NEIGHBOURS = 500
"""Keys on either side, in the order of keys, among which a misspelled one is looked for."""


@define(eq=False)
class Asker:
    """One subject, ready to be asked about.

    Attributes:
        run: the run.
        subject: the subject's name.
        key: its key as the facts hold it.
        codes: its code, alone in an array.
    """

    run: Run
    subject: str
    key: str | int
    codes: Ints
    _points: dict[int, Points] = field(factory=dict)
    _rows: dict[str, tuple[str, pl.DataFrame] | None] = field(factory=dict)

    def exists(self, instant: int) -> bool:
        """Whether the subject is there at an instant."""
        return bool(self.run.store.exists(self.subject, instant)[self.codes[0]])

    def values(self, exprs: list[ir.Expr], instant: int) -> list[object]:
        """Physical values, None where missing, of several expressions."""
        points = self._points.get(instant)
        if points is None:
            points = self._points[instant] = self.run.points(self.subject, self.codes, instant)
        return [_single(value[0] if isinstance(value, pl.Series) else value.value) for value in points.values(exprs)]

    def value(self, expr: ir.Expr, instant: int) -> object:
        """The physical value of one expression."""
        return self.values([expr], instant)[0]

    def prepare(self, expr: ir.Expr, instant: int) -> None:
        """Compute at once whatever a tree of `expr` at `instant` will ask for."""
        wanted: dict[ir.Expr, None] = {}
        seen: set[str] = set()
        stack = [expr]
        while stack:
            here = stack.pop()
            for part in _asked(here):
                wanted[part] = None
            for symbol in refs(here) - seen:
                seen.add(symbol)
                stack.append(self.run.definition(symbol).value)
        self.values(list(wanted), instant)

    def natural_keys(self, kind: Kind) -> tuple[str, pl.DataFrame] | None:
        """The subject's rows of a kind with the natural key: (name of its column, frame); None for a kind without one.

        The frame has `at` (microseconds) and the key as text.
        """
        if kind.name not in self._rows:
            self._rows[kind.name] = self._find_keys(kind)
        return self._rows[kind.name]

    def _find_keys(self, kind: Kind) -> tuple[str, pl.DataFrame] | None:
        store = self.run.store
        if len(kind.key) != 1 or kind.name not in store.facts.kinds():
            return None
        name = kind.key[0]
        rows = store.facts.rows(kind, (), currency=store.currency, zone=store.zone)
        schema = rows.collect_schema()
        if name not in schema or self.subject not in schema:
            return None
        own = pl.col(self.subject)
        if isinstance(schema[self.subject], pl.Categorical | pl.Enum):
            own = own.cast(pl.String)
        found = rows.filter(own == pl.lit(self.key)).select("at", pl.col(name).cast(pl.String)).collect()
        return name, found


def ask_about(run: Run, subject: str, key: object) -> Asker:
    """An asker for the subject with this key.

    Raises:
        RulesError: no subject has this key.
    """
    run.store.prepare_subject(subject)
    register = run.store.register(subject)
    typed = pl.Series([str(key)]).cast(register.keys.dtype, strict=False)
    codes = register.encode(typed)
    if codes[0] < 0:
        help_ = did_you_mean(str(key), _around(str(key), register.keys))
        raise RulesError([Diagnostic("R432", f"no {subject} has the key `{key}`", help=help_)])
    return Asker(run, subject, typed[0], codes)


def _around(key: str, keys: pl.Series) -> list[str]:
    """The keys that `key` may have been meant for; of very many only the neighbours in their order."""
    if len(keys) > 4 * _NEIGHBOURS:
        typed = pl.Series([key]).cast(keys.dtype, strict=False)
        if typed[0] is None:
            return []
        place = int(np.asarray(keys.search_sorted(typed))[0])
        keys = keys.slice(max(place - _NEIGHBOURS, 0), 2 * _NEIGHBOURS)
    return keys.cast(pl.String).to_list()


def _asked(expr: ir.Expr) -> Iterable[ir.Expr]:
    """Whatever inside an expression has a value at its own point, constants aside."""
    stack = [expr]
    while stack:
        node = stack.pop()
        match node:
            case ir.Const() | ir.Local():
                continue
            case ir.Apply(args=args):
                stack.extend(args)
            case ir.Aggregate(scan=scan):
                yield ir.Aggregate("count", scan, None, (), INT)
                stack.extend(bound.at for bound in (scan.lower, scan.upper) if bound is not None)
            case ir.AsOf(instant=instant):
                stack.append(instant)
            case ir.HeldSince(value=value):
                stack.append(value)
            case _:
                pass
        yield node


def _single(value: object) -> object:
    return value.to_list() if isinstance(value, pl.Series) else value

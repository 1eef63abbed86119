"""Points: expressions evaluated for subjects at instants.

In: a run (program and store), a subject, codes of subjects and their instants. Out: columns, one value a point.
Invariant: each distinct expression is computed once for a set of points; what it sees of the facts lies not after the
point's instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import define, field

from rulecrm.model import ir
from rulecrm.model.types import BOOL, Type
from rulecrm.planning.walk import children
from rulecrm.runtime import population
from rulecrm.runtime.aggregates import aggregate
from rulecrm.runtime.arrays import Bools, Ints, split
from rulecrm.runtime.elements import elements
from rulecrm.runtime.held import held_since
from rulecrm.runtime.limits import furthest, refusing
from rulecrm.runtime.lower import Context, lower
from rulecrm.runtime.matching import sequence_holds
from rulecrm.runtime.memo import side_by_side
from rulecrm.runtime.physical import dtype_of
from rulecrm.runtime.provided import call, is_provided
from rulecrm.runtime.register import NEVER
from rulecrm.runtime.seen import Seen
from rulecrm.runtime.values import Fixed, Value
from rulecrm.runtime.verdicts import Verdicts

if TYPE_CHECKING:
    from rulecrm.runtime.run import Run  # noqa: TC004 - a run makes points, and points only name their run

__all__ = ["Points"]


_MANY = 200_000
"""Points from which on threads pay."""


@define(eq=False)
class Points:
    """Subjects at instants.

    Attributes:
        run: the program, the store and what other points have been asked.
        subject: the subject's name.
        codes: codes of subjects, −1 for one that no fact knows; None for all, in the order of the register.
        instant: one instant for all points, or one each (Int64 microseconds).
        keys: the keys that were asked about, where some may be unknown; None where the register has them all.
        locals: values that journeys bring along (`ir.Local`), one a point.
    """

    run: Run
    subject: str
    codes: Ints | None
    instant: int | Ints
    keys: pl.Series | None = None
    locals: Mapping[str, pl.Series] = field(factory=dict, kw_only=True)
    _memo: dict[ir.Expr, Value] = field(factory=dict)
    _there: Bools | None = None
    rows: Seen = field(init=False)
    """The rows of facts that these points see."""

    _verdicts: Verdicts = field(init=False)

    @rows.default
    def _sees(self) -> Seen:
        return Seen(self)

    @_verdicts.default
    def _judge(self) -> Verdicts:
        return Verdicts(self, self.run.predicates)

    def __len__(self) -> int:
        return len(self.run.store.register(self.subject)) if self.codes is None else len(self.codes)

    @property
    def everyone(self) -> bool:
        """Whether these are all subjects at one instant."""
        return self.codes is None and isinstance(self.instant, int)

    # --- values ---------------------------------------------------------------------------------------------------

    def series(self, expr: ir.Expr) -> pl.Series:
        """The value at every point."""
        value = self.values([expr])[0]
        if isinstance(value, pl.Series):
            return value
        return pl.Series([value.value], dtype=value.dtype).new_from_index(0, len(self))

    def mask(self, predicate: ir.Expr) -> Bools:
        """Where a predicate holds."""
        holds: Bools = self.series(predicate).fill_null(False).to_numpy()
        return holds

    def values(self, exprs: Sequence[ir.Expr]) -> list[Value]:
        """The values of several expressions, their operators computed side by side."""
        with refusing():
            self.settle(exprs)
            missing = [expr for expr in dict.fromkeys(exprs) if expr not in self._memo]
            if missing:
                self._compute(missing)
        return [self._memo[expr] for expr in exprs]

    def value(self, expr: ir.Expr) -> Value:
        """The value of one expression."""
        known = self._memo.get(expr)
        return self.values([expr])[0] if known is None else known

    def knows(self, expr: ir.Expr) -> bool:
        """Whether a value has been found already."""
        return expr in self._memo

    def lowered(self, expr: ir.Expr) -> Value:
        """The value of an operator, found as an expression of Polars."""
        if expr not in self._memo:
            self._lower([expr])
        return self._memo[expr]

    def settle(self, exprs: Iterable[ir.Expr]) -> None:
        """Compute the definitions that the expressions refer to, level by level, without recursion."""
        for definitions in self.run.schedule(exprs, everyone=self.everyone):
            missing = [(ref, value) for ref, value in definitions if ref not in self._memo]
            if missing:
                self._compute([value for _, value in missing if value not in self._memo])
                for ref, value in missing:
                    self._memo[ref] = self._memo[value]

    def _compute(self, exprs: Sequence[ir.Expr]) -> None:
        judged: list[ir.Expr] = []
        rest: list[ir.Expr] = []
        leaves: list[ir.Expr] = []
        for expr in exprs:
            kinds = judged if self._verdicts.judges(expr) else rest if _is_operator(expr) else leaves
            kinds.append(expr)
        needs = self._verdicts.needs(judged)
        self._prepare([*rest, *leaves, *needs])
        for leaf in leaves:
            self._leaf(leaf)
        if rest:
            self._lower(rest)
        if judged:
            self.values([expr for expr in needs if expr not in self._memo])
            for expr, value in zip(judged, self._verdicts.judge(judged), strict=True):
                self._memo[expr] = value

    def _lower(self, exprs: Sequence[ir.Expr]) -> None:
        columns: dict[str, pl.Series] = {}
        names: dict[ir.Expr, pl.Expr] = {}
        fixed: list[bool] = []

        def leaf(node: ir.Expr) -> pl.Expr:
            known = names.get(node)
            if known is None:
                value = self._leaf(node)
                if isinstance(value, Fixed):
                    known = value.expr()
                else:
                    name = f"v{len(columns)}"
                    columns[name] = value
                    known = pl.col(name)
                names[node] = known
            if isinstance(self._memo[node], pl.Series):
                fixed[-1] = False
            return known

        context = self._context()
        lowered: list[pl.Expr] = []
        for expr in exprs:
            fixed.append(not isinstance(self.instant, np.ndarray) or not _reads_now(expr))
            lowered.append(lower(expr, leaf, context).alias(f"o{len(lowered)}"))
        plain = [number for number, alone in enumerate(fixed) if alone]
        if plain:
            row = pl.select([lowered[number] for number in plain])
            for number, column in zip(plain, row, strict=True):
                self._memo[exprs[number]] = Fixed(column[0], column.dtype)
        varied = [number for number, alone in enumerate(fixed) if not alone]
        if varied:
            if isinstance(self.instant, np.ndarray):
                columns["now"] = pl.Series(self.instant)
            done = pl.DataFrame(columns).select([lowered[number] for number in varied])
            for number, column in zip(varied, done, strict=True):
                whole = len(column) == len(self)  # one rate for all instants gives one value
                self._memo[exprs[number]] = column if whole else column.new_from_index(0, len(self))

    def _prepare(self, exprs: Sequence[ir.Expr]) -> None:
        """Evaluate what the operators of these expressions read, side by side where that pays."""
        if self.run.busy or len(self) < _MANY:
            return
        leaves = dict.fromkeys(leaf for expr in exprs for leaf in _leaves(expr) if leaf not in self._memo)
        heavy = [
            leaf for leaf in leaves if isinstance(leaf, ir.Aggregate | ir.SequenceOf | ir.PopulationOf | ir.Standing)
        ]
        if len(heavy) < 2:
            return
        self.run.busy = True
        try:
            side_by_side([partial(self._leaf, leaf) for leaf in heavy])
        finally:
            self.run.busy = False

    def _context(self) -> Context:
        now = pl.lit(self.instant, dtype=pl.Int64) if isinstance(self.instant, int) else pl.col("now")
        return self.context(now)

    def context(self, now: pl.Expr) -> Context:
        """What operators need; `now` is T as a column."""
        instant = self.instant if isinstance(self.instant, int) else None
        return Context(
            self.run.zone,
            now,
            instant,
            lambda code: self.run.rate(code, self.instant),
            self._largest,
        )

    def _largest(self, expr: ir.Expr) -> int | None:
        """The largest amount among the values of a leaf that are known already."""
        known = self._memo.get(expr)
        if isinstance(known, Fixed):
            return furthest(pl.Series([known.value], dtype=known.dtype))
        return None if known is None else furthest(known)

    def _leaf(self, node: ir.Expr) -> Value:
        known = self._memo.get(node)
        if known is None:
            if _is_operator(node):
                return self.values([node])[0]
            known = self._memo[node] = self._evaluate(node)
        return known

    def _evaluate(self, node: ir.Expr) -> Value:
        match node:
            case ir.Apply():
                return call(node, self.run.program, self._leaf)
            case ir.Now():
                return Fixed(self.instant, pl.Int64()) if isinstance(self.instant, int) else pl.Series(self.instant)
            case ir.Key():
                return self._attribute(self.subject).cast(pl.String)
            case ir.Attribute(name=name, type=type_):
                column = self._attribute(name)
                return column if name != self.subject else column.cast(dtype_of(type_))
            case ir.Aggregate():
                return aggregate(node, self.rows.selection(node))
            case ir.SequenceOf():
                return sequence_holds(node, self)
            case ir.PopulationOf() | ir.Standing():
                return self._among_all(node)
            case ir.Elements():
                return elements(node, self.series, self.instant, self)
            case ir.AsOf(value=value, instant=instant, type=type_):
                return self._as_of(value, instant, type_)
            case ir.HeldSince(value=value, limit=limit):
                return held_since(self, value, limit)
            case ir.State():
                return self._state(node)
            case ir.Local(name=name, type=type_):
                return self.locals[name].cast(dtype_of(type_))
            case ir.Period():
                return self.run.period(node.end)
        raise AssertionError(f"no value for {node!r}")

    def _attribute(self, name: str) -> pl.Series:
        if name == self.subject and self.keys is not None:
            return self.keys
        column = self.run.store.register(self.subject).attributes.get_column(name)
        if self.codes is None:
            return column
        known = self.codes >= 0
        frame = pl.DataFrame({"code": self.codes.astype(np.int64), "known": known})
        return column.gather(frame.select(pl.when("known").then("code")).to_series())

    def _state(self, node: ir.State) -> pl.Series:
        instants = self.instant
        if not len(self):
            return pl.Series([], dtype=dtype_of(node.type))
        horizon = instants if isinstance(instants, int) else int(instants.max())
        return self.run.lives(node.lifecycle, horizon).part(node.part, self.codes, instants)

    # --- other points ---------------------------------------------------------------------------------------------

    def _as_of(self, value: ir.Expr, instant: ir.Expr, type_: Type) -> Value:
        then = self.values([instant])[0]
        if isinstance(then, Fixed):
            if then.value is None:
                return Fixed(False if type_ == BOOL else None, dtype_of(type_))
            assert isinstance(then.value, int)
            if isinstance(self.instant, int):
                earlier = min(then.value, self.instant)
                return self._earlier(earlier).values([value])[0]
            instants: Ints = np.minimum(then.value, self.instant)
            return self._earlier(instants).series(value)
        moments, present = split(then)
        moments = np.minimum(moments, self.instant)
        column = self._earlier(moments).series(value)
        if present is None:
            return column
        other = pl.lit(False) if type_ == BOOL else pl.lit(None)
        frame = pl.DataFrame({"value": column, "present": present})
        return frame.select(pl.when("present").then("value").otherwise(other)).to_series()

    def _earlier(self, instant: int | Ints) -> Points:
        """The same subjects at another instant, or at one each."""
        if isinstance(instant, int) and not self.locals:
            return self.run.points(self.subject, self.codes, instant, self.keys)
        codes = self.codes if isinstance(instant, int) else self.all_codes()
        return Points(self.run, self.subject, codes, instant, self.keys, locals=self.locals)

    def elsewhen(self, which: Ints, instants: Ints) -> Points:
        """The points at these places, each as often as it is named, at other instants."""
        chosen = pl.Series(which)
        keys = None if self.keys is None else self.keys.gather(chosen)
        own = {name: column.gather(chosen) for name, column in self.locals.items()}
        return Points(self.run, self.subject, self.all_codes()[which], instants, keys, locals=own)

    def known_from(self) -> Ints:
        """The instant from which on the subject of each point exists; NEVER for one that nothing knows."""
        codes = self.all_codes()
        since = self.run.store.register(self.subject).since
        known: Ints = np.full(len(codes), NEVER)
        known[codes >= 0] = since[codes[codes >= 0]]
        return known

    def there(self) -> Bools:
        """Which of all subjects exist at the instant."""
        assert isinstance(self.instant, int)
        if self._there is None:
            self._there = self.run.store.exists(self.subject, self.instant)
        return self._there

    def all_codes(self) -> Ints:
        """The code of each point."""
        return np.arange(len(self), dtype=np.int32) if self.codes is None else self.codes

    def _among_all(self, node: ir.PopulationOf | ir.Standing) -> Value:
        if isinstance(self.instant, int):
            number = self.run.numbers.get((node, self.instant))
            if number is not None:
                return number
            everyone = self if self.codes is None else self.run.points(self.subject, None, self.instant)
            gathered = None
            if self.run.gathered is not None:
                gathered = self.run.gathered.get((node, self.instant))
                if gathered is None:
                    # The innermost comes first: what it needs of the population is asked for on the way.
                    population.values_of(node, everyone)
                    raise population.Ungathered(((node, self.instant),))
            value = population.evaluate(node, everyone, gathered)
            if isinstance(value, Fixed):
                self.run.numbers[node, self.instant] = value
            if isinstance(value, Fixed) or everyone is self:
                return value
            assert self.codes is not None
            return _gather(value, self.codes)
        return self.each_instant(node)

    def each_instant(self, node: ir.Expr) -> pl.Series:
        """An expression that has to be evaluated for one instant after another."""
        instants, counts = np.unique(self.instant, return_counts=True)
        order = np.argsort(self.instant, kind="stable")
        codes = self.all_codes()
        parts: list[pl.Series] = []
        ungathered: list[population.Place] = []
        for instant, here in zip(instants.tolist(), np.split(order, np.cumsum(counts))[:-1], strict=True):
            keys = None if self.keys is None else self.keys.gather(pl.Series(here))
            own = {name: column.gather(pl.Series(here)) for name, column in self.locals.items()}
            with self.run.passing(self.subject, instant):
                try:
                    parts.append(Points(self.run, self.subject, codes[here], instant, keys, locals=own).series(node))
                except population.Ungathered as missing:
                    ungathered += missing.places
        if ungathered:
            raise population.Ungathered(tuple(dict.fromkeys(ungathered)))
        if not parts:
            return pl.Series([], dtype=dtype_of(node.type))
        return pl.concat(parts).gather(pl.Series(np.argsort(order, kind="stable")))


def _gather(column: pl.Series, codes: Ints) -> pl.Series:
    frame = pl.DataFrame({"code": codes.astype(np.int64), "known": codes >= 0})
    return column.gather(frame.select(pl.when("known").then("code")).to_series())


def _is_operator(expr: ir.Expr) -> bool:
    """Whether `lower` makes an expression of it; a function of a plugin is called by itself."""
    return isinstance(expr, ir.Apply | ir.Const) and not is_provided(expr)


def _leaves(expr: ir.Expr) -> Iterator[ir.Expr]:
    """What stands below the operators of an expression."""
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, ir.Apply):
            stack.extend(node.args)
        elif not isinstance(node, ir.Const):
            yield node


def _reads_now(expr: ir.Expr) -> bool:
    """Whether an operator outside any leaf reads T itself."""
    if not isinstance(expr, ir.Apply):
        return False
    return expr.op in ("elapsed", "convert") or any(_reads_now(part) for part in children(expr))

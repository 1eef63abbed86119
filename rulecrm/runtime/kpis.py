"""What kpis ask of the facts, in one period after another.

In: a program, facts, kpis, periods and T. Out: `Measures`: the exact value of each kpi in each period.
Invariant: a period is seen as of its last instant, or as of T where it is not over then: no fact at or after its end,
and none after T, plays a part.

Periods are asked about from the last to the first: what is worked out of lifecycles up to the last serves all others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from attrs import define, evolve, field

from rulecrm.facts import Facts
from rulecrm.model import ir
from rulecrm.model.kpi import Kpi, leaves, parts_of
from rulecrm.model.program import Program
from rulecrm.planning import Plan, make_plan
from rulecrm.runtime.additive import Stretch, over_periods
from rulecrm.runtime.evaluate import start_run
from rulecrm.runtime.formula import Exact, Reading, as_exact, evaluate
from rulecrm.runtime.lives import Lender
from rulecrm.runtime.periods import CalendarPeriod
from rulecrm.runtime.run import Run
from rulecrm.runtime.shards import Moment, gathered_runs
from rulecrm.runtime.store import Progress
from rulecrm.runtime.values import Fixed

__all__ = ["Measures", "closure", "is_over", "seen_at"]

_SUBJECT = "customer"


def seen_at(period: CalendarPeriod, now: int) -> int:
    """The instant as of which a period is seen: its last microsecond, or T where that comes first."""
    return min(period.end - 1, now)


def is_over(period: CalendarPeriod, now: int) -> bool:
    """Whether all of a period has gone by at T."""
    return now >= period.end - 1


def closure(program: Program, symbols: Iterable[str], *, alerts: bool = False) -> tuple[Kpi, ...]:
    """The kpis with these symbols and all that they are made of, each after its parts; or that alerts read, too."""
    by_symbol = {one.symbol: one for one in program.kpis}
    needed: set[str] = set()
    stack = list(symbols)
    while stack:
        symbol = stack.pop()
        if symbol not in needed:
            needed.add(symbol)
            one = by_symbol[symbol]
            stack.extend(one.parts)
            if alerts and one.alert is not None:
                stack.extend(parts_of(one.alert))
    return tuple(one for one in program.kpis if one.symbol in needed)


@define(eq=False)
class Measures:
    """Values of kpis, each found once.

    Attributes:
        program: the rules.
        facts: the facts.
        now: T, microseconds since 1970-01-01 UTC.
        lender: works out lifecycles.
        shards: in how many parts of the subjects, one after another; None: all at once.
        progress: told how far the work has come.
    """

    program: Program
    facts: Facts
    now: int
    lender: Lender
    shards: int | None = None
    progress: Progress | None = None
    _read: dict[tuple[ir.Expr, CalendarPeriod], Exact] = field(factory=dict, init=False)
    _values: dict[tuple[str, CalendarPeriod], Exact] = field(factory=dict, init=False)

    def prepare(self, symbols: Collection[str], periods: Collection[CalendarPeriod], *, alerts: bool = False) -> None:
        """Ask the facts all that these kpis, and their alerts, need in these periods.

        Raises:
            RulesError: columns that the facts do not have, rows that are wrong.
        """
        kpis = closure(self.program, symbols, alerts=alerts)
        asked = [leaf for one in kpis for leaf in leaves(one.value)]
        if alerts:
            asked += [leaf for one in kpis if one.alert is not None for leaf in leaves(one.alert)]
        wanted = list(dict.fromkeys(asked))
        missing = [one for one in periods if any((leaf, one) not in self._read for leaf in wanted)]
        if wanted and missing:
            self._ask(wanted, sorted(set(missing), key=lambda one: one.first, reverse=True))

    def value(self, symbol: str, period: CalendarPeriod) -> Exact:
        """The value of a kpi in a period; `prepare` has been told of both."""
        for one in closure(self.program, [symbol]):  # each after its parts: a long chain of kpis is no recursion
            if (one.symbol, period) not in self._values:
                self._values[one.symbol, period] = evaluate(one.value, self.reading(period))
        return self._values[symbol, period]

    def reading(self, period: CalendarPeriod, local: dict[str, Exact] | None = None) -> Reading:
        """Where a formula reads its values in a period."""
        return Reading(
            lambda leaf: self._read[leaf, period],
            lambda symbol: self._values[symbol, period],
            local or {},
        )

    def _ask(self, wanted: Sequence[ir.Expr], periods: Sequence[CalendarPeriod]) -> None:
        program, plan = _planned(self.program, wanted)
        refs = {leaf: ir.Ref(symbol, leaf.type) for symbol, leaf in zip(plan.wanted, wanted, strict=True)}
        moments = [Moment(seen_at(one, self.now), (one.start, one.end)) for one in periods]
        for number, (period, run) in enumerate(zip(periods, self._runs(program, plan, moments), strict=True)):
            if self.progress is not None:
                self.progress(number, len(periods), f"{period.unit} of {period.first}")
            if not number and self.shards is None:
                self._add_up(refs, run, periods)
            rest = [leaf for leaf in wanted if (leaf, period) not in self._read]
            if not rest:
                continue
            points = run.points(_SUBJECT, None, seen_at(period, self.now))
            for leaf, value in zip(rest, points.values([refs[leaf] for leaf in rest]), strict=True):
                assert isinstance(value, Fixed), "a kpi is one value for the shop"
                self._read[leaf, period] = as_exact(value.value, leaf.type)
            run.store.forget_instants()
        if self.progress is not None:
            self.progress(len(periods), len(periods), "")

    def _add_up(self, wanted: Iterable[ir.Expr], run: Run, periods: Sequence[CalendarPeriod]) -> None:
        """Find what is a sum over the rows of a period for all periods at once."""
        stretches = [Stretch(one.start, seen_at(one, self.now)) for one in periods]
        for leaf in wanted:
            found = over_periods(leaf, run, stretches)
            for period, value in zip(periods, found or (), strict=found is not None):
                self._read[leaf, period] = as_exact(value, leaf.type)

    def _runs(self, program: Program, plan: Plan, moments: Sequence[Moment]) -> Iterator[Run]:
        """A run for each moment: what it has found out of one period is not asked of another."""
        if self.shards is not None:
            yield from gathered_runs(
                program, self.facts, plan, _SUBJECT, moments, shards=self.shards, lender=self.lender
            )
            return
        first = start_run(program, self.facts, plan, lender=self.lender)
        first.store.prepare_subject(_SUBJECT)
        for moment in moments:
            yield Run(program, plan, first.store, period_ends=moment.ends, lender=self.lender)


def _planned(program: Program, wanted: Sequence[ir.Expr]) -> tuple[Program, Plan]:
    """The program with what is wanted as definitions of its own, and the plan for them."""
    # No name of a file has a space in it, so these are nobody else's.
    own = tuple(
        ir.Definition(f"kpi {number}", "metric", _SUBJECT, leaf, leaf.type, span=leaf.span)
        for number, leaf in enumerate(wanted)
    )
    whole = evolve(program, definitions=(*program.definitions, *own))
    return whole, make_plan(whole, tuple(one.symbol for one in own))

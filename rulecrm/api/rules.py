"""Rules that have been loaded: the object everything else is asked of.

In: a rules file or text, and params. Out: `Rules`.
Invariant: a `Rules` has passed every check; what can still go wrong is the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from rulecrm.api.checking import read_text
from rulecrm.api.keeping import Checked, kept
from rulecrm.api.remembering import remembered
from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity
from rulecrm.model.instants import Instant, instant_of, to_microseconds
from rulecrm.model.program import Program
from rulecrm.planning import Plan, make_plan
from rulecrm.semantics import Compiled, compile_rules
from rulecrm.semantics.brought import known_plugins, read_with
from rulecrm.semantics.sources import Read

if TYPE_CHECKING:
    from decimal import Decimal

    import polars as pl

    from rulecrm.api.cases import Outcome
    from rulecrm.api.previewing import Preview
    from rulecrm.api.result import Result
    from rulecrm.draw import Diagram
    from rulecrm.engine import Backtest
    from rulecrm.explain import Explanation
    from rulecrm.facts import Facts
    from rulecrm.plugin import Registry  # noqa: TC004 - a field type, which attrs leaves as the text it is
    from rulecrm.runtime import Progress
    from rulecrm.words import Plain

__all__ = ["Rules", "load", "loads"]


def load(path: str | Path, *, params: Mapping[str, object] | None = None, plugins: Registry | None = None) -> Rules:
    """Load a rules file and all it imports; files that have not changed are compiled once.

    One process remembers what it loaded, and large files are kept for the next: see `rulecrm.api.keeping`.

    Args:
        path: the file.
        params: values for its params: numbers, Decimals, text as one would write it in the file (`"50d"`).
        plugins: whose functions, kinds and rules it may use; all that is installed where it is left out.

    Raises:
        RulesError: carries every diagnostic.
        OSError: the file cannot be read.
    """
    source, text, given = str(path), read_text(path), params or {}
    registry = known_plugins(plugins)

    def compiled(read: Read) -> Checked:
        return _checked(compile_rules(text, source=source, params=given, read=read, plugins=registry))

    def made(read: Read) -> Rules:
        checked = kept(source, text, given, read, compiled, plugins=registry)
        return Rules(checked.program, checked.warnings, registry)

    return remembered(source, text, given, made, read=read_with(registry), plugins=registry)


def loads(
    text: str,
    *,
    source: str = "<text>",
    params: Mapping[str, object] | None = None,
    read: Callable[[str, str], tuple[str, str]] | None = None,
    plugins: Registry | None = None,
) -> Rules:
    """Load rules from text.

    Args:
        text: what a rules file would hold.
        source: the name diagnostics show, and what relative imports start from.
        params: values for its params.
        read: `(importer, path) -> (name, text)` for imports; by default rules of plugins, `std/…` and files.
        plugins: whose functions, kinds and rules they may use; all that is installed where it is left out.

    Raises:
        RulesError: carries every diagnostic.
    """
    registry = known_plugins(plugins)
    checked = _checked(compile_rules(text, source=source, params=params or {}, read=read, plugins=registry))
    return Rules(checked.program, checked.warnings, registry)


def _checked(compiled: Compiled) -> Checked:
    if compiled.program is None:
        raise RulesError(compiled.diagnostics, compiled.sources)
    return Checked(compiled.program, tuple(one for one in compiled.diagnostics if one.severity is not Severity.ERROR))


@frozen(eq=False, repr=False)
class Rules:
    """A checked rules file.

    Attributes:
        program: the typed model.
        warnings: what the checker found that is no error.
        plugins: what it was checked with; None where no plugin was there.
    """

    program: Program
    warnings: tuple[Diagnostic, ...]
    plugins: Registry | None = None
    _symbols: frozenset[str] = field(init=False)
    _plans: dict[tuple[str, ...], Plan] = field(factory=dict, init=False)

    @_symbols.default
    def _find_symbols(self) -> frozenset[str]:
        return frozenset(definition.symbol for definition in self.program.definitions)

    def __repr__(self) -> str:
        words = {"metric": "metrics", "segment": "segments", "classify": "classifications"}
        counts = [f"{len(self.names(form))} {word}" for form, word in words.items()]
        return f"<Rules: {', '.join([*counts, f'{len(self.lifecycles)} lifecycles'])}>"

    def names(self, form: str | None = None) -> tuple[str, ...]:
        """Names of the file's own definitions, in text order.

        `form` narrows them to `metric`, `segment` or `classify`; `kpi` gives those of the kpis, which are no
        definitions: they have no value for a subject.
        """
        if form == "kpi":
            # An imported kpi has its prefix before a dot.
            return tuple(one.symbol for one in self.program.kpis if "." not in one.symbol)
        return tuple(name for name in self.program.exported if form in (None, self.program.definition(name).form))

    @property
    def lifecycles(self) -> tuple[str, ...]:
        """Names of the file's own lifecycles, each after those that its guards refer to."""
        # An imported lifecycle has its prefix before a dot.
        return tuple(one.symbol for one in self.program.lifecycles if "." not in one.symbol)

    def evaluate(
        self,
        facts: Facts,
        as_of: Instant,
        *,
        only: Sequence[str] | None = None,
        shards: int | None = None,
        progress: Progress | None = None,
    ) -> Result:
        """The rules as of an instant; nothing is computed until the result is asked.

        Args:
            facts: the shop's facts.
            as_of: T. A bare date is its first instant in the rules' zone.
            only: names of definitions and lifecycles to compute; by default all that the file itself has.
            shards: evaluate so many parts of the subjects one after another, for facts larger than memory.
            progress: told how far the work has come.

        Raises:
            RulesError: a name that is not there, an instant that is none.
        """
        from rulecrm.api.result import Result

        symbols = (*self.names(), *self.lifecycles) if only is None else tuple(map(self._known, only))
        at = instant_of(as_of, self.program.zone)
        return Result(self.program, facts, at, symbols, self._plan, shards, progress)

    def evaluate_at(self, facts: Facts, points: pl.DataFrame, *, only: Sequence[str] | None = None) -> pl.DataFrame:
        """The rules at a frame of (subject, instant): the same rows, and a column for each definition.

        Args:
            facts: the shop's facts.
            points: a key column named for the subject (`customer`, `product`, …) and `at`, a Datetime with a zone.
            only: names of definitions and lifecycles to compute, of that subject; by default all of the file's own.
        """
        from rulecrm.api.result import values_at

        symbols = (*self.names(), *self.lifecycles) if only is None else tuple(map(self._known, only))
        return values_at(self.program, facts, points, symbols, self._plan)

    def moves(self, facts: Facts, lifecycle: str, *, until: Instant) -> pl.DataFrame:
        """Every move that a lifecycle has made: `customer`, `at`, `from`, `to`, by customer and in order.

        Args:
            facts: the shop's facts.
            lifecycle: its name.
            until: the last instant looked at.

        Raises:
            RulesError: a name that is not there, an instant that is none, facts that cannot be read.
        """
        from rulecrm.api.result import moves_of

        symbol = self._known(lifecycle, "lifecycle")
        at = to_microseconds(instant_of(until, self.program.zone))
        return moves_of(self.program, facts, symbol, at, self._plan)

    def kpis(
        self,
        facts: Facts,
        as_of: Instant,
        *,
        start: Instant | None = None,
        end: Instant | None = None,
        periods: int | None = None,
        every: str | None = None,
        only: Sequence[str] | None = None,
        shards: int | None = None,
        progress: Progress | None = None,
    ) -> pl.DataFrame:
        """The kpis, period by period.

        A period is seen as of its last instant: no fact at or after its end plays a part. The one that holds T is seen
        as of T and is not `complete`; it has no `previous`, no `change` and no `alert`. Periods that begin after T are
        left out.

        Args:
            facts: the shop's facts.
            as_of: T.
            start: an instant of the first period.
            end: the first instant that is not reported any more; T where it is left out.
            periods: how many: from `start` on, or up to `end`, or up to T (those that are over, and the running one);
                12 where nothing is said.
            every: `day`, `week`, `month`, `quarter` or `year` for all kpis; each kpi's own where it is left out.
            only: names of kpis; by default all of the file's own.
            shards: ask so many parts of the subjects one after another, for facts larger than memory.
            progress: told how far the work has come.

        Returns:
            A row for each kpi and period, kpi by kpi in the order of the file: `kpi` and `type` (`int`, `number`,
            `money`, `duration`) String; `start` and `end` Date (its first day, the first after it, in the rules' zone);
            `complete` Boolean; `value` Float64 (money in units of the reporting currency, durations in seconds);
            `amount` Decimal(38, 4), the same of money; `previous` Float64, the value of the period before; `change`
            Float64, (value − previous) / |previous|; `alert` Boolean, missing where the kpi has none.

        Raises:
            RulesError: R120 a name that is not there, R855 periods that mean nothing, R440 an instant that is none,
                facts that cannot be read.
        """
        from rulecrm.api.kpis import Asked, frame_of, report
        from rulecrm.machine import lives
        from rulecrm.runtime.kpis import Measures

        names = self.names("kpi") if only is None else tuple(self._known(name, "kpi") for name in only)
        now = to_microseconds(instant_of(as_of, self.program.zone))
        measures = Measures(self.program, facts, now, lives, shards, progress)
        asked = Asked(start, end, periods, every)
        by_symbol = {one.symbol: one for one in self.program.kpis}
        return frame_of(report(measures, [by_symbol[name] for name in names], asked))

    def explain(
        self, facts: Facts, *, segment: str, as_of: Instant, customer: object = None, key: object = None
    ) -> Explanation:
        """Why a subject is, or is not, in a segment (or has its label, or its value).

        Args:
            facts: the shop's facts.
            segment: name of a segment, a classification, a metric or a lifecycle.
            as_of: T.
            customer: key of the customer.
            key: the same, of any subject.
        """
        from rulecrm.explain import explain

        at = to_microseconds(instant_of(as_of, self.program.zone))
        return explain(
            self.program, facts, key=customer if key is None else key, symbol=self._known(segment), instant=at
        )

    def preview(
        self,
        facts: Facts,
        *,
        template: str,
        customer: object,
        as_of: Instant,
        values: Mapping[str, Plain] | None = None,
        language: str | None = None,
        signature: str | None = None,
        notice: str | None = None,
    ) -> Preview:
        """A message as one customer would get it; nothing is sent, and no coupon is drawn.

        Args:
            facts: the shop's facts.
            template: its name.
            customer: key of the customer.
            as_of: T.
            values: what a message would give (`with { … }`), or instead of what the facts say.
            language: in place of the customer's own.
            signature: what an SMS begins with: `【Shop】`.
            notice: what a marketing SMS ends with.

        Raises:
            RulesError: a template, a value or a customer that is not there; words that cannot be made (R229).
        """
        from rulecrm.api.previewing import preview

        return preview(
            self.program, facts, template=template, customer=customer, as_of=as_of, values=values, language=language,
            signature=signature, notice=notice,
        )  # fmt: skip

    def backtest(
        self,
        facts: Facts,
        start: Instant,
        end: Instant,
        *,
        seed: str = "rulecrm",
        prices: Mapping[str, Decimal] | None = None,
        progress: Progress | None = None,
    ) -> Backtest:
        """History replayed: what would have been sent, to whom, at what cost. Nothing is written.

        Args:
            facts: the shop's facts.
            start: where the clock begins; nothing at it or before it is entered.
            end: where it stops.
            seed: of control groups, holdout and splits.
            prices: what one message costs in the reporting currency, by channel.
            progress: told how far the work has come.

        Raises:
            RulesError: an instant that is none, an end before the start (R472), facts that cannot be read.
        """
        from rulecrm.engine import backtest

        first, last = (to_microseconds(instant_of(one, self.program.zone)) for one in (start, end))
        if last < first:
            raise RulesError([Diagnostic("R472", f"the backtest ends ({end}) before it starts ({start})")])
        return backtest(self.program, facts, start=first, end=last, seed=seed, prices=prices, progress=progress)

    def diagram(
        self,
        name: str | None = None,
        *,
        facts: Facts | None = None,
        as_of: Instant | None = None,
        state: str | None = None,
    ) -> Diagram:
        """A lifecycle or a campaign to be drawn: `rulecrm.draw.to_svg(…)`, `rulecrm.draw.to_mermaid(…)`.

        Args:
            name: of the lifecycle or the campaign; the first of the file where it is left out.
            facts: with `as_of`, for how many customers are in each state and have made each move.
            as_of: T.
            state: URL of a ledger, for how many journeys rest at each step.
        """
        from rulecrm.api.pictures import diagram_of

        return diagram_of(self, name, facts, as_of, state)

    def run_tests(self) -> tuple[Outcome, ...]:
        """Execute the file's `test` blocks."""
        from rulecrm.api.cases import run_cases

        return run_cases(self.program)

    def _plan(self, symbols: tuple[str, ...]) -> Plan:
        plan = self._plans.get(symbols)
        if plan is None:
            plan = self._plans[symbols] = make_plan(self.program, symbols)
        return plan

    def _known(self, name: str, form: str | None = None) -> str:
        if form is None and name in self._symbols:
            return name
        lifecycles = [one.symbol for one in self.program.lifecycles]
        kpis = [one.symbol for one in self.program.kpis]
        names = {None: [*self._symbols, *lifecycles], "lifecycle": lifecycles, "kpi": kpis}[form]
        if name not in names:
            from rulecrm.diagnostics.suggest import did_you_mean

            message = f"no {form or 'definition'} is called `{name}`"
            raise RulesError([Diagnostic("R120", message, help=did_you_mean(name, names))], self.program.sources)
        return name

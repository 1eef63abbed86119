"""Rules that have been loaded: the object everything else is asked of.

In: a rules file or text, and params. Out: `Rules`.
Invariant: a `Rules` has passed every check; what can still go wrong is the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from rulecrm.api.asking import Instant, instant_of, to_microseconds
from rulecrm.api.checking import read_text
from rulecrm.api.remembering import remembered
from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity
from rulecrm.model import ir
from rulecrm.planning import Plan, find_states, make_plan
from rulecrm.semantics import Compiled, compile_rules

if TYPE_CHECKING:
    import polars as pl

    from rulecrm.api.cases import Outcome
    from rulecrm.api.result import Result
    from rulecrm.explain import Explanation
    from rulecrm.facts import Facts
    from rulecrm.runtime import Progress

__all__ = ["Rules", "load", "loads"]


def load(path: str | Path, *, params: Mapping[str, object] | None = None) -> Rules:
    """Load a rules file and all it imports; in one process, files that have not changed are compiled once.

    Args:
        path: the file.
        params: values for its params: numbers, Decimals, text as one would write it in the file (`"50d"`).

    Raises:
        RulesError: carries every diagnostic.
        OSError: the file cannot be read.
    """
    source, text, given = str(path), read_text(path), params or {}
    return remembered(
        source, text, given, lambda read: _rules(compile_rules(text, source=source, params=given, read=read))
    )


def loads(
    text: str,
    *,
    source: str = "<text>",
    params: Mapping[str, object] | None = None,
    read: Callable[[str, str], tuple[str, str]] | None = None,
) -> Rules:
    """Load rules from text.

    Args:
        text: what a rules file would hold.
        source: the name diagnostics show, and what relative imports start from.
        params: values for its params.
        read: `(importer, path) -> (name, text)` for imports; by default files and `std/…`.

    Raises:
        RulesError: carries every diagnostic.
    """
    return _rules(compile_rules(text, source=source, params=params or {}, read=read))


def _rules(compiled: Compiled) -> Rules:
    if compiled.program is None:
        raise RulesError(compiled.diagnostics, compiled.sources)
    warnings = tuple(one for one in compiled.diagnostics if one.severity is not Severity.ERROR)
    return Rules(compiled.program, warnings)


@frozen(eq=False, repr=False)
class Rules:
    """A checked rules file.

    Attributes:
        program: the typed model.
        warnings: what the checker found that is no error.
    """

    program: ir.Program
    warnings: tuple[Diagnostic, ...]
    _states: Mapping[str, str] = field(init=False)
    _plans: dict[tuple[str, ...], Plan] = field(factory=dict, init=False)

    @_states.default
    def _find_states(self) -> Mapping[str, str]:
        return find_states(self.program)

    def __repr__(self) -> str:
        counts = {form: len(self.names(form)) for form in ("metric", "segment", "classify")}
        return (
            f"<Rules: {counts['metric']} metrics, {counts['segment']} segments, {counts['classify']} classifications>"
        )

    def names(self, form: str | None = None) -> tuple[str, ...]:
        """Names of the file's own definitions that can be evaluated, in text order.

        `form` narrows them to `metric`, `segment` or `classify`.
        """
        exported = [self.program.definition(name) for name in self.program.exported]
        return tuple(
            one.symbol for one in exported if one.symbol not in self._states and form in (None, one.form)
        )  # fmt: skip

    @property
    def left_out(self) -> Mapping[str, str]:
        """Definitions that are not evaluated, because they depend on a lifecycle: name → the lifecycle's name."""
        return self._states

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
            only: names of definitions to compute; by default all that the file itself defines.
            shards: evaluate so many parts of the subjects one after another, for facts larger than memory.
            progress: told how far the work has come.

        Raises:
            RulesError: a name that is not there, an instant that is none.
        """
        from rulecrm.api.result import Result

        symbols = self.names() if only is None else tuple(map(self._known, only))
        at = instant_of(as_of, self.program.zone)
        return Result(self.program, facts, at, symbols, self._plan, shards, progress)

    def evaluate_at(self, facts: Facts, points: pl.DataFrame, *, only: Sequence[str] | None = None) -> pl.DataFrame:
        """The rules at a frame of (subject, instant): the same rows, and a column for each definition.

        Args:
            facts: the shop's facts.
            points: a key column named for the subject (`customer`, `product`, …) and `at`, a Datetime with a zone.
            only: names of definitions to compute, of that subject; by default all of the file's own.
        """
        from rulecrm.api.result import values_at

        symbols = self.names() if only is None else tuple(map(self._known, only))
        return values_at(self.program, facts, points, symbols, self._plan)

    def explain(
        self, facts: Facts, *, segment: str, as_of: Instant, customer: object = None, key: object = None
    ) -> Explanation:
        """Why a subject is, or is not, in a segment (or has its label, or its value).

        Args:
            facts: the shop's facts.
            segment: name of a segment, a classification or a metric.
            as_of: T.
            customer: key of the customer.
            key: the same, of any subject.
        """
        from rulecrm.explain import explain

        at = to_microseconds(instant_of(as_of, self.program.zone))
        return explain(
            self.program, facts, key=customer if key is None else key, symbol=self._known(segment), instant=at
        )

    def run_tests(self) -> tuple[Outcome, ...]:
        """Execute the file's `test` blocks."""
        from rulecrm.api.cases import run_cases

        return run_cases(self.program)

    def _plan(self, symbols: tuple[str, ...]) -> Plan:
        plan = self._plans.get(symbols)
        if plan is None:
            plan = self._plans[symbols] = make_plan(self.program, symbols)
        return plan

    def _known(self, name: str) -> str:
        names = {definition.symbol for definition in self.program.definitions}
        if name in self._states:
            message = f"`{name}` depends on the lifecycle `{self._states[name]}`, which this version does not run"
            raise RulesError([Diagnostic("R901", message)], self.program.sources)
        if name not in names:
            from rulecrm.diagnostics.suggest import nearest

            near = nearest(name, sorted(names))
            help_ = f"did you mean `{near}`?" if near else None
            raise RulesError(
                [Diagnostic("R120", f"no definition is called `{name}`", help=help_)], self.program.sources
            )
        return name

"""The result of an evaluation.

In: a program, facts, an instant and symbols. Out: frames of subjects.
Invariant: each subject is computed once, when first asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
from attrs import define, field

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.facts import Facts
from rulecrm.machine import lives
from rulecrm.model import ir
from rulecrm.model.instants import to_microseconds
from rulecrm.model.program import Program
from rulecrm.planning import Plan, definition_of
from rulecrm.runtime import Progress
from rulecrm.runtime.evaluate import evaluate_all, evaluate_points, start_run
from rulecrm.runtime.shards import evaluate_shards

__all__ = ["Result", "moves_of", "values_at"]

Planner = Callable[[tuple[str, ...]], Plan]


@define(eq=False, repr=False)
class Result:
    """What the rules say as of one instant.

    Attributes:
        program: the rules.
        facts: the facts.
        as_of: T, aware, in UTC.
        symbols: names of the definitions and lifecycles computed.
    """

    program: Program
    facts: Facts
    as_of: dt.datetime
    symbols: tuple[str, ...]
    _plan: Planner
    _shards: int | None = None
    _progress: Progress | None = None
    _tables: dict[tuple[str, tuple[str, ...]], pl.DataFrame] = field(factory=dict)

    def __repr__(self) -> str:
        return f"<Result as of {self.as_of.isoformat()}: {', '.join(self.symbols)}>"

    def table(self, subject: str = "customer") -> pl.DataFrame:
        """Every subject that exists at T, sorted by key.

        The key column (named for the subject), then one column for each definition about it: metrics as in
        `rulecrm.model.types` (money Decimal(38, 4), instants Datetime in UTC), segments Boolean, classifications Enum;
        and, of customers, the state of each lifecycle (Enum).

        Raises:
            RulesError: columns that the facts do not have, rows that are wrong.
        """
        if subject not in self.program.schema.subjects:
            raise _unknown(subject, self.program.schema.subjects, "no subject is called")
        own = tuple(name for name in self.symbols if definition_of(self.program, name).subject == subject)
        return self._evaluated(subject, own)

    def _evaluated(self, subject: str, symbols: tuple[str, ...]) -> pl.DataFrame:
        place = (subject, symbols)
        table = self._tables.get(place)
        if table is None:
            table = self._tables[place] = self._evaluate(subject, self._plan(symbols))
        return table

    def _evaluate(self, subject: str, plan: Plan) -> pl.DataFrame:
        at, progress = to_microseconds(self.as_of), self._progress
        if self._shards is not None:
            return evaluate_shards(
                self.program, self.facts, plan, subject, at, shards=self._shards, progress=progress, lender=lives
            )
        run = start_run(self.program, self.facts, plan, progress=progress, lender=lives, instant=at)
        return evaluate_all(run, subject, at)

    @property
    def segments(self) -> tuple[str, ...]:
        """Names of the segments computed."""
        return self._names("segment")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics computed."""
        return self._names("metric")

    @property
    def classifications(self) -> tuple[str, ...]:
        """Names of the classifications computed."""
        return self._names("classify")

    @property
    def lifecycles(self) -> tuple[str, ...]:
        """Names of the lifecycles computed."""
        return self._names("lifecycle")

    def _names(self, form: str) -> tuple[str, ...]:
        return tuple(name for name in self.symbols if definition_of(self.program, name).form == form)

    def segment(self, name: str) -> pl.DataFrame:
        """Keys of the subjects in a segment, sorted: one column, named for the subject."""
        definition = self._definition(name, "segment")
        table = self.table(definition.subject)
        return table.filter(pl.col(name)).select(definition.subject)

    def metric(self, name: str) -> pl.DataFrame:
        """The key column and `value`."""
        definition = self._definition(name, "metric")
        return self.table(definition.subject).select(definition.subject, pl.col(name).alias("value"))

    def classification(self, name: str) -> pl.DataFrame:
        """The key column and `label`."""
        definition = self._definition(name, "classify")
        return self.table(definition.subject).select(definition.subject, pl.col(name).alias("label"))

    def lifecycle(self, name: str) -> pl.DataFrame:
        """Where every customer is: the key column, `state`, `since`, `previous` and `moves`.

        `since` (Datetime in UTC) is when the customer came into the state, missing where no beginning is known;
        `previous` the state before it, missing before the first move; `moves` how many moves there have been.
        """
        subject = self._definition(name, "lifecycle").subject
        table = self._evaluated(subject, (name, f"{name}.since", f"{name}.previous", f"{name}.moves"))
        return table.rename({one: one.removeprefix(f"{name}.") for one in table.columns[2:]} | {name: "state"})

    def states(self, name: str) -> pl.DataFrame:
        """A row for each state of a lifecycle: `state`, `size` (customers in it) and `share` of all, 0 to 1."""
        definition = self._definition(name, "lifecycle")
        states = self.table(definition.subject).get_column(name)
        sizes = {str(state): int(size) for state, size in states.value_counts().iter_rows()}
        rows = [
            (state, sizes.get(state, 0), sizes.get(state, 0) / (len(states) or 1)) for state in definition.type.names
        ]
        return pl.DataFrame(rows, schema={"state": pl.String, "size": pl.Int64, "share": pl.Float64}, orient="row")

    def _definition(self, name: str, form: str) -> ir.Definition:
        names = self._names(form)
        if name not in names:
            raise _unknown(name, names, f"no {form} of this result is called")
        return definition_of(self.program, name)

    def sizes(self) -> pl.DataFrame:
        """A row for each segment: `segment`, `title`, `subject`, `size` (subjects in it) and `share` of all, 0 to 1."""
        rows = []
        for name in self.segments:
            definition = definition_of(self.program, name)
            table = self.table(definition.subject)
            size = int(table.get_column(name).sum())
            share = size / table.height if table.height else 0.0
            rows.append((name, definition.title, definition.subject, size, share))
        schema = {"segment": pl.String, "title": pl.String, "subject": pl.String, "size": pl.Int64, "share": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def write_parquet(self, path: str | Path, subject: str = "customer") -> None:
        """Write `table(subject)` as a Parquet file (zstd)."""
        self.table(subject).write_parquet(path)

    def _repr_html_(self) -> str:
        html: str = self.sizes()._repr_html_()
        return html


def values_at(
    program: Program, facts: Facts, points: pl.DataFrame, symbols: tuple[str, ...], plan: Planner
) -> pl.DataFrame:
    """See `Rules.evaluate_at`."""
    subject = next((name for name in points.columns if name in program.schema.subjects), None)
    at = points.schema.get("at")
    if subject is None or not isinstance(at, pl.Datetime) or at.time_zone is None:
        message = "points need a key column named for a subject, and `at`, a Datetime with a zone"
        raise RulesError([Diagnostic("R441", message, data={"columns": points.columns})])
    own = tuple(name for name in symbols if definition_of(program, name).subject == subject)
    run = start_run(program, facts, plan(own), lender=lives)
    instants = points.get_column("at").cast(pl.Datetime("us", "UTC")).cast(pl.Int64)
    if instants.null_count():
        raise RulesError([Diagnostic("R441", "`at` of a point is missing", data={"count": instants.null_count()})])
    columns = evaluate_points(run, subject, points.get_column(subject), instants.to_numpy())
    return points.hstack(columns)


def moves_of(program: Program, facts: Facts, symbol: str, until: int, plan: Planner) -> pl.DataFrame:
    """See `Rules.moves`."""
    run = start_run(program, facts, plan((symbol,)), lender=lives)
    return lives(run, symbol, until).moves(run.store.register("customer").keys.alias("customer"), until)


def _unknown(name: str, names: object, message: str) -> RulesError:
    help_ = did_you_mean(name, map(str, names) if isinstance(names, tuple | dict) else ())
    return RulesError([Diagnostic("R120", f"{message} `{name}`", help=help_)])

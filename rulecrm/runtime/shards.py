"""Shards: the same engine on one part of the subjects after another, for facts larger than memory.

In: a program, facts, symbols, an instant, a number of shards. Out: what the whole would give, to the bit.
Invariant: a subject and all its rows lie in one shard; whatever looks at the population is gathered from all shards
first, so that no shard ever sees less than everyone.

The rows that the plan needs are read once and written to a temporary folder, part by part; then each part is indexed
and evaluated by itself. At any time memory holds one part, and of the population one column.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from attrs import define, frozen

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.facts import Facts
from rulecrm.model import ir
from rulecrm.model.program import Program
from rulecrm.model.schema import Kind, Subject
from rulecrm.planning import Needs, Plan, walk
from rulecrm.runtime.evaluate import evaluate_all
from rulecrm.runtime.lives import Lender
from rulecrm.runtime.population import Gathered, Place, Ungathered, gather, values_of
from rulecrm.runtime.rows import Source, missing_key
from rulecrm.runtime.run import Run
from rulecrm.runtime.store import Progress, Store

__all__ = ["Moment", "evaluate_shards", "gathered_runs"]


@frozen
class Moment:
    """An instant at which the population is asked about, and the ends of the period that kpis report then."""

    instant: int
    ends: tuple[int, int] | None = None


@define(eq=False)
class _Shard:
    """One part of the facts, read from the files it was written to."""

    facts: Facts
    folder: Path
    number: int
    spilled: frozenset[str]

    def kinds(self) -> frozenset[str]:
        """Kinds that were written: those whose rows have the key by which the shards were cut."""
        return self.spilled

    def check(
        self,
        kinds: Collection[tuple[Kind, Collection[str]]],
        subjects: Collection[tuple[Subject, Collection[str]]] = (),
    ) -> tuple[Diagnostic, ...]:
        return self.facts.check(kinds, subjects)

    def rows(
        self,
        kind: Kind,
        columns: Collection[str],  # noqa: ARG002 - the files hold what the plan needs, in the form it needs
        *,
        currency: str,  # noqa: ARG002
        zone: str,  # noqa: ARG002
    ) -> pl.LazyFrame:
        return _part(self.folder / "kinds" / kind.name, self.number)

    def subjects(
        self,
        subject: Subject,
        columns: Collection[str],  # noqa: ARG002 - as above
        *,
        currency: str,  # noqa: ARG002
        zone: str,  # noqa: ARG002
    ) -> pl.LazyFrame | None:
        place = self.folder / "subjects" / subject.name
        return _part(place, self.number) if place.exists() else None

    def rates_into(self, currency: str) -> pl.DataFrame:
        return self.facts.rates_into(currency)


def evaluate_shards(
    program: Program,
    facts: Facts,
    plan: Plan,
    subject: str,
    instant: int,
    *,
    shards: int,
    progress: Progress | None = None,
    lender: Lender | None = None,
) -> pl.DataFrame:
    """What `evaluate_all` gives for one subject, shard by shard.

    Args:
        program: the rules.
        facts: the facts, best given as Parquet files.
        plan: what is asked for, all of it about `subject`.
        subject: the subject's name.
        instant: microseconds since 1970-01-01 UTC.
        shards: how many parts, at least 1.
        progress: told how far the work has come.
        lender: works out lifecycles.
    """
    with _spilled(program, facts, plan.needs, subject, max(shards, 1)) as parts:
        gathered: dict[Place, Gathered] = {}

        def opened(part: Source) -> Run:
            store = Store(part, program.schema, program.currency, program.zone)
            store.prepare(plan.needs)
            store.prepare_subject(subject)
            return Run(program, plan, store, gathered=gathered, lender=lender)

        while True:
            frames: list[pl.DataFrame] = []
            missing: tuple[Place, ...] = ()
            for number, part in enumerate(parts):
                if progress is not None:
                    progress(number, len(parts), "shards")
                try:
                    frames.append(evaluate_all(opened(part), subject, instant))
                except Ungathered as ungathered:
                    missing = ungathered.places
                    break
            if not missing:
                if progress is not None:
                    progress(len(parts), len(parts), "")
                return pl.concat(frames).sort(subject)
            wanted = dict.fromkeys((*missing, *_candidates(plan, instant, gathered)))
            while wanted:
                wanted = _gather(wanted, gathered, subject, parts, opened)


def gathered_runs(
    program: Program,
    facts: Facts,
    plan: Plan,
    subject: str,
    moments: Iterable[Moment],
    *,
    shards: int,
    lender: Lender | None = None,
) -> Iterator[Run]:
    """A run for each moment that knows all numbers over the population which the plan asks for then.

    What the plan asks for is the same for all subjects: any shard can tell it, once all have given their part.

    Args:
        program: the rules.
        facts: the facts.
        plan: what is asked for, all of it about `subject` and the same for all.
        subject: the subject's name.
        moments: when.
        shards: how many parts, at least 1.
        lender: works out lifecycles.
    """
    asked = [ir.Ref(one.symbol, one.type) for level in plan.levels for one in level if one.symbol in plan.wanted]
    with _spilled(program, facts, plan.needs, subject, max(shards, 1)) as parts:
        for moment in moments:
            gathered: dict[Place, Gathered] = {}

            def opened(
                part: Source, ends: tuple[int, int] | None = moment.ends, known: dict[Place, Gathered] = gathered
            ) -> Run:
                store = Store(part, program.schema, program.currency, program.zone)
                store.prepare(plan.needs)
                store.prepare_subject(subject)
                return Run(program, plan, store, period_ends=ends, gathered=known, lender=lender)

            while True:
                run = opened(parts[0])
                try:
                    run.points(subject, None, moment.instant).values(asked)
                    break
                except Ungathered as ungathered:
                    wanted = dict.fromkeys((*ungathered.places, *_candidates(plan, moment.instant, gathered)))
                while wanted:
                    wanted = _gather(wanted, gathered, subject, parts, opened)
            yield run


def _candidates(plan: Plan, instant: int, gathered: dict[Place, Gathered]) -> Iterator[Place]:
    """What else of the population the plan asks for at T, so that one round gathers as much as it can."""
    for level in plan.levels:
        for definition in level:
            for node in walk(definition.value):
                if isinstance(node, ir.PopulationOf | ir.Standing) and (node, instant) not in gathered:
                    yield node, instant


def _gather(
    wanted: Iterable[Place],
    gathered: dict[Place, Gathered],
    subject: str,
    parts: Iterable[Source],
    opened: Callable[[Source], Run],
) -> dict[Place, None]:
    """Gather what is wanted from all shards; gives what has to be gathered before the rest of it can be."""
    pieces: dict[Place, list[pl.Series]] = {place: [] for place in wanted}
    first: dict[Place, None] = {}
    for part in parts:
        run = opened(part)
        for place in list(pieces):
            node, at = place
            try:
                with run.passing(subject, at):
                    column, counted = values_of(node, run.points(subject, None, at))
                pieces[place].append(column.filter(pl.Series(counted)))
            except Ungathered as missing:
                del pieces[place]
                first |= dict.fromkeys(missing.places)
    for (node, at), columns in pieces.items():
        gathered[node, at] = gather(node, pl.concat(columns))
    return first


@contextmanager
def _spilled(program: Program, facts: Facts, needs: Needs, subject: str, shards: int) -> Iterator[list[_Shard]]:
    """The rows that are needed, written part by part to a folder that goes when the work is done."""
    with tempfile.TemporaryDirectory(prefix="rulecrm-") as name:
        folder = Path(name)
        schema = program.schema
        spilled: set[str] = set()
        for kind_name in sorted(facts.kinds()):
            kind = schema.kinds.get(kind_name)
            if kind is None:
                continue
            columns = sorted(needs.kinds.get(kind_name, frozenset()) - schema.subjects.keys())
            rows = facts.rows(kind, columns, currency=program.currency, zone=program.zone)
            scanned = (kind_name, subject) in needs.scans
            if subject not in rows.collect_schema().names():
                if scanned:
                    raise missing_key(kind, subject)
                continue
            spilled.add(kind_name)
            kept = rows if scanned else rows.group_by(subject).agg(pl.col("at").min())
            _write(kept, subject, shards, folder / "kinds" / kind_name)
        own = schema.subjects[subject]
        listed = facts.subjects(
            own, sorted(needs.subjects.get(subject, frozenset())), currency=program.currency, zone=program.zone
        )
        if listed is not None:
            _write(listed, subject, shards, folder / "subjects" / subject)
        yield [_Shard(facts, folder, number, frozenset(spilled)) for number in range(shards)]


def _write(rows: pl.LazyFrame, key: str, shards: int, folder: Path) -> None:
    dtype = rows.collect_schema()[key]
    plain = pl.col(key).cast(pl.Int64) if dtype.is_integer() else pl.col(key).cast(pl.String)
    numbered = rows.with_columns((plain.hash(seed=0) % shards).cast(pl.Int32).alias("__shard"))
    folder.mkdir(parents=True)
    rows.head(0).collect().write_parquet(folder / "empty.parquet")
    numbered.sink_parquet(pl.PartitionBy(folder, key="__shard", include_key=False), mkdir=True)


def _part(folder: Path, number: int) -> pl.LazyFrame:
    files = sorted((folder / f"__shard={number}").glob("*.parquet"))
    return pl.scan_parquet(files or [folder / "empty.parquet"], hive_partitioning=False)

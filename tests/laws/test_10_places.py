"""Law 10: the same rules give the same answers in memory and streamed from disk, in any number of shards."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import rulecrm
from tests.oracle.world import World
from tests.strategies import fewer
from tests.strategies.cases import Case, cases, facts_of
from tests.strategies.frames import frames_of
from tests.strategies.kpis import KpiCase, kpi_cases


def _stored(world: World, folder: Path) -> rulecrm.Facts:
    paths = {}
    for name, frame in frames_of(world).items():
        paths[name] = folder / f"{name}.parquet"
        frame.write_parquet(paths[name])
    return rulecrm.Facts.from_parquet(currency=world.currency, **paths)  # type: ignore[arg-type]


@given(cases(most=10, currencies=("CNY", "USD")), st.integers(1, 5))
@fewer(5)
def test_in_memory_equals_shards_from_parquet(case: Case, shards: int) -> None:
    rules = case.rules()
    in_memory = rules.evaluate(facts_of(case.world), as_of=case.now)
    with tempfile.TemporaryDirectory() as folder:
        stored = _stored(case.world, Path(folder))
        whole = rules.evaluate(stored, as_of=case.now)
        sharded = rules.evaluate(stored, as_of=case.now, shards=shards)
        for subject in case.oracle().subjects():
            expected = in_memory.table(subject)
            assert whole.table(subject).equals(expected)
            assert sharded.table(subject).equals(expected)


@given(cases(most=10), st.integers(1, 5))
@fewer(5)
def test_shards_of_frames_in_memory(case: Case, shards: int) -> None:
    rules, facts = case.rules(), facts_of(case.world)
    expected = rules.evaluate(facts, as_of=case.now)
    sharded = rules.evaluate(facts, as_of=case.now, shards=shards)
    for subject in case.oracle().subjects():
        assert sharded.table(subject).equals(expected.table(subject))


@given(kpi_cases(most=8, currencies=("CNY", "USD")), st.integers(1, 3))
@fewer(32)
def test_kpis_in_shards_from_parquet(case: KpiCase, shards: int) -> None:
    rules = case.rules()
    expected = rules.kpis(facts_of(case.world), case.now, periods=1)
    with tempfile.TemporaryDirectory() as folder:
        stored = _stored(case.world, Path(folder))
        assert rules.kpis(stored, case.now, periods=1).equals(expected)
        assert rules.kpis(stored, case.now, periods=1, shards=shards).equals(expected)

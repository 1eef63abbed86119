"""Processes that are killed at every change of a table, and the next that goes on."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from rulecrm.diagnostics import RulesError
from rulecrm.lake import FactStore
from rulecrm.lake.tables import Tables
from tests.lake.worker import DAY, T0, put
from tests.strategies import few_of

ROOT = Path(__file__).parents[2]
Shown = dict[str, list[dict[str, object]]]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store after two runs."""
    folder = tmp_path_factory.mktemp("begun") / "shop"
    store = FactStore.open(folder, create=True)
    for run in (1, 2):
        with store.writer(T0 + run * DAY) as writer:
            put(writer, run)
    return folder


@pytest.fixture(scope="module")
def steps(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every step that a worker takes, in its order."""
    folder = tmp_path_factory.mktemp("steps") / "shop"
    shutil.copytree(begun, folder)
    heard: list[str] = []
    store = FactStore.of(Tables(folder, heard.append))
    with store.writer(T0 + 3 * DAY) as writer:
        put(writer, 3)
    store.compact()
    store.erase("ann", T0 + 3 * DAY)
    store.vacuum(keep=dt.timedelta(0))
    return heard


def test_a_store_killed_at_any_step_has_all_of_a_commit_or_nothing(
    begun: Path, steps: list[str], tmp_path: Path
) -> None:
    old, new = _shown(begun), None
    whole = tmp_path / "whole"
    shutil.copytree(begun, whole)
    store = FactStore.open(whole)
    with store.writer(T0 + 3 * DAY) as writer:
        put(writer, 3)
    new = _shown(whole)
    with store.writer(T0 + 4 * DAY) as writer:
        put(writer, 4)
    further = _shown(whole)

    # What is right after a step is right before the next; only the last has none.
    jobs = [
        (tmp_path / f"at{number}", step, steps[: number + 1].count(step))
        for number, step in enumerate(steps)
        if step.startswith("before") or number + 1 == len(steps)
    ]
    assert len(jobs) > 20
    jobs = few_of(jobs, 14)
    for folder, _, _ in jobs:
        shutil.copytree(begun, folder)
    told = json.dumps([(str(folder), step, count) for folder, step, count in jobs])
    command = [sys.executable, "-m", "tests.lake.worker"]
    done = subprocess.run(command, cwd=ROOT, input=told, capture_output=True, text=True, check=True, timeout=300)
    assert json.loads(done.stdout) == [9] * len(jobs)
    seen: set[str] = set()
    for folder, step, _ in jobs:
        after = FactStore.open(folder)
        if after.cursor("tb") == {"run": 2}:
            assert _shown(folder) == old, step
            seen.add("old")
            with after.writer(T0 + 3 * DAY) as writer:
                put(writer, 3)
            assert _shown(folder) == new, step
        else:
            found = _shown(folder)
            erased = found["customers"][0]["email"] is None
            assert _without_mail(found) == _without_mail(new) if erased else found == new, step
            seen.add("erased" if erased else "new")
        with after.writer(T0 + 4 * DAY) as writer:
            put(writer, 4)
        assert _shown(folder) == further, step
        shutil.rmtree(folder)
    assert seen == {"old", "new", "erased"}


def test_two_writers_at_once_are_one_after_the_other_or_told(tmp_path: Path) -> None:
    store = FactStore.open(tmp_path / "shop", create=True)
    other = FactStore.open(tmp_path / "shop")
    with store.writer(T0):
        with pytest.raises(RulesError) as caught, other.writer(T0, wait=0):
            pass
        (found,) = caught.value.diagnostics
        assert found.code == "R703"
        assert "process" in found.message
    with other.writer(T0, wait=0) as writer:
        put(writer, 1)
    with store.writer(T0 + DAY, wait=0) as writer:
        put(writer, 2)  # it goes on from what the other has committed
    assert store.version == 2


def test_a_reader_sees_the_commit_it_opened_while_others_write(tmp_path: Path) -> None:
    store = FactStore.open(tmp_path / "shop", create=True)
    with store.writer(T0) as writer:
        put(writer, 1)
    reader = FactStore.open(tmp_path / "shop")
    scan = reader.scan("orders")
    assert scan is not None
    before = scan.collect().sort("order")
    with store.writer(T0 + DAY) as writer:
        put(writer, 2)
    store.compact()
    store.vacuum()
    assert scan.collect().sort("order").equals(before)
    assert reader.version == 1
    assert reader.refresh() == store.version
    assert reader.scan("orders").select(pl.len()).collect().item() == 3  # type: ignore[union-attr]


def _shown(folder: Path) -> Shown:
    store = FactStore.open(folder)
    frames = {name: store.scan(name) for name in store.frames()}
    return {
        name: scan.select(sorted(scan.collect_schema().names())).collect().sort(pl.all()).to_dicts()
        for name, scan in frames.items()
        if scan is not None
    }


def _without_mail(shown: Shown) -> Shown:
    return {name: [{k: v for k, v in row.items() if k != "email"} for row in rows] for name, rows in shown.items()}

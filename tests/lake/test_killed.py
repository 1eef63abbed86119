"""Processes that are killed at every change of a table, and the next that goes on."""

from __future__ import annotations

import datetime as dt
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

    seen: set[str] = set()
    assert len(steps) > 30
    for number, step in enumerate(steps):
        if step.startswith("after") and number + 1 < len(steps):
            continue  # right before the next is the same
        folder = tmp_path / f"at{number}"
        shutil.copytree(begun, folder)
        count = steps[: number + 1].count(step)
        done = subprocess.run(
            [sys.executable, "-m", "tests.lake.worker", str(folder), step, str(count)], cwd=ROOT, check=False
        )
        assert done.returncode == -9, step
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

"""An engine that is killed (SIGKILL, for real) at any write of an advance: nothing is lost, nothing is made twice."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

import rulecrm
from rulecrm.testing.shops import make_shop
from tests.strategies import few_of

ROOT = Path(__file__).parents[2]
RULES = ROOT / "examples" / "left_behind" / "left_behind.rules"
START = "2025-10-01"
SOME, ALL = "2025-10-20", "2025-11-20"

WORKER = """
import os, signal, sys
import rulecrm
from tests.engine.test_killed import RULES, SOME, ALL, facts

url, fatal = sys.argv[1], int(sys.argv[2])
with rulecrm.Engine(rulecrm.load(RULES), facts(), state=url) as engine:
    writes = 0

    def watch(name):
        global writes
        writes += 1
        if writes == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    engine._ledger.watch = watch
    engine.advance(ALL)
    print(writes)
"""


def facts() -> rulecrm.Facts:
    return make_shop(customers=40, start=dt.date(2025, 10, 1), days=60)


def work(url: str, fatal: int) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", WORKER, url, str(fatal)], capture_output=True, text=True, check=False, env=environment
    )


def decided(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    with rulecrm.Engine(rulecrm.load(RULES), facts(), state=f"sqlite:///{path}") as engine:
        engine.advance(ALL)
        return engine.decisions(), engine.journeys()


def test_wherever_an_advance_is_killed_the_next_one_makes_it_whole(tmp_path: Path) -> None:
    before = tmp_path / "before.db"
    with rulecrm.Engine(rulecrm.load(RULES), facts(), state=f"sqlite:///{before}", start=START) as engine:
        engine.advance(SOME)
        early = engine.decisions().height
    whole = tmp_path / "whole.db"
    shutil.copy(before, whole)
    done = work(f"sqlite:///{whole}", 0)
    assert done.returncode == 0, done.stderr
    writes = int(done.stdout)
    expected = decided(whole)
    assert expected[0].height > early
    assert writes >= 4
    for fatal in few_of(range(1, writes + 1), 6):
        copy = tmp_path / f"killed{fatal}.db"
        shutil.copy(before, copy)
        killed = work(f"sqlite:///{copy}", fatal)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        decisions, journeys = decided(copy)
        assert_frame_equal(decisions, expected[0])
        assert_frame_equal(journeys, expected[1])

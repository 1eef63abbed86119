"""Law 6 for syncing: a run killed at any page goes on where it was; tests/lake kills at each write inside a commit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rulecrm.lake import FactStore
from tests.intake.mall import truth
from tests.intake.running import a_mall, expected, run, stored

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from rulecrm.intake import async_sync, syncing
from rulecrm.lake import FactStore
from tests.intake.running import a_context, a_mall, an_account

syncing._ROWS = 20  # many commits
mall = a_mall()
pages = 0

def told(name, rows, until):
    global pages
    pages += 1
    if pages == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

store = FactStore.open(Path(sys.argv[1]), create=True)
asyncio.run(async_sync(an_account(mall), store, context=a_context(mall), progress=told))
"""


@pytest.mark.skipif(os.name != "posix", reason="processes are killed with SIGKILL; runs wherever there is one")
def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    mall = a_mall()
    for page in (1, 2, 4):
        words = [sys.executable, "-c", KILLED, str(tmp_path / "shop"), str(page)]
        ended = subprocess.run(words, check=False, capture_output=True, timeout=120)
        assert ended.returncode in (-signal.SIGKILL, 0), ended.stderr.decode()
    store = FactStore.open(tmp_path / "shop")
    assert store.version > 1
    run(mall, store)
    assert stored(store) == expected(truth(mall.market))

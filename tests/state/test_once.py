"""Law 6, of decisions: none is lost and none made twice, whoever is killed when, and however many compete."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time

from rulecrm.state import Ledger
from tests.docs.pages import ROOT
from tests.state.rows import DAY, SETTINGS, T0, advance
from tests.state.test_opening import dump
from tests.state.worker import after, before

WRITES = {"sqlite": 14, "postgresql": 17}
"""Writes of `worker.after()` in chunks of eight, by dialect: SQLite fills the outbox at once. A test sees that it is still so many."""


def start(url: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.state.worker", url, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def finish(process: subprocess.Popen[str], typed: str = "") -> str:
    out, err = process.communicate(typed, timeout=120)
    assert process.returncode == 0, err
    return out


def prepared(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.claim(SETTINGS)
        advance(ledger, T0 + DAY, **before())


def contents(url: str) -> list[object]:
    """All that is in a ledger, without the machine's own clock."""
    with Ledger.open(url, create=False) as ledger:
        return [
            ledger.clock(),
            ledger.journeys().rows(),
            ledger.decisions().rows(),
            ledger.advances().drop("ran").rows(),
        ]


def test_killed_at_any_write_an_advance_is_whole_or_not_there(url: str) -> None:
    prepared(url)
    writes = WRITES[url.partition(":")[0]]
    earlier = dump(url)
    process = start(url, "advance")
    assert process.stdin is not None
    assert process.stdout is not None
    # Each is killed one write later than the one before, and leaves nothing, so that they share a ledger.
    for write in range(1, writes + 1):
        process.stdin.write(f"{write}\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"{-signal.SIGKILL}\n", f"write {write}"
        assert dump(url) == earlier, f"write {write}"
    assert finish(process, "0\n") == f"{writes}\n"
    with Ledger.open(url) as ledger:
        assert ledger.clock() == T0 + 2 * DAY
        assert ledger.journeys().height == len(before()["new"]) + 10
        assert ledger.decisions().height == len(before()["made"]) + len(after()["made"])
        assert set(ledger.decisions().get_column("outcome")) == {"queued"}


def test_killed_at_some_moment_it_is_before_or_after(url: str) -> None:
    prepared(url)
    earlier = contents(url)
    process = start(url, "advance")
    assert process.stdin is not None
    process.stdin.write("0\n")
    process.stdin.flush()
    # Somewhere between the start of Python and the end of the advance; where exactly does not matter.
    time.sleep(random.uniform(0.5, 1.5))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)
    if contents(url) == earlier:
        assert finish(start(url, "advance"), "0\n") == f"{WRITES[url.partition(':')[0]]}\n"
    with Ledger.open(url) as ledger:
        assert ledger.clock() == T0 + 2 * DAY
        assert ledger.decisions().height == len(before()["made"]) + len(after()["made"])


def test_two_engines_lose_nothing_and_double_nothing(url: str) -> None:
    ticks = 25
    with Ledger.open(url) as ledger:
        ledger.claim(SETTINGS)
    for process in [start(url, "compete", str(ticks)) for _ in range(2)]:
        finish(process)
    with Ledger.open(url) as ledger:
        assert ledger.clock() == T0 + ticks * DAY
        made = ledger.decisions().get_column("customer").to_list()
        assert sorted(made) == sorted(f"t{T0 // DAY + tick}-{number}" for tick in range(ticks) for number in range(5))
        told = ledger.advances()
        assert told.get_column("number").to_list() == list(range(1, ticks + 1))
        assert told.get_column("from").to_list()[1:] == told.get_column("to").to_list()[:-1]


def test_two_engines_that_make_the_ledger_at_once_make_one(url: str) -> None:
    failed: list[Exception] = []

    def make() -> None:
        try:
            with Ledger.open(url) as ledger:
                ledger.claim(SETTINGS)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is shown below)
            failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    with Ledger.open(url, create=False) as ledger:
        assert ledger.clock() == T0

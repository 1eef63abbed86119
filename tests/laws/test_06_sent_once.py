"""Law 6, for sending: no message reaches a provider twice, whoever sends, how many do, and wherever they are killed.

The provider counts outside the ledger, and knows no keys: what it was handed has been delivered.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from rulecrm.model.sending import key_of
from tests.dispatch.worker import MESSAGES, Provider, made, seen
from tests.dispatch.world import NOON, Clock
from tests.state.postgres import Server, running

ROOT = Path(__file__).parents[2]
LATER = NOON + dt.timedelta(hours=1)
COMPETED_FOR = int(os.environ.get("RULECRM_MESSAGES", "2000"))
"""100,000 with `RULECRM_MESSAGES=100000`."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


class Killer:
    """Sends in processes that are killed."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.dispatch.worker", "kill"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip

    def send(self, fatal: int, url: str, path: Path) -> tuple[int, list[str]]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{fatal} {url} {path}\n")
        self.process.stdin.flush()
        status, *points = self.process.stdout.readline().split()
        return int(status), points

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    killer = Killer()
    yield killer
    killer.close()


def advanced(url: str, count: int = MESSAGES) -> None:
    with made(url, count) as engine:
        engine.advance(NOON)


def check_after(url: str, path: Path, points: list[str]) -> None:
    """Another worker comes; then everything has one outcome, and nobody got anything twice."""
    provider = Provider(path)
    with made(url, channel=provider) as engine:
        engine.dispatch(clock=Clock(NOON), worker="second")  # the first one's claims and calls still hold
        engine.dispatch(clock=Clock(LATER), worker="second")
        engine.dispatch(clock=Clock(LATER), worker="second")
        decisions = engine.decisions().filter(pl.col("action") == "send")
        counts = engine._ledger.outbox.counts()
        letters = {letter.decision for letter in engine.dead_letters()}
    delivered = seen(path)
    assert max(delivered.values()) == 1
    outcome = {key_of(decision, 0): told for decision, told in decisions.select("decision", "outcome").iter_rows()}
    assert len(outcome) == MESSAGES
    assert set(outcome.values()) <= {"sent", "unknown"}
    # What is said to be sent was; what is unknown was under way when the process died, and waits for a person.
    assert {key for key, told in outcome.items() if told == "sent"} <= set(delivered)
    assert set(delivered) <= set(outcome)
    unknown = {decision for decision, told in decisions.select("decision", "outcome").iter_rows() if told == "unknown"}
    assert letters == unknown
    assert counts == {"done": MESSAGES - len(unknown), **({"held": len(unknown)} if unknown else {})}
    if "marked" not in points:
        assert not unknown


def test_wherever_a_worker_is_killed_nothing_is_sent_twice(killer: Killer, tmp_path: Path) -> None:
    before = tmp_path / "before.db"
    advanced(f"sqlite:///{before}")
    whole = tmp_path / "whole.db"
    shutil.copy(before, whole)
    status, points = killer.send(0, f"sqlite:///{whole}", tmp_path / "whole.seen")
    assert status == 0
    assert set(points) == {"release", "claim", "claimed", "mark", "marked", "called", "taken", "record", "recorded"}
    first = {name: points.index(name) + 1 for name in points}
    last = {name: len(points) - points[::-1].index(name) for name in points}
    for fatal in sorted({*first.values(), *last.values()}):
        path, keys = tmp_path / f"{fatal}.db", tmp_path / f"{fatal}.seen"
        shutil.copy(before, path)
        status, _ = killer.send(fatal, f"sqlite:///{path}", keys)
        assert status in (-signal.SIGKILL, 0)  # turns hold what is ready by then: another time there may be fewer
        check_after(f"sqlite:///{path}", keys, points[:fatal])


def test_nor_on_postgresql(killer: Killer, server: Server, tmp_path: Path) -> None:
    for fatal in (5, 7, 9):
        with server.schema() as url:
            advanced(url)
            keys = tmp_path / f"{fatal}.seen"
            status, _ = killer.send(fatal, url, keys)
            assert status == -signal.SIGKILL
            check_after(url, keys, ["marked"])


@pytest.mark.parametrize("workers", [2, 8])
def test_many_workers_share_an_outbox(workers: int, server: Server, tmp_path: Path) -> None:
    keys = tmp_path / "seen"
    with server.schema() as url:
        advanced(url, COMPETED_FOR)
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.dispatch.worker", "send", url, str(keys), str(COMPETED_FOR)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            )
            for _ in range(workers)
        ]  # fmt: skip
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        sent = [int(process.communicate(timeout=300)[0]) for process in processes]
        with made(url) as engine:
            assert engine.decisions().group_by("outcome").len().rows() == [("sent", COMPETED_FOR)]
    delivered = seen(keys)
    assert len(delivered) == COMPETED_FOR
    assert max(delivered.values()) == 1
    assert sum(sent) == COMPETED_FOR
    assert sum(count > 0 for count in sent) >= 2  # so that they did compete

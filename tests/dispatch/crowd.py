"""A crowd at one outbox: workers that are killed at random, receipts, erasures and advances meanwhile.

`python -m tests.dispatch.crowd [--messages 20000] [--workers 8] [--kills 20] [--url postgresql://…]`: everything that a
provider got, it got once at most; every message has one outcome; nothing raises. Without a URL a server is started.

A provider is a file that keys are appended to: it lies outside the ledger, and what was appended has been delivered.
"""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from attrs import frozen

from rulecrm.diagnostics.model import RulesError
from rulecrm.model.sending import Receipt, Received, key_of
from rulecrm.state import Ledger
from tests.dispatch.worker import Provider, made, seen
from tests.dispatch.world import NOON, Clock
from tests.state.postgres import running

__all__ = ["Crowded", "crowd"]

ROOT = Path(__file__).parents[2]
HOUR = dt.timedelta(hours=1)


@frozen
class Crowded:
    """What came of it.

    Attributes:
        delivered: messages that the provider got.
        twice: those of them that it got more than once.
        outcomes: how many messages have which outcome.
        states: how many are in which state of the outbox.
        refused: messages that went although their customer had refused them before the last worker began.
        errors: what workers wrote when they failed of themselves.
        seconds: how long it took.
    """

    delivered: int
    twice: int
    outcomes: dict[str, int]
    states: dict[str, int]
    refused: int
    errors: tuple[str, ...]
    seconds: float


def crowd(url: str, folder: Path, *, messages: int, workers: int, kills: int, seed: int = 1) -> Crowded:
    """Let workers send while some are killed, and others tell of their messages."""
    random, keys, begun = Random(seed), folder / "seen", time.monotonic()
    with made(url, messages) as engine:
        engine.advance(NOON)
        decisions = dict(engine.decisions().select("customer", "decision").iter_rows())
    errors: list[str] = []
    processes: list[subprocess.Popen[str]] = []
    killed, told, number = 0, set[str](), 0
    with Ledger.open(url, wait=30) as ledger, made(url, messages) as engine:
        while ledger.outbox.counts().get("waiting", 0) > messages // 20:
            processes = [one for one in processes if not _over(one, errors)]
            while len(processes) < workers:
                processes.append(_worker(url, keys, messages))
            number += 1
            _tell(ledger, decisions, random, told, number)
            if number % 6 == 0:
                engine.advance(NOON + number * dt.timedelta(seconds=1))
            time.sleep(random.uniform(0.05, 0.4))
            if killed < kills and random.random() < 0.5:
                random.choice(processes).send_signal(signal.SIGKILL)
                killed += 1
        for one in processes:
            one.send_signal(signal.SIGKILL)
            _over(one, errors, wait=True)
        before = set(seen(keys))
        refused = {key_of(decisions[name], 0) for name in told if name in decisions} - before
        for hours in (1, 2, 3):
            with made(url, messages, channel=Provider(keys)) as sender:
                sender.dispatch(clock=Clock(NOON + hours * HOUR))
        ledger.receipts.reconcile()
        outcomes = Counter(ledger.decisions()["outcome"])
        states = dict(ledger.outbox.counts())
    got = seen(keys)
    twice = sum(count > 1 for count in got.values())
    after = len(refused & set(got))
    return Crowded(len(got), twice, dict(outcomes), states, after, tuple(errors), time.monotonic() - begun)


def _worker(url: str, keys: Path, messages: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.dispatch.worker", "send", url, str(keys), str(messages)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.close()
    return process


def _over(process: subprocess.Popen[str], errors: list[str], *, wait: bool = False) -> bool:
    if wait:
        process.wait(60)
    if process.poll() is None:
        return False
    assert process.stderr is not None
    with process.stderr as stream:
        said = stream.read()
    if process.returncode not in (0, -signal.SIGKILL):
        errors.append(said[-2000:])
    return True


def _tell(ledger: Ledger, decisions: dict[str, str], random: Random, told: set[str], number: int) -> None:
    """Receipts of what was sent, known and not; people who leave; somebody who wants to be forgotten."""
    names = random.sample(sorted(decisions), 40)
    receipts = [
        Receipt(
            f"{number}/{name}", random.choice([Received.DELIVERED, Received.OPENED, Received.BOUNCED]), NOON,
            key=key_of(decisions[name], 0), reason="soft",
        )
        for name in names[:30]
    ]  # fmt: skip
    ledger.receipts.write(receipts, route="sms", channel="sms")
    gone = [Receipt(f"{number}/x/{name}", Received.UNSUBSCRIBED, NOON, address=name) for name in names[30:]]
    ledger.receipts.write(gone, route="sms", channel="sms", customers=lambda one: [one])
    told.update(names[30:])
    if number % 5 == 0:
        ledger.erase(_forgotten(decisions, random))
    if number % 4 == 0:
        ledger.receipts.reconcile()


def _forgotten(decisions: dict[str, str], random: Random) -> str:
    """Somebody, who is nobody from now on."""
    name = random.choice(sorted(decisions))
    del decisions[name]
    return name


@contextmanager
def _at(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with running() as server, server.schema() as schema:
        yield schema


def main() -> int:
    """Run it once, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url")
    given = parser.parse_args()
    try:
        with _at(given.url) as url, tempfile.TemporaryDirectory() as folder:
            done = crowd(
                url, Path(folder), messages=given.messages, workers=given.workers, kills=given.kills, seed=given.seed
            )
    except RulesError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{done}\n")
    return 1 if done.twice or done.refused or done.errors else 0


if __name__ == "__main__":
    sys.exit(main())

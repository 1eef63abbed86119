"""Workers in processes of their own, for tests that kill them or let them compete.

`python -m tests.dispatch.worker kill URL SEEN`: for each line `NUMBER URL SEEN` read, a child sends what is due and is
killed by SIGKILL at that point (0: never); its status is printed, and the names of the points that it came to.
`python -m tests.dispatch.worker send URL SEEN`: sends all that is due; prints how many it has sent.

A provider is a file that keys are appended to: it lies outside the ledger, and what was appended has been delivered.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import rulecrm
from rulecrm.model.sending import Answer, Message
from tests.dispatch.world import ACCEPTED, NOON, SMS, START, Channel, Clock, customers, facts

__all__ = ["MESSAGES", "Provider", "made", "seen"]

MESSAGES = 6


class Provider(Channel):
    """Appends the key of each message to a file, and knows nothing of any that came before."""

    def __init__(self, path: Path, point: Callable[[str], None] = lambda _: None, **traits: object) -> None:
        super().__init__("sms", **{"concurrency": 2, **traits})
        self.path, self.point = path, point
        self.count = 0

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        self.point("called")
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, "".join(f"{message.key}\n" for message in batch).encode())
        os.close(handle)
        self.count += len(batch)
        self.point("taken")
        return [ACCEPTED] * len(batch)


def seen(path: Path) -> Counter[str]:
    """How often each key was delivered."""
    return Counter(path.read_text("ascii").splitlines()) if path.exists() else Counter()


def made(url: str, count: int = MESSAGES, channel: Channel | None = None) -> rulecrm.Engine:
    """An engine over a ledger; its rules send every customer one message."""
    channels = {} if channel is None else {"sms": channel}
    return rulecrm.Engine(rulecrm.loads(SMS), facts(customers(count)), state=url, start=START, channels=channels)


def _killed(url: str, path: Path, fatal: int, told: Path) -> None:
    points: list[str] = []

    def watch(name: str) -> None:
        points.append(name)
        if len(points) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    with made(url, channel=Provider(path, watch)) as engine:
        engine._ledger.watch = watch
        engine.dispatch(clock=Clock(NOON), worker="first")
    told.write_text(" ".join(points), "ascii")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    if sys.argv[1] == "send":
        provider = Provider(Path(sys.argv[3]), batch=5, concurrency=4)
        with made(sys.argv[2], int(sys.argv[4]), channel=provider) as engine:
            _say("ready")
            sys.stdin.readline()
            engine.dispatch(clock=Clock(NOON))
        _say(str(provider.count))
        return
    for line in sys.stdin:
        fatal, url, path = line.split()
        told = Path(f"{path}.points")
        child = os.fork()
        if not child:
            # Nothing but imports has been done yet, so that a child shares no thread and no connection.
            try:
                _killed(url, Path(path), int(fatal), told)
            finally:
                os._exit(0 if told.exists() else 1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        _say(f"{status} {told.read_text('ascii') if told.exists() else ''}")


if __name__ == "__main__":
    main()

"""An engine in a process of its own, for tests that kill it or let it compete.

`python -m tests.state.worker URL advance`: for each number read, a process that makes one advance of a known size and is
killed by SIGKILL just before the write of that number (0: never); prints its status and how many writes it came to.
`python -m tests.state.worker URL compete TICKS`: ticks until the clock has come to the last, each tick's decisions being
a function of the tick alone; prints how often another engine was first.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

from rulecrm.diagnostics.model import RulesError
from rulecrm.state import Ledger, bulk
from tests.state.rows import DAY, RULES, SETTINGS, T0, Row, advance, decision, decisions, journey, journeys

__all__ = ["CUSTOMERS", "after", "before"]

CUSTOMERS = 30


def before() -> dict[str, list[Row]]:
    """What an advance to T0 + DAY writes: everybody enters, half of them are told in quiet hours."""
    new = [journey(f"c{number}") for number in range(CUSTOMERS)]
    made = [
        decision(row, outcome="queued" if number % 2 else "quiet", due=T0 + DAY + 1) for number, row in enumerate(new)
    ]
    return {"new": new, "made": made}


def after() -> dict[str, list[Row]]:
    """What an advance to T0 + 2 * DAY writes: some move, some enter, what was quiet is settled."""
    rows = before()
    moved = [row | {"node": 4, "at": T0 + DAY + 2} for row in rows["new"][:20]]
    new = [journey(f"n{number}", entered=T0 + DAY + 3, decided=T0 + 2 * DAY) for number in range(10)]
    made = [decision(row, step="2", decided=T0 + 2 * DAY) for row in (*moved, *new)]
    settled = [row | {"outcome": "queued"} for row in rows["made"] if row["outcome"] == "quiet"]
    return {"new": [*moved, *new], "made": made, "settled": settled}


def _advance(url: str, kill_at: int) -> None:
    told = 0

    def watch(_: str) -> None:
        nonlocal told
        told += 1
        if told == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with Ledger.open(url) as ledger:
        ledger.watch = watch
        advance(ledger, T0 + 2 * DAY, **after())
    os._exit(told)


def _advance_each(url: str) -> Iterator[str]:
    # Nothing but imports has been done yet, so that a child shares no connection, and no lock that somebody holds.
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _advance(url, int(line))
        yield str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _compete(url: str, ticks: int) -> Iterator[str]:
    last = T0 + ticks * DAY
    late = 0
    with Ledger.open(url) as ledger:
        ledger.claim(SETTINGS)
        while (clock := ledger.clock()) is not None and clock < last:
            rows = [journey(f"t{clock // DAY}-{number}", entered=clock + 1, decided=clock + DAY) for number in range(5)]
            try:
                with ledger.advance(clock + DAY, expected_clock=clock) as under_way:
                    under_way.write(journeys=journeys(rows), decisions=decisions(decision(row) for row in rows))
                    under_way.finish(RULES)
            except RulesError as error:
                assert error.diagnostics[0].code in {"R457", "R458"}, error
                late += 1
    yield str(late)


def main() -> None:
    url, what, *ticks = sys.argv[1:]
    bulk.CHUNK = 8  # so that there are many writes
    for line in _advance_each(url) if what == "advance" else _compete(url, int(ticks[0])):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Processes that write to a store and end themselves with SIGKILL right before, or right after, a change of a table.

`python -m tests.lake.worker` reads JSON, a list of `[folder, step, count]`, and for each forks a process that ends when
`told` hears that step for the COUNT-th time; it prints the signals they died of as JSON. The one that forks only imports:
neither Polars nor Delta Lake has started a thread in it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
from pathlib import Path

import deltalake  # noqa: F401 - once for all processes
import polars as pl

from rulecrm.lake import FactStore, Writer
from rulecrm.lake.tables import Tables

T0 = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def rows(run: int) -> dict[str, pl.DataFrame]:
    """What the platform says at a run: an order changes, one is new, and a customer moves."""
    at = T0 + run * DAY
    orders = {"order": ["1", f"new{run}"], "customer": ["ann", "ben"], "amount": [run, 5], "changed_at": [at, at]}
    items = {"order": ["1", "1", f"new{run}"], "item": ["1", "2", "1"], "quantity": [run, 1, 1]}
    people = {"customer": ["ann"], "city": [f"city{run}"], "email": [f"ann{run}@example.org"], "changed_at": [at]}
    return {"orders": pl.DataFrame(orders), "items": pl.DataFrame(items), "customers": pl.DataFrame(people)}


def put(writer: Writer, run: int) -> None:
    """A run as a whole."""
    for frame, given in rows(run).items():
        writer.put("tb", frame, given)
    writer.commit({"tb": {"run": run}}, now=T0 + run * DAY)


def main(folder: Path, step: str, count: int) -> None:
    left = count

    def told(words: str) -> None:
        nonlocal left
        if words == step:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    store = FactStore.of(Tables(folder, told))
    done = store.cursor("tb") or {}
    run = int(str(done["run"])) + 1
    with store.writer(T0 + run * DAY) as writer:
        put(writer, run)
    store.compact()
    store.erase("ann", T0 + run * DAY)
    store.vacuum(keep=dt.timedelta(0))


def _ended(folder: str, step: str, count: int) -> int:
    """The signal that a process of its own died of; 0 where it came to its end."""
    child = os.fork()
    if not child:
        try:
            main(Path(folder), step, count)
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    print(json.dumps([_ended(*job) for job in json.load(sys.stdin)]))  # noqa: T201

"""How times are taken: ways side by side, alternated, and the median of each.

In: ways by name, each a function of the round. Out: seconds by name; or, for what has to be taken in a process of its
own (cold starts, peak memory), what that process printed as JSON.
Invariant: no way is run twice in a row while another waits, so that what slows the machine slows all alike.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["ROOT", "Way", "alternate", "in_child", "wall"]

Way = Callable[[int], object]
"""One way to the answers. The round, from 1, lets it look at another instant each time, as a daily run would."""

ROOT = Path(__file__).parents[2]
"""The root of the project: where child processes are started."""


def alternate(ways: Mapping[str, Way], repeat: int) -> dict[str, float]:
    """Seconds of each way: the median of `repeat` rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(1, repeat + 1):
        for name, way in ways.items():
            gc.collect()
            start = time.perf_counter()
            result = way(turn)
            seconds[name].append(time.perf_counter() - start)
            del result
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def in_child(module: str, *arguments: str) -> dict[str, float]:
    """Run `tests.benchmarks.MODULE` in a fresh process; its last line of output is the JSON that is returned."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[2:])} failed:\n{done.stderr}")
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def wall(*command: str) -> float:
    """Seconds a whole process takes, from start to end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start

"""Work done once and side by side.

In: keys and functions that make values; tasks. Out: the values.
Invariant: a key's value is made once, however many threads ask for it at the same time; results come in the order of
their tasks, whichever is done first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import RLock
from typing import Generic, TypeVar

from attrs import define, field

__all__ = ["Memo", "side_by_side"]

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")


@define(eq=False)
class Memo(Generic[K, V]):
    """Values by key, each made when first asked for."""

    _values: dict[K, V] = field(factory=dict)
    _locks: dict[K, RLock] = field(factory=dict)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value kept for a key; `make` gives it where there is none yet."""
        if key not in self._values:
            with self._locks.setdefault(key, RLock()):
                if key not in self._values:
                    self._values[key] = make()
            self._locks.pop(key, None)
        return self._values[key]

    def kept(self) -> list[V]:
        """Every value made so far."""
        return list(self._values.values())

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()


def side_by_side(tasks: Sequence[Callable[[], R]], told: Callable[[int], None] | None = None) -> list[R]:
    """The results of tasks, run on as many threads as there are processors; NumPy and Polars let each other work.

    `told` is called, by whoever calls this, with the number of tasks whose results are there.
    """
    workers = min(len(tasks), os.cpu_count() or 1)
    results: list[R] = []

    def add(result: R) -> None:
        results.append(result)
        if told is not None:
            told(len(results))

    if workers < 2:
        for task in tasks:
            add(task())
        return results
    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(task) for task in tasks]:
            add(future.result())
    return results

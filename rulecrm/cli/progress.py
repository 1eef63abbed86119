"""A bar for long work.

In: what is being done and how far it is. Out: a bar on stderr that leaves no trace.
Invariant: nothing is written, and rich is not imported, where stderr is no terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rulecrm.runtime import Progress

__all__ = ["progress"]


@contextmanager
def progress() -> Iterator[Progress | None]:
    """A function that moves the bar, told what is done, of how much, and what it is; None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def move(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield move

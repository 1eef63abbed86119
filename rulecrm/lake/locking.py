"""One writer at a time.

In: the folder of a store. Out: a lock that is held in a block, and gone with its process however that ends.
Invariant: readers never lock.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rulecrm.lake.findings import refusal, translated

__all__ = ["locked"]

_LOCK, _HOLDER = ".writer.lock", ".writer.json"


@contextmanager
def locked(path: Path, wait: float) -> Iterator[None]:
    """Hold the lock of a store.

    Args:
        path: its folder.
        wait: seconds to wait for another writer.

    Raises:
        RulesError: R703 somebody else holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path / _LOCK)
    with translated(path):
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            message = f"the store {path} is being written by {_holder(path)}"
            raise refusal("R703", message, fix="try again when it has ended; one writer at a time") from None
    try:
        holder = {"process": os.getpid(), "host": socket.gethostname()}
        with translated(path):
            (path / _HOLDER).write_text(json.dumps(holder), encoding="utf-8")
        yield
    finally:
        (path / _HOLDER).unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    """Who says to be writing; a process that has just begun may not have said yet."""
    try:
        told = json.loads((path / _HOLDER).read_text(encoding="utf-8"))
        return f"process {told['process']} on {told['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"

"""What was put on the list, and what was ticked off.

In: tasks and ticks. Out: the same, in the order in which they came.
Invariant: a line is there as a whole or not at all, each task once, each tick once. Lines are only ever added, by one
process at a time; what a process that died has left half-written is cut off by the next one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from attrs import asdict, field, frozen, validators

__all__ = ["MEANINGS", "BusyError", "Journal", "Task", "Tick", "TornError", "instant"]

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class BusyError(Exception):
    """Another process is at it."""


class TornError(Exception):
    """A line could neither be written whole nor taken back: whether it is there will be seen when it is read."""


MEANINGS = ("done", "failed", "stop", "reply")
"""Written; nobody is there; the buyer wants nothing any more; written, and the buyer has answered."""


def instant(at: str) -> dt.datetime:
    """The instant that a line names.

    Raises:
        ValueError: it names none.
    """
    found = dt.datetime.fromisoformat(at)
    if found.tzinfo is None:
        raise ValueError("an instant names its zone")
    return found


def _instant(_: object, __: object, at: str | None) -> None:
    if at is not None:
        instant(at)


_TEXT = validators.instance_of(str)


@frozen
class Task:
    """One message to be written by hand; instants in ISO 8601."""

    key: str = field(validator=_TEXT)
    at: str = field(validator=[_TEXT, _instant])
    to: str = field(validator=_TEXT, repr=False)
    words: str = field(validator=_TEXT, repr=False)
    campaign: str = field(default="", validator=_TEXT)
    until: str | None = field(default=None, validator=_instant)


@frozen
class Tick:
    """What somebody has made of a task: `what` is one of the marks' meanings."""

    key: str = field(validator=_TEXT)
    at: str = field(validator=[_TEXT, _instant])
    what: str = field(validator=validators.in_(MEANINGS))
    note: str = field(default="", validator=_TEXT, repr=False)


class Journal:
    """The file `journal.jsonl` of a folder.

    Attributes:
        tasks: by key.
        ticks: by key and meaning.
    """

    def __init__(self, folder: Path, timeout: float) -> None:
        self._folder = folder
        self._path = folder / "journal.jsonl"
        self._timeout = timeout
        self._read = 0
        self.tasks: dict[str, Task] = {}
        self.ticks: dict[tuple[str, str], Tick] = {}

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone at the folder, with all that was written before.

        Raises:
            BusyError: another process did not finish in time.
            OSError: the folder is not there, or cannot be written.
        """
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "journal.lock").open("ab") as lock:
            end = time.monotonic() + self._timeout
            while True:
                try:
                    _lock(lock)
                    break
                except OSError as error:
                    if time.monotonic() >= end:
                        raise BusyError from error
                time.sleep(0.01)
            self._catch_up()
            yield

    def add(self, lines: Sequence[Task | Tick]) -> None:
        """Add what is not there yet; the folder is locked.

        Raises:
            OSError: nothing was added.
            TornError: it is not known what was added.
        """
        fresh = {_name(line): line for line in lines if not self._knows(line)}
        if not fresh:
            return
        text = "".join(f"{json.dumps({_kind(line): asdict(line)})}\n" for line in fresh.values()).encode()
        # Without a buffer: what it held would be written after all when the file is closed.
        with self._path.open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            try:
                rest = memoryview(text)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            except OSError:
                try:
                    file.truncate(size)
                except OSError as error:
                    raise TornError from error
                raise
        self._catch_up()

    def ticks_since(self, offset: int) -> tuple[list[Tick], int]:
        """The ticks after a place in the file, and the place to go on from.

        Args:
            offset: bytes; 0 for the beginning. A place that is no longer there is taken for the beginning.

        Raises:
            OSError: the file cannot be read.
        """
        if not self._path.exists():
            return [], 0
        lines, end = _lines(self._path, offset if offset <= self._path.stat().st_size else 0)
        return [line for line in lines if isinstance(line, Tick)], end

    def _knows(self, line: Task | Tick) -> bool:
        return line.key in self.tasks if isinstance(line, Task) else (line.key, line.what) in self.ticks

    def _catch_up(self) -> None:
        """Read what was added since, by whomever; the folder is locked, so a line without an end has no writer."""
        if not self._path.exists():
            self._forget()
            return
        if self._path.stat().st_size < self._read:
            self._forget()
        lines, end = _lines(self._path, self._read)
        if end < self._path.stat().st_size:
            os.truncate(self._path, end)
        for line in lines:
            if isinstance(line, Task):
                self.tasks.setdefault(line.key, line)
            else:
                self.ticks.setdefault((line.key, line.what), line)
        self._read = end

    def _forget(self) -> None:
        self._read = 0
        self.tasks.clear()
        self.ticks.clear()


def _name(line: Task | Tick) -> str | tuple[str, str]:
    return line.key if isinstance(line, Task) else (line.key, line.what)


def _kind(line: Task | Tick) -> str:
    return "task" if isinstance(line, Task) else "tick"


def _lines(path: Path, start: int) -> tuple[Iterable[Task | Tick], int]:
    """The whole lines from a place on, and where they end."""
    with path.open("rb") as file:
        file.seek(start)
        text = file.read()
    whole = text[: text.rfind(b"\n") + 1]
    found: list[Task | Tick] = []
    for line in whole.splitlines():
        with contextlib.suppress(ValueError, TypeError, AttributeError):  # a line that people have spoilt is left out
            document = json.loads(line)
            found += [Task(**document["task"])] if "task" in document else [Tick(**document["tick"])]
    return found, start + len(whole)

"""The folder in which the list lies.

In: tasks, ticks, sheets that the staff have written in. Out: the journal, a sheet for each day, and the page.
Invariant: the journal is what counts; sheets and page are made from it, whole or not at all, and can be made again. A
sheet is replaced only after what stood in it was read.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from rulecrm_wangwang.journal import Journal, Task, Tick, instant
from rulecrm_wangwang.marks import meaning_of
from rulecrm_wangwang.page import Hook, page
from rulecrm_wangwang.sheets import Written, read, sheet

__all__ = ["Desk", "UnseenError"]

_LOG = logging.getLogger(__name__)
_MOST = 2_000
"""Tasks on the page; the sheets have all of them."""

_Stamp = tuple[int, int, int]


class UnseenError(Exception):
    """Tasks are in the journal, and neither sheet nor page could be written: nobody sees them."""


class Desk:
    """One folder; its methods may be called from several threads and processes.

    Args:
        journal: of the folder.
        folder: where sheets and page are.
        zone: of the sheets' days.
        language: of the list's own words.
        now: the clock.
        hook: the buttons of tasks, or None.
    """

    def __init__(
        self,
        journal: Journal,
        folder: Path,
        *,
        zone: ZoneInfo,
        language: str,
        now: Callable[[], dt.datetime],
        hook: Callable[[Sequence[Task]], Hook | None],
    ) -> None:
        self._journal = journal
        self._folder = folder
        self._zone = zone
        self._language = language
        self._now = now
        self._hook = hook
        self._read: dict[dt.date, _Stamp | None] = {}
        self._late: set[dt.date] = set()

    def put(self, tasks: Sequence[Task]) -> None:
        """Put tasks on the list; those that are on it already stay as they are.

        Raises:
            BusyError, OSError: none was put.
            TornError, UnseenError: they may be on it, or are and cannot be seen.
        """
        with self._journal.locked():
            self._journal.add(tasks)
            self._show(self._days(task.key for task in tasks))

    def has(self, keys: Sequence[str]) -> set[str]:
        """Which keys are on the list, where it can be seen.

        Raises:
            BusyError, OSError, TornError, UnseenError: that cannot be told.
        """
        with self._journal.locked():
            found = {key for key in keys if key in self._journal.tasks}
            if found:
                self._show(self._days(found))
            return found

    def tick(self, tick: Tick) -> None:
        """Note a tick that came by the page.

        Raises:
            BusyError, OSError, TornError, UnseenError: it is not noted, or cannot be seen.
        """
        with self._journal.locked():
            self._journal.add([tick])
            self._show(self._days([tick.key]))

    def harvest(self, offset: int) -> tuple[list[Tick], int]:
        """The ticks after a place in the journal, those in the sheets included, and the place to go on from.

        Raises:
            BusyError, OSError, TornError: the folder cannot be read or written.
        """
        with self._journal.locked():
            before = len(self._journal.ticks)
            open_ = {self._day(task) for task in self._open()}
            changed = {day for day in self._days(self._journal.tasks) if self._changed(day)}
            # A sheet of which nothing is open any more may be put away.
            again = {day for day in sorted(changed) if not self._gleaned(day) and day in open_} | self._late
            if again or len(self._journal.ticks) > before:
                with contextlib.suppress(UnseenError):  # it was logged; what was ticked counts all the same
                    self._show(again)
        return self._journal.ticks_since(offset)

    # --- what the staff have written ------------------------------------------------------------------------------

    def _collect(self, day: dt.date) -> dict[str, Written]:
        """Take what stands in a day's sheet into the journal."""
        path = self._path(day)
        stamp = _stamp(path)
        rows = _rows(path)
        ticks = []
        for row in rows.values():
            what = meaning_of(row.mark)
            if what is not None and row.key in self._journal.tasks:
                ticks.append(Tick(row.key, self._now().isoformat(), what, row.note.removeprefix("'")[:1_000]))
        self._journal.add(ticks)
        self._read[day] = stamp
        return rows

    def _changed(self, day: dt.date) -> bool:
        stamp = _stamp(self._path(day))
        return stamp is None or stamp != self._read.get(day)

    def _gleaned(self, day: dt.date) -> bool:
        """Take what stands in a day's sheet into the journal; whether all the day's tasks stand in it still."""
        try:
            rows = self._collect(day)
        except OSError as error:
            _LOG.warning("a sheet of the list of tasks was not read: %s", type(error).__name__)
            return True
        return all(task.key in rows for task in self._of(day))

    # --- what the staff get to see --------------------------------------------------------------------------------

    def _show(self, days: set[dt.date]) -> None:
        """Write the sheets of these days, and the page; one of both has to be there to be seen."""
        problems = [*self._sheets(days), *self._page()]
        self._late = self._late | days if problems else self._late - days
        for problem in problems:
            _LOG.warning("a part of the list of tasks was not written: %s", type(problem).__name__)
        if len(problems) > len(days):
            raise UnseenError

    def _sheets(self, days: set[dt.date]) -> Iterator[OSError]:
        for day in sorted(days):
            try:
                self._sheet(day)
            except OSError as error:  # a spreadsheet program may hold it
                yield error

    def _sheet(self, day: dt.date) -> None:
        path = self._path(day)
        for _ in range(3):
            rows = self._collect(day)
            data = sheet(self._of(day), self._first(), rows, self._language)
            if _stamp(path) == self._read[day]:  # nobody saved it in the meantime
                break
        _replace(path, data)
        self._read[day] = _stamp(path)

    def _page(self) -> Iterator[OSError]:
        open_ = self._open()[:_MOST]
        try:
            _replace(self._folder / "tasks.html", page(open_, self._hook(open_), self._language))
        except OSError as error:
            yield error

    # --- which is which -------------------------------------------------------------------------------------------

    def _open(self) -> list[Task]:
        now, ticked = self._now(), self._first()
        return [
            task
            for task in self._journal.tasks.values()
            if task.key not in ticked and (task.until is None or instant(task.until) > now)
        ]

    def _first(self) -> Mapping[str, Tick]:
        """The first tick of each task."""
        return {tick.key: tick for tick in reversed(self._journal.ticks.values())}

    def _of(self, day: dt.date) -> list[Task]:
        return [task for task in self._journal.tasks.values() if self._day(task) == day]

    def _days(self, keys: Iterable[str]) -> set[dt.date]:
        return {self._day(self._journal.tasks[key]) for key in keys if key in self._journal.tasks}

    def _day(self, task: Task) -> dt.date:
        return instant(task.at).astimezone(self._zone).date()

    def _path(self, day: dt.date) -> Path:
        return self._folder / f"tasks-{day}.csv"


def _rows(path: Path) -> dict[str, Written]:
    try:
        return {row.key: row for row in read(path.read_bytes())}
    except FileNotFoundError:
        return {}


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole, or not at all; the folder is locked, so nobody else writes the new one."""
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise

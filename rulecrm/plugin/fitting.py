"""Windows of time that fit on one page.

In: a call that gives a page of what changed in a window. Out: all that changed in it.
Invariant: pages of a list may shift while they are read, and what has moved to a page that was read already is lost. A
window that fits on one page is read at once; so one that does not is halved until it does, and only within a second is
a list paged through.

Instants are whole seconds since 1970 (UTC): no platform that is read so tells less.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from attrs import evolve, frozen

from rulecrm.plugin.platforms import LaterError, StoppedError

__all__ = ["Ask", "Place", "fitting"]

T = TypeVar("T")

Ask = Callable[[int, int, str], Awaitable[tuple[Sequence[T], str]]]
"""Asks for a page of a window, both of its ends within: its rows, and the name of the next page. The first page's name
is empty, and so is that of the page after the last."""

_MOST_PAGES = 1000


@frozen
class Place:
    """Where reading of a list stands.

    Attributes:
        since: where the next window begins.
        to: everything that had changed up to then is read; None before the first window.
        step: seconds of the next window.
        end: where that window ends; 0 where it is not known yet.
    """

    since: int
    to: int | None = None
    step: int = 1
    end: int = 0

    @classmethod
    def of(cls, told: object, begin: int, longest: int) -> Place:
        """The place that a part of a cursor tells.

        Args:
            told: what `cursor` gave; None: nothing was read yet.
            begin: where reading begins then.
            longest: seconds of the longest window that the platform takes.

        Raises:
            StoppedError: it makes no sense.
        """
        if told is None:
            return cls(begin, step=longest)
        found = told if isinstance(told, Mapping) else {}
        since, to, step = found.get("since"), found.get("to"), found.get("step")
        if not isinstance(since, int) or not isinstance(step, int) or not (to is None or isinstance(to, int)):
            raise StoppedError("the cursor makes no sense; it is of another version")
        return cls(since, to, min(max(step, 1), longest))

    def cursor(self) -> Mapping[str, object]:
        """As it is kept."""
        told = {"since": self.since, "step": self.step}
        return told if self.to is None else {**told, "to": self.to}

    def is_behind(self, last: int, rest: int) -> bool:
        """Whether there are more than `rest` seconds to read before `last`."""
        return last - (self.since if self.to is None else self.to) > rest

    def up_to(self, last: int) -> Place:
        """The same, its window ending at `last` or before."""
        return evolve(self, end=min(self.since + self.step, last))

    def halved(self) -> Place:
        """The same, with a window half as long."""
        step = max((self.end - self.since) // 2, 1)
        return evolve(self, step=step, end=self.since + step)

    def behind(self) -> Place:
        """At the next window; what is kept says that this one is read."""
        return Place(self.end, self.end, self.step)

    def rested(self, overlap: int) -> Place:
        """At the next run's first window, which begins so many seconds before the end of this one."""
        return Place(max(self.end - overlap, self.since), self.end, self.step)

    def longer(self, longest: int) -> Place:
        """The same, with windows twice as long, for this one held little."""
        return evolve(self, step=min(self.step * 2, longest))


async def fitting(ask: Ask[T], place: Place) -> tuple[Sequence[T], Place]:
    """What changed in a window, and the place with the window that it was.

    Args:
        ask: gives a page.
        place: its window is the longest that is tried.

    Raises:
        LaterError: the list of a single second does not end.
    """
    while True:
        found, more = await ask(place.since, place.end, "")
        if not more:
            return found, place
        if place.end - place.since <= 1:
            return await _paged(ask, place, found, more), place
        place = place.halved()


async def _paged(ask: Ask[T], place: Place, first: Sequence[T], more: str) -> Sequence[T]:
    found = list(first)
    for _ in range(_MOST_PAGES):
        rows, more = await ask(place.since, place.end, more)
        found.extend(rows)
        if not more:
            return found
    raise LaterError("the list of a single second has no end")

"""Where reading of a list stands.

In: a cursor. Out: a `Place`, and the cursor again.
Invariant: a cursor that makes no sense is an error, never a beginning from anew.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen

from rulecrm.plugin import StoppedError

__all__ = ["LONGEST", "Place"]

LONGEST = 15 * 86_400
"""Seconds of the longest window that the platform takes."""


@frozen
class Place:
    """Where reading of a list stands, in seconds since 1970.

    Attributes:
        since: where the next window begins.
        to: everything that had changed up to then is read; None before the first window.
        step: length of the next window.
        end: where that window ends; 0 where it is not known yet.
    """

    since: int
    to: int | None = None
    step: int = LONGEST
    end: int = 0

    @classmethod
    def of(cls, told: object, begin: int) -> Place:
        """The place that a cursor tells; where it tells none, the beginning.

        Raises:
            StoppedError: it makes no sense.
        """
        if told is None:
            return cls(begin)
        found = told if isinstance(told, Mapping) else {}
        since, to, step = found.get("since"), found.get("to"), found.get("step")
        if not isinstance(since, int) or not isinstance(step, int) or not (to is None or isinstance(to, int)):
            raise StoppedError("the cursor of a Shopee account makes no sense; it is of another version")
        return cls(since, to, min(max(step, 1), LONGEST))

    def cursor(self) -> dict[str, object]:
        """As it is kept."""
        told: dict[str, object] = {"since": self.since, "step": self.step}
        return told if self.to is None else told | {"to": self.to}

    def is_behind(self, last: int, rest: int) -> bool:
        """Whether there is more than `rest` seconds to read before `last`."""
        return last - (self.since if self.to is None else self.to) > rest

    def up_to(self, last: int) -> Place:
        """With its window's end."""
        return evolve(self, end=min(self.since + self.step, last))

    def halved(self) -> Place:
        """With a window half as long."""
        step = (self.end - self.since) // 2
        return evolve(self, step=step, end=self.since + step)

    def after(self, last: int, rest: int, overlap: int, few: bool) -> Place:  # noqa: FBT001 - one call, near by
        """Behind its window.

        Args:
            last: where this run ends.
            rest: as for `is_behind`.
            overlap: what is read again the next time, where this was the last window of a run.
            few: whether it held so little that the next may be longer.
        """
        done = last - self.end <= rest
        step = min(self.step * 2, LONGEST) if few else self.step
        return Place(max(self.end - overlap, self.since) if done else self.end, self.end, step)

"""Where reading is.

In: a cursor. Out: a place, and the cursor of it.
Invariant: a place is an instant by Shopify's own clock, as rows tell it in `updatedAt`; nothing in it runs out.
"""

from __future__ import annotations

import datetime as dt

from attrs import evolve, frozen

from rulecrm.plugin import Cursor, StoppedError
from rulecrm.plugin.pulling import instant_in, instant_out

__all__ = ["FRAMES", "Mark", "Place"]

FRAMES = ("orders", "customers")


@frozen
class Mark:
    """How far one frame was read.

    Attributes:
        at: everything before this was read; None: nothing.
        after: within `at` itself, the last row's cursor of Shopify; used where a page has nothing but one instant.
        whole: whether it was read to its end.
        again: up to where an interrupted reading is read over again; None: it is not.
    """

    at: dt.datetime | None
    after: str | None = None
    whole: bool = False
    again: dt.datetime | None = None

    def fresh(self, overlap: dt.timedelta) -> Mark:
        """Where a reading begins: a little before the end of the last one, or before where that was interrupted.

        One that is interrupted while it reads over again goes on where it is, or it would never get any further.
        """
        if self.at is None or self.again is not None:
            return self
        return Mark(self.at - overlap, again=None if self.whole else self.at)

    def to(self, at: dt.datetime | None, after: str | None = None) -> Mark:
        """Further on in the same reading."""
        over = self.again is None or (at is not None and at > self.again)
        return Mark(at, after, again=None if over else self.again)

    def out(self) -> dict[str, object]:
        """As it is kept."""
        instants = {"at": self.at, "again": self.again}
        told: dict[str, object] = {name: instant_out(at) for name, at in instants.items() if at is not None}
        told |= {"after": self.after, "whole": self.whole}
        return {name: one for name, one in told.items() if one}


@frozen
class Place:
    """How far each frame was read."""

    orders: Mark
    customers: Mark

    @classmethod
    def of(cls, cursor: Cursor | None, begin: dt.datetime | None) -> Place:
        """The place of a cursor.

        Raises:
            StoppedError: it is none of this platform's.
        """
        if cursor is None:
            return cls(Mark(begin), Mark(begin))
        return cls(*(_mark(cursor.get(frame)) for frame in FRAMES))

    def mark(self, frame: str) -> Mark:
        """Of a frame."""
        return self.orders if frame == "orders" else self.customers

    def moved(self, frame: str, mark: Mark) -> Place:
        """With another mark."""
        return evolve(self, orders=mark) if frame == "orders" else evolve(self, customers=mark)

    def cursor(self) -> Cursor:
        """As it is kept."""
        return {frame: self.mark(frame).out() for frame in FRAMES}


def _mark(told: object) -> Mark:
    if not isinstance(told, dict):
        raise StoppedError("the cursor is none of Shopify's; to read from the beginning, take it away")
    at, again, after = instant_in(told.get("at")), instant_in(told.get("again")), told.get("after")
    if at is None and told.get("at") is not None:
        raise StoppedError("the cursor has an instant that is none; to read from the beginning, take it away")
    return Mark(at, after if isinstance(after, str) else None, told.get("whole") is True, again)

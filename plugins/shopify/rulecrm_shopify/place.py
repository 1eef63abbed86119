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
        whole: whether it was read to its end; the next reading begins a little earlier then.
    """

    at: dt.datetime | None
    after: str | None = None
    whole: bool = False

    def fresh(self, overlap: dt.timedelta) -> Mark:
        """Where a reading begins."""
        return Mark(self.at - overlap if self.whole and self.at is not None else self.at, self.after)

    def out(self) -> dict[str, object]:
        """As it is kept."""
        told = {"at": None if self.at is None else instant_out(self.at), "after": self.after, "whole": self.whole}
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
    at, after = instant_in(told.get("at")), told.get("after")
    if at is None and told.get("at") is not None:
        raise StoppedError("the cursor has an instant that is none; to read from the beginning, take it away")
    return Mark(at, after if isinstance(after, str) else None, told.get("whole") is True)

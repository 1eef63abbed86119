"""Where reading is.

In: a cursor. Out: a `Place`, and its cursor.
Invariant: a cursor is JSON, and what it says is read back as the same place; one that nobody here has written is none.
"""

from __future__ import annotations

import datetime as dt

from attrs import evolve, frozen

from rulecrm.plugin.platforms import Cursor
from rulecrm.plugin.pulling import instant_in, instant_out

__all__ = ["Place", "place_in"]


@frozen
class Place:
    """Where reading is, within a run from `begin` to `end`.

    Attributes:
        begin, end: of the run: first its orders are read, then what was sent back or paid back.
        at: everything before is read.
        offset: while orders are read: so many from `at` on are read, too.
        to: while returns are read: the end of the window that begins at `at`; None while orders are read.
        page: of that window, the next to read; 0: how many there are is not known.
    """

    begin: dt.datetime
    end: dt.datetime
    at: dt.datetime
    offset: int = 0
    to: dt.datetime | None = None
    page: int = 0

    def cursor(self) -> Cursor:
        """As a cursor."""
        told: dict[str, object] = {"begin": instant_out(self.begin), "end": instant_out(self.end)}
        told |= {"at": instant_out(self.at), "offset": self.offset}
        return told if self.to is None else {**told, "to": instant_out(self.to), "page": self.page}


def place_in(cursor: Cursor) -> Place | None:
    """The place that a cursor tells of, or None where it tells of none."""
    begin, end, at, to = (instant_in(cursor.get(name)) for name in ("begin", "end", "at", "to"))
    if begin is None or end is None or at is None:
        return None
    offset, page = (one if isinstance(one := cursor.get(name), int) else 0 for name in ("offset", "page"))
    place = Place(begin, end, at, offset)
    return place if to is None else evolve(place, to=to, page=page)

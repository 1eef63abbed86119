"""From where an expression is seen.

In: nothing. Out: `Point` and `Entry`.
Invariant: a point tells everything that the value of an expression may depend on, the world and the rules aside.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import frozen

from tests.oracle.values import Value
from tests.oracle.world import Row

__all__ = ["Entry", "Point"]


@frozen
class Entry:
    """How a journey was entered: when, and on which row where there was one."""

    at: dt.datetime
    row: Row | None = None


@frozen
class Point:
    """A subject, an instant; inside a `where` one row; inside a campaign the entry of the journey."""

    subject: str
    key: str
    now: dt.datetime
    row: Row | None = None
    word: str = ""
    """The name by which the row's kind or collection was asked for."""
    entry: Entry | None = None
    record: Mapping[str, Value] | None = None
    """Inside the `where` of a list of records, the record."""
    list: str = ""
    """The name by which the list was asked for."""
    guard: bool = False
    """Whether it stands in a guard, in which the population is that of the last local midnight."""
    period: tuple[dt.datetime, dt.datetime] | None = None
    """Inside a kpi the period that is reported: its first instant, and the first after it."""

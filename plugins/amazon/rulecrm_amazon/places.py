"""Where reading stands.

In: a cursor. Out: a `Place`, and the cursor again.
Invariant: a cursor that makes no sense is an error, never a beginning from anew; a page's token is used within its day.
"""

from __future__ import annotations

import datetime as dt

from attrs import evolve, frozen

from rulecrm.plugin import Cursor, StoppedError
from rulecrm.plugin.pulling import instant_in, instant_out

__all__ = ["Place"]

_FRESH = dt.timedelta(hours=23)
"""Amazon's tokens of pages are valid for 24 hours (orders-api-migration-guide)."""
_DAY = dt.timedelta(days=1)
_LONGEST, _SHORTEST = 366.0, 1.0
_MANY = 200
"""Pages of a window after which the next one is half as long; a day has time for about 480 of them."""


@frozen
class Place:
    """Where reading stands: in a window of time, at one of its pages.

    Attributes:
        since: from when on changes are asked for.
        before: up to when, where that was asked; None: up to the present.
        told: up to when, as Amazon told with the first page.
        token: of the next page.
        token_at: when that was given.
        days: length of a window.
        pages: of this window so far.
        whole: everything that had changed before is read; None in the first window.
        history: whether what has been is still to come from reports.
        report: id of the report that was asked for.
        read: batches of its document that were read.
    """

    since: dt.datetime
    before: dt.datetime | None = None
    told: dt.datetime | None = None
    token: str | None = None
    token_at: dt.datetime | None = None
    days: float = 30.0
    pages: int = 0
    whole: dt.datetime | None = None
    history: bool = False
    report: str | None = None
    read: int = 0

    @classmethod
    def of(cls, cursor: Cursor) -> Place:
        """The place that a cursor tells.

        Raises:
            StoppedError: it tells none.
        """
        since, days, pages = instant_in(cursor.get("since")), cursor.get("days"), cursor.get("pages")
        token, report, read = cursor.get("token"), cursor.get("report"), cursor.get("read", 0)
        if (
            since is None
            or not isinstance(days, int | float)
            or not isinstance(pages, int)
            or not isinstance(read, int)
            or not all(one is None or isinstance(one, str) for one in (token, report))
        ):
            raise StoppedError("the cursor of an Amazon account makes no sense; it is of another version")
        return cls(
            since, instant_in(cursor.get("before")), instant_in(cursor.get("told")),
            token if isinstance(token, str) else None, instant_in(cursor.get("token_at")),
            min(max(float(days), _SHORTEST), _LONGEST), pages, instant_in(cursor.get("whole")),
            cursor.get("history") is True, report if isinstance(report, str) else None, read,
        )  # fmt: skip

    def cursor(self) -> Cursor:
        """As it is kept."""
        instants = {"since": self.since, "before": self.before, "told": self.told, "token_at": self.token_at,
                    "whole": self.whole}  # fmt: skip
        told: dict[str, object] = {name: instant_out(one) for name, one in instants.items() if one is not None}
        more = {"token": self.token, "report": self.report, "history": self.history or None, "read": self.read or None}
        return told | {"days": self.days, "pages": self.pages} | {k: v for k, v in more.items() if v is not None}

    def fresh(self, now: dt.datetime) -> Place:
        """The same, at its window's beginning where the token of its page has run out."""
        stale = self.token is not None and (self.token_at is None or now - self.token_at > _FRESH)
        return self.again() if stale else self

    def again(self) -> Place:
        """At the window's beginning."""
        return evolve(self, told=None, token=None, token_at=None, pages=0)

    def next_page(self, told: dt.datetime, token: str, now: dt.datetime) -> Place:
        """At the next page."""
        return evolve(self, told=told, token=token, token_at=now, pages=self.pages + 1)

    def after_report(self, until: dt.datetime) -> Place:
        """At the next report; after the last one at the orders of its last day, which may have come too late for it."""
        end = self.before or self.since
        if until - end > _DAY:
            return Place(end, days=self.days, history=True)
        return Place(max(end - _DAY, self.since), days=self.days)

    def next_window(self, told: dt.datetime, overlap: dt.timedelta) -> Place:
        """At the next window: everything up to `told` is read, and a little of it will be again."""
        pages = self.pages + 1
        days = self.days * 2 if pages == 1 else self.days / 2 if pages > _MANY else self.days
        return Place(max(told - overlap, self.since), days=min(max(days, _SHORTEST), _LONGEST), whole=told)

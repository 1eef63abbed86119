"""Calendar periods: the days, weeks, months, quarters and years that kpis are reported in.

In: a unit, a zone, an instant or a day. Out: `CalendarPeriod`s.
Invariant: a period goes from the first instant of its first local day to the first instant of the day after its last,
the latter not included; weeks begin on Monday. The periods of one unit follow one another without a gap.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from attrs import frozen

from rulecrm.model.instants import from_microseconds
from rulecrm.runtime.calendar import start_of_day_scalar

__all__ = ["CalendarPeriod", "period_at", "period_of"]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}
_YEAR_OF_WEEKS = dt.timedelta(days=364)
"""Fifty-two weeks: a year later on the same weekday."""


@frozen(order=True)
class CalendarPeriod:
    """One period of a unit.

    Attributes:
        first: its first local day.
        after: the first local day after it.
        unit: `day week month quarter year`.
        zone: IANA name of the zone.
    """

    first: dt.date
    after: dt.date
    unit: str
    zone: str

    @property
    def start(self) -> int:
        """Its first instant, microseconds since 1970-01-01 UTC."""
        return start_of_day_scalar(self.first, self.zone)

    @property
    def end(self) -> int:
        """The first instant after it."""
        return start_of_day_scalar(self.after, self.zone)

    def moved(self, by: int) -> CalendarPeriod:
        """The period so many units later; earlier where `by` is negative."""
        if self.unit in _DAYS:
            return period_of(self.unit, self.first + dt.timedelta(days=_DAYS[self.unit] * by), self.zone)
        months = self.first.year * 12 + self.first.month - 1 + _MONTHS[self.unit] * by
        return period_of(self.unit, dt.date(months // 12, months % 12 + 1, 1), self.zone)

    def year_before(self) -> CalendarPeriod:
        """The same period a year earlier; of a day or a week the one 52 weeks earlier, which has the same weekdays."""
        if self.unit in _DAYS:
            return period_of(self.unit, self.first - _YEAR_OF_WEEKS, self.zone)
        return self.moved(-12 // _MONTHS[self.unit])

    def until(self, last: CalendarPeriod) -> list[CalendarPeriod]:
        """The periods from this one to `last`, both included; none where `last` comes before this one."""
        found, one = [], self
        while one.first <= last.first:
            found.append(one)
            one = one.moved(1)
        return found


def period_of(unit: str, day: dt.date, zone: str) -> CalendarPeriod:
    """The period of a unit that holds a local day."""
    match unit:
        case "day" | "week":
            first = day - dt.timedelta(days=day.weekday() if unit == "week" else 0)
            return CalendarPeriod(first, first + dt.timedelta(days=_DAYS[unit]), unit, zone)
        case _:
            length = _MONTHS[unit]
            first = day.replace(month=(day.month - 1) // length * length + 1, day=1)
            months = first.year * 12 + first.month - 1 + length
            return CalendarPeriod(first, dt.date(months // 12, months % 12 + 1, 1), unit, zone)


def period_at(unit: str, instant: int, zone: str) -> CalendarPeriod:
    """The period of a unit that holds an instant (microseconds since 1970-01-01 UTC)."""
    day = from_microseconds(instant).astimezone(ZoneInfo(zone)).date()
    found = period_of(unit, day, zone)
    # Where the clock is put back over midnight, the day before comes again for an hour.
    return found.moved(-1) if instant < found.start else found.moved(1) if instant >= found.end else found

"""Windows as predicates on one instant or one date.

In: a window of the AST whose parts are already values. Out: whether an instant, or a date, lies in it.
Invariant: a window with a missing bound holds nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from rulecrm.syntax import ast
from tests.oracle.values import Value
from tests.oracle.zone import Shift, Zone, calendar_span, shift_date

__all__ = ["holds_date", "holds_instant"]

ONE_DAY = dt.timedelta(days=1)
Evaluate = Callable[[ast.Expression], Value]


def _shift(value: Value) -> Shift | None:
    if isinstance(value, dt.timedelta):
        return Shift(elapsed=value)
    assert value is None or isinstance(value, Shift), value
    return value


def _instant(value: Value, zone: Zone) -> dt.datetime | None:
    if isinstance(value, dt.datetime) or value is None:
        return value
    assert isinstance(value, dt.date), value
    return zone.start_of_day(value)


def _date(value: Value, zone: Zone) -> dt.date | None:
    return zone.day(value) if isinstance(value, dt.datetime) else value  # type: ignore[return-value]


def holds_instant(window: ast.Window, instant: dt.datetime, now: dt.datetime, zone: Zone, evaluate: Evaluate) -> bool:
    """Whether an instant lies in the window as of `now`."""
    match window:
        case ast.Last(duration):
            length = _shift(evaluate(duration))
            return length is not None and zone.shift(now, -length) < instant <= now
        case ast.Next(duration):
            length = _shift(evaluate(duration))
            return length is not None and now <= instant < zone.shift(now, length)
        case ast.From(older, newer):
            far, near = _shift(evaluate(older)), _shift(evaluate(newer))
            if far is None or near is None:
                return False
            return zone.shift(now, -far) < instant <= zone.shift(now, -near)
        case ast.Since(start):
            begin = _instant(evaluate(start), zone)
            return begin is not None and begin <= instant <= now
        case ast.Until(end):
            finish = _instant(evaluate(end), zone)
            return finish is not None and instant < finish
        case ast.Between(start, end):
            begin, finish = _instant(evaluate(start), zone), _instant(evaluate(end), zone)
            return begin is not None and finish is not None and begin <= instant < finish
        case ast.WithinAfter(duration, anchor):
            length, start = _shift(evaluate(duration)), evaluate(anchor)
            if length is None or start is None:
                return False
            if isinstance(start, dt.datetime):
                return start < instant <= zone.shift(start, length)
            begin = zone.start_of_day(start + ONE_DAY)  # type: ignore[operator]
            if length.elapsed:
                return begin <= instant < zone.shift(begin, length)
            return begin <= instant < zone.start_of_day(shift_date(start, length) + ONE_DAY)  # type: ignore[arg-type]
        case ast.WithinBefore(duration, anchor):
            length, end = _shift(evaluate(duration)), evaluate(anchor)
            if length is None or end is None:
                return False
            if isinstance(end, dt.datetime):
                return zone.shift(end, -length) <= instant < end
            finish = zone.start_of_day(end)  # type: ignore[arg-type]
            if length.elapsed:
                return zone.shift(finish, -length) <= instant < finish
            return zone.start_of_day(shift_date(end, -length)) <= instant < finish  # type: ignore[arg-type]
        case ast.On(day):
            date = _date(evaluate(day), zone)
            return date is not None and on_day(instant, date, zone)
        case ast.Calendar(which, unit):
            first, after = calendar_span(which, unit, zone.day(now))
            return zone.start_of_day(first) <= instant < zone.start_of_day(after)
    raise TypeError(window)


def on_day(instant: dt.datetime, day: dt.date, zone: Zone) -> bool:
    """Whether an instant lies on a local day."""
    return zone.start_of_day(day) <= instant < zone.start_of_day(day + dt.timedelta(days=1))


def holds_date(window: ast.Window, date: dt.date, now: dt.datetime, zone: Zone, evaluate: Evaluate) -> bool:
    """Whether a date lies in the window as of `now`, its bounds taken as local days."""
    today = zone.day(now)
    match window:
        case ast.Last(duration):
            length = _shift(evaluate(duration))
            return length is not None and _back(now, today, length, zone) < date <= today
        case ast.Next(duration):
            length = _shift(evaluate(duration))
            return length is not None and today <= date < _back(now, today, -length, zone)
        case ast.From(older, newer):
            far, near = _shift(evaluate(older)), _shift(evaluate(newer))
            if far is None or near is None:
                return False
            return _back(now, today, far, zone) < date <= _back(now, today, near, zone)
        case ast.Since(start):
            begin = _date(evaluate(start), zone)
            return begin is not None and begin <= date <= today
        case ast.Until(end):
            finish = _date(evaluate(end), zone)
            return finish is not None and date < finish
        case ast.Between(start, end):
            begin, finish = _date(evaluate(start), zone), _date(evaluate(end), zone)
            return begin is not None and finish is not None and begin <= date < finish
        case ast.WithinAfter(duration, anchor):
            length, start = _shift(evaluate(duration)), evaluate(anchor)
            begin = _date(start, zone)
            if length is None or begin is None:
                return False
            if not length.elapsed:
                return begin < date <= shift_date(begin, length)
            if isinstance(start, dt.datetime):
                return begin < date <= zone.day(zone.shift(start, length))
            return begin < date < zone.day(zone.shift(zone.start_of_day(begin + ONE_DAY), length))
        case ast.WithinBefore(duration, anchor):
            length, end = _shift(evaluate(duration)), evaluate(anchor)
            finish = _date(end, zone)
            if length is None or finish is None:
                return False
            if not length.elapsed:
                return shift_date(finish, -length) <= date < finish
            latest = end if isinstance(end, dt.datetime) else zone.start_of_day(finish)
            return zone.day(zone.shift(latest, -length)) <= date < finish
        case ast.On(day):
            return date == _date(evaluate(day), zone)
        case ast.Calendar(which, unit):
            first, after = calendar_span(which, unit, today)
            return first <= date < after
    raise TypeError(window)


def _back(now: dt.datetime, today: dt.date, length: Shift, zone: Zone) -> dt.date:
    """The local day that lies so long before today; hours are counted from `now`."""
    return zone.day(zone.shift(now, -length)) if length.elapsed else shift_date(today, -length)

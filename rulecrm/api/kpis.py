"""Kpis, period by period: what they are, what they were, whether they give an alarm.

In: a program, facts, T, and which periods. Out: `Reported`, one a kpi and period, and the frame of them.
Invariant: a period that is not over at T is marked so; it is compared with nothing, and gives no alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.model.instants import Instant, instant_of, to_microseconds
from rulecrm.model.kpi import Kpi, parts_of
from rulecrm.model.types import MONEY_SCALE, Type
from rulecrm.runtime.formula import Exact, evaluate, rounded
from rulecrm.runtime.kpis import Measures, is_over
from rulecrm.runtime.periods import CalendarPeriod, period_at

__all__ = ["FRAME", "Asked", "Reported", "as_float", "change_of", "frame_of", "periods_of", "report"]

UNITS = ("day", "week", "month", "quarter", "year")

_PERIODS = 12
"""How many periods that are over are told of where nothing is said."""

_MICROSECONDS = 1_000_000

FRAME: dict[str, pl.DataType | type[pl.DataType]] = {
    "kpi": pl.String, "type": pl.String, "start": pl.Date, "end": pl.Date, "complete": pl.Boolean,
    "value": pl.Float64, "amount": pl.Decimal(38, MONEY_SCALE), "previous": pl.Float64, "change": pl.Float64,
    "alert": pl.Boolean,
}  # fmt: skip
"""Columns of `Rules.kpis`."""


@frozen
class Asked:
    """Which periods are asked about.

    Attributes:
        start: an instant of the first; None: `periods` say it.
        end: the first instant that is not asked about any more; None: T.
        periods: how many.
        every: the calendar unit; None: each kpi's own.
    """

    start: Instant | None = None
    end: Instant | None = None
    periods: int | None = None
    every: str | None = None


@frozen
class Reported:
    """A kpi in a period.

    Attributes:
        kpi: which.
        period: when.
        over: whether all of the period has gone by at T.
        value: exact; None where it is missing.
        previous: that of the period before; None of a period that is not over, too.
        change: (value − previous) / |previous|; None where either is missing or `previous` is 0.
        alert: whether the kpi's own alert says so; None where it has none, and of a period that is not over.
    """

    kpi: Kpi
    period: CalendarPeriod
    over: bool
    value: Exact
    previous: Exact
    change: Exact
    alert: bool | None


def periods_of(kpi: Kpi, asked: Asked, now: int, zone: str) -> list[CalendarPeriod]:
    """The periods of a kpi that are asked about, none that begins after T.

    Raises:
        RulesError: R855 they are asked for in a way that means nothing; R440 an instant that is none.
    """
    unit = kpi.every if asked.every is None else asked.every
    if unit not in UNITS:
        raise _wrong(f"unknown calendar unit `{unit}`", near_or_all(unit, UNITS))
    if asked.periods is not None and asked.periods < 1:
        raise _wrong(f"{asked.periods} periods are none", "one or more")
    if None not in (asked.start, asked.end, asked.periods):
        raise _wrong("`start`, `end` and `periods` say too much", "give two of them at most")
    running = period_at(unit, now, zone)
    first = last = running
    count = _PERIODS if asked.periods is None else asked.periods
    if asked.end is not None:
        last = period_at(unit, _micros(asked.end, zone) - 1, zone)
    if asked.start is not None:
        first = period_at(unit, _micros(asked.start, zone), zone)
        if asked.end is not None and _micros(asked.end, zone) <= _micros(asked.start, zone):
            raise _wrong(f"the end ({asked.end}) is not after the start ({asked.start})")
        if asked.periods is not None:
            last = first.moved(count - 1)
    else:
        # Of periods up to T the running one is told of besides; it is not over, so it is none of those asked for.
        first = last.moved(-count if asked.end is None and not is_over(last, now) else 1 - count)
    return first.until(min(last, running))


def report(measures: Measures, kpis: Iterable[Kpi], asked: Asked, *, alerts: bool = True) -> list[Reported]:
    """Every kpi in each of its periods, kpi by kpi, in the order of time."""
    zone = measures.program.zone
    wanted = [(kpi, periods_of(kpi, asked, measures.now, zone)) for kpi in kpis]
    together: dict[str, tuple[list[str], set[CalendarPeriod]]] = {}
    for kpi, periods in wanted:
        if periods:
            symbols, all_ = together.setdefault(periods[0].unit, ([], set()))
            symbols.append(kpi.symbol)
            all_ |= {periods[0].moved(-1), *periods}
    for symbols, needed in together.values():
        measures.prepare(symbols, needed, alerts=alerts)
    return [_reported(measures, kpi, period, alerts=alerts) for kpi, periods in wanted for period in periods]


def _reported(measures: Measures, kpi: Kpi, period: CalendarPeriod, *, alerts: bool) -> Reported:
    over = is_over(period, measures.now)
    value = measures.value(kpi.symbol, period)
    if not over:
        return Reported(kpi, period, over, value, None, None, None)
    previous = measures.value(kpi.symbol, period.moved(-1))
    change = change_of(value, previous)
    alert: bool | None = None
    if kpi.alert is not None and alerts:
        local = {"change": change, "previous": previous, kpi.symbol.rpartition(".")[2]: value}
        for other in parts_of(kpi.alert):
            measures.value(other, period)
        alert = evaluate(kpi.alert, measures.reading(period, local)) is True
    return Reported(kpi, period, over, value, previous, change, alert)


def change_of(value: Exact, previous: Exact) -> Fraction | None:
    """By how much of its size a number has changed; None where that cannot be said."""
    if not isinstance(value, Fraction) or not isinstance(previous, Fraction) or not previous:
        return None
    return (value - previous) / abs(previous)


def as_float(value: Exact, kind: Type) -> float | None:
    """A value of a kpi as a Float64: money in units of the reporting currency, durations in seconds."""
    shown = rounded(value, kind)
    if shown is None:
        return None
    return float(shown) / _MICROSECONDS if kind.name == "duration" else float(shown)


def frame_of(rows: Sequence[Reported]) -> pl.DataFrame:
    """The frame of `Rules.kpis`."""
    return pl.DataFrame([_row(one) for one in rows], schema=FRAME, orient="row")


def _row(one: Reported) -> tuple[object, ...]:
    kind = one.kpi.type
    amount = rounded(one.value, kind) if kind.name == "money" else None
    change = None if one.change is None else float(one.change)
    return (
        one.kpi.symbol, kind.name, one.period.first, one.period.after, one.over, as_float(one.value, kind), amount,
        as_float(one.previous, kind), change, one.alert,
    )  # fmt: skip


def _micros(instant: Instant, zone: str) -> int:
    return to_microseconds(instant_of(instant, zone))


def _wrong(message: str, advice: str | None = None) -> RulesError:
    return RulesError([Diagnostic("R855", message, help=advice)])

"""Kpis period by period, and whether each was to be expected.

In: a shop, names of kpis. Out: the figure `kpi_values`.
Invariant: a range stands on the periods before its own alone; where there are too few, a remark says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from attrs import frozen

from rulecrm.api.kpis import Asked, Reported, as_float, report
from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import numeric, whole
from rulecrm.insight.figure import Figure, Origin, Remark, Words
from rulecrm.insight.kpis.asked import (
    chosen,
    empty_periods,
    first_row,
    measures_of,
    missing_remarks,
)  # fmt: skip
from rulecrm.insight.kpis.expected import YEAR, Expected, expect
from rulecrm.insight.kpis.words import alike, empty, seasonless, so_far, too_few, values_definition
from rulecrm.insight.shop import Shop
from rulecrm.model import ir
from rulecrm.model.instants import Instant
from rulecrm.model.kpi import Kpi
from rulecrm.runtime.kpis import Measures, is_over
from rulecrm.runtime.periods import CalendarPeriod, period_at

__all__ = ["kpi_values"]

_SCHEMA = {
    "kpi": pl.String, "title": pl.String, "type": pl.String, "start": pl.Date, "end": pl.Date, "complete": pl.Boolean,
    "value": pl.Float64, "previous": pl.Float64, "change": pl.Float64, "last_year": pl.Float64,
    "expected": pl.Float64, "low": pl.Float64, "high": pl.Float64, "seasonal": pl.Boolean,
    "by_rule": pl.Boolean, "by_range": pl.Boolean, "alert": pl.Boolean,
}  # fmt: skip

_HISTORY = {"day": 112, "week": 164, "month": 66, "quarter": 28, "year": 20}
"""Periods of history that are asked for where nothing is said; of days, too few for a season of the year."""


def kpi_values(
    shop: Shop,
    kpis: str | Sequence[str] | None = None,
    *,
    periods: int | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
    every: str | None = None,
    level: float = 0.95,
    history: int | None = None,
) -> Figure:
    """Every kpi, period by period, beside what was to be expected of it.

    Args:
        shop: the shop as of T.
        kpis: names; all of the file's own where they are left out.
        periods: how many, as in `Rules.kpis`: 12 that are over at T, and the running one.
        start: an instant of the first period.
        end: the first instant that is not told of any more.
        every: `day`, `week`, `month`, `quarter` or `year` for all kpis; each kpi's own where it is left out.
        level: of the expected range, between 0.5 and 0.999.
        history: how many periods before the first are looked at for the range; 112 days, 164 weeks, 66 months, 28
            quarters or 20 years where it is left out. Days need 364 more for a season of the year.

    Returns:
        The figure `kpi_values`, a row for each kpi and period: `kpi`, `title`, `type` String; `start`, `end` Date (the
        end not included); `complete` Boolean; `value`, `previous` (the period before), `last_year` (the same period a
        year before; of days and weeks 52 weeks), `expected`, `low`, `high` Float64, money in units of the reporting
        currency and durations in seconds; `change` Float64 (value − previous) / |previous|; `seasonal` Boolean, whether
        the season of the year is in the range; `by_rule` Boolean, the kpi's own alert; `by_range` Boolean, whether the
        value lies outside the range; `alert` Boolean, either. Of the running period the range is a forecast for the
        whole of it, and there is no alert.

    Raises:
        RulesError: R120 a name that is no kpi, R855 periods that mean nothing or a level that is none, facts that
            cannot be read.
    """
    if not numeric(level) or not 0.5 <= level <= 0.999:
        raise RulesError([Diagnostic("R855", f"{level} is no level of a range", help="between 0.5 and 0.999")])
    if history is not None and not whole(history, 0):
        raise RulesError([Diagnostic("R855", f"a history of {history} periods is none", help="0 or more")])
    wanted = chosen(shop, [kpis] if isinstance(kpis, str) else kpis)
    measures = measures_of(shop)
    asked = Asked(start, end, periods, every)
    told = [_told(shop, measures, one, asked, _Ranges(level, history)) for one in wanted]
    remarks = [remark for one in told for remark in one.remarks]
    if not wanted:
        remarks.append(Remark("R865", Words("the file has no kpi.", "文件中没有指标。")))
    return Figure(
        "kpi_values",
        Words("Kpis", "指标"),
        values_definition(shop, level),
        pl.DataFrame([row for one in told for row in one.rows], schema=_SCHEMA, orient="row"),
        _COLUMNS,
        tuple(remarks),
        tuple(Origin(one.symbol, one.span) for one in wanted),
        shop.currency,
    )


@frozen
class _Told:
    """What is told of one kpi."""

    rows: tuple[tuple[object, ...], ...]
    remarks: tuple[Remark, ...]


@frozen
class _Ranges:
    """How ranges are wanted: their level, and how many periods are looked at before the first."""

    level: float
    history: int | None


def _told(shop: Shop, measures: Measures, kpi: Kpi, asked: Asked, ranges: _Ranges) -> _Told:
    rows = report(measures, [kpi], asked)
    if not rows:
        return _Told((), ())
    periods = [one.period for one in rows]
    before = _before(
        shop, measures, kpi, periods[0], _HISTORY[periods[0].unit] if ranges.history is None else ranges.history
    )
    years = [one.year_before() for one in periods]
    measures.prepare([kpi.symbol], [*before, *years])
    known = [*before, *periods]
    values = [_plain(measures, kpi, one) if is_over(one, measures.now) else None for one in known]
    expected = expect(values, periods[0].unit, range(len(before), len(known)), level=ranges.level)
    expected = [_within(kpi, one) for one in expected]
    lines = tuple(
        _row(one, last_year, range_)
        for one, last_year, range_ in zip(rows, (_plain(measures, kpi, one) for one in years), expected, strict=True)
    )
    remarks = _remarks(shop, measures, rows, expected)
    return _Told(lines, tuple(remarks))


def _before(shop: Shop, measures: Measures, kpi: Kpi, first: CalendarPeriod, count: int) -> list[CalendarPeriod]:
    """Periods before the first, none from before the facts begin: of those nothing is known, and nothing is not 0."""
    begin = first_row(shop, [kpi])
    if begin is None or begin > measures.now or not count:
        return []
    oldest = period_at(first.unit, begin, first.zone)
    if begin > oldest.start:
        oldest = oldest.moved(1)
    return max(first.moved(-count), oldest).until(first.moved(-1))


def _plain(measures: Measures, kpi: Kpi, period: CalendarPeriod) -> float | None:
    return as_float(measures.value(kpi.symbol, period), kpi.type)


def _within(kpi: Kpi, one: Expected | None) -> Expected | None:
    """A share lies between 0 and 1, and so does what is expected of it."""
    if one is None or not (isinstance(kpi.value, ir.PopulationOf) and kpi.value.function == "share"):
        return one
    low, value, high = (min(max(number, 0.0), 1.0) for number in (one.low, one.value, one.high))
    return Expected(value, low, high, one.seasonal, one.errors)


def _row(one: Reported, last_year: float | None, range_: Expected | None) -> tuple[object, ...]:
    value = as_float(one.value, one.kpi.type)
    by_range = None
    if one.over and range_ is not None and value is not None:
        slack = 1e-9 * max(abs(range_.low), abs(range_.high))
        by_range = not range_.low - slack <= value <= range_.high + slack
    alert = None if one.alert is None and by_range is None else bool(one.alert) or bool(by_range)
    ends = (None,) * 4 if range_ is None else (range_.value, range_.low, range_.high, range_.seasonal)
    return (
        one.kpi.symbol, one.kpi.title, one.kpi.type.name, one.period.first, one.period.after, one.over, value,
        as_float(one.previous, one.kpi.type), None if one.change is None else float(one.change), last_year, *ends,
        one.alert, by_range, alert,
    )  # fmt: skip


def _remarks(
    shop: Shop, measures: Measures, rows: Sequence[Reported], expected: Sequence[Expected | None]
) -> list[Remark]:
    kpi, unit = rows[0].kpi, rows[0].period.unit
    found = missing_remarks(shop, measures, kpi, [one.period for one in rows if one.value is None])
    without_rows = empty_periods(shop, kpi, [one.period for one in rows])
    if without_rows:
        found.append(empty(kpi, without_rows))
    found += [so_far(one) for one in rows if not one.over]
    without = sum(one is None for one in expected)
    if without:
        found.append(too_few(kpi, unit, without, len(rows)))
    there = [one for one in expected if one is not None]
    if there and YEAR[unit] and not any(one.seasonal for one in there):
        found.append(seasonless(kpi, unit))
    if any(one.low == one.high for one in there):
        found.append(alike(kpi))
    return found


_COLUMNS = {
    "kpi": Words("Kpi", "指标"),
    "title": Words("Title", "名称"),
    "type": Words("Type", "类型"),
    "start": Words("From", "起"),
    "end": Words("Up to", "止（不含）"),
    "complete": Words("Over", "已结束"),
    "value": Words("Value", "值"),
    "previous": Words("Period before", "上期"),
    "change": Words("Change", "变化"),
    "last_year": Words("A year before", "去年同期"),
    "expected": Words("Expected", "预期"),
    "low": Words("Range from", "区间下限"),
    "high": Words("Range to", "区间上限"),
    "seasonal": Words("Season in the range", "含季节"),
    "by_rule": Words("Alarm of the rule", "规则警报"),
    "by_range": Words("Outside the range", "超出区间"),
    "alert": Words("Alarm", "警报"),
}

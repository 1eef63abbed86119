"""Law 9: windows and shifts are right in every zone and over every clock change.

For each zone one customer looks at something at every instant of interest around its clock changes; the engine is asked at
all of them at once, and the expected figures are counted by the standard library alone.
"""

from __future__ import annotations

import datetime as dt
import os
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from zoneinfo import available_timezones

import polars as pl
import pytest

import rulecrm
from tests.oracle.machine.journeys import next_time
from tests.oracle.zone import Shift, Zone, calendar_span
from tests.strategies.clocks import LENGTHS, ZONES, clock_changes

MICRO = dt.timedelta(microseconds=1)
DEEP = os.environ.get("RULECRM_PROFILE") == "deep"
TESTED = sorted(available_timezones() - {"localtime", "Factory"}) if DEEP else ZONES
UNITS = ("day", "week", "month", "quarter", "year")
SPANS = tuple((which, unit) for which in ("this", "last") for unit in UNITS)


def _window(which: str, unit: str) -> str:
    return {"this": "today", "last": "yesterday"}[which] if unit == "day" else f"{which} {unit}"


def _rules(zone: str) -> rulecrm.Rules:
    lines = [f'timezone "{zone}"']
    for name in LENGTHS:
        lines += [f"metric back_{name} = {name} ago", f"metric ahead_{name} = now + {name}"]
        lines += [f"metric seen_{name} = count(view last {name})"]
    for which, unit in SPANS:
        lines += [f"metric in_{which}_{unit} = count(view {_window(which, unit)})"]
        lines += [f"segment now_in_{which}_{unit} = first(view where at >= now).at in {_window(which, unit)}"]
    lines += ["metric local_day = date_of(now)", "metric local_time = time_of(now)", "metric hour_of = hour(now)"]
    return rulecrm.loads("\n".join(lines))


def _instants(zone: Zone, changes: Sequence[dt.datetime]) -> list[dt.datetime]:
    """Around each change: it, a moment before, hours and days around it, and the local midnights beside it."""
    found = {dt.datetime(2025, 1, 31, 12, tzinfo=dt.UTC), dt.datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=dt.UTC)}
    for change in changes:
        near = [change + dt.timedelta(minutes=minutes) for minutes in (-1440, -60, -30, 0, 15, 30, 60, 90, 1440, 10080)]
        midnights = [zone.start_of_day(zone.day(change) + dt.timedelta(days=days)) for days in (-1, 0, 1, 2)]
        found.update(near)
        found.update(at - MICRO for at in (*near[2:5], *midnights))
        found.update(midnights)
    return sorted(found)


@pytest.mark.parametrize("name", TESTED)
def test_windows_and_shifts(name: str) -> None:
    zone = Zone(name)
    changes = clock_changes(name) if DEEP else clock_changes(name)[:4] + clock_changes(name)[-10:]
    instants = _instants(zone, changes)
    schema = {"kind": pl.String, "customer": pl.String, "at": pl.Datetime("us", "UTC")}
    events = pl.DataFrame([("view", "c", at) for at in instants], schema=schema, orient="row")
    points = pl.DataFrame(
        [("c", at) for at in instants], schema={"customer": pl.String, "at": schema["at"]}, orient="row"
    )
    found = _rules(name).evaluate_at(rulecrm.Facts.from_frames(events=events), points)

    def between(start: dt.datetime, end: dt.datetime) -> int:
        """How many instants lie in (start, end]."""
        return max(0, bisect_right(instants, end) - bisect_right(instants, start))

    for now, row in zip(instants, found.to_dicts(), strict=True):
        expected: dict[str, object] = {"customer": "c", "at": now}
        for length, shift in LENGTHS.items():
            expected[f"back_{length}"] = zone.shift(now, -shift)
            expected[f"ahead_{length}"] = zone.shift(now, shift)
            expected[f"seen_{length}"] = between(zone.shift(now, -shift), now)
        for which, unit in SPANS:
            first, after = calendar_span(which, unit, zone.day(now))
            start, end = zone.start_of_day(first), zone.start_of_day(after)
            seen = bisect_left(instants, min(end, now + MICRO)) - bisect_left(instants, start)
            expected[f"in_{which}_{unit}"] = max(0, seen)
            expected[f"now_in_{which}_{unit}"] = start <= now < end
        expected |= {"local_day": zone.day(now), "local_time": zone.wall(now).time(), "hour_of": zone.wall(now).hour}
        assert row == expected


@pytest.mark.parametrize("name", ZONES)
def test_evaluation_at_one_instant_agrees(name: str) -> None:
    """The one-instant kernel reads the calendar as the kernel of many instants does."""
    zone = Zone(name)
    instants = _instants(zone, clock_changes(name)[-2:])
    schema = {"kind": pl.String, "customer": pl.String, "at": pl.Datetime("us", "UTC")}
    events = pl.DataFrame([("view", "c", at) for at in instants], schema=schema, orient="row")
    rules, facts = _rules(name), rulecrm.Facts.from_frames(events=events)
    for now in instants[:: max(1, len(instants) // 8)]:
        point = pl.DataFrame([("c", now)], schema={"customer": pl.String, "at": schema["at"]}, orient="row")
        assert rules.evaluate(facts, as_of=now).table().equals(rules.evaluate_at(facts, point).drop("at"))


@pytest.mark.parametrize("name", ZONES)
def test_a_bare_date_is_its_first_instant(name: str) -> None:
    zone = Zone(name)
    rules = rulecrm.loads(f'timezone "{name}"\nmetric seen = count(view)')
    days = [zone.day(change) for change in clock_changes(name)[-4:]] or [dt.date(2025, 3, 1)]
    for day in days:
        start = zone.start_of_day(day)
        schema = {"kind": pl.String, "customer": pl.String, "at": pl.Datetime("us", "UTC")}
        events = pl.DataFrame(
            [("view", "c", start - MICRO), ("view", "c", start), ("view", "c", start + MICRO)],
            schema=schema,
            orient="row",
        )
        result = rules.evaluate(rulecrm.Facts.from_frames(events=events), as_of=day)
        assert result.as_of == start
        assert result.table()["seen"].to_list() == [2]


def test_month_ends_are_clipped() -> None:
    shanghai = Zone("Asia/Shanghai")
    at = dt.datetime(2025, 1, 30, 16, tzinfo=dt.UTC)  # 31 January in Shanghai
    assert shanghai.shift(at, Shift(months=1)) == dt.datetime(2025, 2, 27, 16, tzinfo=dt.UTC)
    rules = rulecrm.loads(
        'timezone "Asia/Shanghai"\nmetric later = now + 1mo\nmetric leap = now + 13mo\nmetric back = 11mo ago'
    )
    schema = {"customer": pl.String, "at": pl.Datetime("us", "UTC")}
    point = pl.DataFrame([("c", at)], schema=schema, orient="row")
    empty = rulecrm.Facts.from_frames(customers=pl.DataFrame({"customer": ["c"]}))
    row = rules.evaluate_at(empty, point).row(0, named=True)
    assert (row["later"], row["leap"], row["back"]) == (
        dt.datetime(2025, 2, 27, 16, tzinfo=dt.UTC),
        dt.datetime(2026, 2, 27, 16, tzinfo=dt.UTC),
        dt.datetime(2024, 2, 28, 16, tzinfo=dt.UTC),  # 29 February 2024
    )


def _starting_at(instants: Sequence[dt.datetime]) -> rulecrm.Facts:
    """One customer for each instant, known from it on."""
    schema = {"kind": pl.String, "customer": pl.String, "at": pl.Datetime("us", "UTC")}
    rows = [("view", f"c{number:03}", at) for number, at in enumerate(instants)]
    return rulecrm.Facts.from_frames(events=pl.DataFrame(rows, schema=schema, orient="row"))


@pytest.mark.parametrize("name", TESTED)
def test_lifecycles_wait_by_the_calendar(name: str) -> None:
    zone = Zone(name)
    changes = clock_changes(name) if DEEP else clock_changes(name)[:2] + clock_changes(name)[-4:]
    instants = _instants(zone, changes)
    lines = [f'timezone "{name}"']
    for length in LENGTHS:
        lines += [f"lifecycle l{length} {{ start a  a -> b after {length} }}", f"metric w{length} = l{length}.since"]
    latest = zone.shift(max(instants), Shift(months=13))
    found = rulecrm.loads("\n".join(lines)).evaluate(_starting_at(instants), as_of=latest).table()
    by_customer = {row["customer"]: row for row in found.to_dicts()}
    for number, at in enumerate(instants):
        row = by_customer[f"c{number:03}"]
        assert {length: row[f"w{length}"] for length in LENGTHS} == {
            length: zone.shift(at, shift) for length, shift in LENGTHS.items()
        }


@pytest.mark.parametrize("name", TESTED)
def test_campaigns_wait_by_the_calendar(name: str) -> None:
    """`wait D` and `wait until 02:30` over the last clock changes."""
    zone, lengths = Zone(name), ("24h", "1d", "1mo")
    instants = _instants(zone, clock_changes(name)[-2:])
    waits = {**{f"w{length}": f"wait {length}" for length in lengths}, "place": "wait until 02:30"}
    lines = [f'campaign {campaign} {{ enter on view {wait} tag "t" }}' for campaign, wait in waits.items()]
    rules = rulecrm.loads("\n".join((f'timezone "{name}"', *lines)))
    end = zone.shift(max(instants), Shift(months=2))
    told = rules.backtest(_starting_at(instants), start=min(instants) - MICRO, end=end).decisions
    found = {(row["campaign"], row["customer"]): row["at"] for row in told.to_dicts()}
    for number, at in enumerate(instants):
        customer = f"c{number:03}"
        for length in lengths:
            assert found[f"w{length}", customer] == zone.shift(at, LENGTHS[length])
        assert found["place", customer] == next_time(zone, at, dt.time(2, 30))


@pytest.mark.parametrize("name", TESTED)
def test_campaigns_are_entered_by_the_calendar(name: str) -> None:
    """`every day at 02:30`, over the last clock changes: once a day, and a day that is skipped is no day."""
    zone = Zone(name)
    text = f'timezone "{name}"\ncampaign daily {{ enter every day at 02:30 reenter always tag "t" }}'
    for change in clock_changes(name)[-2:]:
        start, end = change - dt.timedelta(days=3), change + dt.timedelta(days=3)
        told = rulecrm.loads(text).backtest(_starting_at([start]), start=start, end=end).decisions
        days = [zone.day(start) + dt.timedelta(days=days) for days in range(9)]
        times = {zone.instant(dt.datetime.combine(day, dt.time(2, 30))) for day in days}
        assert sorted(told["at"]) == sorted(at for at in times if start < at <= end)

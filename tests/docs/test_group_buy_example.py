"""The checks of the group-buy example at their edges: what is just allowed, what just is not, and every wall clock."""

from __future__ import annotations

import datetime as dt
import runpy
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

import pytest

from rulecrm import Diagnostic
from tests.docs.pages import ROOT

PACIFIC = ZoneInfo("America/Los_Angeles")
MINUTE = dt.timedelta(minutes=1)

Check = Callable[[dict[str, object], list[str]], Iterable[Diagnostic]]


@pytest.fixture(scope="module")
def check() -> Check:
    found: Check = runpy.run_path(str(ROOT / "examples" / "group_buy" / "run.py"))["check"]
    return found


def activity(**changed: object) -> dict[str, object]:
    starts = dt.datetime(2025, 10, 28)
    usual = {"name": "Dresses", "category": "dress", "discount": 30, "starts": starts, "ends": dt.datetime(2025, 11, 4)}
    return {**usual, **changed}


def codes(check: Check, **changed: object) -> list[str]:
    return [one.code for one in check(activity(**changed), ["dress"])]


@pytest.mark.parametrize(
    ("allowed", "refused", "code"),
    [
        ({"name": "x" * 32}, {"name": "x" * 33}, "name"),
        ({"name": "裙" * 32}, {"name": "裙" * 33}, "name"),
        ({"discount": 5}, {"discount": 4.9}, "discount"),
        ({"discount": 99}, {"discount": 99.5}, "discount"),
        ({"ends": dt.datetime(2026, 4, 26)}, {"ends": dt.datetime(2026, 4, 26, 0, 0, 1)}, "ends"),
        ({"ends": dt.datetime(2025, 10, 28, 0, 0, 1)}, {"ends": dt.datetime(2025, 10, 28)}, "ends"),
        ({"category": "dress"}, {"category": "dres"}, "category"),
    ],
)
def test_the_edge_is_allowed_and_what_lies_beyond_is_not(
    check: Check, allowed: dict[str, object], refused: dict[str, object], code: str
) -> None:
    assert codes(check, **allowed) == []
    assert codes(check, **refused) == [code]


@pytest.mark.parametrize("day", [dt.date(2025, 11, 2), dt.date(2026, 3, 8), dt.date(2026, 1, 15)])
def test_a_time_is_taken_where_the_clock_shows_it_exactly_once(check: Check, day: dt.date) -> None:
    first = dt.datetime.combine(day, dt.time(), dt.UTC)
    shown: dict[dt.datetime, int] = {}
    for number in range(36 * 60):  # every minute of the day there, as its clocks show it
        wall = (first + number * MINUTE).astimezone(PACIFIC).replace(tzinfo=None)
        shown[wall] = shown.get(wall, 0) + 1
    for number in range(6 * 60):
        starts = dt.datetime.combine(day, dt.time()) + number * MINUTE
        found = list(check(activity(starts=starts, ends=starts + dt.timedelta(days=60)), ["dress"]))
        assert [one.code for one in found] == ([] if shown.get(starts) == 1 else ["starts"])
        for one in found:
            offered = dt.datetime.strptime(str(one.help), "%Y-%m-%d %H:%M")
            assert offered > starts
            assert shown[offered] == 1


def test_the_name_that_is_offered_is_short_enough(check: Check) -> None:
    for name in ("Shoes for the whole family, autumn and winter", "x" * 50, "a " * 30):
        (found,) = check(activity(name=name), ["dress"])
        offered = str(found.help).strip("“”")
        assert 0 < len(offered) <= 32
        assert name.startswith(offered)

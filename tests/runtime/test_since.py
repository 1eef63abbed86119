"""Since when a segment holds: days with and without a midnight of their own, limits, and the oracle over made-up shops."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rulecrm
from rulecrm.model.codec import decode, encode
from rulecrm.semantics.versions import canonical
from rulecrm.syntax.parse import parse
from tests.oracle.interpreter import Oracle
from tests.oracle.values import Value
from tests.oracle.world import World
from tests.strategies import fewer
from tests.strategies.cases import facts_of

RULES = """
timezone "{zone}"
currency CNY
segment lively = count(view last 3d) >= 2
metric plain = since(lively)
metric short = since(count(view last 10d) >= 1, 4d)
metric months = since(exists(view), 1mo)
metric silent = since(none(view last 2d))
metric nested = since(since(lively) <= 1d ago)
metric before = since(lively) as of 2d ago
metric place = since(percentile(count(view last 5d)) >= 50%, 1w)
metric how_many = population count(since(exists(view last 2d), 1w) <= 1d ago)
metric seen = count(view since since(lively))
segment lately = since(lively) in last 2d
"""
NAMES = ("plain", "short", "months", "silent", "nested", "before", "place", "how_many", "seen", "lately")

PLACES = {
    "Europe/Berlin": "2025-03-31T10:00",  # the clock goes forward on the 30th
    "America/Sao_Paulo": "2018-11-05T15:00",  # it goes forward at the midnight of the 4th
    "America/St_Johns": "2006-10-29T03:00",  # it goes back at 00:01 of the 29th, to 23:01 of the day before
    "Pacific/Apia": "2011-12-31T20:00",  # there is no 30 December
    "Asia/Shanghai": "2025-06-18T04:00",
}


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def view(number: int, customer: str, when: dt.datetime) -> dict[str, Value]:
    return {"event": f"e{number}", "kind": "view", "customer": customer, "at": when}


def asked(text: str, world: World, as_of: str | dt.datetime, name: str = "m") -> dict[str, object]:
    """The metric by customer, at one instant for all."""
    found = rulecrm.loads(text).evaluate(facts_of(world), as_of=as_of, only=[name]).table()
    return dict(found.select("customer", name).iter_rows())


@st.composite
def shops(draw: st.DrawFn) -> tuple[str, World, list[dt.datetime]]:
    """A zone, views around a day on which its clock is changed, and instants to ask about."""
    zone = draw(st.sampled_from(sorted(PLACES)))
    now = at(PLACES[zone])
    hours = st.integers(-10 * 24, 24)
    views = draw(st.lists(st.tuples(st.sampled_from("abc"), hours), max_size=24))
    joined = draw(st.none() | st.integers(-12, 0))
    instants = draw(st.lists(st.integers(-72, 24), min_size=1, max_size=4, unique=True))
    # `a` is listed, with a date or without one; the others are known from their first fact on.
    listed: dict[str, Value] = {"customer": "a"}
    if joined is not None:
        listed["joined_at"] = now + dt.timedelta(days=joined)
    world = World(
        customers=[listed],
        events=[view(number, who, now + dt.timedelta(hours=hour)) for number, (who, hour) in enumerate(views)],
    )
    return zone, world, [now + dt.timedelta(hours=hour) for hour in instants]


@given(shops())
@fewer(5)
def test_both_kernels_and_the_shards_agree_with_a_plain_loop(shop: tuple[str, World, list[dt.datetime]]) -> None:
    zone, world, instants = shop
    text = RULES.format(zone=zone)
    rules, oracle, facts = rulecrm.loads(text), Oracle(parse(text, source="since").rules, world), facts_of(world)
    for now in instants:
        keys = world.keys("customer", now)
        expected = [{name: oracle.answer(name, "customer", key, now) for name in NAMES} for key in keys]
        table = rules.evaluate(facts, as_of=now, only=list(NAMES)).table()
        assert table["customer"].to_list() == keys
        assert table.select(NAMES).to_dicts() == expected
    shards = rules.evaluate(facts, as_of=instants[-1], only=list(NAMES), shards=2).table()
    assert shards.equals(rules.evaluate(facts, as_of=instants[-1], only=list(NAMES)).table())
    points = [(key, now) for key in "abcz" for now in instants]
    frame = pl.DataFrame({"customer": [key for key, _ in points], "at": [now for _, now in points]})
    found = rules.evaluate_at(facts, frame, only=list(NAMES)).select(NAMES).to_dicts()
    assert found == [{name: oracle.answer(name, "customer", key, now) for name in NAMES} for key, now in points]


HEAD = 'timezone "UTC"\ncurrency CNY\n'
ONE = World(
    customers=[{"customer": "a"}, {"customer": "b", "joined_at": at("2025-03-01T12:00")}],
    events=[view(1, "a", at("2025-03-05T10:00")), view(2, "a", at("2025-03-08T10:00"))],
)

TOLD = [
    ("since(exists(view last 1d))", "2025-03-08T10:00", "2025-03-08T10:00"),  # it came in since the last midnight
    ("since(exists(view last 1d))", "2025-03-09T09:00", "2025-03-09T00:00"),
    ("since(exists(view last 1d))", "2025-03-09T10:00", None),  # (8 March 10:00, 9 March 10:00]
    ("since(exists(view last 1d))", "2025-03-09T00:00", "2025-03-09T00:00"),
    ("since(exists(view last 3d))", "2025-03-10T00:00", "2025-03-06T00:00"),
    ("since(exists(view last 2d))", "2025-03-10T00:00", "2025-03-09T00:00"),  # not at the midnight of the 8th
    ("since(exists(view last 70h))", "2025-03-08T23:00", "2025-03-06T00:00"),  # not from 08:00 to 10:00 of the 8th
    ('since(customer == "a")', "2025-03-10T12:00", "2024-02-04T00:00"),  # 400 days
    ('since(customer == "a", 1y)', "2025-03-10T12:00", "2024-03-10T00:00"),
    ('since(customer == "a", 1mo)', "2025-03-31T12:00", "2025-02-28T00:00"),
    ('since(customer == "a", 1mo)', "2025-03-31T00:00", "2025-02-28T00:00"),
    ('since(customer == "a", 3y)', "2025-03-10T12:00", "2022-03-10T00:00"),
]


@pytest.mark.parametrize(("written", "as_of", "expected"), TOLD)
def test_since_when(written: str, as_of: str, expected: str | None) -> None:
    found = asked(f"{HEAD}metric m = {written}", ONE, at(as_of))
    assert found["a"] == (None if expected is None else at(expected))


def test_nothing_holds_before_the_subject_is_known() -> None:
    assert asked(f"{HEAD}metric m = since(none(view))", ONE, at("2025-03-04"))["b"] == at("2025-03-02")
    assert asked(f"{HEAD}metric m = since(none(view))", ONE, at("2025-03-01T13:00"))["b"] == at("2025-03-01T13:00")


def test_a_midnight_that_a_clock_skips_is_the_first_instant_of_its_day() -> None:
    """In São Paulo 4 November 2018 begins at 01:00, which is 03:00 in UTC."""
    world = World(events=[view(1, "a", at("2018-11-03T20:00"))])
    text = 'timezone "America/Sao_Paulo"\ncurrency CNY\nmetric m = since(exists(view))'
    assert asked(text, world, at("2018-11-06T12:00")) == {"a": at("2018-11-04T03:00")}


def test_a_midnight_before_the_clock_goes_back_over_it_counts() -> None:
    """In St. John's 29 October 2006 begins at 02:30 in UTC; a minute later it is 23:01 of the 28th once more."""
    world = World(events=[view(1, "a", at("2006-10-29T02:00"))])
    text = 'timezone "America/St_Johns"\ncurrency CNY\nmetric m = since(exists(view))'
    assert asked(text, world, at("2006-10-29T03:00")) == {"a": at("2006-10-29T02:30")}


def test_rows_before_the_window_of_the_rule_are_not_left_out() -> None:
    """A first question about few rows indexes few; how long it held is asked of all."""
    events = [view(day, "a", at("2025-03-01") - dt.timedelta(days=day)) for day in range(300)]
    found = asked(f"{HEAD}metric m = since(exists(view last 2d))", World(events=events), at("2025-03-01T12:00"))
    assert found == {"a": at("2025-03-01") - dt.timedelta(days=299)}


def test_a_campaign_may_ask_it() -> None:
    text = f"""{HEAD}
lifecycle mood {{
  start calm
  state keen
  calm -> keen on view when since(exists(view last 3d)) <= 2d ago
}}
"""
    world = World(events=[view(day, "a", at(f"2025-03-0{day}T10:00")) for day in (1, 3, 4, 5)])
    found = rulecrm.loads(text).evaluate(facts_of(world), as_of=at("2025-03-08")).lifecycle("mood")
    # since 2 March 00:00 it holds at midnights; two days before 3 March 10:00 is before that, before the 4th 10:00 after
    assert found.select("customer", "state", "since").rows() == [("a", "keen", at("2025-03-04T10:00"))]


def test_an_explanation_shows_since_when_and_why() -> None:
    rules = rulecrm.loads(f"{HEAD}segment seen = exists(view last 3d)\nsegment lately = since(seen) in last 1d")
    found = rules.explain(facts_of(ONE), segment="lately", customer="a", as_of=at("2025-03-10"))
    told = str(found)
    assert found.verdict is False
    assert "since(seen) in last 1d" in told
    assert "2025-03-06 00:00" in told
    assert "exists(view last 3d)" in told


def test_it_is_written_as_data_and_how_far_it_looks_is_part_of_its_meaning() -> None:
    held, longer = (
        rulecrm.loads(f"{HEAD}metric m = since(exists(view){limit})").program.definition("m").value
        for limit in ("", ", 2y")
    )
    assert decode(encode(held)) == held
    assert held != longer
    assert canonical(held) != canonical(longer)

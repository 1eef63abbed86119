"""Who enters a campaign, when, and how often, worked out by hand from docs/machine.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from rulecrm.machine.timelines import Timeline
from rulecrm.model.decisions import bucket_seed
from rulecrm.model.durations import Duration
from rulecrm.model.machine import (
    Act,
    Automaton,
    Campaign,
    EnterAt,
    EnterEvery,
    EnterOn,
    EnterOnState,
    Entry,
    Event,
    Node,
    Reentry,
    Rest,
    Rows,
    Stop,
    Tag,
    Timer,
)
from rulecrm.runtime.hashing import bucket_of
from tests.machine.ledger import Ledger
from tests.machine.shop import Shop, day, micros

RULES = """
metric purchases = count(purchase)
metric large = count(purchase where amount >= 50 CNY)
metric cups = count(purchase where product == "cup")
metric visits = count(visit)
segment rich = sum(purchase.amount) >= 100 CNY
"""

DAY, WEEK = Duration(days=1), Duration(days=7)
ONCE = Reentry()
AT_ONCE: tuple[Node, ...] = (Stop("finished"), Act("1", Tag("hello"), 0))
Fact = tuple[str, str, dict[str, object]]


def waiting(length: Duration) -> tuple[Node, ...]:
    return (Stop("finished"), Rest("1", (), (Timer(length, 0),)))


def shop(
    *purchases: Fact, visits: Sequence[Fact] = (), joined: dict[str, str | None] | None = None, zone: str = "UTC"
) -> Shop:
    people = {"ann": None, "bob": None} if joined is None else joined
    return Shop(RULES, {"purchase": list(purchases), "visit": list(visits)}, joined=people, zone=zone)


def bought(who: str, at: str, amount: int = 10, product: str = "cup") -> Fact:
    return (who, at, {"amount": amount, "product": product})


def visited(who: str, at: str) -> Fact:
    return (who, at, {"source": "web"})


def campaign(*entries: Entry, nodes: tuple[Node, ...] = AT_ONCE, reentry: Reentry = ONCE, control: int = 0) -> Campaign:
    return Campaign("c", entries, Automaton(nodes, 1), reentry, control)


def entered(
    one: Campaign, here: Shop, to: str = "2026-01-01", start: str = "2024-12-01", *more: str
) -> list[tuple[object, ...]]:
    """Customer and instant of entry of every journey."""
    ledger = Ledger(micros(start))
    for clock in (to, *more):
        ledger.advance(here.run, [one], micros(clock))
    rows = ledger.journeys.sort("entered", "customer", "turn").select("customer", "entered").rows()
    return [(who, _day(at)) for who, at in rows]


def _day(at: int) -> str:
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=at)
    return moment.strftime("%m-%d" if moment.time() == dt.time() else "%m-%dT%H:%M")


ON = EnterOn(Rows("purchase"))


def test_each_row_enters_at_its_instant_where_journeys_may_begin_again() -> None:
    here = shop(bought("ann", "2025-01-01"), bought("ann", "2025-01-03"), bought("bob", "2025-01-02"))
    assert entered(campaign(ON), here) == [("ann", "01-01"), ("bob", "01-02")]
    again = campaign(ON, reentry=Reentry("always"))
    assert entered(again, here) == [("ann", "01-01"), ("bob", "01-02"), ("ann", "01-03")]


def test_nothing_at_the_start_or_before_it_is_entered() -> None:
    here = shop(bought("ann", "2025-01-01"), bought("ann", "2025-01-03"))
    assert entered(campaign(ON), here, start="2025-01-01") == [("ann", "01-03")]
    assert entered(campaign(ON), here, start="2024-12-31") == [("ann", "01-01")]


def test_rows_have_to_fit_and_their_customers_at_that_instant() -> None:
    here = shop(
        bought("ann", "2025-01-01", 60),
        bought("ann", "2025-01-03", 60),
        bought("bob", "2025-01-02", 10),
        bought("bob", "2025-01-05", 99),
    )
    always = Reentry("always")
    assert entered(campaign(EnterOn(here.rows("large")), reentry=always), here) == [
        ("ann", "01-01"),
        ("ann", "01-03"),
        ("bob", "01-05"),
    ]
    rich = campaign(EnterOn(Rows("purchase"), here.value("rich")), reentry=always)
    assert entered(rich, here) == [("ann", "01-03"), ("bob", "01-05")]


def test_a_journey_under_way_keeps_others_out_until_it_ends() -> None:
    """A week from the 1st: the purchase of the 5th finds it under way, that of the 8th finds it just ended."""
    here = shop(*(bought("ann", f"2025-01-{number:02}") for number in (1, 5, 8, 9, 20)))
    again = campaign(ON, nodes=waiting(WEEK), reentry=Reentry("always"))
    assert entered(again, here) == [("ann", "01-01"), ("ann", "01-08"), ("ann", "01-20")]


def test_again_only_after_some_time_since_the_entry() -> None:
    here = shop(*(bought("ann", f"2025-{month}") for month in ("01-31", "02-27", "02-28", "03-05", "03-28")))
    monthly = campaign(ON, reentry=Reentry("after", Duration(months=1)))
    assert entered(monthly, here) == [("ann", "01-31"), ("ann", "02-28"), ("ann", "03-28")]
    longer = campaign(ON, nodes=waiting(Duration(days=30)), reentry=Reentry("after", DAY))
    assert entered(longer, here) == [("ann", "01-31"), ("ann", "03-05")]


def test_lines_are_told_apart_by_a_field_of_the_row() -> None:
    """Another product has journeys of its own; rows without one and other entries make one line together."""
    here = shop(
        bought("ann", "2025-01-01", product="cup"),
        bought("ann", "2025-01-02", product="pot"),
        bought("ann", "2025-01-03", product="cup"),
        ("ann", "2025-01-04", {"amount": 10, "product": None}),
        visits=[visited("ann", "2025-01-05")],
    )
    one = campaign(ON, EnterOn(Rows("visit")), reentry=Reentry("never", by="product"))
    ledger = Ledger(micros("2024-12-01"))
    ledger.advance(here.run, [one], micros("2025-02-01"))
    rows = ledger.journeys.sort("entered").select("line", "why", "journey").rows()
    assert [row[:2] for row in rows] == [("cup", "on purchase"), ("pot", "on purchase"), (None, "on purchase")]
    assert rows[0][2] == f"c|ann|cup|{micros('2025-01-01')}|0"
    assert rows[2][2] == f"c|ann||{micros('2025-01-04')}|0"


def test_journeys_of_one_instant_take_turns() -> None:
    """Three rows at once, each let in because the journey before has ended at that instant."""
    here = shop(*(bought("ann", "2025-01-01", amount) for amount in (1, 2, 3)))
    ledger = Ledger(micros("2024-12-01"))
    ledger.advance(here.run, [campaign(ON, reentry=Reentry("always"))], micros("2025-02-01"))
    assert ledger.journeys.sort("turn").select("turn", "past").rows() == [
        (0, '{"purchase":1}'),
        (1, '{"purchase":2}'),
        (2, '{"purchase":3}'),
    ]
    waits = campaign(ON, nodes=waiting(DAY), reentry=Reentry("always"))
    assert entered(waits, here) == [("ann", "01-01")]


def test_entries_of_one_instant_are_tried_in_the_order_of_the_clauses() -> None:
    here = shop(bought("ann", "2025-01-02"), visits=[visited("ann", "2025-01-02")])
    clauses = (EnterAt(day("2025-01-02")), EnterOn(Rows("visit")), ON)
    reasons = {EnterAt: "at", "visit": "on visit", "purchase": "on purchase"}
    for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0)):
        ledger = Ledger(micros("2024-12-01"))
        ledger.advance(here.run, [campaign(*(clauses[place] for place in order))], micros("2025-02-01"))
        first = ["at", "on visit", "on purchase"][order[0]]
        assert ledger.journeys.filter(customer="ann").get_column("why").to_list() == [first], reasons


def test_journeys_under_way_move_before_anybody_enters() -> None:
    """The journey of the 1st ends by the wait at the very instant of the purchase of the 2nd."""
    here = shop(bought("ann", "2025-01-01"), bought("ann", "2025-01-02"))
    again = campaign(ON, nodes=waiting(DAY), reentry=Reentry("always"))
    assert entered(again, here) == [("ann", "01-01"), ("ann", "01-02")]
    rest = Rest("1", (Event(Rows("purchase"), 0),), ())
    by_event = campaign(ON, nodes=(Stop("finished"), rest), reentry=Reentry("always"))
    assert entered(by_event, here) == [("ann", "01-01"), ("ann", "01-02")]


def test_everybody_who_is_there_enters_by_the_clock() -> None:
    """Weeks begin on Mondays (6 January 2025 is one), months and quarters on their first day."""
    joined = {"ann": "2025-01-01", "bob": "2025-01-07"}
    here = shop(bought("ann", "2025-01-01", 120), joined=joined)
    always = Reentry("always")
    for unit, instants in (
        ("day", [("ann", "01-06T10:00"), ("ann", "01-07T10:00"), ("bob", "01-07T10:00")]),
        ("week", [("ann", "01-06T10:00")]),
        ("month", []),
    ):
        every = campaign(EnterEvery(unit, dt.time(10)), reentry=always)
        assert entered(every, here, "2025-01-07T10:00", "2025-01-05T10:00") == instants
    monthly = campaign(EnterEvery("month", dt.time(0)), reentry=always)
    assert entered(monthly, here, "2025-03-01", "2025-01-15") == [
        (who, at) for at in ("02-01", "03-01") for who in ("ann", "bob")
    ]
    quarter = campaign(EnterEvery("quarter", dt.time(0), here.value("rich")))
    assert entered(quarter, here, "2026-01-01", "2025-01-15") == [("ann", "04-01")]
    year = campaign(EnterEvery("year", dt.time(0)), EnterAt(day("2025-06-01"), here.value("rich")))
    assert entered(year, here, "2026-01-01", "2025-01-15") == [("ann", "06-01"), ("bob", "01-01")]


def test_the_clock_is_that_of_the_rules() -> None:
    """Ten o'clock in Berlin is 9:00 UTC in winter, 8:00 in summer; 02:30 of 30 March is read as 01:30 UTC."""
    here = shop(zone="Europe/Berlin", joined={"ann": None})
    always = Reentry("always")
    ten = campaign(EnterEvery("day", dt.time(10)), reentry=always)
    assert entered(ten, here, "2025-03-30T12:00", "2025-03-28T12:00") == [
        ("ann", "03-29T09:00"),
        ("ann", "03-30T08:00"),
    ]
    skipped = campaign(EnterEvery("day", dt.time(2, 30)), reentry=always)
    assert entered(skipped, here, "2025-03-31T12:00", "2025-03-29T12:00") == [
        ("ann", "03-30T01:30"),
        ("ann", "03-31T00:30"),
    ]


def test_control_and_holdout_are_sticky_draws_and_control_comes_first() -> None:
    people = [f"c{number}" for number in range(60)]
    here = Shop(
        RULES, {"purchase": [bought(who, "2025-01-01") for who in people], "visit": [visited("c1", "2025-01-01")]}
    )
    ledger = Ledger(micros("2024-12-01"), seed="dice", holdout=3000)
    ledger.advance(here.run, [campaign(ON, control=4000)], micros("2025-02-01"))
    arm = {}
    for who in people:
        held = bucket_of(who, bucket_seed("dice", "", "holdout")) < 3000
        control = bucket_of(who, bucket_seed("dice", "c", "control")) < 4000
        arm[who] = "control" if control else "holdout" if held else "treated"
    assert set(arm.values()) == {"control", "holdout", "treated"}
    assert dict(ledger.journeys.select("customer", "arm").rows()) == arm
    assert dict(ledger.acts.select("customer", "arm").rows()) == arm


# --- lifecycles ---------------------------------------------------------------------------------------------------


def timeline(here: Shop, moves: dict[str, list[tuple[str, int]]]) -> Timeline:
    """States x, y; everybody begins in x."""
    names = here.run.store.register("customer").keys.to_list()
    at = [micros(when) for who in names for when, _ in moves.get(who, [])]
    to = [state for who in names for _, state in moves.get(who, [])]
    counts = [len(moves.get(who, [])) for who in names]
    return Timeline(
        ("x", "y"),
        0,
        np.full(len(names), micros("2024-12-01")),
        np.concatenate(([0], np.cumsum(counts))),
        np.array(at, np.int64),
        np.array(to, np.int64),
        np.zeros(len(to), np.int64),
        micros("2030-01-01"),
    )


def belonging(nodes: tuple[Node, ...]) -> Campaign:
    entry = EnterOnState("life", "y")
    return Campaign("life.y", (entry,), Automaton(nodes, 1), Reentry("always"), lifecycle=("life", "y"))


STEPS: tuple[Node, ...] = (
    Stop("finished"),
    Act("1", Tag("hello"), 2),
    Rest("2", (), (Timer(WEEK, 3),)),
    Act("3", Tag("a week"), 0),
)


@pytest.mark.parametrize(
    "clocks", [("2025-06-01",), ("2025-01-02", "2025-01-03", "2025-01-05", "2025-01-10", "2025-06-01")]
)
def test_journeys_of_a_state_end_when_the_customer_leaves_it(clocks: tuple[str, ...]) -> None:
    """Ann leaves just as the week is over: before the step. Bob stays. Eve comes back at once, and leaves at once."""
    here = shop(joined={"ann": None, "bob": None, "eve": None})
    moves = {
        "ann": [("2025-01-02", 1), ("2025-01-09", 0)],
        "bob": [("2025-01-03", 1)],
        "eve": [("2025-01-05", 1), ("2025-01-05", 1), ("2025-01-05", 0), ("2025-01-05", 1), ("2025-01-07", 1)],
    }
    ledger = Ledger(micros("2024-12-01"))
    for clock in clocks:
        ledger.advance(here.run, [belonging(STEPS)], micros(clock), lambda _: timeline(here, moves))
    rows = (
        ledger.journeys.sort("customer", "entered", "turn")
        .select("customer", "entered", "turn", "reason", "ended")
        .rows()
    )
    assert [(who, _day(at), turn, why, _day(over)) for who, at, turn, why, over in rows] == [
        ("ann", "01-02", 0, "left", "01-09"),
        ("bob", "01-03", 0, "finished", "01-10"),
        ("eve", "01-05", 0, "left", "01-05"),
        ("eve", "01-05", 1, "left", "01-05"),
        ("eve", "01-05", 2, "left", "01-07"),
        ("eve", "01-07", 0, "finished", "01-14"),
    ]
    assert [(who, text, _day(at)) for who, text, at in ledger.told("customer", "text", "at")] == [
        ("ann", "hello", "01-02"),
        ("bob", "hello", "01-03"),
        ("eve", "hello", "01-05"),
        ("eve", "hello", "01-07"),
        ("bob", "a week", "01-10"),
        ("eve", "a week", "01-14"),
    ]


def test_a_state_that_was_never_entered_after_all_is_left() -> None:
    here = shop(joined={"ann": None})
    ledger = Ledger(micros("2024-12-01"))
    states = [{"ann": [("2025-01-02", 1)]}, {"ann": []}]
    for moves, clock in zip(states, ("2025-01-04", "2025-06-01"), strict=True):
        ledger.advance(here.run, [belonging(STEPS)], micros(clock), lambda _, moves=moves: timeline(here, moves))
    assert ledger.journeys.select("reason", "ended").rows() == [("left", micros("2025-01-02"))]
    assert ledger.told("text") == [("hello",)]


# --- late facts ---------------------------------------------------------------------------------------------------


def late(reentry: Reentry, first: Sequence[Fact], then: Sequence[Fact], nodes: tuple[Node, ...] = AT_ONCE) -> Ledger:
    """The facts `then` arrive on 10 January; whatever is younger than a week is still entered on."""
    ledger = Ledger(micros("2024-12-01"), lateness=WEEK.days * 86_400_000_000)
    one = campaign(ON, nodes=nodes, reentry=reentry)
    ledger.advance(shop(*first).run, [one], micros("2025-01-10"))
    ledger.advance(shop(*first, *then).run, [one], micros("2025-01-11"))
    ledger.advance(shop(*first, *then).run, [one], micros("2025-01-12"))
    return ledger


def days(ledger: Ledger) -> list[tuple[object, ...]]:
    return [(who, _day(at)) for who, at in ledger.journeys.sort("entered", "turn").select("customer", "entered").rows()]


def test_a_late_row_is_entered_on_if_it_is_not_too_old() -> None:
    """The clock is the 10th: a row of the 3rd is just in time."""
    never, always = Reentry(), Reentry("always")
    before = [bought("bob", "2025-01-01")]
    assert days(late(never, before, [bought("ann", "2025-01-03")])) == [("bob", "01-01"), ("ann", "01-03")]
    assert days(late(never, before, [bought("ann", "2025-01-02T23:59")])) == [("bob", "01-01")]
    assert days(late(never, before, [bought("bob", "2025-01-05")])) == [("bob", "01-01")]
    assert days(late(always, before, [bought("bob", "2025-01-05")])) == [("bob", "01-01"), ("bob", "01-05")]


def test_no_journey_is_made_twice() -> None:
    rows = [bought("ann", f"2025-01-0{number}") for number in (4, 5, 6)]
    always = Reentry("always")
    assert days(late(always, rows, [])) == [("ann", "01-04"), ("ann", "01-05"), ("ann", "01-06")]
    assert days(late(always, rows[:1] + rows[2:], rows[1:2])) == [("ann", "01-04"), ("ann", "01-05"), ("ann", "01-06")]
    same = [bought("ann", "2025-01-05", amount) for amount in (1, 2, 3)]
    assert late(always, same[:2], same[2:]).journeys.get_column("turn").sort().to_list() == [0, 1, 2]
    days_after = Reentry("after", Duration(days=2))
    assert days(late(days_after, rows, [])) == [("ann", "01-04"), ("ann", "01-06")]


def test_journeys_of_other_lines_are_no_hindrance() -> None:
    """Ann is known for a cup when she buys a pot, and by nothing else."""
    one = campaign(ON, nodes=waiting(Duration(days=30)), reentry=Reentry("always", by="product"))
    facts = [bought("ann", "2025-01-04"), bought("ann", "2025-01-12", product="pot")]
    ledger = Ledger(micros("2024-12-01"))
    for clock in ("2025-01-10", "2025-01-20"):
        ledger.advance(shop(*facts).run, [one], micros(clock))
    assert ledger.journeys.sort("entered").get_column("line").to_list() == ["cup", "pot"]


def test_a_late_row_finds_the_journey_that_was_under_way() -> None:
    """A journey of three days from the 4th was there on the 5th, not on the 8th."""
    always = Reentry("always")
    three = waiting(Duration(days=3))
    rows = [bought("ann", "2025-01-04")]
    assert days(late(always, rows, [bought("ann", "2025-01-05")], three)) == [("ann", "01-04")]
    assert days(late(always, rows, [bought("ann", "2025-01-08")], three)) == [("ann", "01-04"), ("ann", "01-08")]


def test_a_resting_journey_takes_a_late_row_at_its_own_instant() -> None:
    """The purchase of the 4th arrives after the 10th: the wait for one is over on the 4th, the tag is of that instant."""
    rest = Rest("1", (Event(Rows("purchase"), 2),), (Timer(Duration(days=30), 0),))
    nodes: tuple[Node, ...] = (Stop("finished"), rest, Act("2", Tag("again"), 0))
    ledger = late(Reentry(), [bought("ann", "2025-01-01")], [bought("ann", "2025-01-04")], nodes)
    assert [(_day(at), _day(clock)) for at, clock in ledger.told("at", "decided")] == [("01-04", "01-11")]


def test_a_customer_whom_no_fact_knows_rests() -> None:
    first = shop(bought("ann", "2025-01-01"), joined={"ann": None, "zoe": None})
    ledger = Ledger(micros("2024-12-01"))
    one = campaign(EnterAt(day("2025-01-01")), nodes=waiting(WEEK))
    ledger.advance(first.run, [one], micros("2025-01-02"))
    ledger.advance(shop(bought("ann", "2025-01-01"), joined={"ann": None}).run, [one], micros("2025-01-20"))
    ended = dict(ledger.journeys.select("customer", "reason").rows())
    assert ended == {"ann": "finished", "zoe": None}
    assert isinstance(ledger.journeys, pl.DataFrame)

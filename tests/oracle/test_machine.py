"""The oracle of lifecycles, campaigns and policies against answers worked out by hand."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

import pytest

from rulecrm.syntax.parse import parse
from tests.oracle.facts import at, world_of
from tests.oracle.interpreter import Oracle
from tests.oracle.machine.lifecycles import lifecycle_moves
from tests.oracle.machine.machine import Machine
from tests.oracle.machine.policy import end_of_quiet
from tests.oracle.values import Value
from tests.oracle.world import World
from tests.oracle.zone import Zone

Record = dict[str, Value]


def oracle(text: str, world: World, zone: str = "UTC") -> Oracle:
    parsed = parse(f'timezone "{zone}"\ncurrency CNY\n{text}')
    assert not parsed.diagnostics, parsed.diagnostics
    return Oracle(parsed.rules, world)


def moves(body: str, facts: str, until: str, *, zone: str = "UTC", start: str = "a", more: str = "") -> list[str]:
    """Moves of customer `c` through `lifecycle l`, as `INSTANT STATE`."""
    text = f"{more}\nlifecycle l {{ start {start}\n{body}\n}}"
    found = lifecycle_moves(oracle(text, world_of(facts), zone), "l", at(until))["c"]
    return [f"{short(when)} {target}" for when, _, target in found]


def short(when: dt.datetime) -> str:
    """An instant without what is zero at its end."""
    return when.replace(tzinfo=None).isoformat().removesuffix("T00:00:00").removesuffix(":00")


# --- lifecycles ---------------------------------------------------------------------------------------------------

RELATIONSHIP = """
param active_within: duration = 30d
lifecycle relationship {
  start prospect
  prospect -> new on purchase
  new -> active on purchase when count(purchase last 365d) >= 2
  new, active -> silent after active_within without purchase
  silent -> sleeping after 60d without purchase
  sleeping -> lost after 90d without purchase
  silent, sleeping, lost -> active on purchase
  any -> blocked on review where kind_of_abuse == "fraud"
}
segment quiet_now = relationship is silent
segment quiet_before = (relationship is silent) as of 30d ago
segment was_new = relationship.previous is new
metric since = relationship.since
metric moves = relationship.moves
"""

REGULAR = """
c visit    2024-12-01T09:00
c purchase 2025-01-01T10:00
c purchase 2025-01-11T10:00
c visit    2025-03-01T00:00
c purchase 2025-08-01T00:00
c review   2025-08-02T00:00 kind_of_abuse=fraud
c purchase 2025-08-03T00:00
"""


def test_the_relationship_of_the_language_page() -> None:
    found = lifecycle_moves(oracle(RELATIONSHIP, world_of(REGULAR)), "relationship", at("2026-01-01"))
    assert [(short(when), source, target) for when, source, target in found["c"]] == [
        ("2025-01-01T10:00", "prospect", "new"),
        ("2025-01-11T10:00", "new", "active"),
        ("2025-02-10T10:00", "active", "silent"),  # 30 days after the last purchase
        ("2025-04-11T10:00", "silent", "sleeping"),  # 60 days later
        ("2025-07-10T10:00", "sleeping", "lost"),  # 90 days later
        ("2025-08-01", "lost", "active"),
        ("2025-08-02", "active", "blocked"),
    ]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2024-11-30", ("prospect", None, None, 0, False, False, False)),
        ("2024-12-01T08:59:59.999999", ("prospect", None, None, 0, False, False, False)),
        ("2024-12-01T09:00", ("prospect", "2024-12-01T09:00", None, 0, False, False, False)),
        ("2025-01-01T10:00", ("new", "2025-01-01T10:00", "prospect", 1, False, False, False)),
        ("2025-02-10T09:59:59.999999", ("active", "2025-01-11T10:00", "new", 2, False, False, True)),
        ("2025-02-10T10:00", ("silent", "2025-02-10T10:00", "active", 3, True, False, False)),
        ("2025-03-12T10:00", ("silent", "2025-02-10T10:00", "active", 3, True, True, False)),
        ("2026-01-01", ("blocked", "2025-08-02", "active", 7, False, False, False)),
    ],
)
def test_values_of_a_lifecycle(when: str, expected: tuple[Value, ...]) -> None:
    asked = oracle(RELATIONSHIP, world_of(REGULAR))
    state, since, previous, count, quiet, quiet_before, was_new = expected
    names = ("relationship", "since", "moves", "quiet_now", "quiet_before", "was_new")
    found = [asked.answer(name, "customer", "c", at(when)) for name in names]
    assert found == [state, None if since is None else at(str(since)), count, quiet, quiet_before, was_new]
    assert asked._of_lifecycle("relationship", "previous", _point(when)) == previous


def _point(when: str):  # type: ignore[no-untyped-def]
    from tests.oracle.point import Point

    return Point("customer", "c", at(when))


def test_a_customer_is_known_from_joining_or_from_the_first_fact() -> None:
    customers: list[Record] = [
        {"customer": "early", "joined_at": at("2025-01-01")},
        {"customer": "late", "joined_at": at("2025-03-01")},
        {"customer": "listed", "joined_at": None},
    ]
    facts = "early visit 2025-02-01\nlate visit 2025-02-01"
    asked = oracle("lifecycle l { start a\n a -> b after 10d }", world_of(facts, customers))
    assert lifecycle_moves(asked, "l", at("2025-06-01")) == {
        "early": [(at("2025-01-11"), "a", "b")],
        "late": [(at("2025-02-11"), "a", "b")],
        "listed": [],
    }


def test_an_event_goes_before_a_deadline_at_one_instant() -> None:
    body = "a -> b after 10d\n a -> c on view"
    assert moves(body, "c visit 2025-01-01\nc view 2025-01-11", "2025-02-01") == ["2025-01-11 c"]
    assert moves(body, "c visit 2025-01-01\nc view 2025-01-11T00:00:00.000001", "2025-02-01") == ["2025-01-11 b"]


def test_a_row_at_the_very_deadline_starts_the_timer_anew() -> None:
    body = "a -> b after 10d without view"
    assert moves(body, "c view 2025-01-01\nc view 2025-01-11", "2025-02-01") == ["2025-01-21 b"]
    assert moves(body, "c view 2025-01-01\nc view 2025-01-11T00:00:01", "2025-02-01") == ["2025-01-11 b"]


def test_two_kinds_at_one_instant_are_both_seen() -> None:
    body = "a -> b on order\n b -> c on purchase\n c -> d on order"
    assert moves(body, "c placed+paid 2025-01-01", "2025-02-01") == ["2025-01-01 b", "2025-01-01 c"]
    # the second order of that instant comes after the first: it is not past
    assert moves(body, "c placed+paid 2025-01-01\nc order 2025-01-01", "2025-02-01") == [
        "2025-01-01 b",
        "2025-01-01 c",
        "2025-01-01 d",
    ]


def test_a_row_moves_once_and_takes_those_before_it_along() -> None:
    body = "a -> b on view where rating == 2\n b -> c on view"
    assert moves(body, "c view 2025-01-01 rating=1\nc view 2025-01-01 rating=2", "2025-02-01") == ["2025-01-01 b"]
    facts = "c view 2025-01-01 rating=2\nc view 2025-01-01 rating=1"
    assert moves(body, facts, "2025-02-01") == ["2025-01-01 b", "2025-01-01 c"]


def test_among_moves_at_one_instant_the_one_written_first_is_made() -> None:
    facts = "c cart 2025-01-01\nc view 2025-01-01"
    assert moves("a -> b on view\n a -> c on cart", facts, "2025-02-01") == ["2025-01-01 b"]
    assert moves("a -> c on cart\n a -> b on view", facts, "2025-02-01") == ["2025-01-01 c"]
    assert moves("a -> b after 24h\n a -> c after 1d", facts, "2025-02-01") == ["2025-01-02 b"]


def test_after_a_move_by_time_the_rows_of_that_instant_are_past() -> None:
    body = "a -> b after 10d\n b -> c on view"
    assert moves(body, "c visit 2025-01-01\nc view 2025-01-11", "2025-02-01") == ["2025-01-11 b"]


def test_what_was_before_the_stay_does_not_count_for_its_timer() -> None:
    body = "a -> b after 30d without purchase\n b -> c after 60d without purchase\n c -> b on purchase"
    assert moves(body, "c purchase 2025-01-01", "2025-12-01") == ["2025-01-31 b", "2025-04-01 c"]
    # a purchase moves to b and is past there: the 60 days run from the move
    facts = "c purchase 2025-01-01\nc purchase 2025-04-02"
    assert moves(body, facts, "2025-12-01") == ["2025-01-31 b", "2025-04-01 c", "2025-04-02 b", "2025-06-01 c"]


def test_a_guard_that_does_not_hold_at_the_deadline_spends_the_timer() -> None:
    body = "a -> b after 10d without view when none(cart last 5d)"
    cart = "c visit 2025-01-01\nc cart 2025-01-08\n"
    assert moves(body, cart, "2026-01-01") == []
    assert moves(body, cart + "c view 2025-01-20", "2026-01-01") == ["2025-01-30 b"]
    restless = "a -> b after 10d when none(cart last 5d)\n a -> a on open"
    assert moves(restless, cart + "c view 2025-01-20", "2026-01-01") == []
    assert moves(restless, cart + "c open 2025-01-20", "2026-01-01") == ["2025-01-20 a", "2025-01-30 b"]


def test_guards_see_the_instant_of_the_move_and_nothing_after_it() -> None:
    body = "a -> b on purchase when count(purchase last 10d) >= 2"
    assert moves(body, "c purchase 2025-01-01\nc purchase 2025-01-11", "2025-02-01") == []
    assert moves(body, "c purchase 2025-01-01T00:00:01\nc purchase 2025-01-11", "2025-02-01") == ["2025-01-11 b"]
    refunded = "c purchase 2025-01-01 refunded_at=2025-01-03\nc purchase 2025-01-05"
    assert moves("a -> b on purchase where not refunded", refunded, "2025-02-01") == ["2025-01-01 b"]


def test_any_leaves_every_state_but_the_target_itself() -> None:
    body = "any -> b on view\n b -> b on cart"
    facts = "c view 2025-01-01\nc view 2025-01-02\nc cart 2025-01-03"
    assert moves(body, facts, "2025-02-01") == ["2025-01-01 b", "2025-01-03 b"]


def test_months_end_where_they_end() -> None:
    assert moves("a -> b after 1mo", "c view 2025-01-31T12:00", "2025-06-01") == ["2025-02-28T12:00 b"]


def test_days_keep_the_wall_clock_over_a_clock_change() -> None:
    facts = "c view 2025-03-08T12:00"  # 07:00 in New York, a day before its clocks go forward
    body = "a -> b after {}"
    assert moves(body.format("1d"), facts, "2025-06-01", zone="America/New_York") == ["2025-03-09T11:00 b"]
    assert moves(body.format("24h"), facts, "2025-06-01", zone="America/New_York") == ["2025-03-09T12:00 b"]
    skipped = "c view 2025-03-08T07:30"  # 02:30, which the next day has not
    assert moves(body.format("1d"), skipped, "2025-06-01", zone="America/New_York") == ["2025-03-09T07:30 b"]


def test_a_guard_may_ask_for_another_lifecycle() -> None:
    other = "lifecycle mood { start well\n well -> ill on review }"
    facts = "c view 2025-01-01\nc review 2025-01-02\nc view 2025-01-02\nc view 2025-01-03"
    assert moves("a -> b on view when mood is ill", facts, "2025-02-01", more=other) == ["2025-01-02 b"]


def test_the_population_in_a_guard_is_that_of_the_last_local_midnight() -> None:
    facts = """
    c purchase 2025-01-01T10:00 amount=10
    d purchase 2025-01-01T12:00 amount=100
    c purchase 2025-01-01T13:00 amount=40
    c purchase 2025-01-02T13:00 amount=1
    """
    body = "a -> b on purchase when sum(purchase.amount) >= population max(sum(purchase.amount))"
    # until midnight nobody has bought, and nothing is not less than nothing; then d's 100 are more than c's 51
    assert moves(body, facts, "2025-02-01") == []
    ranked = "a -> b on purchase when rank(sum(purchase.amount)) == 2"
    assert moves(ranked, facts, "2025-02-01") == ["2025-01-02T13:00 b"]
    # in Shanghai the second of January begins at 16:00 of the first, in UTC
    late = facts + "c purchase 2025-01-01T16:00 amount=1"
    assert moves(ranked, late, "2025-02-01", zone="Asia/Shanghai") == ["2025-01-01T16:00 b"]


# --- campaigns ----------------------------------------------------------------------------------------------------


def run(
    text: str,
    world: World | str,
    until: str,
    *,
    start: str = "2024-01-01",
    zone: str = "UTC",
    seed: str = "rulecrm",
    through: Sequence[str] = (),
) -> Machine:
    parsed = parse(f'timezone "{zone}"\ncurrency CNY\n{TEMPLATES}\n{text}')
    assert not parsed.diagnostics, parsed.diagnostics
    machine = Machine(parsed.rules, start=at(start), seed=seed)
    for stop in (*through, until):
        machine.advance(world if isinstance(world, World) else world_of(world), at(stop))
    return machine


TEMPLATES = 'template w for sms "w"\ntemplate m for email "m"'


def told(machine: Machine, *, customer: str = "c") -> list[str]:
    """Decisions of a customer as `STEP[@ROUND] ACTION INSTANT [TEXT]`, in order of time."""
    rows = [row for row in machine.decisions().values() if row["customer"] == customer]
    lines = []
    for row in sorted(rows, key=lambda row: row["at"]):  # type: ignore[arg-type,return-value]
        assert isinstance(row["at"], dt.datetime)
        place = f"{row['step']}@{row['round']}" if row["round"] else row["step"]
        lines.append(f"{place} {short(row['at'])} {row['text'] or row['action']}")
    return lines


def ends(machine: Machine, *, customer: str = "c") -> list[str]:
    """Journeys of a customer as `ENTERED ENDED REASON`, or `ENTERED at STEP`."""
    rows = [row for row in machine.journeys().values() if row["customer"] == customer]
    lines = []
    for row in sorted(rows, key=lambda row: (row["entered"], row["line"] or "", row["turn"])):  # type: ignore[arg-type,return-value]
        entered, ended = row["entered"], row["ended"]
        assert isinstance(entered, dt.datetime)
        last = f"{short(ended)} {row['reason']}" if isinstance(ended, dt.datetime) else f"at {row['step']}"
        lines.append(f"{short(entered)} {last}")
    return lines


def test_a_walk_through_waits() -> None:
    text = """
    campaign p { enter on purchase
      tag "in"
      wait 7d
      tag "later"
      wait until purchase up to 16d
      if count(purchase since entry) >= 2 { tag "again" exit }
      tag "once"
    }"""
    assert told(run(text, "c purchase 2025-01-01", "2025-03-01")) == [
        "1 2025-01-01 in", "3 2025-01-08 later", "6 2025-01-24 once",
    ]  # fmt: skip
    at_deadline = run(text, "c purchase 2025-01-01\nc purchase 2025-01-24", "2025-03-01")
    assert told(at_deadline)[2:] == ["5.1 2025-01-24 again"]
    assert ends(at_deadline) == ["2025-01-01 2025-01-24 exit"]
    # what happened during `wait 7d` ends no `wait until`, but the `if` counts it
    early = run(text, "c purchase 2025-01-01\nc purchase 2025-01-03", "2025-03-01")
    assert told(early)[2:] == ["5.1 2025-01-24 again"]
    assert ends(run(text, "c purchase 2025-01-01", "2025-01-10")) == ["2025-01-01 at 4"]


def test_up_to_its_deadline_a_row_comes_first() -> None:
    text = 'campaign p { enter on order wait until purchase up to 2d\n tag "one" wait until purchase tag "two" }'
    facts = "c order 2025-01-01\nc purchase 2025-01-03"
    # the purchase at the deadline ends the wait, and is past for the next
    assert told(run(text, facts, "2025-02-01")) == ["2 2025-01-03 one"]
    # after a wait that ran out, all rows of that instant are past: only a later one counts
    late = "c order 2025-01-01\nc purchase 2025-01-03T00:00:00.000001"
    assert told(run(text, late, "2025-02-01")) == ["2 2025-01-03 one", "4 2025-01-03T00:00:00.000001 two"]


def test_an_order_placed_and_paid_at_one_instant_is_seen_to_be_paid() -> None:
    text = 'campaign p { enter on order reenter always wait until purchase up to 20m\n tag "waited" }'
    assert ends(run(text, "c placed+paid 2025-01-01", "2025-02-01")) == ["2025-01-01 2025-01-01 finished"]
    text = 'campaign p { enter on order exit on purchase\n tag "seen" wait 20m tag "waited" }'
    paid = run(text, "c placed+paid 2025-01-01", "2025-02-01")
    assert (told(paid), ends(paid)) == (["1 2025-01-01 seen"], ["2025-01-01 2025-01-01 exit on purchase"])


def test_exit_on_comes_before_the_wait_and_after_no_event() -> None:
    text = 'campaign p { enter on order exit on purchase when count(purchase) >= 2\n wait until purchase tag "paid" wait 1d }'
    facts = "c order 2025-01-01\nc purchase 2025-01-02\nc purchase 2025-01-02T12:00\nc purchase 2025-01-09"
    assert ends(run(text, facts, "2025-02-01")) == ["2025-01-01 2025-01-02T12:00 exit on purchase"]
    at_once = "c order 2025-01-01\nc purchase 2025-01-02\nc purchase 2025-01-02"
    # as of that instant both are there: the first row leaves already
    assert told(run(text, at_once, "2025-02-01")) == []


REPEAT = """
campaign p { enter on order
  repeat up to 3 times every 1mo until purchase {
    tag "round"
    wait 5d
    tag "half"
  }
  tag "done"
}"""


def test_rounds_are_counted_from_the_first() -> None:
    assert told(run(REPEAT, "c order 2025-01-31", "2025-12-01")) == [
        "1.1@1 2025-01-31 round", "1.3@1 2025-02-05 half",
        "1.1@2 2025-02-28 round", "1.3@2 2025-03-05 half",
        "1.1@3 2025-03-31 round", "1.3@3 2025-04-05 half",  # two months after the first, not one after the second
        "2 2025-04-05 done",
    ]  # fmt: skip


def test_until_ends_a_repeat_wherever_it_rests() -> None:
    facts = "c order 2025-01-31\nc purchase {}"
    inside = told(run(REPEAT, facts.format("2025-03-05"), "2025-12-01"))
    assert inside == ["1.1@1 2025-01-31 round", "1.3@1 2025-02-05 half", "1.1@2 2025-02-28 round", "2 2025-03-05 done"]
    between = told(run(REPEAT, facts.format("2025-02-28"), "2025-12-01"))
    assert between == ["1.1@1 2025-01-31 round", "1.3@1 2025-02-05 half", "2 2025-02-28 done"]


def test_a_round_that_outlasts_its_time_is_followed_at_once() -> None:
    text = 'campaign p { enter on order repeat up to 3 times every 2d { tag "a" wait 3d tag "b" } tag "done" }'
    assert told(run(text, "c order 2025-01-01", "2025-12-01")) == [
        "1.1@1 2025-01-01 a", "1.3@1 2025-01-04 b", "1.1@2 2025-01-04 a", "1.3@2 2025-01-07 b", "1.1@3 2025-01-07 a",
        "1.3@3 2025-01-10 b", "2 2025-01-10 done",
    ]  # fmt: skip


def test_an_outer_until_comes_before_an_inner_one() -> None:
    text = """
    campaign p { enter on order
      repeat up to 2 times every 30d until view where rating == 1 {
        repeat up to 3 times every 1d until view { tag "inner" }
        tag "left inner"
        wait 1h
      }
      tag "left outer"
    }"""
    facts = "c order 2025-01-01\nc view 2025-01-01T12:00 rating={}"
    assert told(run(text, facts.format(1), "2025-01-05")) == [
        "1.1.1@1.1 2025-01-01 inner",
        "2 2025-01-01T12:00 left outer",
    ]
    assert told(run(text, facts.format(2), "2025-01-05")) == [
        "1.1.1@1.1 2025-01-01 inner",
        "1.2@1 2025-01-01T12:00 left inner",
    ]


def test_waiting_for_a_place_in_time() -> None:
    text = 'campaign p { enter on view wait until 09:00 tag "nine" wait until 2025-03-01T09:00 tag "march" }'
    assert told(run(text, "c view 2025-02-27T08:00", "2025-12-01")) == [
        "2 2025-02-27T09:00 nine",
        "4 2025-03-01T09:00 march",
    ]
    assert told(run(text, "c view 2025-02-28T09:00", "2025-12-01")) == [
        "2 2025-02-28T09:00 nine",
        "4 2025-03-01T09:00 march",
    ]
    late = "c view 2025-02-28T09:00:00.000001"
    assert told(run(text, late, "2025-12-01")) == ["2 2025-03-01T09:00 nine", "4 2025-03-01T09:00 march"]
    assert told(run(text, "c view 2025-03-05", "2025-12-01")) == ["2 2025-03-05T09:00 nine", "4 2025-03-05T09:00 march"]


def test_a_time_of_day_that_a_clock_change_skips_or_repeats() -> None:
    text = 'campaign p { enter on view wait until 02:30 tag "t" }'
    spring = run(text, "c view 2025-03-09T06:00", "2025-12-01", zone="America/New_York")  # 01:00; 02:30 is skipped
    assert told(spring) == ["2 2025-03-09T07:30 t"]
    text = 'campaign p { enter on view wait until 01:30 tag "t" }'
    first = run(text, "c view 2025-11-02T05:00", "2025-12-01", zone="America/New_York")  # 01:00, for the first time
    assert told(first) == ["2 2025-11-02T05:30 t"]
    second = run(text, "c view 2025-11-02T06:00", "2025-12-01", zone="America/New_York")  # 01:00, for the second time
    assert told(second) == ["2 2025-11-03T06:30 t"]


def test_entry_and_its_row() -> None:
    text = """
    campaign p { enter on view where rating > 3  enter on cart
      wait until view where category == entry.category and rating == entry.rating
      tag "same"
    }"""
    facts = """
    c view 2025-01-01 rating=4 category=x
    c view 2025-01-02 rating=4 category=y
    c view 2025-01-03 rating=5 category=x
    c view 2025-01-04 rating=4 category=x
    d cart 2025-01-01 category=x
    d view 2025-01-02 category=x
    """
    machine = run(text, facts, "2025-02-01")
    assert told(machine) == ["2 2025-01-04 same"]
    assert told(machine, customer="d") == []  # a cart has no rating, and missing equals nothing


# --- entering -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reenter", "entered"),
    [
        ("never", ["01-01"]),
        ("always", ["01-01", "01-05", "01-20"]),
        ("after 4d", ["01-01", "01-05", "01-20"]),
        ("after 5d", ["01-01", "01-06", "01-20"]),
        ("after 6d", ["01-01", "01-20"]),
    ],
)
def test_reentry(reenter: str, entered: list[str]) -> None:
    text = f'campaign p {{ enter on view reenter {reenter}\n wait 2d tag "x" }}'
    facts = "c view 2025-01-01\nc view 2025-01-02\nc view 2025-01-05\nc view 2025-01-06\nc view 2025-01-20"
    assert [line.split()[0].removeprefix("2025-") for line in ends(run(text, facts, "2025-02-01"))] == entered


def test_a_journey_that_ends_at_an_instant_lets_in_at_it() -> None:
    text = 'campaign p { enter on view reenter always wait 2d tag "x" }'
    facts = "c view 2025-01-01\nc view 2025-01-03"
    assert ends(run(text, facts, "2025-02-01")) == ["2025-01-01 2025-01-03 finished", "2025-01-03 2025-01-05 finished"]
    twice = run(
        'campaign p { enter on view reenter always tag "x" }', "c view 2025-01-01\nc view 2025-01-01", "2025-02-01"
    )
    assert [row["turn"] for row in twice.journeys().values()] == [0, 1]


def test_only_what_is_after_the_start_enters() -> None:
    text = 'campaign p { enter on view reenter always enter at 2025-01-02T00:00 tag "x" }'
    facts = "c view 2025-01-01\nc view 2025-01-02\nc view 2025-01-03"
    assert [line.split()[0] for line in ends(run(text, facts, "2025-02-01", start="2025-01-02"))] == ["2025-01-03"]


def test_entering_by_the_clock() -> None:
    text = 'campaign p { enter every week at 10:00 when count(view last 7d) >= 1 reenter always tag "x" }'
    facts = "c visit 2025-01-01\nc view 2025-01-06T11:00\nc view 2025-01-20T10:00"  # the 6th is a Monday
    assert told(run(text, facts, "2025-02-01")) == ["1 2025-01-13T10:00 x", "1 2025-01-20T10:00 x"]
    monthly = 'campaign p { enter every month at 00:00 reenter always tag "x" }'
    found = run(monthly, "c visit 2025-01-15", "2025-03-01", zone="Asia/Shanghai")
    assert told(found) == ["1 2025-01-31T16:00 x", "1 2025-02-28T16:00 x"]


def test_entering_by_a_state() -> None:
    text = """
    lifecycle l { start a  a -> b on view  b -> a after 2d
      entering b { tag "in" wait 1d tag "still" wait 1d tag "never" }
      entering a { tag "back" }
    }
    campaign p { enter on l -> a when count(view) >= 2  tag "p" }
    """
    machine = run(text, "c view 2025-01-01\nc view 2025-01-10", "2025-02-01")
    # the move away at the end of the second day comes before the step of that instant
    assert told(machine) == [
        "1 2025-01-01 in", "3 2025-01-02 still", "1 2025-01-03 back", "1 2025-01-10 in", "3 2025-01-11 still",
        "1 2025-01-12 back", "1 2025-01-12 p",
    ]  # fmt: skip
    assert sorted(row["reason"] for row in machine.journeys().values() if row["campaign"] == "l.b") == ["left", "left"]


# --- arms ---------------------------------------------------------------------------------------------------------


def test_buckets_can_be_worked_out_by_anybody() -> None:
    def draw(seed: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{seed}\x1fc".encode()).digest()[:8], "big") % 10_000

    percent = draw("s\x1fp\x1fsplit\x1f1") / 100
    below, above = f"{percent - 0.01:.2f}%", f"{percent + 0.01:.2f}%"
    text = 'campaign p {{ enter on view split {{ {} left {{ tag "l" }} }} tag "on" }}'
    assert told(run(text.format(above), "c view 2025-01-01", "2025-02-01", seed="s")) == [
        "1 2025-01-01 left", "1.left.1 2025-01-01 l", "2 2025-01-01 on",
    ]  # fmt: skip
    assert told(run(text.format(below), "c view 2025-01-01", "2025-02-01", seed="s")) == ["2 2025-01-01 on"]
    control, holdout = (draw(seed) / 100 + 0.01 for seed in ("s\x1fp\x1fcontrol", "s\x1f\x1fholdout"))
    text = "campaign p {{ enter on view control {:.2f}% send sms w }}\npolicy {{ holdout {:.2f}% }}"
    for shares, arm in (((control, holdout), "control"), ((control - 0.02, holdout), "holdout")):
        machine = run(text.format(*shares), "c view 2025-01-01", "2025-02-01", seed="s")
        assert [row["arm"] for row in machine.journeys().values()] == [arm]
        assert outcomes(machine) == [arm]
    neither = run(text.format(control - 0.02, holdout - 0.02), "c view 2025-01-01", "2025-02-01", seed="s")
    assert ([row["arm"] for row in neither.journeys().values()], outcomes(neither)) == (["treated"], ["queued"])


# --- policy -------------------------------------------------------------------------------------------------------


def outcomes(machine: Machine) -> list[str]:
    """Outcomes of sends, in the order of customer, campaign and due instant."""
    rows = [row for row in machine.decisions().values() if row["action"] == "send"]
    rows.sort(key=lambda row: (row["customer"], row["at"], row["campaign"], row["step"]))  # type: ignore[arg-type,return-value]
    return [str(row["outcome"]) for row in rows]


def due(machine: Machine) -> list[str]:
    rows = sorted(machine.decisions().values(), key=lambda row: row["at"])  # type: ignore[arg-type,return-value]
    return [f"{row['outcome']} {short(row['due'])}" for row in rows]  # type: ignore[arg-type]


EVERY_VIEW = "campaign p { enter on view reenter always send sms w }"


def test_a_rolling_cap_is_open_at_its_start() -> None:
    text = EVERY_VIEW + "\npolicy { at most 2 sms per 7d }"
    facts = "c view 2025-01-01\nc view 2025-01-02\nc view 2025-01-03\nc view 2025-01-08\nc view 2025-01-09"
    # on the 8th the message of the 1st is not in (1st, 8th] any more; on the 9th that of the 2nd is not
    assert outcomes(run(text, facts, "2025-02-01")) == ["queued", "queued", "capped", "queued", "queued"]


def test_a_calendar_cap_starts_with_its_unit() -> None:
    text = EVERY_VIEW + "\npolicy { at most 1 message per day }"
    facts = "c view 2025-01-01T15:59\nc view 2025-01-01T15:59:59\nc view 2025-01-01T16:00\nc view 2025-01-02T15:00"
    found = outcomes(run(text, facts, "2025-02-01", zone="Asia/Shanghai"))
    assert found == ["queued", "capped", "queued", "capped"]


def test_a_cap_counts_its_channel_or_all() -> None:
    two = "campaign p { enter on view send sms w send email m }"
    assert outcomes(run(two + "\npolicy { at most 1 sms per 1d }", "c view 2025-01-01", "2025-02-01")) == ["queued"] * 2
    assert outcomes(run(two + "\npolicy { at most 1 message per 1d }", "c view 2025-01-01", "2025-02-01")) == [
        "queued", "capped",
    ]  # fmt: skip


QUIET = EVERY_VIEW + "\npolicy { quiet 21:00..09:00 }"


def test_quiet_hours_over_midnight_on_the_customers_clock() -> None:
    customers: list[Record] = [{"customer": "c", "zone": "America/New_York"}]
    facts = "c view 2025-01-01T23:00\nc view 2025-01-02T02:00\nc view 2025-01-02T13:00\nc view 2025-01-02T14:00"
    found = due(run(QUIET, world_of(facts, customers), "2025-02-01"))
    # 18:00; 21:00, until 09:00; 08:00, until 09:00; 09:00
    assert found == [
        "queued 2025-01-01T23:00",
        "queued 2025-01-02T14:00",
        "queued 2025-01-02T14:00",
        "queued 2025-01-02T14:00",
    ]
    waiting = run(QUIET, world_of(facts, customers), "2025-01-02T13:59:59")
    assert due(waiting)[1:] == ["quiet 2025-01-02T14:00", "quiet 2025-01-02T14:00"]


def test_after_quiet_hours_everything_is_asked_again() -> None:
    text = EVERY_VIEW + "\npolicy { quiet 21:00..09:00 at most 1 sms per 1d }"
    facts = "c view 2025-01-01T22:00\nc view 2025-01-01T23:00\nc unsubscribe 2025-01-02T08:00 channel={}"
    assert due(run(text, facts.format("email"), "2025-02-01")) == ["queued 2025-01-02T09:00", "capped 2025-01-02T09:00"]
    assert due(run(text, facts.format("sms"), "2025-02-01")) == ["no consent 2025-01-02T09:00"] * 2
    # in between, an advance changes nothing
    through = run(text, facts.format("email"), "2025-02-01", through=["2025-01-01T22:30", "2025-01-02T01:00"])
    assert due(through) == ["queued 2025-01-02T09:00", "capped 2025-01-02T09:00"]


def test_the_end_of_quiet_hours_over_a_clock_change() -> None:
    york = Zone("America/New_York")
    night = dt.time(21), dt.time(9)
    assert end_of_quiet(york, *night, at("2025-03-09T03:00")) == at("2025-03-09T13:00")  # 09:00 of summer time
    assert end_of_quiet(york, *night, at("2025-11-02T02:00")) == at("2025-11-02T14:00")
    assert end_of_quiet(york, *night, at("2025-11-02T14:00")) is None
    until_half_past_one = dt.time(0), dt.time(1, 30)
    assert end_of_quiet(york, *until_half_past_one, at("2025-11-02T05:00")) == at("2025-11-02T05:30")
    assert end_of_quiet(york, *until_half_past_one, at("2025-11-02T06:10")) == at("2025-11-02T06:30")  # 01:10 again


def test_priorities_at_one_instant() -> None:
    one = "campaign {} {{ enter on view {} send sms w }}"
    text = "\n".join(
        [one.format("a", ""), one.format("b", "priority 2"), one.format("c", "priority 1"), one.format("d", "")]
    )

    def winner(policy: str) -> str:
        machine = run(f"{text}\npolicy {{ at most 1 sms per 1d {policy} }}", "c view 2025-01-01", "2025-02-01")
        return "".join(str(row["campaign"]) for row in machine.decisions().values() if row["outcome"] == "queued")

    assert (winner(""), winner("priority d, b")) == ("c", "d")


def test_what_a_round_did_last_comes_before_the_next_round() -> None:
    text = """
    campaign p { enter on view
      repeat up to 2 times every 1d { send sms w wait 3d send email m }
    }
    policy { at most 1 message per 1d }"""
    found = run(text, "c view 2025-01-01", "2025-02-01").decisions()
    by_place = {(row["round"], row["step"]): row["outcome"] for row in found.values()}
    assert by_place == {
        ("1", "1.1"): "queued", ("1", "1.3"): "queued", ("2", "1.1"): "capped", ("2", "1.3"): "queued",
    }  # fmt: skip


def test_a_budget_that_runs_out_goes_by_the_draw() -> None:
    text = "campaign p { enter at 2025-01-02T00:00 budget 2 messages per 1d send sms w }"
    customers = [{"customer": f"c{number}"} for number in range(6)]

    def draw(key: str) -> int:
        return int.from_bytes(hashlib.sha256(f"rulecrm\x1fp\x1fbudget\x1f{key}".encode()).digest()[:8], "big") % 10_000

    machine = run(text, world_of("", customers), "2025-02-01")
    granted = {row["customer"] for row in machine.decisions().values() if row["outcome"] == "queued"}
    assert granted == set(sorted((one["customer"] for one in customers), key=draw)[:2])
    assert sorted(outcomes(machine)) == ["over budget"] * 4 + ["queued"] * 2


@pytest.mark.parametrize(
    ("customer", "facts", "expected"),
    [
        ({}, "", "queued"),
        ({"accepts_sms": False}, "", "no consent"),
        ({"accepts_sms": True}, "c unsubscribe 2024-12-01 channel=sms", "no consent"),
        ({"accepts_sms": True}, "c unsubscribe 2024-12-01", "no consent"),
        ({"accepts_sms": True}, "c unsubscribe 2024-12-01 channel=email", "queued"),
        ({"sms_consent_at": at("2024-12-01")}, "c unsubscribe 2024-12-01 channel=sms", "queued"),
        ({"sms_consent_at": at("2024-11-30")}, "c unsubscribe 2024-12-01 channel=sms", "no consent"),
        ({"accepts_sms": True}, "c unsubscribe 2025-01-01T00:00:01 channel=sms", "queued"),  # it comes later
        ({"blocked": True}, "", "suppressed"),
        ({}, "c bounce 2024-12-01 channel=sms reason=hard", "suppressed"),
        ({}, "c bounce 2024-12-01 channel=sms reason=soft", "queued"),
        ({}, "c bounce 2024-12-01 channel=email reason=hard", "queued"),
        ({}, "c complaint 2025-01-01 channel=sms", "suppressed"),
    ],
)
def test_consent_and_suppression(customer: Record, facts: str, expected: str) -> None:
    world = world_of(f"{facts}\nc view 2025-01-01", [{"customer": "c", **customer}])
    assert outcomes(run(EVERY_VIEW, world, "2025-02-01")) == [expected]


def test_consent_may_have_to_be_given() -> None:
    text = EVERY_VIEW + "\npolicy { require consent }"
    for accepts, expected in ((None, "no consent"), (True, "queued")):
        world = world_of("c view 2025-01-01", [{"customer": "c", "accepts_sms": accepts}])
        assert outcomes(run(text, world, "2025-02-01")) == [expected]


@pytest.mark.parametrize(
    ("customer", "facts", "expected"),
    [
        ({"accepts_sms": False}, "c unsubscribe 2024-12-01", "queued"),
        ({"accepts_sms_service": False}, "", "no consent"),
        ({"accepts_sms_service": True, "accepts_sms": False}, "", "queued"),
        ({"accepts_email_service": False}, "", "queued"),
        ({"blocked": True}, "", "suppressed"),
        ({"accepts_sms_service": True}, "c complaint 2024-12-01 channel=sms", "suppressed"),
    ],
)
def test_what_is_no_marketing_is_consented_to_by_itself(customer: Record, facts: str, expected: str) -> None:
    text = 'template w for sms as service "w"\ncampaign p { enter on view send sms w }\npolicy { require consent }'
    machine = Machine(parse(text).rules)
    machine.advance(world_of(f"{facts}\nc view 2025-01-01", [{"customer": "c", **customer}]), at("2025-02-01"))
    assert outcomes(machine) == [expected]


def test_else_is_asked_where_the_first_cannot_be_reached() -> None:
    text = "campaign p { enter on view send email m else sms w }\npolicy { at most 1 email per 1d }"
    for attributes, expected in (
        ({}, ("queued", 0, "email")),
        ({"accepts_email": False}, ("queued", 1, "sms")),
        ({"accepts_email": False, "accepts_sms": False}, ("no consent", 0, "email")),
        ({"accepts_email": False, "blocked": True}, ("no consent", 0, "email")),
    ):
        machine = run(text, world_of("c view 2025-01-01", [{"customer": "c", **attributes}]), "2025-02-01")
        (row,) = machine.decisions().values()
        assert (row["outcome"], row["choice"], row["channel"]) == expected


def test_messages_to_the_staff_are_not_capped() -> None:
    text = 'campaign p { enter on view reenter always notify staff "call" send sms w }\npolicy { at most 1 message per 1y }'
    machine = run(
        text, world_of("c view 2025-01-01\nc view 2025-01-02", [{"customer": "c", "blocked": False}]), "2025-02-01"
    )
    assert [row["outcome"] for row in machine.decisions().values() if row["action"] == "staff"] == ["queued", "queued"]
    assert outcomes(machine) == ["queued", "capped"]


# --- one step or many ---------------------------------------------------------------------------------------------


def test_in_many_steps_as_in_one() -> None:
    through = ["2025-01-31", "2025-02-05", "2025-02-28", "2025-03-01", "2025-03-31"]
    facts = "c order 2025-01-31\nc purchase 2025-04-01"
    once, often = run(REPEAT, facts, "2025-12-01"), run(REPEAT, facts, "2025-12-01", through=through)
    assert (once.decisions(), once.journeys()) == (often.decisions(), often.journeys())

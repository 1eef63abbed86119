"""Customers who cannot move in a stretch of time are left out of it, and nobody else is."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from rulecrm.machine.lives import lives, recent
from rulecrm.machine.movable import longest, movable
from rulecrm.model.durations import Duration
from rulecrm.model.machine import Lifecycle
from tests.machine.automata import After, On, lifecycle
from tests.machine.shop import Shop, micros

DAY = 86_400_000_000
RULES = "segment dear = sum(purchase.amount) >= 100 CNY"


def days(count: int) -> Duration:
    return Duration(days=count)


RECENCY = lifecycle(
    {
        "prospect": [On("purchase", "active")],
        "active": [After(days(30), "silent", without="purchase"), On("view", "looking")],
        "looking": [On("purchase", "active"), After(days(5), "silent")],
        "silent": [On("purchase", "active"), After(days(60), "sleeping", without="purchase")],
        "sleeping": [On("purchase", "active"), After(Duration(months=1), "lost")],
        "lost": [On("purchase", "active")],
    }
)
GIVEN_UP = lifecycle({"new": [After(days(20), "gone", without="purchase"), On("view", "new")], "gone": []})
CIRCLE = lifecycle({"day": [After(days(1), "night")], "night": [After(days(1), "day")]})


def test_the_longest_way_of_timers() -> None:
    """Each timer counts two days more than it says, a month 31 days: 32 + 62 + 33, and no way passes `looking` too."""
    assert longest(RECENCY.automaton) == 127 * DAY
    assert longest(GIVEN_UP.automaton) == 22 * DAY
    assert longest(lifecycle({"only": [On("purchase", "only")]}).automaton) == 0
    assert longest(CIRCLE.automaton) is None


def shop(machine: Lifecycle, seed: int, customers: int = 120) -> Shop:
    """Customers who buy or look on a few days close together, somewhere in two years."""
    draw = random.Random(seed)
    kinds: dict[str, list[tuple[str, str, dict[str, object]]]] = {"purchase": [], "view": []}
    for number in range(customers):
        first = draw.randrange(700)
        for _ in range(draw.randrange(1, 6)):
            day = dt.date(2024, 1, 1) + dt.timedelta(days=first + draw.randrange(60))
            kind = draw.choice(["purchase", "purchase", "view"])
            fields: dict[str, object] = {"amount": draw.randrange(120)} if kind == "purchase" else {}
            kinds[kind].append((f"c{number:03}", day.isoformat(), fields))
    return Shop(RULES, kinds, lifecycles=[machine])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("machine", [RECENCY, GIVEN_UP, CIRCLE], ids=["recency", "given up", "circle"])
def test_no_move_is_lost(machine: Lifecycle, seed: int) -> None:
    """In any eight days the moves are those of the whole timeline."""
    ours, whole = shop(machine, seed), shop(machine, seed)
    horizon = micros("2026-03-01")
    everything = lives(whole.run, "life", horizon)
    keys = whole.run.store.register("customer").keys
    for day in range(150, 760, 37):
        after, to = micros("2024-01-01") + day * DAY, micros("2024-01-01") + (day + 8) * DAY
        expected = [row for row in everything.moves(keys, horizon).rows() if after < instant(row[1]) <= to]
        found = recent(ours.run, "life", after, to)
        assert [row for row in found.moves(keys, to).rows() if instant(row[1]) > after] == expected


def test_who_has_come_to_rest_is_left_out() -> None:
    """Whoever bought within 127 days before the stretch may move in it; where most may, nobody is left out."""
    bought = [("ann", "2025-01-01"), ("bob", "2025-06-01"), ("cho", "2024-01-01"), ("dee", "2024-02-01")]
    here = Shop(RULES, {"purchase": [(who, on, {"amount": 1}) for who, on in bought]}, lifecycles=[RECENCY])
    begins = here.run.store.beginnings("customer")
    found = movable(RECENCY.automaton, here.triggers("2025-06-10"), begins, micros("2025-06-02"))
    assert found is not None
    assert found.tolist() == [False, True, False, False]
    assert movable(RECENCY.automaton, here.triggers("2025-06-10"), begins, micros("2024-06-01")) is None


def instant(at: dt.datetime) -> int:
    return int(at.timestamp()) * 1_000_000

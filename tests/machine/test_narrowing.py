"""Narrowing: nobody who fits a condition is left out."""

from __future__ import annotations

import numpy as np
import pytest

from rulecrm.machine.narrowing import candidates, wanted
from rulecrm.runtime.points import Points
from tests.machine.shop import Shop, micros

GUARDS = {
    "summed": "sum(purchase.amount last 30d) >= 50 CNY",
    "summed_below": "sum(purchase.amount last 30d) < 50 CNY",
    "counted": "count(purchase last 20d) >= 1",
    "counted_two": "2 <= count(purchase where amount >= 20 CNY)",
    "counted_none": "count(purchase last 20d) <= 1",
    "visited": "exists(visit in last 10d)",
    "not_visited": "none(visit in last 10d)",
    "both": "exists(visit in last 10d) and mean(purchase.amount last 60d) > 10 CNY",
    "either": "exists(visit in last 10d) or sum(purchase.amount last 30d) >= 50 CNY",
    "either_unknown": "exists(visit in last 10d) or none(purchase)",
    "first_on_a_day": "first(purchase).at > 23d ago and first(purchase).at <= 22d ago",
    "last_within": "last(purchase).at within last 15d",
    "older": "age(last(purchase).at) > 15d",
    "younger": "age(last(purchase).at) <= 15d",
    "value": "sum(purchase.amount last 30d) / 2 > 20 CNY",
    "nested": "visited and summed",
    "lapsed": "exists(purchase last 40d) and none(purchase last 30d)",
    "lapsed_since": "last(purchase).at >= 40d ago and not (last(purchase).at >= 30d ago)",
    "lapsed_buyer": "exists(purchase last 40d) and none(purchase last 30d) and count(purchase) >= 2",
    "slowed": "count(purchase last 60d) >= 2 and count(purchase last 30d) < 2",
    "lapsed_other": "exists(purchase last 40d) and none(visit last 30d)",
    "bounded": "sum(purchase.amount since 2025-02-01) > 0 CNY",
}
UNKNOWN = {"counted_none", "not_visited", "either_unknown"}


def shop() -> Shop:
    """Forty customers; each bought and visited a few times in the spring."""
    random = np.random.default_rng(7)
    kinds = {
        kind: [
            (f"c{random.integers(40)}", f"2025-0{random.integers(1, 6)}-{random.integers(1, 29):02}", fields())
            for _ in range(90)
        ]
        for kind, fields in (
            ("purchase", lambda: {"amount": int(random.integers(1, 60))}),
            ("visit", lambda: {"source": "web"}),
        )
    }
    rules = "\n".join(f"segment {name} = {text}" for name, text in GUARDS.items())
    return Shop(rules, kinds, joined={f"c{number}": None for number in range(40)})


SHOP = shop()


@pytest.mark.parametrize("name", GUARDS)
def test_whoever_fits_is_a_candidate(name: str) -> None:
    here = SHOP
    triggers = here.triggers()
    want = wanted(here.value(name), triggers)
    assert (want is None) == (name in UNKNOWN)
    if want is None:
        return
    for at in ("2025-01-20", "2025-02-17T10:00", "2025-04-02", "2025-05-30"):
        instant = micros(at)
        found = candidates(want, triggers, instant, 10**9)
        assert found is not None
        fits = np.flatnonzero(Points(here.run, "customer", None, instant).mask(here.value(name)))
        assert set(fits.tolist()) <= set(found.tolist())
        assert candidates(want, triggers, instant, -1) is None


def test_rows_are_those_of_the_window_and_of_the_filter() -> None:
    """Of Ann's rows one is in the last ten days, of Bob's none; Eve's is too small."""
    rows = [
        ("ann", "2025-02-25", {"amount": 30}),
        ("bob", "2025-02-01", {"amount": 30}),
        ("eve", "2025-02-25", {"amount": 3}),
    ]
    here = Shop("segment s = count(purchase where amount >= 20 CNY last 10d) >= 1", {"purchase": rows})
    want = wanted(here.value("s"), here.triggers())
    assert want is not None
    assert candidates(want, here.triggers(), micros("2025-03-01"), 10).tolist() == here.codes("ann").tolist()
    assert candidates(want, here.triggers(), micros("2025-02-09"), 10).tolist() == here.codes("bob").tolist()


def test_whoever_is_to_have_no_later_row_is_looked_for_among_the_earlier_ones() -> None:
    rows = [
        (who, day, {"amount": 30}) for who, day in (("ann", "2025-01-15"), ("bob", "2025-02-15"), ("eve", "2024-12-15"))
    ]
    here = Shop("segment s = exists(purchase last 60d) and none(purchase last 30d)", {"purchase": rows})
    want = wanted(here.value("s"), here.triggers())
    assert want is not None
    assert candidates(want, here.triggers(), micros("2025-03-01"), 10).tolist() == here.codes("ann").tolist()
    # An end itself belongs to the window that begins after it: 30 days after it, Bob's row is one of the earlier ones.
    assert candidates(want, here.triggers(), micros("2025-03-17"), 10).tolist() == here.codes("bob").tolist()

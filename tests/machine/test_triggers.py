"""Triggers and gaps: which rows fit, where the next one is, where a timer runs out."""

from __future__ import annotations

import numpy as np
import polars as pl

from rulecrm.machine.triggers import NEVER
from rulecrm.model import ir
from rulecrm.model.durations import Duration
from rulecrm.model.machine import Rows
from rulecrm.model.types import INSTANT, TEXT
from tests.machine.shop import Shop, micros

RULES = """
metric all_of_them = count(purchase)
metric large = count(purchase where amount >= 50 CNY)
metric late = count(purchase where amount >= 50 CNY and age(at) < 1s and spent >= 100 CNY)
metric spent = sum(purchase.amount)
metric cups = count(purchase where product == "cup")
segment spent_much = sum(purchase.amount in last 30d) >= 100 CNY
segment spent_little = sum(purchase.amount in last 30d) < 20 CNY
"""

ROWS = [
    ("ann", "2025-01-01", {"amount": 60, "product": "cup"}),
    ("ann", "2025-01-11", {"amount": 10, "product": "pot"}),
    ("ann", "2025-01-21", {"amount": 50, "product": "cup"}),
    ("ann", "2025-03-01", {"amount": 70, "product": "pan"}),
    ("bob", "2025-01-05", {"amount": 90, "product": "pot"}),
    ("bob", "2025-04-05", {"amount": 10, "product": "cup"}),
]


def shop() -> Shop:
    return Shop(RULES, {"purchase": ROWS}, joined={"ann": None, "bob": None, "eve": None})


def test_rows_fit_by_themselves_and_by_what_their_customer_was_then() -> None:
    """Of ann, 60 + 10 + 50 = 120 in 30 days on 21 January; the 70 of March stand alone."""
    triggers = shop().triggers()
    everything, large = Rows("purchase"), shop().rows("large")
    assert triggers.of(everything).fits is None
    assert triggers.of(large).fits.tolist() == [True, False, True, True, True, False]
    much = shop().value("spent_much")
    assert triggers.of(everything, much).fits.tolist() == [False, False, True, False, False, False]
    both = ir.Apply("and", (much, ir.Apply("not", (much,), much.type)), much.type)
    assert not triggers.of(large, both).fits.any()


def test_a_row_sees_facts_up_to_its_own_instant() -> None:
    """`late` asks for 100 spent at the row itself: 60, 70, 120, 190 of ann, 90, 100 of bob."""
    here = shop()
    assert here.triggers().of(here.rows("late")).fits.tolist() == [False, False, True, True, False, False]


def test_the_next_fitting_row_is_one_of_the_same_customer() -> None:
    here = shop()
    trigger = here.triggers().of(here.rows("large"))
    ann, bob, eve = here.codes("ann", "bob", "eve")
    asked = [(ann, 0), (ann, 1), (ann, 3), (ann, 4), (bob, 4), (bob, 5), (bob, 6), (eve, 6)]
    codes, cursors = np.array(asked).T
    assert trigger.after(codes, cursors).tolist() == [0, 2, 3, 6, 4, 6, 6, 6]
    assert here.triggers().of(Rows("purchase")).after(codes, cursors).tolist() == [0, 1, 3, 6, 4, 5, 6, 6]
    assert trigger.track.at[6] == NEVER


def test_nothing_fits_after_the_horizon() -> None:
    here = shop()
    trigger = here.triggers("2025-01-21").of(here.rows("large"))
    assert trigger.fits.tolist() == [True, False, True, False, True, False]
    assert here.triggers("2025-01-20T23:59").of(here.rows("large")).fits.sum() == 2


def test_seeking_an_instant() -> None:
    here = shop()
    track = here.triggers().track("purchase")
    ann, bob, eve = here.codes("ann", "bob", "eve")
    codes = np.array([ann, ann, ann, ann, bob, bob, eve])
    cursors = np.array([0, 0, 2, 0, 4, 6, 6])
    instants = np.array(
        [micros(one) for one in ("2025-01-11", "2025-01-12", "2025-01-01", "2026-01-01", "2025-02-01", "2025-01-01")]
        + [0]
    )
    assert track.seek(codes, cursors, instants).tolist() == [1, 2, 2, 4, 5, 6, 6]
    assert track.seek(codes[:1], cursors[:1], instants[:1] + 1).tolist() == [2]


def test_gaps_of_a_timer() -> None:
    """31 days after 21 January is 21 February, and no row comes before; after 1 January one comes in time."""
    here = shop()
    triggers = here.triggers()
    gaps = triggers.gaps(Rows("purchase"), Duration(days=31))
    assert gaps.runs_out.tolist() == [False, False, True, True, True, True]
    assert gaps.deadlines[2] == micros("2025-02-21")
    ann, bob = here.codes("ann", "bob")
    assert gaps.after(np.array([ann, ann, ann, bob, bob]), np.array([0, 3, 4, 4, 6])).tolist() == [2, 3, 6, 4, 6]


def test_a_row_at_the_deadline_is_in_time() -> None:
    here = shop()
    assert here.triggers().gaps(Rows("purchase"), Duration(days=10)).runs_out.tolist()[:3] == [False, False, True]
    shorter = Duration(days=9, micros=86_399_999_999)
    assert here.triggers().gaps(Rows("purchase"), shorter).runs_out.tolist()[:3] == [True, True, True]


def test_a_condition_is_asked_at_the_deadline() -> None:
    """ann: 10 February sees the 10 and the 50, 21 March the 70. bob: 25 January sees the 90, 25 April the 10."""
    here = shop()
    gaps = here.triggers().gaps(Rows("purchase"), Duration(days=20), here.value("spent_little"))
    assert gaps.runs_out.tolist() == [False, False, False, False, False, True]


def test_months_count_on_the_calendar_of_the_zone() -> None:
    rows = [("ann", "2025-01-30T23:30", {"amount": 1}), ("ann", "2025-02-28T20:00", {"amount": 1})]
    here = Shop("metric n = count(purchase)", {"purchase": rows}, zone="Asia/Shanghai")
    # In Shanghai it is 31 January 07:30 already, so a month later is 28 February 07:30, 23:30 of the 27th in UTC.
    gaps = here.triggers().gaps(Rows("purchase"), Duration(months=1))
    assert gaps.deadlines[0] == micros("2025-02-27T23:30")
    assert gaps.runs_out.tolist() == [True, True]


def test_conditions_on_what_an_instance_brings_along() -> None:
    """Three journeys of ann and bob, entered with a product; the first later row of another product than that."""
    here = shop()
    product = ir.Column("purchase", "product", TEXT)
    brought = ir.Local("entry.product", TEXT)
    other = ir.Apply("ne", (product, brought), here.value("spent_much").type)
    large = here.rows("large")
    trigger = here.triggers().of(Rows("purchase", (*large.where, other)))
    ann, bob = here.codes("ann", "bob")
    locals_ = {"entry.product": pl.Series(["cup", "pan", "pot", "cup"])}
    found = trigger.after(np.array([ann, ann, bob, bob]), np.array([0, 0, 4, 4]), locals_)
    # large rows: cup, cup, pan of ann; pot of bob.
    assert found.tolist() == [3, 0, 6, 4]


def test_conditions_on_the_instant_of_entry() -> None:
    here = shop()
    entry = ir.Local("entry", INSTANT)
    later = ir.Apply("ge", (ir.Now(), entry), here.value("spent_much").type)
    trigger = here.triggers().of(Rows("purchase"), later)
    ann = here.codes("ann", "ann", "ann")
    moments = pl.Series([micros("2024-01-01"), micros("2025-01-11"), micros("2026-01-01")])
    assert trigger.after(ann, np.zeros(3, np.int64), {"entry": moments}).tolist() == [0, 1, 6]


def test_a_condition_asked_of_customers_at_instants() -> None:
    here = shop()
    codes = here.codes("ann", "ann", "bob", "eve")
    moments = np.array([micros(one) for one in ("2025-01-20", "2025-01-21", "2025-01-05", "2025-01-05")])
    holds = here.triggers().holds(here.value("spent_much"), codes, moments)
    assert holds.tolist() == [False, True, False, False]

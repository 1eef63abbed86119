"""Chains of steps with several absences, worked out by hand."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import rulecrm

HOUR = dt.timedelta(hours=1)
START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def holds(sequence: str, *events: tuple[str, int]) -> bool:
    """Whether one customer with these events (kind, hour) fits, three days later."""
    frame = pl.DataFrame(
        {
            "customer": ["c"] * len(events),
            "kind": [kind for kind, _ in events],
            "at": [START + hour * HOUR for _, hour in events],
        }
    )
    rules = rulecrm.loads(f"segment s = sequence ({sequence})")
    facts = rulecrm.Facts.from_frames(events=frame)
    return rules.evaluate(facts, as_of=START + dt.timedelta(days=3)).table().get_column("s").item()


@pytest.mark.parametrize(
    ("sequence", "events", "expected"),
    [
        # Nothing may lie between the two steps, of either kind.
        ("view then no cart then no inquiry then visit", [("view", 0), ("visit", 2)], True),
        ("view then no cart then no inquiry then visit", [("view", 0), ("cart", 1), ("visit", 2)], False),
        ("view then no cart then no inquiry then visit", [("view", 0), ("inquiry", 1), ("visit", 2)], False),
        # A later view has nothing between it and the visit.
        ("view then no cart then visit", [("view", 0), ("cart", 1), ("view", 2), ("visit", 3)], True),
        # Before `no inquiry within 24h` the cart is looked for in those 24 hours alone.
        ("view then no cart then no inquiry within 24h", [("view", 0), ("cart", 30)], True),
        ("view then no cart then no inquiry within 24h", [("view", 0), ("cart", 3)], False),
        # As the last step it is looked for up to now.
        ("view then no cart then no inquiry", [("view", 0), ("cart", 30)], False),
        ("view then no cart then no inquiry", [("view", 0), ("inquiry", 30), ("view", 31)], True),
    ],
)
def test_absences(sequence: str, events: list[tuple[str, int]], expected: bool) -> None:
    assert holds(sequence, *events) is expected


def test_an_operand_that_two_predicates_share_is_found_by_both() -> None:
    facts = rulecrm.Facts.from_frames(customers=pl.DataFrame({"customer": ["a", "b"], "city": ["Paris", "Rome"]}))
    text = """
segment one = city in ["PARIS", "rome"] ignoring case
segment other = city not in ["paris", "oslo"] ignoring case
"""
    table = rulecrm.loads(text).evaluate(facts, as_of="2025-01-01").table()
    assert table.rows() == [("a", True, False), ("b", True, True)]

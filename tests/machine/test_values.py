"""States as values: in tables, at points, in shards, in other definitions; and the population in guards."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import rulecrm

RULES = """
timezone "UTC"
currency CNY
metric spent = sum(purchase.amount) ?? 0 CNY
lifecycle relationship {
  start prospect
  prospect -> active on purchase
  active -> silent after 30d without purchase
  silent -> active on purchase
}
lifecycle standing {
  start low
  low -> high on purchase when spent >= population mean(spent)
  high -> low after 10d when percentile(spent) < 50% or relationship is silent
}
lifecycle leader { start no  no -> yes on purchase when rank(spent) == 1 }
segment quiet = relationship is silent
metric was = relationship.moves as of 30d ago
metric calm_for = age(relationship.since)
"""


def day(month: int, number: int) -> dt.datetime:
    return dt.datetime(2025, month, number, 12, tzinfo=dt.UTC)


@pytest.fixture
def facts() -> rulecrm.Facts:
    rows = [("ann", day(1, 1), 10), ("ann", day(3, 1), 10), ("bob", day(1, 2), 100), ("cid", day(1, 3), 5),
            ("cid", day(1, 20), 200), ("bob", day(1, 21), 1)]  # fmt: skip
    frame = {"customer": [row[0] for row in rows], "at": [row[1] for row in rows], "amount": [row[2] for row in rows]}
    return rulecrm.Facts.from_frames(purchase=pl.DataFrame(frame), customers=pl.DataFrame({"customer": ["ann", "eve"]}))


@pytest.fixture
def rules() -> rulecrm.Rules:
    return rulecrm.loads(RULES)


def test_a_table_has_a_column_for_each_lifecycle(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    table = rules.evaluate(facts, as_of="2025-02-19T13:00").table()
    assert table.schema["relationship"] == pl.Enum(["prospect", "active", "silent"])
    assert table.select("customer", "relationship", "quiet", "was").rows() == [
        ("ann", "silent", True, 1),
        ("bob", "active", False, 1),
        ("cid", "silent", True, 1),
        ("eve", "prospect", False, 0),
    ]
    assert table.get_column("calm_for").to_list()[:3] == [
        dt.timedelta(days=19, hours=1),  # since 31 January 12:00
        dt.timedelta(days=48, hours=1),
        dt.timedelta(hours=1),
    ]


def test_a_lifecycle_in_full(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    result = rules.evaluate(facts, as_of="2025-02-01")
    assert result.lifecycles == ("relationship", "standing", "leader")
    assert result.lifecycle("relationship").rows() == [
        ("ann", "silent", day(1, 31), "active", 2),
        ("bob", "active", day(1, 2), "prospect", 1),
        ("cid", "active", day(1, 3), "prospect", 1),
        ("eve", "prospect", None, None, 0),
    ]
    assert result.states("relationship").rows() == [("prospect", 1, 0.25), ("active", 2, 0.5), ("silent", 1, 0.25)]


def test_moves(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    moves = rules.moves(facts, "relationship", until="2025-02-20")
    assert moves.columns == ["customer", "at", "from", "to"]
    assert moves.rows() == [
        ("ann", day(1, 1), "prospect", "active"),
        ("ann", day(1, 31), "active", "silent"),
        ("bob", day(1, 2), "prospect", "active"),
        ("cid", day(1, 3), "prospect", "active"),
        ("cid", day(2, 19), "active", "silent"),
    ]
    earlier = rules.moves(facts, "relationship", until="2025-01-31T12:00")
    assert earlier.height == 4
    with pytest.raises(rulecrm.RulesError, match="did you mean `relationship`"):
        rules.moves(facts, "relationshp", until="2025-02-20")


def test_the_population_in_a_guard_is_that_of_the_last_midnight(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    """Worked out by hand.

    1 January, midnight: ann and eve (listed without a date) are there and have spent nothing; 10 is not below 0, so ann
    is high. 2 January: (10 + 0) / 2 = 5, bob's 100 is high. 3 January: (10 + 0 + 100) / 3, cid's 5 is not. 20 January:
    (10 + 0 + 100 + 5) / 4, cid's 205 is. Ten days after: ann's 10 on 11 January stands behind eve and cid of 4, at 50 %,
    and is active: stays, and the timer is spent. bob on 12 January: 3 of 4 are behind him. cid on 30 January: 3 of 4.
    """
    assert rules.moves(facts, "standing", until="2025-06-01").rows() == [
        ("ann", day(1, 1), "low", "high"),
        ("bob", day(1, 2), "low", "high"),
        ("cid", day(1, 20), "low", "high"),
    ]


def test_places_in_a_guard_are_those_of_the_last_midnight(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    """ann is first on 1 January, nobody having bought before; bob was not there at midnight; cid's 5 was third."""
    assert rules.moves(facts, "leader", until="2025-01-20T23:00").rows() == [("ann", day(1, 1), "no", "yes")]


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_shards(rules: rulecrm.Rules, facts: rulecrm.Facts, shards: int) -> None:
    whole = rules.evaluate(facts, as_of="2025-02-19T13:00")
    parts = rules.evaluate(facts, as_of="2025-02-19T13:00", shards=shards)
    assert parts.table().equals(whole.table())
    assert parts.lifecycle("standing").equals(whole.lifecycle("standing"))


def test_points(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    moments = [day(1, 1), day(1, 31), day(1, 31) - dt.timedelta(microseconds=1), day(1, 1)]
    points = pl.DataFrame({"customer": ["ann", "ann", "ann", "nobody"], "at": moments})
    found = rules.evaluate_at(facts, points, only=["relationship", "calm_for"])
    assert found.get_column("relationship").to_list() == ["active", "silent", "active", "prospect"]
    zero = dt.timedelta(0)
    assert found.get_column("calm_for").to_list() == [
        zero,
        zero,
        dt.timedelta(days=30) - dt.timedelta(microseconds=1),
        None,
    ]


def test_an_explanation_tells_the_move(rules: rulecrm.Rules, facts: rulecrm.Facts) -> None:
    found = rules.explain(facts, segment="relationship", customer="ann", as_of="2025-02-01")
    assert (found.form, found.value) == ("lifecycle", "silent")
    (node,) = found.root.children
    assert node.stay is not None
    assert (node.stay.state.value, node.stay.previous.value, node.stay.moves) == ("silent", "active", 2)
    assert node.stay.since.value == day(1, 31)
    assert node.stay.move == "active -> silent after 30d without purchase"
    never = rules.explain(facts, segment="quiet", customer="eve", as_of="2025-02-01")
    assert never.verdict is False
    assert "relationship is prospect, where it began" in never.text()
    assert [one.clause for one in never.to_flip] == ["relationship is silent"]
    assert "silent" in found.to_json()
    assert "relationship is silent since" in found._repr_html_()

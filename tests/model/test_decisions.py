"""Ids of journeys and decisions: as they are written, and the same wherever they are made."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.engine.rows import DECISION_ID, held
from rulecrm.model.decisions import decision_id, ids_of, journey_id

texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6) | st.sampled_from(
    ["a|b", "|", "1\n"]
)


def test_ids_as_they_are_written() -> None:
    journey = journey_id("gift", "li", "cup", 1_735_689_600_000_001, 2)
    assert journey == "gift|li|cup|1735689600000001|2"
    assert decision_id(journey, "3.1", "2") == "gift|3.1@2|1735689600000001|li|cup|2"


@given(texts, st.none() | texts, st.integers(-(2**60), 2**60), st.integers(0, 9), st.sampled_from(["", "1", "2.3"]))
def test_a_replay_makes_the_same_ids(customer: str, line: str | None, entered: int, turn: int, round_: str) -> None:
    journey = journey_id("gift", customer, line, entered, turn)
    row = pl.DataFrame({"journey": [journey], "campaign": ["gift"], "step": ["1.2"], "round": [round_]})
    expected = decision_id(journey, "1.2", round_)
    assert row.select(DECISION_ID).item() == held(row).select(DECISION_ID).item() == expected
    first, end = ids_of("gift")
    assert first <= expected < end


@given(st.sets(st.tuples(texts, st.integers(0, 3), st.sampled_from(["1", "2", "2.1"]), st.sampled_from(["", "1"]))))
def test_no_two_decisions_of_a_campaign_have_one_id(made: set[tuple[str, int, str, str]]) -> None:
    ids = {decision_id(journey_id("gift", who, None, 7, turn), step, round_) for who, turn, step, round_ in made}
    assert len(ids) == len(made)

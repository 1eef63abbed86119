"""Law 7: every candidate message ends in exactly one outcome, with a reason; nothing vanishes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rulecrm.model.decisions import ACTIONS, OUTCOMES
from tests.strategies import fewer
from tests.strategies.programmes import Programme, campaigns

MESSAGES = ("send", "staff")
SAY_ALL = ("queued", "done", "control", "holdout")
"""Outcomes that are their own reason."""


@given(campaigns(), st.data())
@fewer(4)
def test_every_message_has_one_outcome_and_a_reason(programme: Programme, data: st.DataObject) -> None:
    clock = data.draw(st.sampled_from(programme.instants()))
    offered = {
        act for act, row in programme.machine(clock).decisions().items() if row["action"] in MESSAGES
    }  # fmt: skip
    with programme.engine() as engine:
        engine.advance(to=clock)
        frame = engine.decisions()
        rows = frame.to_dicts()
        assert frame["decision"].is_unique().all()
        assert {row["decision"] for row in rows if row["action"] in MESSAGES} == offered
        for row in rows:
            assert row["action"] in ACTIONS
            assert row["outcome"] in OUTCOMES
            assert (row["outcome"] == "done") == (row["action"] not in MESSAGES)
            assert row["reason"] or row["outcome"] in SAY_ALL
            assert (
                (row["due"] > clock)
                if row["outcome"] == "quiet"
                else (row["due"] <= clock or row["action"] == "measure")
            )
        journeys = engine.journeys()
        assert set(frame["journey"]) <= set(journeys["journey"])


@given(campaigns())
@fewer(8)
def test_what_is_withheld_is_withheld_from_an_arm(programme: Programme) -> None:
    """Control and holdout are of the customer, not of the message: a journey has the one or the other throughout."""
    with programme.engine() as engine:
        engine.advance(to=programme.until)
        arms = dict(engine.journeys().select("journey", "arm").iter_rows())
        for row in engine.decisions().to_dicts():
            if row["action"] in MESSAGES:
                arm = arms[row["journey"]]
                assert (row["outcome"] == arm) == (arm != "treated")

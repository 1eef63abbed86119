"""Journeys of generated campaigns over generated shops: what the oracle says, and law 3, without a policy."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from functools import partial

import polars as pl
from hypothesis import assume, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from rulecrm.diagnostics.model import RulesError
from rulecrm.machine.lives import lives
from rulecrm.machine.timelines import Timeline
from rulecrm.model.instants import to_microseconds
from rulecrm.planning import make_plan
from rulecrm.runtime.evaluate import start_run
from rulecrm.runtime.run import Run
from tests.machine.ledger import Ledger
from tests.strategies import fewer
from tests.strategies.programmes import Programme, campaigns, unequal

WALKED = ("campaign", "customer", "line", "entered", "turn", "why", "arm", "at", "ended", "reason")
TOLD = ("journey", "campaign", "customer", "step", "wave", "round", "action", "at", "text")


def advanced(programme: Programme, stops: Sequence[dt.datetime]) -> Ledger:
    """A ledger that was advanced through some instants."""
    try:
        program = programme.rules().program
    except RulesError:
        assume(False)
        raise
    plan = make_plan(program, [one.symbol for one in program.lifecycles], parts=program.journeys)
    run = start_run(program, programme.facts(), plan, lender=lives)
    run.store.prepare_subject("customer")
    holdout = program.policy.holdout if program.policy is not None else 0
    ledger = Ledger(to_microseconds(programme.start), holdout=holdout)
    for stop in stops:
        ledger.advance(run, program.journeys, to_microseconds(stop), partial(_timeline, run, to_microseconds(stop)))
    return ledger


def _timeline(run: Run, horizon: int, symbol: str) -> Timeline:
    return lives(run, symbol, horizon)


def through(data: st.DataObject, programme: Programme) -> list[dt.datetime]:
    """Some instants on the way, the last of all among them."""
    drawn = data.draw(st.lists(st.sampled_from(programme.instants()), max_size=5))
    return sorted({*drawn, programme.until})


@given(campaigns(), st.data())
@fewer(2)
def test_journeys_are_those_of_the_oracle(programme: Programme, data: st.DataObject) -> None:
    stops = through(data, programme)
    ledger = advanced(programme, stops)
    machine = programme.machine(*stops)
    walked = ledger.journeys.with_columns(pl.col("entered", "at", "ended").cast(pl.Datetime("us", "UTC")))
    known = {str(row["journey"]): _walked(row) for row in walked.rows(named=True)}
    assert not unequal({key: _walked(row) for key, row in machine.journeys().items()}, known)
    acts = ledger.acts.with_columns(pl.col("at", "due").cast(pl.Datetime("us", "UTC")))
    assert acts.get_column("decision").is_unique().all()
    found = {str(row["decision"]): _told(row) for row in acts.rows(named=True)}
    assert not unequal({key: _told(row) for key, row in machine.decisions().items()}, found)


def _walked(row: Mapping[str, object]) -> dict[str, object]:
    """What is said of a journey; the step of those that rest."""
    return {name: row[name] for name in WALKED} | {"step": row["step"] if row["ended"] is None else None}


def _told(row: Mapping[str, object]) -> dict[str, object]:
    """What is said of an act before the policy has been asked."""
    return {name: row[name] for name in TOLD} | ({"due": row["due"]} if row["outcome"] == "done" else {})


@given(campaigns())
@fewer(2)
def test_values_of_messages_are_those_of_the_oracle(programme: Programme) -> None:
    ledger = advanced(programme, [programme.until])
    found = {row["decision"]: row["options"] for row in ledger.acts.filter(action="send").rows(named=True)}
    machine = programme.machine()
    sends = {key: row["values"] for key, row in machine.decisions().items() if row["action"] == "send"}
    assert sends.keys() == found.keys()
    for key, values in sends.items():
        assert values in [json.loads(text) for text in found[key]]


@given(campaigns(), st.data())
@fewer(2)
def test_many_advances_do_what_one_does(programme: Programme, data: st.DataObject) -> None:
    """All columns but the clock at which something was decided."""
    once, often = advanced(programme, [programme.until]), advanced(programme, through(data, programme))
    for one, other, key in ((once.journeys, often.journeys, "journey"), (once.acts, often.acts, "decision")):
        assert_frame_equal(one.drop("decided").sort(key), other.drop("decided").sort(key))

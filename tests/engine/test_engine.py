"""The engine over a ledger: the same as a replay, whatever the steps; versions, late facts, refusals."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import rulecrm
from rulecrm.testing.shops import make_shop

DAY = dt.timedelta(days=1)
START = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)

RULES = """
timezone "UTC"
template hello for sms "Hello"
campaign care {
  enter on purchase
  reenter always
  send sms hello
  wait 3d
  send sms hello
}
"""


def buy(*rows: tuple[str, int]) -> rulecrm.Facts:
    """Purchases: who, and how many days after the start."""
    frame = pl.DataFrame(
        {"customer": [who for who, _ in rows], "at": [START + day * DAY for _, day in rows]},
        schema={"customer": pl.String, "at": pl.Datetime("us", "UTC")},
    )
    return rulecrm.Facts.from_frames(purchase=frame)


def sends(engine: rulecrm.Engine) -> list[tuple[str, int, str]]:
    frame = engine.decisions().sort("due", "customer")
    return [(who, (due - START).days, what) for who, due, what in frame.select("customer", "due", "outcome").rows()]


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["first_month", "double11_loop", "sale_announcement", "sale_1212", "left_behind"])
def test_a_live_engine_decides_what_a_backtest_said_row_for_row(name: str, tmp_path: Path) -> None:
    rules = rulecrm.load(EXAMPLES / name / f"{name}.rules")
    facts = make_shop(customers=300, start=dt.date(2025, 10, 1), days=100)
    start, end = dt.datetime(2025, 10, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    told = rules.backtest(facts, start, end)
    with rulecrm.Engine(rules, facts, state=f"sqlite:///{tmp_path}/crm.db", start=start) as engine:
        for step in (3, 17, 17.5, 40, 41, 66):
            engine.advance(start + step * DAY)
        engine.advance(end)
        decisions, journeys = engine.decisions(), engine.journeys()
    assert told.decisions.height > 4
    ours = pl.exclude("decided")
    assert_frame_equal(decisions.select(ours).sort("decision"), told.decisions.select(ours).sort("decision"))
    assert_frame_equal(journeys.select(ours).sort("journey"), told.journeys.select(ours).sort("journey"))


@pytest.mark.parametrize("rows", [1, 300])
def test_a_backtest_is_the_same_whatever_stretches_it_is_made_in(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = rulecrm.load(EXAMPLES / "left_behind" / "left_behind.rules")
    facts = make_shop(customers=300, start=dt.date(2025, 10, 1), days=60)
    start, end = START + 214 * DAY, START + 260 * DAY + dt.timedelta(hours=7)
    seen: list[tuple[int, int]] = []
    whole = rules.backtest(facts, start, end)
    monkeypatch.setattr(import_module("rulecrm.engine.backtest"), "_FIRST", 5 * 86_400_000_000)
    monkeypatch.setattr(import_module("rulecrm.engine.backtest"), "_ROWS", rows)
    parts = rules.backtest(facts, start, end, progress=lambda done, total, _: seen.append((done, total)))
    assert whole.decisions.height > 4
    assert seen[0] == (0, 46)
    assert seen[-1] == (46, 46)
    assert len(seen) > 3  # the beginning, the end, and two between them at least
    ours = pl.exclude("decided")
    assert_frame_equal(parts.decisions.select(ours), whole.decisions.select(ours))
    assert_frame_equal(parts.journeys.select(ours), whole.journeys.select(ours))


def test_without_a_start_everything_counts_and_with_one_only_what_comes_later() -> None:
    rules, facts = rulecrm.loads(RULES), buy(("a", 1), ("b", 5))
    with rulecrm.Engine(rules, facts, state="sqlite://") as engine:
        engine.advance(START + 6 * DAY)
        assert sends(engine) == [("a", 1, "queued"), ("a", 4, "queued"), ("b", 5, "queued")]
    with rulecrm.Engine(rules, facts, state="sqlite://", start=START + 1 * DAY) as engine:
        engine.advance(START + 6 * DAY)
        assert sends(engine) == [("b", 5, "queued")]  # nothing at the start or before it is entered


def test_a_late_row_is_entered_on_within_the_lateness_and_its_message_is_due_at_the_clock() -> None:
    rules = rulecrm.loads(RULES)
    with rulecrm.Engine(rules, buy(("a", 5)), state="sqlite://", lateness=4 * DAY) as engine:
        engine.advance(START + 8 * DAY)
        engine.facts = buy(("a", 5), ("b", 7), ("c", 2))
        engine.advance(START + 9 * DAY)
        late = engine.decisions(customer="b")
        assert late.select("at", "due").rows() == [(START + 7 * DAY, START + 8 * DAY)]
        assert engine.decisions(customer="c").is_empty()  # six days late
        engine.advance(START + 10 * DAY)
        assert [due for _, due, _ in sends(engine)] == [5, 8, 8, 10]


def test_what_was_decided_stays_although_a_late_fact_would_have_changed_it() -> None:
    rules = rulecrm.loads(RULES.replace("enter on purchase", "enter on purchase when count(purchase) == 1"))
    with rulecrm.Engine(rules, buy(("a", 5)), state="sqlite://") as engine:
        engine.advance(START + 6 * DAY)
        engine.facts = buy(("a", 5), ("a", 4))
        engine.advance(START + 9 * DAY)
        assert [(at - START).days for at in engine.journeys()["entered"]] == [4, 5]


def test_journeys_finish_on_the_version_they_were_entered_with_unless_they_are_taken_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/crm.db"
    old, new = rulecrm.loads(RULES), rulecrm.loads(RULES.replace("wait 3d", 'tag "new"\n  wait 5d'))
    with rulecrm.Engine(old, buy(("a", 1), ("b", 2)), state=url) as engine:
        engine.advance(START + 2 * DAY)
    with rulecrm.Engine(new, buy(("a", 1), ("b", 2), ("c", 3)), state=url) as engine:
        engine.advance(START + 4 * DAY)  # a's three days are over
        assert sends(engine)[-1] == ("a", 4, "queued")
        with pytest.raises(rulecrm.RulesError) as error:
            engine.migrate("care", {"2": "9"})
        assert error.value.diagnostics[0].code == "R473"
        assert engine.migrate("care", {"2": "3"}) == 1  # b; a has ended, and c is on the new version already
        engine.advance(START + 20 * DAY)
        assert [(who, due) for who, due, what in sends(engine) if what == "queued"] == [
            ("a", 1), ("b", 2), ("c", 3), ("a", 4), ("b", 7), ("c", 8),
        ]  # fmt: skip
        versions = dict(engine.journeys().select("customer", "version").rows())
        assert versions["b"] == versions["c"] != versions["a"]


def test_edits_elsewhere_in_the_file_make_no_new_version() -> None:
    other = rulecrm.loads(RULES + "\nsegment more = count(purchase) >= 2\n")
    assert rulecrm.loads(RULES).program.campaigns[0].version == other.program.campaigns[0].version


def test_a_clock_does_not_run_backwards_and_nothing_is_written(tmp_path: Path) -> None:
    with rulecrm.Engine(rulecrm.loads(RULES), buy(("a", 1)), state=f"sqlite:///{tmp_path}/crm.db") as engine:
        engine.advance(START + 3 * DAY)
        with pytest.raises(rulecrm.RulesError) as error:
            engine.advance(START + 2 * DAY)
        assert error.value.diagnostics[0].code == "R456"
        assert engine.clock == START + 3 * DAY
        assert engine.advances().height == 1


def test_an_advance_to_where_the_clock_stands_does_nothing_new() -> None:
    with rulecrm.Engine(rulecrm.loads(RULES), buy(("a", 1)), state="sqlite://") as engine:
        engine.advance(START + 3 * DAY)
        again = engine.advance(START + 3 * DAY)
        assert (again.entered, again.decided) == (0, 0)
        assert len(sends(engine)) == 1


def test_a_customer_who_was_erased_is_not_entered_again() -> None:
    with rulecrm.Engine(rulecrm.loads(RULES), buy(("a", 1)), state="sqlite://") as engine:
        engine.advance(START + 2 * DAY)
        assert engine.erase("a") > 0
        engine.facts = buy(("a", 1), ("a", 3), ("b", 3))
        engine.advance(START + 9 * DAY)
        assert engine.history("a").happenings == ()
        assert sorted(set(engine.journeys()["customer"])) != ["a", "b"]
        assert engine.journeys().height == 2


def test_a_file_without_campaigns_advances_too() -> None:
    with rulecrm.Engine(rulecrm.loads("segment s = count(purchase) > 0"), buy(("a", 1)), state="sqlite://") as engine:
        assert engine.advance(START + DAY).decided == 0

"""What an advance writes is what is read, as a whole or not at all."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulecrm.diagnostics.model import RulesError
from rulecrm.model.decisions import DECISIONS, GRANTED, JOURNEYS
from rulecrm.model.instants import from_microseconds
from rulecrm.state import Ledger, RulesVersion
from tests.state.postgres import Server
from tests.state.rows import DAY, RULES, SETTINGS, T0, advance, decision, decisions, journey, journeys
from tests.state.test_opening import sql

LI, WANG = journey("li"), journey("wang", "care", version="c1")


def fill(ledger: Ledger) -> None:
    made = [decision(LI), decision(WANG, outcome="quiet", due=T0 + 2 * DAY)]
    advance(ledger, T0 + DAY, new=[LI, WANG], made=made)


def code(error: pytest.ExceptionInfo[RulesError]) -> str:
    (found,) = error.value.diagnostics
    return found.code


def test_a_new_ledger_stands_at_the_start(ledger: Ledger) -> None:
    assert ledger.clock() == T0
    assert ledger.decisions().columns == [field.name for field in DECISIONS]
    assert ledger.journeys().columns == [field.name for field in JOURNEYS]
    assert ledger.decisions().is_empty()
    assert ledger.journeys().is_empty()


def test_what_is_written_is_read(ledger: Ledger) -> None:
    fill(ledger)
    assert ledger.clock() == T0 + DAY
    read = ledger.journeys()
    assert read.schema["entered"] == pl.Datetime("us", "UTC")
    assert read.with_columns(pl.col(pl.Datetime("us", "UTC")).to_physical()).rows(named=True) == [WANG, LI]
    made = ledger.decisions()
    assert made.get_column("customer").to_list() == ["wang", "li"]
    assert made.get_column("due").to_list()[0] == dt.datetime(2025, 1, 3, tzinfo=dt.UTC)


def test_instants_at_the_door_are_taken_too(ledger: Ledger) -> None:
    frame = journeys([LI]).with_columns(pl.from_epoch("entered", "us").dt.replace_time_zone("UTC"))
    with ledger.advance(T0 + DAY, expected_clock=T0) as under_way:
        under_way.write(journeys=frame)
        under_way.finish(RULES)
    assert ledger.journeys().get_column("entered").to_physical().to_list() == [T0 + 1]


def test_questions_narrow(ledger: Ledger) -> None:
    fill(ledger)
    assert ledger.decisions(customer="li").get_column("customer").to_list() == ["li"]
    assert ledger.decisions(campaign="care").get_column("customer").to_list() == ["wang"]
    assert ledger.decisions(since=dt.datetime(2025, 1, 2, tzinfo=dt.UTC)).is_empty()
    assert ledger.decisions(since=dt.datetime(2025, 1, 1, tzinfo=dt.UTC)).height == 2
    assert ledger.journeys(campaign="gift", live=True).height == 1
    assert ledger.journeys(live=False).is_empty()
    with pytest.raises(ValueError, match="time zone"):
        ledger.decisions(since=dt.datetime(2025, 1, 1))


def test_a_campaign_is_not_one_whose_name_begins_alike(ledger: Ledger) -> None:
    rows = [journey("li", campaign=name) for name in ("gift", "gift_2", "gift2", "gif", "gift~")]
    advance(ledger, T0 + DAY, new=rows, made=[decision(row) for row in rows])
    for name in ("gift", "gift_2", "gift2", "gif", "gift~"):
        assert ledger.decisions(campaign=name).get_column("campaign").to_list() == [name]
        assert ledger.journeys(campaign=name).get_column("campaign").to_list() == [name]


def test_an_advance_sees_what_is_live_quiet_and_granted(ledger: Ledger) -> None:
    fill(ledger)
    with ledger.advance(T0 + 2 * DAY, expected_clock=T0 + DAY) as under_way:
        assert (under_way.clock, under_way.to) == (T0 + DAY, T0 + 2 * DAY)
        assert sorted(under_way.journeys().get_column("customer")) == ["li", "wang"]
        assert under_way.quiet().get_column("customer").to_list() == ["wang"]
        assert under_way.quiet().schema["due"] == pl.Int64()
        assert under_way.granted(T0).rows() == [("gift", "li", "sms", T0 + 1)]
        assert under_way.granted(T0).columns == list(GRANTED)
        assert under_way.granted(T0 + 1).is_empty(), "(since, …"
        assert under_way.granted(T0, pl.Series(["wang", "nobody"])).is_empty()
        assert under_way.entries(pl.Series(["li", "li", None])).rows() == [("gift", "li", None, T0 + 1, 0, None)]
        assert under_way.entries().height == 2
        under_way.finish(RULES)


def test_what_is_quiet_for_longer_is_not_asked_yet(ledger: Ledger) -> None:
    fill(ledger)
    with ledger.advance(T0 + 2 * DAY - 1, expected_clock=T0 + DAY) as under_way:
        assert under_way.quiet().is_empty()
        under_way.finish(RULES)


def test_a_journey_moves_and_ends(ledger: Ledger) -> None:
    fill(ledger)
    moved = LI | {"node": 5, "step": "4", "at": T0 + DAY + 5, "ended": T0 + DAY + 5, "reason": "finished"}
    new = journey("zhao", entered=T0 + DAY + 7, decided=T0 + 2 * DAY)
    with ledger.advance(T0 + 2 * DAY, expected_clock=T0 + DAY) as under_way:
        under_way.write(journeys=journeys([new, moved]))
        under_way.finish(RULES)
    assert ledger.journeys(live=True).get_column("customer").to_list() == ["wang", "zhao"]
    (row,) = ledger.journeys(customer="li").with_columns(pl.col("ended").to_physical()).rows(named=True)
    assert (row["node"], row["step"], row["ended"], row["reason"]) == (5, "4", T0 + DAY + 5, "finished")
    assert '"entered": 1, "moved": 1, "ended": 1' in str(ledger.advances().get_column("counts")[-1])


def test_at_a_clock_that_stays_late_rows_may_move_and_enter(ledger: Ledger) -> None:
    fill(ledger)
    with ledger.advance(T0 + DAY, expected_clock=T0 + DAY) as under_way:
        under_way.write(journeys=journeys([LI | {"node": 9}, journey("zhao")]))
        under_way.finish(RULES, late={"purchase": 2})
    assert dict(ledger.journeys().select("customer", "node").rows()) == {"li": 9, "wang": 3, "zhao": 3}
    assert ledger.advances().get_column("late").to_list() == ["{}", '{"purchase": 2}']


def test_a_quiet_decision_is_settled_once(ledger: Ledger) -> None:
    fill(ledger)
    again = decision(WANG, outcome="queued", due=T0 + 2 * DAY, channel="email", choice=1, reason=None)
    with ledger.advance(T0 + 2 * DAY, expected_clock=T0 + DAY) as under_way:
        under_way.write(settled=decisions([again]))
        assert under_way.granted(T0 + DAY).rows() == [("care", "wang", "email", T0 + 2 * DAY)]
        under_way.finish(RULES)
    assert ledger.decisions(customer="wang").select("outcome", "channel", "choice").rows() == [("queued", "email", 1)]
    with pytest.raises(RulesError) as error:
        advance(ledger, T0 + 3 * DAY, settled=[again | {"outcome": "capped"}])
    assert code(error) == "R459"
    assert ledger.decisions(customer="wang").get_column("outcome").to_list() == ["queued"]


@pytest.mark.parametrize("wrong", ["made before", "no journey", "twice"])
def test_a_decision_is_made_once_and_for_a_journey(ledger: Ledger, wrong: str) -> None:
    fill(ledger)
    new = decision(LI, step="2", decided=T0 + 2 * DAY)
    rows = {"made before": [decision(LI)], "no journey": [decision(journey("nobody"))], "twice": [new, new]}
    with pytest.raises(RulesError) as error:
        advance(ledger, T0 + 2 * DAY, new=[LI | {"node": 7}], made=rows[wrong])
    assert code(error) == "R459"
    assert ledger.clock() == T0 + DAY
    assert ledger.decisions().height == 2
    assert ledger.journeys(customer="li").get_column("node").to_list() == [3], "all or nothing"


def test_an_advance_that_raises_leaves_nothing(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.advance(T0 + DAY, expected_clock=T0) as under_way:
            under_way.write(journeys=journeys([LI]))
            under_way.finish(RULES)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ledger.clock() == T0
    assert ledger.journeys().is_empty()
    fill(ledger)
    assert ledger.journeys().height == 2


def test_an_advance_that_does_not_finish_is_a_mistake_of_its_caller(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError, match="finish"), ledger.advance(T0 + DAY, expected_clock=T0) as under_way:
        under_way.write(journeys=journeys([LI]))
    assert ledger.journeys().is_empty()


def test_nothing_is_written_after_the_end(ledger: Ledger) -> None:
    with ledger.advance(T0 + DAY, expected_clock=T0) as under_way:
        under_way.finish(RULES)
        with pytest.raises(RuntimeError, match="finish"):
            under_way.write(journeys=journeys([LI]))
    assert ledger.journeys().is_empty()


def test_frames_are_checked_before_anything_is_written(ledger: Ledger) -> None:
    with ledger.advance(T0 + DAY, expected_clock=T0) as under_way:
        with pytest.raises(ValueError, match="lack the columns reason"):
            under_way.write(journeys=journeys([LI]).drop("reason"))
        with pytest.raises(ValueError, match="nulls in customer"):
            under_way.write(journeys=journeys([LI | {"customer": None}]))
        with pytest.raises(ValueError, match="cannot be read"):
            under_way.write(journeys=journeys([LI]).with_columns(node=pl.lit("three")))
        under_way.write(journeys=journeys([]), decisions=decisions([]), settled=decisions([]))
        under_way.finish(RULES)
    assert ledger.journeys().is_empty()


def test_the_clock_does_not_run_backwards(ledger: Ledger) -> None:
    fill(ledger)
    with pytest.raises(RulesError) as error, ledger.advance(T0 + DAY - 1, expected_clock=T0 + DAY):
        pytest.fail("the block is not entered")
    assert code(error) == "R456"
    assert "2025-01-02T00:00:00+00:00" in str(error.value)
    assert ledger.advances().height == 1


def test_a_clock_that_somebody_else_moved_is_refused(ledger: Ledger, url: str) -> None:
    seen = ledger.clock()
    with Ledger.open(url) as other:
        fill(other)
    with pytest.raises(RulesError) as error, ledger.advance(T0 + 2 * DAY, expected_clock=seen):
        pytest.fail("the block is not entered")
    assert code(error) == "R458"
    assert error.value.diagnostics[0].data == {"clock": T0 + DAY, "expected": T0}
    assert ledger.clock() == T0 + DAY


def test_rules_are_kept_once_and_found_by_the_version_of_a_campaign(ledger: Ledger) -> None:
    edited = RulesVersion("b" * 64, {"shop.rules": "campaign gift { }"}, {}, {"gift": "g2", "care": "c1"})
    for number, rules in enumerate((RULES, RULES, edited), 1):
        with ledger.advance(T0 + number * DAY, expected_clock=ledger.clock()) as under_way:
            under_way.finish(rules)
    assert ledger.version("gift", "g1") == RULES
    found = ledger.version("gift", "g2")
    assert found is not None
    assert (found.hash, found.sources) == (edited.hash, edited.sources)
    care = ledger.version("care", "c1")
    assert care is not None
    assert care.hash == RULES.hash, "the rules it was first seen in"
    assert ledger.version("gift", "g3") is None
    told = ledger.advances()
    assert told.get_column("rules").to_list() == [RULES.hash, RULES.hash, edited.hash]
    assert told.get_column("from").to_physical().to_list() == [T0, T0 + DAY, T0 + 2 * DAY]


def test_what_is_watched_is_told_before_it_is_written(ledger: Ledger) -> None:
    told: list[str] = []
    ledger.watch = told.append
    fill(ledger)
    assert told == [
        "rulecrm_journeys: 2 rows", "rulecrm_decisions: 2 rows", "rulecrm_outbox: 1 rows", "rules", "advances", "clock",
        "commit",
    ]  # fmt: skip


def test_in_memory_an_advance_can_be_looked_into() -> None:
    with Ledger.open("sqlite://") as ledger:
        ledger.claim(SETTINGS)
        with ledger.advance(T0 + DAY, expected_clock=T0) as under_way:
            under_way.write(journeys=journeys([LI]))
            assert ledger.journeys().height == 1
            with pytest.raises(RulesError) as error:
                ledger.erase("li")
            assert code(error) == "R457"
            under_way.finish(RULES)
        assert ledger.journeys().height == 1
        assert ledger.clock() == T0 + DAY


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(texts=st.lists(st.tuples(TEXTS, TEXTS | st.none()), min_size=1, max_size=5, unique_by=lambda pair: pair[0]))
def test_any_text_comes_back_as_it_went(ledger: Ledger, texts: list[tuple[str, str | None]]) -> None:
    clock = ledger.clock()
    assert clock is not None
    to = clock + DAY
    rows = [journey(key, line=line, entered=to, decided=to) for key, line in texts]
    with ledger.advance(to, expected_clock=clock) as under_way:
        under_way.write(journeys=journeys(rows), decisions=decisions(decision(row, reason=row["line"]) for row in rows))
        under_way.finish(RULES)
    read = ledger.decisions(since=dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=to))
    assert sorted(read.select("customer", "reason").rows()) == sorted(texts)
    assert ledger.journeys(customer=texts[0][0]).get_column("line")[-1] == texts[0][1]


ODD = (
    "",
    "NULL",
    "\\N",
    "\\.",
    "\\",
    "a\\tb",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "\r",
    "it's",
    '"',
    "''",
    "?",
    ":x",
    "%s",
    "--",
    "é😀",
)
"""What a database, or the way into it, could read as something else."""


@pytest.mark.parametrize("alike", [True, False], ids=["alike", "each its own"])
def test_odd_texts_come_back_as_they_went(ledger: Ledger, alike: bool) -> None:
    to = T0
    for odd in ODD:
        to += DAY
        reasons = [odd, odd] if alike else [odd, None]
        rows = [journey(f"{odd}{number}", entered=to, decided=to) for number in range(2)]
        made = [decision(row, reason=reason, decided=to) for row, reason in zip(rows, reasons, strict=True)]
        advance(ledger, to, new=rows, made=made)
        read = ledger.decisions(since=from_microseconds(to))
        assert read.select("customer", "reason").rows() == [(f"{odd}{number}", reasons[number]) for number in range(2)]


def test_what_is_queued_is_in_the_outbox_and_nothing_else(ledger: Ledger, url: str) -> None:
    rows = [journey(f"c{number}") for number in range(3)]
    staff = {"action": "staff", "channel": None, "choice": None, "template": None}
    made = [decision(rows[0]), decision(rows[1], outcome="quiet", due=T0 + DAY + 1), decision(rows[2], **staff)]
    advance(ledger, T0 + DAY, new=rows, made=made)
    assert waiting(url) == [("c0", 0, "sms", "hello", T0 + 1), ("c2", 0, "staff", None, T0 + 1)]
    settled = made[1] | {"outcome": "queued", "due": T0 + DAY + 5, "choice": 1, "channel": "email"}
    advance(ledger, T0 + 2 * DAY, made=[decision(rows[0], step="2", outcome="capped")], settled=[settled])
    assert waiting(url)[1] == ("c1", 1, "email", "hello", T0 + DAY + 5)
    assert len(waiting(url)) == 3


def waiting(url: str) -> list[tuple[object, ...]]:
    return sql(
        url, "SELECT customer, choice, channel, template, not_before FROM rulecrm_outbox WHERE due = not_before "
        "AND state = 'waiting' ORDER BY customer",
    )  # fmt: skip


def test_text_that_postgresql_cannot_hold_is_refused_as_a_whole(server: Server) -> None:
    with server.schema() as url, Ledger.open(url) as ledger:
        ledger.claim(SETTINGS)
        with pytest.raises(RulesError) as error:
            advance(ledger, T0 + DAY, new=[LI, journey("a\0b")])
        assert code(error) == "R459"
        assert ledger.journeys().is_empty()

"""What becomes of messages: each rule of the policy by itself, and their order."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import rulecrm
from rulecrm.diagnostics.model import RulesError
from rulecrm.model.durations import Duration
from rulecrm.model.machine import Automaton, Budget, Campaign, Cap, Policy, Quiet, Rest
from rulecrm.policy import Ranking, decide, open_reach

T0 = dt.datetime(2025, 6, 2, 10, tzinfo=dt.UTC)
HOUR = 3_600_000_000
DAY = 24 * HOUR


def micros(at: dt.datetime) -> int:
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


AT = micros(T0)
OPEN = Policy()


def campaign(symbol: str, priority: int | None = None, *budgets: Budget) -> Campaign:
    return Campaign(symbol, (), Automaton((Rest("1"),)), priority=priority, budgets=budgets)


def facts(customers: dict[str, list[object]] | None = None, events: list[dict[str, object]] | None = None):
    frames = {"customers": pl.DataFrame(customers or {"customer": ["a", "b", "c"]})}
    if events:
        frames["events"] = pl.DataFrame(events)
    return rulecrm.Facts.from_frames(**frames)


def row(customer: str, after: int = 0, campaign: str = "one", **more: object) -> dict[str, object]:
    return {
        "customer": customer,
        "campaign": campaign,
        "arm": "treated",
        "entered": AT,
        "action": "send",
        "order": 0,
        "due": AT + after,
        "messages": ["sms"],
        **more,
    }


def outcomes(
    rows: list[dict[str, object]],
    policy: Policy = OPEN,
    known: rulecrm.Facts | None = None,
    campaigns: tuple[Campaign, ...] = (campaign("one"), campaign("two")),
    granted: tuple[tuple[str, str, str, int], ...] = (),
    to: int = AT + 30 * DAY,
) -> list[tuple[str, ...]]:
    schema = {"decision": pl.String, "customer": pl.String, "campaign": pl.String, "arm": pl.String, "entered": pl.Int64,
              "action": pl.String, "order": pl.Int64, "due": pl.Int64, "messages": pl.List(pl.String),
              "purposes": pl.List(pl.String)}  # fmt: skip
    rows = [{"purposes": ["marketing"] * len(one["messages"]), **one} for one in rows]
    frame = pl.DataFrame([{"decision": f"d{number}", **one} for number, one in enumerate(rows)], schema=schema)
    program = rulecrm.loads('timezone "UTC"\nattribute accepts_sms_service: bool').program
    ways = {way for one in rows for way in zip(one["messages"], one["purposes"], strict=True) if way[0] != "staff"}
    channels = sorted(channel for channel, purpose in ways if purpose == "marketing")
    others = {way for way in ways if way[1] != "marketing"}
    reach = open_reach(program, known or facts(), channels, consent=policy.consent, purposes=others)
    before = pl.DataFrame(
        granted,
        schema={"customer": pl.String, "campaign": pl.String, "channel": pl.String, "due": pl.Int64},
        orient="row",
    )
    ranking = Ranking.of(campaigns, policy, "rulecrm")
    done = decide(frame, policy=policy, ranking=ranking, granted=before, reach=reach, to=to)
    assert done.get_column("decision").to_list() == frame.get_column("decision").to_list()
    return done.select("outcome", "channel", (pl.col("due") - AT) // HOUR).rows()


def names(*arguments: object, **keywords: object) -> list[str]:
    return [one[0] for one in outcomes(*arguments, **keywords)]


def test_what_nothing_forbids_is_queued_when_it_is_due() -> None:
    assert outcomes([row("a", 5 * HOUR)]) == [("queued", "sms", 5)]


def test_control_and_holdout_are_asked_before_all_else_and_hold_for_the_staff_too() -> None:
    known = facts({"customer": ["a"], "accepts_sms": [False]})
    rows = [
        row("a", arm="control"),
        row("a", arm="holdout"),
        row("a", arm="control", action="staff", messages=["staff"]),
    ]
    assert names(rows, known=known) == ["control", "holdout", "control"]


def test_a_refusal_counts_always_and_silence_only_where_consent_is_required() -> None:
    known = facts({"customer": ["a", "b", "c"], "accepts_sms": [True, False, None]})
    rows = [row("a"), row("b"), row("c")]
    assert names(rows, known=known) == ["queued", "no consent", "queued"]
    assert names(rows, Policy(consent=True), known=known) == ["queued", "no consent", "no consent"]


def test_consent_that_nobody_could_have_given_is_a_mistake_in_the_facts() -> None:
    with pytest.raises(RulesError) as error:
        names([row("a")], Policy(consent=True))
    assert error.value.diagnostics[0].code == "R471"


def test_another_purpose_than_marketing_is_consented_to_by_itself() -> None:
    known = facts(
        {
            "customer": ["a", "b", "c", "d"],
            "accepts_sms": [False, True, False, False],
            "accepts_sms_service": [True, False, None, True],
            "blocked": [False, False, False, True],
        },
        [{"kind": "unsubscribe", "customer": "c", "at": T0 - dt.timedelta(hours=2), "channel": "sms"}],
    )
    service = [row(key, purposes=["service"]) for key in "abcd"]
    for policy in (OPEN, Policy(consent=True)):
        assert names(service, policy, known) == ["queued", "no consent", "queued", "suppressed"]
        assert names([row(key) for key in "abcd"], policy, known) == [
            "no consent",
            "queued",
            "no consent",
            "no consent",
        ]


def test_without_a_word_about_a_purpose_nobody_has_refused_it() -> None:
    known = facts({"customer": ["a"], "accepts_sms": [False]})
    rows = [row("a", purposes=["service"]), row("a", messages=["im"], purposes=["parcels"])]
    assert names(rows, Policy(consent=True), known) == ["queued", "queued"]


def test_the_first_of_several_messages_is_taken_whose_purpose_is_allowed() -> None:
    known = facts({"customer": ["a", "b"], "accepts_sms": [False, False], "accepts_sms_service": [True, False]})
    rows = [row(key, messages=["sms", "sms"], purposes=["marketing", "service"]) for key in "ab"]
    assert outcomes(rows, known=known) == [("queued", "sms", 0), ("no consent", "sms", 0)]
    done = names([row("a", messages=["sms", "sms"], purposes=["service", "marketing"])], known=known)
    assert done == ["queued"]


def test_an_unsubscription_ends_consent_from_its_instant_on_until_it_is_given_again() -> None:
    customers = {
        "customer": ["a", "b"],
        "accepts_sms": [True, True],
        "sms_consent_at": [None, T0 + dt.timedelta(hours=3)],
    }
    events = [
        {"kind": "unsubscribe", "customer": key, "at": T0 + dt.timedelta(hours=2), "channel": "sms"}
        for key in ("a", "b")
    ]
    rows = [row("a", HOUR), row("a", 2 * HOUR), row("b", 2 * HOUR), row("b", 4 * HOUR)]
    # b agreed again after having left, so the leaving before that no longer counts.
    assert names(rows, known=facts(customers, events)) == ["queued", "no consent", "queued", "queued"]


def test_leaving_one_channel_leaves_the_others_open_and_else_is_tried() -> None:
    events = [{"kind": "unsubscribe", "customer": "a", "at": T0, "channel": "email"}]
    rows = [row("a", messages=["email", "sms"]), row("a", messages=["email"]), row("b", messages=["email", "sms"])]
    assert outcomes(rows, known=facts(None, events)) == [
        ("queued", "sms", 0),
        ("no consent", "email", 0),
        ("queued", "email", 0),
    ]


def test_dead_and_unwelcome_channels_are_suppressed() -> None:
    customers = {"customer": ["a", "b", "c", "d"], "blocked": [False, None, None, True]}
    events = [
        {"kind": "bounce", "customer": "a", "at": T0, "channel": "sms", "reason": "hard"},
        {"kind": "bounce", "customer": "b", "at": T0, "channel": "sms", "reason": "soft"},
        {"kind": "complaint", "customer": "c", "at": T0, "channel": "sms", "reason": None},
    ]
    rows = [row(key) for key in "abcd"]
    assert names(rows, known=facts(customers, events)) == ["suppressed", "queued", "suppressed", "suppressed"]


def test_quiet_hours_defer_and_everything_is_asked_again_at_their_end() -> None:
    night = Policy(quiet=(Quiet(dt.time(21), dt.time(9)),))
    events = [{"kind": "unsubscribe", "customer": "b", "at": T0 + dt.timedelta(hours=15), "channel": "sms"}]
    rows = [row("a", 12 * HOUR), row("b", 12 * HOUR)]  # 22:00; the end is 09:00, 23 hours after 10:00
    assert outcomes(rows, night, known=facts(None, events)) == [("queued", "sms", 23), ("no consent", "sms", 23)]
    assert outcomes(rows, night, known=facts(None, events), to=AT + 20 * HOUR) == [("quiet", "sms", 23)] * 2


def test_a_cap_counts_what_was_granted_in_the_time_before_and_nothing_else() -> None:
    policy = Policy(caps=(Cap(2, "sms", Duration(days=7)),))
    rows = [row("a", day * DAY) for day in (0, 1, 6, 7, 8)] + [row("b"), row("a", messages=["email"])]
    # day 6: days 0 and 1 are within 7 days; day 7: day 0 lies exactly 7 days back and counts no more.
    assert names(rows, policy) == ["queued", "queued", "capped", "queued", "queued", "queued", "queued"]
    assert names([row("a")], policy, granted=(("a", "one", "sms", AT - DAY), ("a", "two", "sms", AT - HOUR))) == [
        "capped"
    ]


def test_a_cap_by_calendar_days_begins_anew_at_midnight() -> None:
    policy = Policy(caps=(Cap(1, None, None, "day"),))
    rows = [row("a"), row("a", 13 * HOUR), row("a", 14 * HOUR)]  # 10:00, 23:00, 00:00
    assert names(rows, policy) == ["queued", "capped", "queued"]


def test_of_two_at_one_instant_the_more_urgent_campaign_goes_first() -> None:
    policy = Policy(caps=(Cap(1, None, Duration(days=1)),))
    rows = [row("a", campaign="one"), row("a", campaign="two")]
    assert names(rows, policy) == ["queued", "capped"]
    assert names(rows, policy, campaigns=(campaign("one", 2), campaign("two", 1))) == ["capped", "queued"]
    named = Policy(caps=policy.caps, order=("one",))
    assert names(rows, named, campaigns=(campaign("one", 2), campaign("two", 1))) == ["queued", "capped"]


def test_a_budget_is_spent_by_the_campaign_as_a_whole() -> None:
    spender = campaign("one", None, Budget(2, None, Duration(days=1)))
    rows = [row("a"), row("b", HOUR), row("c", 2 * HOUR), row("c", 24 * HOUR), row("c", campaign="two")]
    done = names(rows, campaigns=(spender, campaign("two")))
    assert done == ["queued", "queued", "over budget", "queued", "queued"]


def test_the_staff_are_told_whatever_customers_agreed_to() -> None:
    known = facts({"customer": ["a"], "accepts_sms": [False], "blocked": [True]})
    policy = Policy(caps=(Cap(1, None, Duration(days=1)),), quiet=(Quiet(dt.time(0), dt.time(23)),))
    rows = [row("a", action="staff", messages=["staff"]), row("a", action="staff", messages=["staff"])]
    assert outcomes(rows, policy, known=known) == [("queued", "staff", 0)] * 2

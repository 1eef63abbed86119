"""An audience at a provider is what a segment is, as far as it may be; nobody is told twice, and nobody is forgotten."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from attrs import evolve

import rulecrm
from rulecrm.model.sending import Traits
from rulecrm.testing.faults import Fault
from rulecrm.testing.memory import MemoryAudience, MemoryChannel

RULES = rulecrm.loads(
    """
timezone "UTC"
policy { require consent }
segment buyers = count(purchase) >= 1
segment anyone = true
metric spent = sum(purchase.amount)
"""
)
NOW = dt.datetime(2025, 3, 10, tzinfo=dt.UTC)
TRAITS = Traits(channel="email", provider="memory", address="email", batch=2)

Row = tuple[str, str | None, bool]


def shop(people: Sequence[Row], bought: Sequence[str]) -> rulecrm.Facts:
    """Customers with an address and consent, and who of them has bought."""
    names = {"customer": pl.String, "email": pl.String, "accepts_email": pl.Boolean}
    at = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
    purchases = pl.DataFrame({"customer": bought}, {"customer": pl.String}).with_columns(at=pl.lit(at))
    return rulecrm.Facts.from_frames(customers=pl.DataFrame(people, names, orient="row"), purchase=purchases)


ANN: Row = ("ann", "ann@x.test", True)
BEN: Row = ("ben", "ben@x.test", True)
CAT: Row = ("cat", "cat@x.test", True)


def engine(channel: MemoryChannel, facts: rulecrm.Facts, state: str = "sqlite://") -> rulecrm.Engine:
    return rulecrm.Engine(RULES, facts, state=state, start="2025-03-01", channels={"email": channel})


def test_who_may_be_written_to_is_in_it() -> None:
    channel = MemoryAudience(TRAITS)
    people = [ANN, BEN, CAT, ("dan", "dan@x.test", False), ("eva", None, True), ("fay", "fay@x.test", True)]
    with engine(channel, shop(people, ["ann", "ben", "cat", "dan", "eva"])) as made:
        done = made.sync_audience("buyers", route="email", audience="7", as_of=NOW)
    assert channel.audiences == {"7": {"ann@x.test", "ben@x.test", "cat@x.test"}}
    assert (done.members, done.added, done.removed) == (3, {"accepted": 3}, {})
    assert done.left_out == {"no address": 1, "no consent": 1}
    assert channel.changes == [(2, 0), (1, 0)]


def test_the_next_time_only_what_has_changed_is_told() -> None:
    channel = MemoryAudience(TRAITS)
    with engine(channel, shop([ANN, BEN, CAT], ["ann", "ben"])) as made:
        made.sync_audience("buyers", route="email", as_of=NOW)
        again = made.sync_audience("buyers", route="email", as_of=NOW)
        assert (again.members, again.added, again.removed) == (2, {}, {})
        made.facts = shop([ANN, evolve_consent(BEN), CAT], ["ann", "ben", "cat"])
        third = made.sync_audience("buyers", route="email", as_of=NOW)
    assert (third.added, third.removed, third.left_out) == ({"accepted": 1}, {"accepted": 1}, {"no consent": 1})
    assert channel.audiences == {"": {"ann@x.test", "cat@x.test"}}
    assert channel.changes == [(2, 0), (1, 0), (0, 1)]


def test_audiences_are_apart() -> None:
    channel = MemoryAudience(TRAITS)
    with engine(channel, shop([ANN, BEN], ["ann"])) as made:
        made.sync_audience("buyers", route="email", audience="1", as_of=NOW)
        made.sync_audience("anyone", route="email", audience="2", as_of=NOW)
    assert channel.audiences == {"1": {"ann@x.test"}, "2": {"ann@x.test", "ben@x.test"}}


def test_a_lost_answer_is_made_good() -> None:
    """They may be there: they are added again, or taken out."""
    channel = MemoryAudience(TRAITS)
    channel.fail(Fault.LOST)
    with engine(channel, shop([ANN, BEN], ["ann", "ben"])) as made:
        lost = made.sync_audience("buyers", route="email", as_of=NOW)
        assert (lost.added, lost.stopped) == ({"unknown": 2}, "unknown: lost")
        made.facts = shop([ANN, BEN], ["ann"])
        done = made.sync_audience("buyers", route="email", as_of=NOW)
        assert (done.added, done.removed) == ({"accepted": 1}, {"accepted": 1})
        assert not made.sync_audience("buyers", route="email", as_of=NOW).added
    assert channel.audiences == {"": {"ann@x.test"}}


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.CREDENTIALS])
def test_where_the_provider_refuses_it_stops_and_goes_on_later(fault: Fault) -> None:
    channel = MemoryAudience(TRAITS)
    with engine(channel, shop([ANN, BEN, CAT], ["ann", "ben", "cat"])) as made:
        channel.fail(fault)
        first = made.sync_audience("buyers", route="email", as_of=NOW)
        assert channel.changes == [(2, 0)]
        assert first.stopped is not None
        assert made.sync_audience("buyers", route="email", as_of=NOW).added == {"accepted": 3}
        channel.fail(fault)
        made.facts = shop([ANN, BEN, CAT], [])
        assert made.sync_audience("buyers", route="email", as_of=NOW).stopped is not None
        assert made.sync_audience("buyers", route="email", as_of=NOW).removed == {"accepted": 3}
    assert channel.audiences == {"": set()}


def test_a_channel_that_raises_leaves_nobody_out() -> None:
    class Broken(MemoryAudience):
        async def sync(
            self, audience: str, addresses: Sequence[str], *, remove: Sequence[str] = ()
        ) -> Sequence[object]:  # type: ignore[override]
            await super().sync(audience, addresses, remove=remove)
            raise OSError("cut")

    channel = Broken(TRAITS)
    with engine(channel, shop([ANN], ["ann"])) as made:
        done = made.sync_audience("buyers", route="email", as_of=NOW)
        assert (done.added, done.stopped) == ({"unknown": 1}, "unknown: the channel raised OSError")
        made.facts = shop([ANN], [])
        made.sync_audience("buyers", route="email", as_of=NOW)
    assert channel.audiences == {"": set()}


def test_an_address_of_two_stays_as_long_as_one_of_them_does() -> None:
    channel = MemoryAudience(TRAITS)
    twin: Row = ("bea", "ann@x.test", True)
    with engine(channel, shop([ANN, twin], ["ann", "bea"])) as made:
        assert made.sync_audience("buyers", route="email", as_of=NOW).added == {"accepted": 2}
        made.facts = shop([ANN, twin], ["bea"])
        assert made.sync_audience("buyers", route="email", as_of=NOW).removed == {"accepted": 1}
        assert channel.audiences == {"": {"ann@x.test"}}
        made.facts = shop([ANN, twin], [])
        made.sync_audience("buyers", route="email", as_of=NOW)
    assert channel.audiences == {"": set()}
    assert channel.changes == [(1, 0), (0, 1)]


def test_a_dead_address_is_no_member() -> None:
    channel = MemoryAudience(TRAITS, dead="ben@x.test")
    with engine(channel, shop([ANN, BEN], ["ann", "ben"])) as made:
        done = made.sync_audience("buyers", route="email", as_of=NOW)
        assert (done.added, done.stopped) == ({"accepted": 1, "dead address": 1}, None)
        made.facts = shop([ANN, BEN], [])
        assert made.sync_audience("buyers", route="email", as_of=NOW).removed == {"accepted": 1}


def test_whose_address_is_lost_is_told_every_time() -> None:
    channel = MemoryAudience(TRAITS)
    with engine(channel, shop([ANN, BEN], ["ann", "ben"])) as made:
        made.sync_audience("buyers", route="email", as_of=NOW)
        made.facts = shop([ANN], ["ann"])
        for _ in range(2):
            assert made.sync_audience("buyers", route="email", as_of=NOW).unreachable == 1


def test_a_dry_run_changes_nothing() -> None:
    channel = MemoryAudience(TRAITS)
    with engine(channel, shop([ANN], ["ann"])) as made:
        for _ in range(2):
            done = made.sync_audience("buyers", route="email", as_of=NOW, dry_run=True)
            assert (done.members, done.added) == (1, {"not done": 1})
    assert not channel.changes


def test_an_unsubscription_in_the_ledger_takes_out() -> None:
    """What a receipt told counts at once, whatever the facts say."""
    from rulecrm.model.sending import Receipt, Received

    channel = MemoryAudience(TRAITS)
    with engine(channel, shop([ANN, BEN], ["ann", "ben"])) as made:
        made.sync_audience("buyers", route="email", as_of=NOW)
        stop = Receipt("r1", Received.UNSUBSCRIBED, NOW - dt.timedelta(hours=1), address="ben@x.test")
        made._ledger.receipts.write([stop], route="email", channel="email")
        done = made.sync_audience("buyers", route="email", as_of=NOW)
    assert (done.removed, done.left_out) == ({"accepted": 1}, {"no consent": 1})
    assert channel.audiences == {"": {"ann@x.test"}}


def test_who_is_erased_is_in_no_table_and_never_added(tmp_path: Path) -> None:
    channel = MemoryAudience(TRAITS)
    path = tmp_path / "crm.db"
    with engine(channel, shop([ANN, BEN], ["ann", "ben"]), f"sqlite:///{path}") as made:
        made.sync_audience("buyers", route="email", as_of=NOW)
        assert made.erase("ben") == 1
        assert made.export("ann")["audiences"] == [{"route": "email", "audience": "", "sure": True}]
        assert made.export("ben")["audiences"] == []
        done = made.sync_audience("buyers", route="email", as_of=NOW)
        assert (done.members, done.added) == (1, {})
    with sqlite3.connect(path) as connection:
        members = connection.execute("SELECT member FROM rulecrm_members").fetchall()
    assert len(members) == 1
    assert members[0][0] not in {"ann", "ann@x.test"}


@pytest.mark.parametrize(
    ("segment", "route", "code"),
    [("buyer", "email", "R120"), ("spent", "email", "R120"), ("buyers", "mail", "R494"), ("buyers", "sms", "R494")],
)
def test_what_is_not_there_is_said(segment: str, route: str, code: str) -> None:
    routes = {"email": MemoryAudience(TRAITS), "sms": MemoryChannel()}
    with (
        rulecrm.Engine(RULES, shop([ANN], ["ann"]), state="sqlite://", channels=routes) as made,
        pytest.raises(rulecrm.RulesError) as raised,
    ):
        made.sync_audience(segment, route=route)
    assert [one.code for one in raised.value.diagnostics] == [code]


def test_without_addresses_nothing_is_done() -> None:
    channel = MemoryAudience(evolve(TRAITS, address="vk"))
    with engine(channel, shop([ANN], ["ann"])) as made, pytest.raises(rulecrm.RulesError) as raised:
        made.sync_audience("buyers", route="email")
    assert [one.code for one in raised.value.diagnostics] == ["R484"]


def evolve_consent(row: Row) -> Row:
    return (row[0], row[1], False)

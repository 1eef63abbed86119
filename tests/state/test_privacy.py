"""One customer's data, handed out and removed; everybody else's, and every count, stay as they are."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from rulecrm.model.decisions import DECISIONS, JOURNEYS, decision_id
from rulecrm.state import Ledger
from tests.state.rows import DAY, RULES, SETTINGS, T0, Row, advance, decision, decisions, journey, journeys
from tests.state.test_opening import dump

KEY = "li.wei@example.com"


def people() -> dict[str, list[Row]]:
    new = [
        journey(KEY, line="order-77", arm="control"),
        journey(
            KEY, "care", entered=T0 + 5, version="c1", ended=T0 + 9, reason="finished", carried=f'{{"mail":"{KEY}"}}'
        ),
        journey("wang"),
        journey(f"{KEY}.cn"),
    ]
    made = [
        decision(new[0], outcome="control", values=f'{{"name":"{KEY}"}}'),
        decision(new[0], step="2", outcome="quiet", due=T0 + DAY + 1),
        decision(new[1], round_="1.3"),
        decision(new[2]),
        decision(new[3]),
    ]
    return {"new": new, "made": made}


def counts(ledger: Ledger) -> list[pl.DataFrame]:
    """What reports count, to the row."""
    made, entered = ledger.decisions(), ledger.journeys()
    arms = entered.select("journey", "arm")
    by = [
        "campaign",
        "version",
        "step",
        "wave",
        "round",
        "action",
        "outcome",
        "channel",
        "template",
        "at",
        "due",
        "arm",
    ]
    return [
        made.join(arms, on="journey", how="left").group_by(by).len().sort(by),
        entered.group_by("campaign", "version", "arm", "entered", "why").len().sort("campaign", "entered", "arm"),
        made.select(pl.col("customer", "journey").n_unique(), count=pl.len()),
    ]


def test_an_export_holds_every_column_and_is_json(ledger: Ledger) -> None:
    advance(ledger, T0 + DAY, **people())
    data = json.loads(json.dumps(ledger.export(KEY)))
    assert data["customer"] == KEY
    assert [row["campaign"] for row in data["journeys"]] == ["gift", "care"]
    assert list(data["journeys"][0]) == [field.name for field in JOURNEYS]
    assert list(data["decisions"][0]) == [field.name for field in DECISIONS]
    assert data["journeys"][0]["entered"] == "2025-01-01T00:00:00.000001Z"
    assert data["journeys"][1]["carried"] == {"mail": KEY}
    assert ledger.export("nobody") == {
        "customer": "nobody", "journeys": [], "decisions": [], "attempts": [], "receipts": [], "audiences": [],
    }  # fmt: skip


def test_after_an_erasure_no_table_holds_the_key_and_every_count_is_the_same(ledger: Ledger, url: str) -> None:
    advance(ledger, T0 + DAY, **people())
    before, others = counts(ledger), [ledger.export("wang"), ledger.export(f"{KEY}.cn")]
    assert ledger.erase(KEY) == 5
    held = repr(dump(url)).replace(f"{KEY}.cn", "")
    assert KEY not in held
    assert "order-77" not in held
    for one, other in zip(before, counts(ledger), strict=True):
        assert one.equals(other)
    assert [ledger.export("wang"), ledger.export(f"{KEY}.cn")] == others
    assert ledger.history(KEY).happenings == ()


def test_the_ids_of_the_erased_are_those_of_the_token(ledger: Ledger) -> None:
    advance(ledger, T0 + DAY, **people())
    ledger.erase(KEY)
    erased = ledger.decisions().filter(pl.col("customer").str.starts_with("erased-"))
    assert erased.height == 3
    (token,) = erased.get_column("customer").unique()
    entered = ledger.journeys(customer=token)
    assert set(erased.get_column("journey")) == set(entered.get_column("journey"))
    for row in entered.iter_rows(named=True):
        assert row["journey"].startswith(f"{row['campaign']}|{token}|{row['line'] or ''}|")
    for row in erased.iter_rows(named=True):
        assert row["decision"] == decision_id(row["journey"], row["step"], row["round"])
        assert f"|{token}|" in row["decision"]


def test_two_erasures_have_two_tokens_and_one_key_one_tombstone(ledger: Ledger, url: str) -> None:
    advance(ledger, T0 + DAY, **people())
    ledger.erase(KEY)
    ledger.erase("wang")
    held = dump(url)
    assert ledger.erase(KEY) == 0
    assert dump(url) == held
    tokens = ledger.journeys().get_column("customer").unique().to_list()
    assert len([token for token in tokens if token.startswith("erased-")]) == 2
    assert len(held[-1]) == 2


def test_the_erased_go_no_further(ledger: Ledger) -> None:
    advance(ledger, T0 + DAY, **people())
    ledger.erase(KEY)
    with ledger.advance(T0 + 2 * DAY, expected_clock=T0 + DAY) as under_way:
        assert sorted(under_way.journeys().get_column("customer")) == [f"{KEY}.cn", "wang"]
        assert under_way.quiet().is_empty()
        assert f"{KEY}.cn" in under_way.entries().get_column("customer")
        assert under_way.granted(T0).height == 3, "a budget was spent on them"
        under_way.finish(RULES)
    ended = ledger.journeys().filter(pl.col("reason") == "erased")
    assert ended.get_column("ended").to_physical().to_list() == [T0 + DAY]


def test_the_erased_do_not_come_back(ledger: Ledger, url: str) -> None:
    advance(ledger, T0 + DAY, **people())
    ledger.erase(KEY)
    again, new = (journey(key, entered=T0 + DAY + 1, decided=T0 + 2 * DAY) for key in (KEY, "zhao"))
    with ledger.advance(T0 + 2 * DAY, expected_clock=T0 + DAY) as under_way:
        asked = pl.Series([KEY, "zhao", None, KEY])
        assert under_way.tombstones.among(asked).to_list() == [True, False, False, True]
        # An engine that does not ask does no harm.
        under_way.write(journeys=journeys([again, new]), decisions=decisions([decision(again), decision(new)]))
        under_way.finish(RULES)
    assert ledger.journeys(live=True).get_column("customer").to_list() == [f"{KEY}.cn", "wang", "zhao"]
    assert ledger.history(KEY).happenings == ()
    assert KEY not in repr(dump(url)).replace(f"{KEY}.cn", "")
    assert '"erased": 2' in ledger.advances().get_column("counts")[-1]


def test_a_customer_can_be_erased_before_anything_was_decided(ledger: Ledger) -> None:
    assert ledger.erase(KEY) == 0
    advance(ledger, T0 + DAY, **people())
    assert sorted(ledger.journeys().get_column("customer")) == [f"{KEY}.cn", "wang"]


def test_compacting_changes_nothing_else(ledger: Ledger, url: str) -> None:
    advance(ledger, T0 + DAY, **people())
    ledger.erase(KEY)
    held = dump(url)
    ledger.compact()
    assert dump(url) == held
    advance(ledger, T0 + 2 * DAY)


def test_no_byte_of_the_key_stays_in_a_file(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'crm.db'}") as ledger:
        ledger.claim(SETTINGS)
        many = [journey(f"{number}-{KEY}") for number in range(200)]
        advance(ledger, T0 + DAY, new=many, made=[decision(row) for row in many])
        for row in many:
            ledger.erase(str(row["customer"]))
        ledger.compact()
        for path in tmp_path.iterdir():
            assert KEY.encode() not in path.read_bytes(), path.name

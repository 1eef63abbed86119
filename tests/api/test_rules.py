"""The library as a developer embeds it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import rulecrm

RULES = """
timezone "Asia/Shanghai"
currency CNY
param active_within: duration = 30d
metric purchases "How many" = count(purchase)
metric spent = sum(purchase.amount)
metric idle = age(last(purchase).at)
metric since = first(purchase).at
segment buyers "Bought at all" = purchases >= 1
segment active = idle <= active_within
classify value { big when spent >= 100 CNY  small when spent > 0 CNY  none_yet otherwise }
metric buyers_of of product = count(purchase)
"""

SHANGHAI = dt.timezone(dt.timedelta(hours=8))


def at(month: int, day: int) -> dt.datetime:
    return dt.datetime(2025, month, day, tzinfo=SHANGHAI)


@pytest.fixture
def facts() -> rulecrm.Facts:
    purchases = pl.DataFrame(
        {
            "customer": ["ann", "ann", "bob"],
            "product": ["cup", "pot", "cup"],
            "at": [at(1, 5), at(3, 1), at(4, 20)],
            "amount": [Decimal("60.00"), Decimal("60.50"), Decimal("9.99")],
        }
    )
    customers = pl.DataFrame({"customer": ["bob", "ann", "eve"]})
    return rulecrm.Facts.from_frames(customers=customers, purchase=purchases)


def test_a_table_has_a_row_for_each_subject_and_a_column_for_each_definition(facts: rulecrm.Facts) -> None:
    table = rulecrm.loads(RULES).evaluate(facts, as_of="2025-03-11").table()
    assert table.to_dicts() == [
        {
            "customer": "ann",
            "purchases": 2,
            "spent": Decimal("120.5"),
            "idle": dt.timedelta(days=10),
            "since": at(1, 5),
            "buyers": True,
            "active": True,
            "value": "big",
        },
        *(
            {
                "customer": name,
                "purchases": 0,
                "spent": None,
                "idle": None,
                "since": None,
                "buyers": False,
                "active": False,
                "value": "none_yet",
            }
            for name in ("bob", "eve")
        ),
    ]


def test_values_leave_in_the_forms_that_are_promised(facts: rulecrm.Facts) -> None:
    schema = rulecrm.loads(RULES).evaluate(facts, as_of="2025-03-11").table().schema
    assert schema == {
        "customer": pl.String(),
        "purchases": pl.Int64(),
        "spent": pl.Decimal(38, 4),
        "idle": pl.Duration("us"),
        "since": pl.Datetime("us", "UTC"),
        "buyers": pl.Boolean(),
        "active": pl.Boolean(),
        "value": pl.Enum(["big", "small", "none_yet"]),
    }


def test_other_subjects_have_tables_of_their_own(facts: rulecrm.Facts) -> None:
    table = rulecrm.loads(RULES).evaluate(facts, as_of="2025-12-31").table("product")
    assert table.to_dicts() == [{"product": "cup", "buyers_of": 2}, {"product": "pot", "buyers_of": 1}]


def test_a_segment_is_a_frame_of_keys(facts: rulecrm.Facts) -> None:
    result = rulecrm.loads(RULES).evaluate(facts, as_of="2025-05-01")
    assert result.segment("buyers").to_dict(as_series=False) == {"customer": ["ann", "bob"]}
    assert result.segment("active").to_dict(as_series=False) == {"customer": ["bob"]}
    assert result.metric("purchases").to_dict(as_series=False) == {
        "customer": ["ann", "bob", "eve"],
        "value": [2, 1, 0],
    }
    assert result.classification("value")["label"].to_list() == ["big", "small", "none_yet"]


def test_sizes_say_how_many(facts: rulecrm.Facts) -> None:
    sizes = rulecrm.loads(RULES).evaluate(facts, as_of="2025-05-01").sizes()
    assert sizes.rows() == [
        ("buyers", "Bought at all", "customer", 2, 2 / 3),
        ("active", None, "customer", 1, 1 / 3),
    ]


def test_params_are_set_from_outside(facts: rulecrm.Facts) -> None:
    rules = rulecrm.loads(RULES, params={"active_within": "100d"})
    assert rules.evaluate(facts, as_of="2025-05-01").segment("active")["customer"].to_list() == ["ann", "bob"]


@pytest.mark.parametrize(
    "as_of",
    ["2025-03-01", dt.date(2025, 3, 1), "2025-03-01T00:00", "2025-02-28T16:00:00Z", at(3, 1), dt.datetime(2025, 3, 1)],
)
def test_an_instant_can_be_said_in_many_ways(facts: rulecrm.Facts, as_of: str | dt.date) -> None:
    result = rulecrm.loads(RULES).evaluate(facts, as_of=as_of)
    assert result.as_of == dt.datetime(2025, 2, 28, 16, tzinfo=dt.UTC)
    # A purchase at T itself is seen.
    assert result.metric("purchases")["value"].to_list() == [2, 0, 0]


def test_a_frame_of_points_gets_a_row_each_in_its_order(facts: rulecrm.Facts) -> None:
    points = pl.DataFrame({"customer": ["bob", "ann", "nobody", "ann"], "at": [at(5, 1), at(2, 1), at(5, 1), at(5, 1)]})
    found = rulecrm.loads(RULES).evaluate_at(facts, points, only=["purchases", "buyers"])
    assert found.select("customer", "purchases", "buyers").rows() == [
        ("bob", 1, True),
        ("ann", 1, True),
        ("nobody", 0, False),
        ("ann", 2, True),
    ]


def test_only_what_is_asked_for_is_computed(facts: rulecrm.Facts) -> None:
    rules = rulecrm.loads(RULES + 'segment here = city == "Wuhan"\n')
    assert rules.evaluate(facts, as_of="2025-05-01", only=["buyers"]).table().columns == ["customer", "buyers"]
    with pytest.raises(rulecrm.RulesError) as caught:
        rules.evaluate(facts, as_of="2025-05-01").table()
    assert [one.code for one in caught.value.diagnostics] == ["R402"]
    assert "city" in str(caught.value)


def test_a_name_that_is_not_there_is_met_with_the_nearest(facts: rulecrm.Facts) -> None:
    rules = rulecrm.loads(RULES)
    with pytest.raises(rulecrm.RulesError, match="did you mean `buyers`"):
        rules.evaluate(facts, as_of="2025-05-01", only=["buyer"])
    with pytest.raises(rulecrm.RulesError, match="did you mean `active`"):
        rules.evaluate(facts, as_of="2025-05-01").segment("activ")
    with pytest.raises(rulecrm.RulesError, match="no instant"):
        rules.evaluate(facts, as_of="soon")


def test_every_mistake_is_in_the_error() -> None:
    with pytest.raises(rulecrm.RulesError) as caught:
        rulecrm.loads("segment a = count(purchse) > 1\nsegment b = cuont(purchase) > 1\n")
    assert len(caught.value.diagnostics) == 2
    assert "did you mean `purchase`" in str(caught.value)
    assert "did you mean `count`" in str(caught.value)


def test_files_of_facts_are_read_shard_by_shard(facts: rulecrm.Facts, tmp_path: Path) -> None:
    rules = rulecrm.loads(
        RULES + "segment top = percentile(spent) >= 50%\nmetric mean_spent = population mean(spent)\n"
    )
    whole = rules.evaluate(facts, as_of="2025-05-01").table()
    pl.DataFrame({"customer": ["bob", "ann", "eve"]}).write_parquet(tmp_path / "customers.parquet")
    pl.DataFrame(
        {
            "customer": ["ann", "ann", "bob"],
            "product": ["cup", "pot", "cup"],
            "at": [at(1, 5), at(3, 1), at(4, 20)],
            "amount": [Decimal("60.00"), Decimal("60.50"), Decimal("9.99")],
        }
    ).write_parquet(tmp_path / "purchase.parquet")
    files = rulecrm.Facts.open(tmp_path)
    for shards in (1, 2, 5):
        assert rules.evaluate(files, as_of="2025-05-01", shards=shards).table().equals(whole)


def test_a_result_is_written_as_parquet(facts: rulecrm.Facts, tmp_path: Path) -> None:
    result = rulecrm.loads(RULES).evaluate(facts, as_of="2025-05-01")
    result.write_parquet(tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet").equals(result.table())


@pytest.mark.parametrize("value", ["sum(purchase.amount) * 1000", "sum(purchase.amount) + sum(purchase.amount)"])
def test_what_does_not_fit_is_refused_by_every_door(value: str) -> None:
    purchases = pl.DataFrame({"customer": ["ann"], "at": [at(1, 5)], "amount": [Decimal(900_000_000_000_000)]})
    facts = rulecrm.Facts.from_frames(purchase=purchases)
    rules = rulecrm.loads(f"currency CNY\nsegment rich = {value} > 1 CNY")
    points = pl.DataFrame({"customer": ["ann"], "at": [at(2, 1)]})
    for ask in (
        lambda: rules.evaluate(facts, as_of="2025-02-01").table(),
        lambda: rules.evaluate_at(facts, points),
        lambda: rules.explain(facts, customer="ann", segment="rich", as_of="2025-02-01"),
    ):
        with pytest.raises(rulecrm.RulesError) as caught:
            ask()
        assert [one.code for one in caught.value.diagnostics] == ["R442"]

"""The grid of fifths and the named groups, against counting by hand."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm.insight import Shop, rfm_grid, rfm_groups
from tests.insight.buyers.little import NOW, RULES, Row, little, loaded, moved

SHOPS = st.integers(0, 100_000)


def fifths(values: dict[str, object]) -> dict[str, int]:
    """1 to 5: how many fifths of all have a smaller value."""
    ordered = sorted(values.values())  # type: ignore[type-var]
    return {key: 5 * sum(other < value for other in ordered) // len(ordered) + 1 for key, value in values.items()}


def by_customer(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["customer"]), []).append(row)
    return found


@settings(max_examples=12)
@given(SHOPS, st.sampled_from([30, 400]))
def test_the_grid_counts_fifths(seed: int, days: int) -> None:
    world = little(seed)
    bought = by_customer(world.bought(moved(NOW, -days)))
    recency = fifths({key: rows[-1]["paid_at"] for key, rows in bought.items()}) if bought else {}
    frequency = fifths({key: len(rows) for key, rows in bought.items()}) if bought else {}
    expected = {
        (r, f): [rows for key, rows in bought.items() if (recency[key], frequency[key]) == (r, f)]
        for r in range(1, 6)
        for f in range(1, 6)
    }
    frame = rfm_grid(world.shop(), within=f"{days}d").frame
    assert frame.select("recency", "frequency").rows() == list(expected)
    for row, groups in zip(frame.iter_rows(named=True), expected.values(), strict=True):
        paid = [one["amount"] for rows in groups for one in rows]
        assert (row["customers"], row["orders"], row["revenue"]) == (len(groups), len(paid), sum(paid, Decimal(0)))
        assert row["share"] == (len(groups) / len(bought) if bought else None)
        whole = round(sum(paid, Decimal(0)) / len(paid), 4) if paid else None
        assert row["order_value"] == whole


@settings(max_examples=6)
@given(SHOPS)
def test_the_groups_are_those_of_the_rule(seed: int) -> None:
    shop = little(seed).shop()
    said = loaded('import "std/rfm.rules"\n' + RULES).evaluate(shop.facts, NOW).table()
    sizes = Counter(said.get_column("rfm_group").cast(pl.String).to_list())
    figure = rfm_groups(shop)
    assert dict(figure.frame.select("group", "customers").rows()) == {
        label: sizes[label] for label in figure.frame["group"]
    }
    assert sum(figure.frame["customers"]) == said.height
    revenue = sum((row["amount"] for row in little(seed).bought()), Decimal(0))  # all within two years
    assert sum(figure.frame["revenue"], Decimal(0)) == revenue
    assert abs(sum(figure.frame["revenue_share"]) - 1) < 1e-9


def test_the_import_of_the_shop_is_asked_with_its_window() -> None:
    world = little(1)
    own = world.shop(RULES + 'import "std/rfm.rules" as scores with { rfm_window: 5d }')
    figure = rfm_grid(own)
    assert figure.frame.equals(rfm_grid(world.shop(), within="5d").frame)
    assert "5 days" in figure.definition.en
    assert "5 天" in figure.definition.zh
    assert [one.name for one in figure.origins] == ["scores.recency_score", "scores.frequency_score"]
    assert not figure.frame.equals(rfm_grid(world.shop()).frame)


def one_customer(**columns: object) -> Shop:
    at = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    orders = pl.DataFrame({"order": ["o"], "customer": [7], "paid_at": [at], **columns})
    return Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(orders=orders), as_of=NOW)


def test_one_customer_is_in_one_cell_and_no_fifth() -> None:
    figure = rfm_grid(one_customer(amount=[5]))
    assert figure.frame.filter(pl.col("customers") > 0).select("recency", "frequency", "share").rows() == [(1, 1, 1.0)]
    assert [one.code for one in figure.remarks] == ["R838", "R838"]
    assert "2, 3, 4, 5" in figure.remarks[0].words.zh


def test_without_amounts_there_are_customers_and_no_money() -> None:
    figure = rfm_grid(one_customer())
    assert figure.frame["customers"].sum() == 1
    assert figure.frame["revenue"].null_count() == 25
    assert figure.remarks[0].code == "R836"
    groups = rfm_groups(one_customer())
    assert groups.frame.is_empty()
    assert [one.code for one in groups.remarks] == ["R836"]


def test_a_period_without_purchases_is_said() -> None:
    figure = rfm_grid(one_customer(amount=[5]), within="7d")
    assert figure.frame["customers"].sum() == 0
    assert figure.frame["share"].null_count() == 25
    assert [one.code for one in figure.remarks] == ["R837"]


def test_a_length_that_is_none_is_said() -> None:
    with pytest.raises(rulecrm.RulesError) as error:
        rfm_grid(one_customer(amount=[5]), within="soon")
    assert error.value.diagnostics[0].code == "R800"

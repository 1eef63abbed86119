"""What cannot be concluded about repurchase is said, and so is a mistake in what is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

import rulecrm
from rulecrm import RulesError
from rulecrm.insight import (
    Figure,
    Shop,
    acquisition_cost,
    cohorts,
    migration,
    migration_balance,
    order_shares,
    payback,
    repurchase_curve,
    repurchase_rate,
    second_purchase,
    weekly_targets,
)
from tests.insight.bought import World, cdnow

# --- nothing to conclude from -------------------------------------------------------------------------------------

ALL: dict[str, Callable[[Shop], Figure]] = {
    "second_purchase": second_purchase,
    "repurchase_rate": repurchase_rate,
    "repurchase_curve": repurchase_curve,
    "repurchase_curve_any": lambda shop: repurchase_curve(shop, after="any"),
    "cohorts": cohorts,
    "order_shares": order_shares,
    "migration": lambda shop: migration(shop, "often", before="2025-01-15"),
    "migration_balance": lambda shop: migration_balance(shop, "often", before="2025-01-15"),
    "acquisition_cost": lambda shop: acquisition_cost(shop, per_customer=5),
    "payback": lambda shop: payback(shop, per_customer=5),
    "weekly_targets": lambda shop: weekly_targets(shop, {"orders": 3, "revenue": 100}),
}

SHOPS = {
    "nobody": ([], False),
    "one customer": ([("a", "2025-01-01")], True),
    "one customer without amounts": ([("a", "2025-01-01")], False),
    "all alike": ([(name, day) for name in "abcd" for day in ("2025-01-01", "2025-01-20")], True),
    "all at once, at T": ([(name, "2025-02-01") for name in "abab"], True),
    "nobody but later": ([("a", "2025-06-01")], True),
}


@pytest.mark.parametrize("figure", ALL)
@pytest.mark.parametrize("shop", SHOPS)
def test_what_cannot_be_concluded_is_said(shop: str, figure: str) -> None:
    rows, priced = SHOPS[shop]
    world = World("UTC", (), dt.datetime(2025, 2, 1, tzinfo=dt.UTC))
    orders = pl.DataFrame(
        {
            "order": [str(number) for number in range(len(rows))],
            "customer": [customer for customer, _ in rows],
            "paid_at": [dt.datetime.fromisoformat(f"{day}T00:00Z") for _, day in rows],
            **({"amount": ["10.00"] * len(rows)} if priced else {}),
        },
        schema_overrides={"order": pl.String, "customer": pl.String, "paid_at": pl.Datetime("us", "UTC")},
    )
    facts = rulecrm.Facts.from_frames(
        orders=orders if not priced else orders.with_columns(pl.col("amount").str.to_decimal(scale=2))
    )
    found = ALL[figure](Shop.of(world.shop.rules, facts, as_of="2025-02-01"))
    assert found.name == figure
    assert found.title.zh
    assert found.definition.en.endswith(".")
    assert found.definition.zh.endswith("。")
    visible = [one for one in rows if one[1] <= "2025-02-01"]
    if not visible and figure not in {"weekly_targets", "second_purchase", "repurchase_rate"}:
        assert any(one.code == "R820" for one in found.remarks)
    # Whatever cell is missing, a remark or the definition says why.
    if any(found.frame.get_column(name).null_count() for name in found.frame.columns):
        assert found.remarks or "blank" in found.definition.en or "missing" in found.definition.en
    assert set(found.columns) >= {name for name in found.frame.columns if name != "customer"} - {"direction"}


def test_amounts_in_other_currencies_need_rates() -> None:
    orders = pl.DataFrame(
        {
            "order": ["1", "2"],
            "customer": ["a", "b"],
            "paid_at": [dt.datetime(2025, 1, 1, tzinfo=dt.UTC)] * 2,
            "amount": ["1.00", "2.00"],
            "currency": ["CNY", "USD"],
        }
    ).with_columns(pl.col("amount").str.to_decimal(scale=2))
    shop = Shop.of(
        rulecrm.loads('timezone "UTC"\ncurrency CNY'), rulecrm.Facts.from_frames(orders=orders), as_of="2025-02-01"
    )
    for ask in (order_shares, cohorts, second_purchase):
        with pytest.raises(RulesError, match="USD"):
            ask(shop)


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (lambda shop: second_purchase(shop, within="45"), "R800", "no length"),
        (lambda shop: cohorts(shop, by="monht"), "R120", "month"),
        (lambda shop: repurchase_curve(shop, after="firts"), "R120", "first"),
        (lambda shop: repurchase_curve(shop, days=0), "R823", "0 days"),
        (lambda shop: repurchase_curve(shop, level=95), "R823", "level of 95"),
        (lambda shop: migration(shop, "oftne", before="1997-05-01"), "R120", "recency|classification"),
        (lambda shop: migration(shop, "recency"), "R826", "instant to start from"),
        (lambda shop: migration(shop, "recency", before="1999-01-01"), "R826", "before it ends"),
        (lambda shop: migration(shop, "recency", before="1997-05-01", best_first=["activ"]), "R120", "active"),
        (lambda shop: migration(shop, "recency", before="1997-05-01", best_first=["lost", "lost"]), "R826", "twice"),
        (acquisition_cost, "R827", "one of the two"),
        (lambda shop: acquisition_cost(shop, per_customer=-1), "R827", "negative"),
        (lambda shop: acquisition_cost(shop, per_customer="ten"), "R827", "no number"),
        (lambda shop: acquisition_cost(shop, per_customer="0.00001"), "R827", "4 decimals"),
        (lambda shop: acquisition_cost(shop, per_customer=1, margin=35), "R827", "0.35"),
        (lambda shop: acquisition_cost(shop, spent=pl.DataFrame({"start": ["x"]})), "R827", "lack the column `end`"),
        (lambda shop: acquisition_cost(shop, spent=costs(sorce="ad")), "R827", "source"),
        (lambda shop: acquisition_cost(shop, spent=costs(source="ad")), "R827", "no column `source`"),
        (lambda shop: acquisition_cost(shop, spent=costs(end="1996-01-01")), "R827", "before it starts"),
        (lambda shop: acquisition_cost(shop, spent=costs(start="January")), "R827", "no day"),
        (lambda shop: payback(shop, per_customer=1, days=(-1,)), "R827", "number of days"),
        (lambda shop: payback(shop, per_customer=1, days=()), "R827", "no days"),
        (lambda shop: weekly_targets(shop, {"order": 3}), "R120", "orders"),
        (lambda shop: weekly_targets(shop, {"orders": {"1998-06-23": 3}}), "R827", "1998-06-22"),
        (lambda shop: weekly_targets(shop, {"orders": {"1998-06-22": float("nan")}}), "R827", "no number"),
        (lambda shop: weekly_targets(shop, pl.DataFrame({"wek": ["1998-06-22"]})), "R827", "week"),
        (lambda shop: weekly_targets(shop, pl.DataFrame({"week": ["1998-06-22"] * 2, "orders": [1, 2]})), "R827", "two targets"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_asked_is_said(asked: Callable[[Shop], Figure], code: str, words: str) -> None:
    with pytest.raises(RulesError, match=words) as error:
        asked(cdnow("1998-07-01"))
    assert [one.code for one in error.value.diagnostics] == [code]


def costs(**changed: str) -> pl.DataFrame:
    return pl.DataFrame([{"start": "1997-01-01", "end": "1997-01-31", "cost": 5, **changed}])


def test_costs_that_match_nothing_are_said() -> None:
    spent = pl.DataFrame({"start": ["1997-01-01", "1996-01-01"], "end": ["1997-01-31", "1996-01-31"], "cost": [100, 7]})
    figure = acquisition_cost(cdnow("1998-07-01"), spent=spent)
    # 7,846 of the 23,570 first bought in January 1997, by the month of their first line.
    assert [str(one) for one in figure.remarks] == [
        "15,724 customers were won where no cost is given; they are left out. (R829)",
        "1 row of the costs won nobody; the money is counted, and no orders come of it. (R829)",
    ]
    assert figure.frame["cost"].to_list() == [107] * 5

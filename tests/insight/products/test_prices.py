"""Elasticities: planted ones are found, and what cannot be concluded is not."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from scipy.stats import linregress

from rulecrm import RulesError
from rulecrm.insight import Figure, price_sensitivity
from tests.insight.products.making import instant, items_of, shop_of

MONDAY = instant("2024-01-08T12:00")
AS_OF = "2025-01-06"
Weeks = list[tuple[int, float] | None]
"""Units and price of each week from 8 January 2024; None in a week without sales."""


def items(**products: Weeks) -> pl.DataFrame:
    """A line for each product and week."""
    sold = [
        (name, number, *week)
        for name, weeks in products.items()
        for number, week in enumerate(weeks)
        if week is not None
    ]
    lines = [(f"o{name}{n}", "c", name, MONDAY + dt.timedelta(days=7 * n)) for name, n, _, _ in sold]
    amounts = [Decimal(f"{units * price:.2f}") for _, _, units, price in sold]
    return items_of(
        lines, quantity=[units for *_, units, _ in sold], amount=pl.Series(amounts, dtype=pl.Decimal(18, 2))
    )


def of(figure: Figure, product: str) -> dict[str, object]:
    return figure.frame.filter(pl.col("product") == product).row(0, named=True)


FLAT: Weeks = [(200, 10.0)] * 52
PRICES = [10.0, 9.0, 10.0, 8.0, 12.0, 10.0, 9.5, 11.0]


def test_an_elasticity_by_a_regression_of_others() -> None:
    draw = np.random.Generator(np.random.PCG64(11))
    tea: Weeks = [(int(draw.poisson(80 * (PRICES[n % 8] / 10) ** -1.8)), PRICES[n % 8]) for n in range(52)]
    rest: Weeks = [(int(draw.poisson(300)), 20.0) for _ in range(52)]
    figure = price_sensitivity(shop_of(AS_OF, items=items(tea=tea, rest=rest)))
    row = of(figure, "tea")
    x = [math.log(Decimal(f"{week[0] * week[1]:.2f}") / week[0]) for week in tea if week]
    y = [math.log(week[0] / other[0]) for week, other in zip(tea, rest, strict=True) if week and other]
    fit = linregress(x, y)
    assert row["weeks"] == 52
    assert row["elasticity"] == pytest.approx(fit.slope)
    assert row["high"] - row["elasticity"] == pytest.approx(2.008559 * fit.stderr, rel=1e-5)  # t, 50 degrees, 97.5 %
    assert row["low"] < -1.8 < row["high"] < 0  # type: ignore[operator]
    assert row["ten_off"] == pytest.approx(0.9**fit.slope - 1)
    assert (row["lowest"], row["highest"]) == (Decimal("8.0000"), Decimal("12.0000"))
    assert row["why"] is None
    assert of(figure, "rest")["why"] == "never_changed"


def test_what_moves_all_sales_is_taken_out() -> None:
    # In dear weeks everybody buys half as much of everything; the price itself does nothing.
    busy = [1.0 if n % 2 else 0.5 for n in range(40)]
    tea: Weeks = [(round(100 * one), 10.0 if one == 1 else 12.0) for one in busy]
    rest: Weeks = [(round(1000 * one), 20.0) for one in busy]
    row = of(price_sensitivity(shop_of(AS_OF, items=items(tea=tea, rest=rest))), "tea")
    assert row["elasticity"] == pytest.approx(0, abs=1e-9)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    draw = np.random.Generator(np.random.PCG64(2))
    many: dict[str, Weeks] = {
        f"p{k}": [
            (
                max(round(100 * math.exp(draw.normal(0, 0.3)) * (PRICES[(n + k) % 8] / 10) ** -1.5), 1),
                PRICES[(n + k) % 8],
            )
            for n in range(40)
        ]
        for k in range(300)
    }
    frame = price_sensitivity(shop_of(AS_OF, items=items(**many))).frame
    held = frame.select(((pl.col("low") <= -1.5) & (pl.col("high") >= -1.5)).mean()).item()
    assert frame["why"].null_count() == 300
    assert held == pytest.approx(0.95, abs=0.035)


def sale(weeks: Weeks, price: float) -> Weeks:
    """The same, with a price of its own in the weeks 20 and 40, in which five times as much is sold."""
    return [(5 * week[0], price) if n in (20, 40) and week else week for n, week in enumerate(weeks)]


@pytest.mark.parametrize(
    ("tea", "why"),
    [
        ([(20, 10.0)] * 52, "never_changed"),
        ([(20, 10.0)] * 5 + [(30, 9.0)] * 4, "too_few_weeks"),
        ([(20, 10.0)] * 26 + [(30, 8.0)] * 26, "changed_once"),
        ([(20, 10.0 + n % 2) if n % 3 else None for n in range(52)], "often_unsold"),
        ([(20, 10.0 + 0.05 * (n % 4)) for n in range(52)], "never_changed"),  # a cent of a cent is no change
    ],
)
def test_why_nothing_can_be_said(tea: Weeks, why: str) -> None:
    figure = price_sensitivity(shop_of(AS_OF, items=items(tea=tea, rest=FLAT)))
    row = of(figure, "tea")
    assert row["why"] == why
    assert row["elasticity"] is row["low"] is row["high"] is row["ten_off"] is None
    assert why in [one.about.get("why") for one in figure.remarks]
    assert {one.code for one in figure.remarks} == {"R849"}


def test_a_price_that_moves_with_sale_days_says_nothing() -> None:
    shop = shop_of(AS_OF, items=items(tea=sale([(20, 10.0)] * 52, 7.0), rest=sale(FLAT, 10.0)))
    assert of(price_sensitivity(shop), "tea")["why"] == "sale_days"
    # Were those weeks ordinary, the shop's busiest days would look like the work of the price.
    assert of(price_sensitivity(shop, sale_from=9), "tea")["why"] is None
    named = price_sensitivity(shop, sale_from=9, sale_days=[dt.date(2024, 5, 30), dt.date(2024, 10, 14)])
    assert of(named, "tea")["why"] == "sale_days"


def test_one_product_alone_has_no_weeks_to_compare_with() -> None:
    tea: Weeks = [(20 + n % 5, PRICES[n % 8]) for n in range(52)]
    assert of(price_sensitivity(shop_of(AS_OF, items=items(tea=tea))), "tea")["why"] == "no_others"


def test_only_whole_weeks_of_the_time_asked_for_count() -> None:
    tea: Weeks = [(20, PRICES[n % 8]) for n in range(52)]
    shop = shop_of("2024-12-25T18:00", items=items(tea=tea, rest=FLAT))
    # The last week, from 23 December, is not over; 12 weeks back is 2 October, a Wednesday, so 7 October is the first.
    row = of(price_sensitivity(shop, within="12w"), "tea")
    assert row["units"] == 20 * 11
    whole = of(price_sensitivity(shop_of("2024-12-23", items=items(tea=tea, rest=FLAT)), within="12w"), "tea")
    assert whole["weeks"] == 12


def test_nothing_sold_and_no_amounts_are_said() -> None:
    tea: Weeks = [(20, 10.0)] * 3
    nothing = price_sensitivity(shop_of("2023-01-01", items=items(tea=tea)))
    assert nothing.frame.is_empty()
    assert [one.code for one in nothing.remarks] == ["R849"]
    without = price_sensitivity(shop_of(AS_OF, items=items(tea=tea).drop("amount")))
    assert [one.code for one in without.remarks] == ["R845"]
    assert without.frame.schema == nothing.frame.schema


def test_gifts_have_no_price() -> None:
    tea: Weeks = [(20, PRICES[n % 8]) if n % 10 else (20, 0.0) for n in range(52)]
    row = of(price_sensitivity(shop_of(AS_OF, items=items(tea=tea, rest=FLAT))), "tea")
    assert row["lowest"] == Decimal("8.0000")
    assert row["weeks"] == 46


@pytest.mark.parametrize("asked", [{"at_least": 2}, {"sale_from": 1.0}, {"level": 0.0}, {"within": "1 summer"}])
def test_what_cannot_be_asked_is_said(asked: dict[str, object]) -> None:
    with pytest.raises(RulesError) as error:
        price_sensitivity(shop_of(AS_OF, items=items(tea=FLAT)), **asked)  # type: ignore[arg-type]
    assert error.value.diagnostics[0].code in ("R850", "R819", "R800")

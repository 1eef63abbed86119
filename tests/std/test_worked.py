"""The modules of the standard library on the shop of the conformance cases, worked out by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from pathlib import Path

import polars as pl
import pytest

import rulecrm
from tests.conformance.world import AS_OF, facts

SHOP = (Path(__file__).parents[1] / "conformance" / "cases" / "shop.rules").read_text(encoding="utf-8")


@cache
def table(line: str) -> pl.DataFrame:
    """Every definition that an import brings, for every customer."""
    rules = rulecrm.loads(f"{line}\n{SHOP}")
    return rules.evaluate(facts(rules.program.schema), as_of=AS_OF).table()


def column(name: str, line: str) -> dict[str, object]:
    found = table(line)
    return dict(zip(found.get_column("customer"), found.get_column(name).to_list(), strict=True))


def by_label(name: str, line: str) -> dict[str, str]:
    """Customers of each label, in one text."""
    members: dict[str, list[str]] = {}
    for customer, label in column(name, line).items():
        members.setdefault(str(label), []).append(customer)
    return {label: " ".join(sorted(found)) for label, found in members.items()}


def test_value() -> None:
    # bought in the last year: ann 12 for 1450, bob 1 for 80, cat 2 for 260, fay 2 for 450, gus 4 for 200,
    # jon 5 for 200, leo 1 for 120; means 27/7 = 3.86 purchases and 2760/7 = 394.29 CNY
    assert by_label("value", 'import "std/value.rules"') == {
        "premium": "ann",
        "potential": "fay",
        "problem": "gus jon",
        "pending": "bob cat dan eve hal ivy kim leo",
    }


def test_value_in_another_window() -> None:
    # in two years eve has 3 for 1800: means 30/8 = 3.75 and 4560/8 = 570
    assert by_label("value", 'import "std/value.rules" with { value_window: 2y }') == {
        "premium": "ann",
        "potential": "eve",
        "problem": "gus jon",
        "pending": "bob cat dan fay hal ivy kim leo",
    }


def test_recency() -> None:
    # days since the last purchase: ann 8, bob 109, cat 3, eve 404, fay 8, gus 48, jon 1, leo 6
    assert by_label("recency", 'import "std/recency.rules"') == {
        "prospect": "dan hal ivy kim",
        "active": "ann cat fay jon leo",
        "silent": "gus",
        "sleeping": "bob",
        "lost": "eve",
    }


def test_who_came_back() -> None:
    came_back = column("came_back", 'import "std/recency.rules"')
    assert [customer for customer, back in came_back.items() if back] == ["fay"]


def test_frequency() -> None:
    assert by_label("frequency", 'import "std/frequency.rules"') == {
        "never": "dan hal ivy kim",
        "once": "bob leo",
        "twice": "cat fay",
        "more": "ann eve gus jon",
    }


def test_rfm_scores() -> None:
    # 8 buyers, score = below·5 // 8 + 1. Last bought: eve, bob, gus, ann = fay, leo, cat, jon.
    # Purchases: bob = leo 1, cat = fay 2, eve 3, gus 4, jon 5, ann 12.
    # Spent: bob 80, leo 120, gus = jon 200, cat 260, fay 450, ann 1450, eve 1800.
    assert column("rfm_score", 'import "std/rfm.rules"') == {
        "ann": 254, "bob": 111, "cat": 423, "dan": None, "eve": 135, "fay": 224, "gus": 242, "hal": None, "ivy": None,
        "jon": 542, "kim": None, "leo": 411,
    }  # fmt: skip


def test_rfm_groups() -> None:
    assert by_label("rfm_group", 'import "std/rfm.rules"') == {
        "prospect": "dan hal ivy kim",
        "loyal": "jon",
        "potential_loyalist": "cat",
        "promising": "leo",
        "at_risk": "ann fay gus",
        "cannot_lose": "eve",
        "lost": "bob",
    }


@pytest.mark.parametrize(
    ("metric", "customer", "expected"),
    [
        ("purchases", "ann", 12),
        ("purchases", "kim", 0),
        ("purchases_in_year", "eve", 0),
        ("spent", "ann", Decimal(1450)),
        ("spent", "kim", Decimal(0)),
        ("spent_in_year", "eve", Decimal(0)),
        ("average_order", "cat", Decimal(130)),
        ("largest_order", "ann", Decimal(350)),
        ("idle", "cat", dt.timedelta(days=3, hours=2)),  # paid at 10:00, asked at 12:00
        ("tenure", "bob", dt.timedelta(days=109, hours=2)),
        ("rhythm", "gus", dt.timedelta(days=30)),  # gaps of 28, 31 and 30 days
        ("longest_pause", "fay", dt.timedelta(days=252)),
        ("months_active", "ann", 12),
        ("months_active", "jon", 2),
        ("paid_back", "gus", Decimal(120)),
        ("paid_back", "ann", Decimal(0)),
        ("net_revenue", "gus", Decimal(80)),
        ("net_revenue", "ann", Decimal(1450)),
        ("net_revenue", "kim", Decimal(0)),
        ("refund_share", "gus", 0.75),
        ("coupon_share", "jon", 1.0),
        ("discount_share", "jon", 0.2),  # 50 off 250
        ("favourite_category", "ann", "dress"),
        ("favourite_category", "fay", "shoe"),  # a coat and a shoe, the shoe last
    ],
)
def test_an_everyday_figure(metric: str, customer: str, expected: object) -> None:
    assert column(metric, 'import "std/commerce.rules"')[customer] == expected


def test_who_is_overdue() -> None:
    # eve: gaps of 60 and 61 days, idle for 404; gus: rhythm 30 days, idle for 48
    overdue = column("overdue", 'import "std/commerce.rules"')
    assert [customer for customer, late in overdue.items() if late] == ["eve"]
    sooner = column("overdue", 'import "std/commerce.rules" with { overdue_after: 1.5 }')
    assert [customer for customer, late in sooner.items() if late] == ["eve", "gus"]


@pytest.mark.parametrize(
    ("metric", "customer", "expected"),
    [
        ("preferred_category", "ann", "dress"),  # 10 of 13 lines, 1000 of 1450
        ("preferred_category_share", "ann", 10 / 13),
        ("preferred_category_spend", "ann", 1000 / 1450),
        ("categories_bought", "ann", 4),
        ("preferred_brand_share", "ann", 12 / 13),
        ("preferred_category", "cat", "tea"),  # a dress and tea, tea last
        ("preferred_category_spend", "cat", 60 / 260),
        ("preferred_category", "eve", None),  # nothing for a year
        ("preferred_season", "ann", "from_june"),  # three purchases a season, the last in June
        ("weekend_share", "jon", 0.6),  # three Sundays and two Tuesdays
        ("weekend_buyers", "jon", True),
        ("weekend_buyers", "cat", False),  # two Sundays are no habit yet
        ("preferred_weekday", "gus", 6),  # two Saturdays, a Tuesday, a Thursday
        ("preferred_hour", "leo", 9),
    ],
)
def test_a_preference(metric: str, customer: str, expected: object) -> None:
    assert column(metric, 'import "std/preferences.rules"')[customer] == expected


def test_how_purchases_were_decided() -> None:
    # cat looked 15 hours before, leo asked the day before, fay only marked a favourite; the rest did nothing
    assert by_label("decision", 'import "std/before_buying.rules"') == {
        "not_decided": "dan hal ivy kim",
        "quick": "cat",
        "asked_first": "leo",
        "unseen": "ann bob eve fay gus jon",
    }
    assert column("time_from_cart", 'import "std/before_buying.rules"')["cat"] == dt.timedelta(hours=14)
    left = column("cart_without_order", 'import "std/before_buying.rules"')
    assert [customer for customer, waits in left.items() if waits] == ["ivy"]  # of 16 June; bob's is of 1 May


@pytest.mark.parametrize(
    ("name", "module", "customer", "expected"),
    [
        ("price_sensitivity", "sensitivity", "jon", "discount_only"),
        ("price_sensitivity", "sensitivity", "ann", "full_price_only"),
        ("price_sensitivity", "sensitivity", "bob", "too_few_to_tell"),
        ("mean_discount_rate", "sensitivity", "jon", 0.2),  # 10 off 50
        ("coupon_led", "sensitivity", "jon", True),
        ("refunds_share", "service", "gus", 0.75),
        ("refunded_amount", "service", "gus", Decimal(120)),
        ("refunded_spending", "service", "gus", 0.6),  # of 200
        ("refunds_too_often", "service", "gus", True),
        ("cancelled_share", "service", "hal", 0.5),
        ("cancels_too_often", "service", "hal", False),  # two orders are too few to judge
        ("inquiries_before_order", "service", "leo", 1),
        ("inquiries_before_order", "service", "dan", 0),
    ],
)
def test_sensitivity_and_service(name: str, module: str, customer: str, expected: object) -> None:
    rules = rulecrm.loads(f'import "std/{module}.rules"\n{SHOP}')
    found = rules.evaluate(facts(rules.program.schema), as_of=AS_OF, only=[name]).table()
    assert found.filter(pl.col("customer") == customer)[name].item() == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Sold since 20 March, noon: p1 to ann twice and to cat; p2 to fay and leo; p3 and p5 to ann; p4 to cat, twice to
        # gus and five times to jon. In the ninety days before: p1 to ann three times, p2 to bob, p4 to gus twice.
        ("units", (3, 2, 1, 8, 1)),
        ("revenue", tuple(map(Decimal, (400, 270, 250, 360, 100)))),
        ("margin_rate", (0.5,) * 5),
        ("buyers", (2, 2, 1, 3, 1)),
        ("first_buyers", (1, 2, 1, 2, 1)),
        ("growth", (100 / 300, 190 / 80, None, 260 / 100, None)),
        ("rebought", (1 / 3, 0, 0, 5 / 8, 0)),
        ("refunded_share", (0, 0, 0, 1 / 8, None)),  # no order names p5: it is the second line of one of p3
        # All margins are alike; 1380 of revenue are 276 a product. Of p4 there are five units and more.
        ("growing", (False, False, False, True, False)),
        ("product_role", ("profit", "potential", "potential", "profit", "potential")),
    ],
)
def test_a_figure_of_products(name: str, expected: tuple[object, ...]) -> None:
    rules = rulecrm.loads(f'import "std/products.rules"\n{SHOP}')
    found = rules.evaluate(facts(rules.program.schema), as_of=AS_OF, only=[name]).table("product")
    assert found.get_column("product").to_list() == ["p1", "p2", "p3", "p4", "p5"]
    values = found.get_column(name).to_list()
    assert values == [pytest.approx(one) if isinstance(one, float) else one for one in expected]

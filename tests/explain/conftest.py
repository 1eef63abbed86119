"""A small shop whose numbers are worked out by hand in the tests."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import rulecrm

RULES = """\
timezone "Asia/Shanghai"
currency CNY

metric purchases = count(purchase)
metric spent     = sum(purchase.amount last 365d) ?? 0 CNY
metric idle      = age(last(purchase).at)
metric basket    = mean(purchase.amount)

segment vip_at_risk "VIPs going quiet" = purchases >= 4 and idle > 60d
segment gentle = (purchases in 1..2 or spent > 1000 CNY) and not (value is premium) and city not in ["Beijing"]
segment came_back = sequence(purchase then no purchase within 20d then purchase)
segment was_premium = value is premium as of 30d ago
segment on_new_year = first(purchase).at on 2025-01-01
segment unspent = none(purchase where amount > basket last 10d)
segment everybody = population count() > 0
segment 重要客户 "最重要的客户" = spent > 5000 CNY

classify value "Value quadrant" {
  premium "Premium" when spent >= population mean(spent) and purchases >= 2
  potential when spent >= population mean(spent)
  pending otherwise
}

lifecycle relationship { start prospect  prospect -> active on purchase }
segment active = relationship is active
"""

AS_OF = "2025-03-22"


def at(text: str) -> dt.datetime:
    """An instant on the wall clock of Shanghai."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="session")
def rules() -> rulecrm.Rules:
    return rulecrm.loads(RULES, source="shop.rules")


@pytest.fixture(scope="session")
def facts() -> rulecrm.Facts:
    """Four customers.

    `ann` bought on 2 January (100.50), 2 February (20) and 21 March (7.25); `bo` once, on 4 February (300); `cy`
    ordered and never paid; `di` joins on 1 April.
    """
    orders = pl.DataFrame(
        {
            "order": ["o1", "o2", "o3", "o4", "o5"],
            "customer": ["ann", "ann", "bo", "cy", "ann"],
            "placed_at": [at("2025-01-01"), at("2025-02-01"), at("2025-02-03"), at("2025-03-01"), at("2025-03-20")],
            "paid_at": [at("2025-01-02"), at("2025-02-02T12:30"), at("2025-02-04"), None, at("2025-03-21")],
            "amount": [Decimal("100.50"), Decimal(20), Decimal(300), Decimal(5), Decimal("7.25")],
        },
        schema_overrides={"amount": pl.Decimal(18, 2)},
    )
    customers = pl.DataFrame(
        {
            "customer": ["ann", "bo", "cy", "di"],
            "city": ["Beijing", None, "Wuhan", None],
            "joined_at": [None, None, None, at("2025-04-01")],
        }
    )
    return rulecrm.Facts.from_frames(orders=orders, customers=customers)

"""Newcomers of a sale, found day by day: every evaluation sees what was known on that day, and nothing later."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

import rulecrm

ZONE = ZoneInfo("Asia/Shanghai")
HERE = Path(__file__).parent

ORDERS = [
    ("ann", dt.datetime(2025, 11, 11, 0, 5, tzinfo=ZONE), "499.00"),
    ("bob", dt.datetime(2025, 11, 11, 9, 30, tzinfo=ZONE), "299.00"),
    ("eve", dt.datetime(2025, 11, 11, 20, 0, tzinfo=ZONE), "59.90"),  # too small
    ("joe", dt.datetime(2025, 10, 1, 12, 0, tzinfo=ZONE), "80.00"),  # no newcomer
    ("joe", dt.datetime(2025, 11, 11, 12, 0, tzinfo=ZONE), "800.00"),
    ("ann", dt.datetime(2025, 11, 28, 18, 0, tzinfo=ZONE), "35.00"),
]
MESSAGES = [("bob", dt.datetime(2025, 12, 5, 10, 0, tzinfo=ZONE), "message", "come back")]

orders = pl.DataFrame(
    {
        "order": [str(number) for number in range(len(ORDERS))],
        "customer": [customer for customer, _, _ in ORDERS],
        "paid_at": [at for _, at, _ in ORDERS],
        "amount": [Decimal(amount) for _, _, amount in ORDERS],
    }
)
events = pl.DataFrame(MESSAGES, schema=["customer", "at", "kind", "campaign"], orient="row")

rules = rulecrm.load(HERE / "double11.rules")
facts = rulecrm.Facts.from_frames(orders=orders, events=events)

for day in ("2025-11-11", "2025-11-12", "2025-12-04", "2025-12-05", "2025-12-06"):
    result = rules.evaluate(facts, as_of=day)
    print(day, {name: result.segment(name)["customer"].to_list() for name in result.segments})

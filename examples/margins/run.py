"""Rules about products: what earns, what loses, what sleeps."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl

import rulecrm

HERE = Path(__file__).parent

LINES = [
    ("1", "ann", "tea", dt.datetime(2025, 1, 10, 16, tzinfo=dt.UTC), "30.00", "12.00"),
    ("1", "ann", "cup", dt.datetime(2025, 1, 10, 16, tzinfo=dt.UTC), "8.00", "9.50"),
    ("2", "bob", "tea", dt.datetime(2025, 5, 2, 16, tzinfo=dt.UTC), "15.00", "6.00"),
    ("3", "eve", "pot", dt.datetime(2025, 5, 20, 16, tzinfo=dt.UTC), "45.00", "41.00"),
]

items = pl.DataFrame(
    {
        "order": [line[0] for line in LINES],
        "customer": [line[1] for line in LINES],
        "product": [line[2] for line in LINES],
        "paid_at": [line[3] for line in LINES],
        "amount": [Decimal(line[4]) for line in LINES],
        "cost": [Decimal(line[5]) for line in LINES],
    }
)
products = pl.DataFrame({"product": ["tea", "cup", "pot", "jar"]})

rules = rulecrm.load(HERE / "margins.rules")
result = rules.evaluate(rulecrm.Facts.from_frames(items=items, products=products), as_of="2025-06-01")
for row in result.table("product").iter_rows(named=True):
    print(row["product"], row["revenue"], row["margin"], row["buyers"], [name for name in result.segments if row[name]])

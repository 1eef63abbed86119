"""Four quadrants of value: how many customers are in each, what they bring, and whom to do something about."""

import datetime as dt
from pathlib import Path

import polars as pl

import rulecrm
from rulecrm.testing.shops import make_shop

rules = rulecrm.load(Path(__file__).parent / "value_quadrants.rules")
facts = make_shop(customers=2_000, start=dt.date(2025, 1, 1), days=365)

result = rules.evaluate(facts, as_of="2026-01-01")
buyers = result.table().filter(pl.col("bought_in_window"))
print(f"{buyers.height} bought within half a year")
quadrants = buyers.group_by("value").agg(
    customers=pl.len(),
    orders=pl.col("orders_in_window").mean(),
    spent=pl.col("revenue").mean(),
    share=pl.len() / buyers.height,
    revenue=pl.col("revenue").sum() / buyers["revenue"].sum(),
)
for row in quadrants.sort("value").iter_rows(named=True):
    print(
        "  {value:9} {customers:4} customers ({share:3.0%}), {orders:.1f} orders and {spent:4.0f} CNY each: "
        "{revenue:3.0%} of the revenue".format(**row)
    )

print()
for name, title, size in result.sizes().select("segment", "title", "size").rows():
    if name in ("raise_frequency", "raise_basket", "slipped"):
        print(f"{name}: {size} ({title})")

print()
slipped = result.table().filter("slipped").group_by("value").len().sort("value")
print("slipped to " + ", ".join(f"{label}: {size}" for label, size in slipped.rows()))

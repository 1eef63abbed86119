"""A few figures every day against what was to be expected, three weeks of it; a day when payments failed is in them."""

import datetime as dt
from pathlib import Path

import polars as pl

import rulecrm
from rulecrm.insight import Shop, kpi_values
from rulecrm.testing.shops import make_shop_frames

ZONE = "Asia/Shanghai"
rules = rulecrm.load(Path(__file__).parent / "daily_monitoring.rules")

frames = make_shop_frames(customers=8_000, start=dt.date(2025, 3, 1), days=300)
placed = pl.col("placed_at").dt.convert_time_zone(ZONE)
failed = (placed.dt.date() == dt.date(2025, 11, 26)) & (placed.dt.hour() >= 9)  # from nine, nobody could pay
lost = ["paid_at", "delivered_at", "refunded_at"]
frames["orders"] = frames["orders"].with_columns(pl.when(~failed).then(pl.col(name)).alias(name) for name in lost)
shop = Shop.of(rules, rulecrm.Facts.from_frames(**frames), as_of="2025-12-02")

FIGURES = {"visitors": "5.0f", "orders": "5.0f", "paid_share": "5.0%", "order_value": "5.0f", "turnover": "6,.0f"}
# Five figures a day: with ranges of 95 % about every fourth morning would have a false alarm.
figure = kpi_values(shop, list(FIGURES), start="2025-11-10", end="2025-12-02", every="day", level=0.99)
print("            " + "  ".join(f"{name:>11}" for name in FIGURES))
for (day,), rows in figure.frame.group_by("start", maintain_order=True):
    shown = [f"{row['value']:{FIGURES[row['kpi']]}}{' !'[row['alert']]}" for row in rows.iter_rows(named=True)]
    print(f"{day:%a %d %b}  " + "  ".join(f"{one:>11}" for one in shown).rstrip())

print()
for row in figure.frame.filter("alert").sort("start", maintain_order=True).iter_rows(named=True):
    how = FIGURES[row["kpi"]].lstrip("56")
    low, high, value = (f"{row[name]:{how}}" for name in ("low", "high", "value"))
    why = f"{low} to {high} was to be expected" if row["by_range"] else "within its range"
    line = ", and the line is crossed" if row["by_rule"] else ""
    print(f"{row['start']:%d %b}: {row['title']} {value}; {why}{line}")

result = rules.evaluate(shop.facts, as_of="2025-11-27T08:00", only=["unpaid_yesterday"])
print()
print(f"on the morning of 27 November: {len(result.segment('unpaid_yesterday'))} customers to be asked to pay again")
print(figure.remarks[0].words)

"""What the customers there are will bring, how many new ones a target needs, and how far such a forecast was off."""

from importlib.resources import as_file, files
from pathlib import Path

import polars as pl

import rulecrm
from rulecrm.insight import Shop, clv, clv_check, customers_needed, fit_lifetime, repeat_forecast

rules = rulecrm.load(Path(__file__).parent / "performance_forecast.rules")
with as_file(files("rulecrm.demo") / "cdnow.parquet") as path:
    orders = pl.read_parquet(path).filter(pl.col("customer").cast(pl.Int64) % 3 == 0)  # a real shop; a third of it
facts = rulecrm.Facts.from_frames(orders=orders, schema=rules.program.schema)
shop = Shop.of(rules, facts, as_of="1997-10-01")
model = fit_lifetime(shop)

check = clv_check(shop, holdout="12w").frame.row(-1, named=True)
print("had we asked 12 weeks ago: {predicted:.3f} purchases a customer ({low:.3f} to {high:.3f})".format(**check))
print("came:                      {actual:.3f}".format(**check))

print()
print("orders of the weeks to come, and what came of it")
later = shop.at("1997-12-25").purchases().filter(pl.col("number") > 1)
weeks = repeat_forecast(shop, horizon="12w", model=model)
for row in weeks.frame.iter_rows(named=True):
    came = later.filter(pl.col("day").is_between(row["start"], row["end"])).height
    beyond = "  more than expected" if came > row["high"] else "  less than expected" if came < row["low"] else ""
    print("  {start}  {orders:4.0f} ({low:.0f} to {high:.0f})".format(**row) + f"  {came:4}{beyond}")

print()
for target in (80_000, 100_000):
    needed = customers_needed(shop, target, period="90d", model=model).frame.row(0, named=True)
    print(
        "{target:,.0f} USD in 90 days: {repeat_revenue:,.0f} from the customers there are; for the rest "
        "{needed} new ones ({needed_low} to {needed_high}), who bring {per_customer:.0f} USD each".format(**needed)
    )

print()
values = clv(shop, horizon="365d", model=model).frame
outlook = values.select("customer", "alive", "value", at=pl.lit(shop.as_of), purchases="purchases_expected")
known = rulecrm.Facts.from_frames(orders=orders, outlook=outlook, schema=rules.program.schema)
result = rules.evaluate(known, as_of="1997-10-02")
for name, title, size in result.sizes().select("segment", "title", "size").rows():
    print(f"{name}: {size} ({title})")
total = values["value"].sum()
best = values.sort("value", descending=True).head(values.height // 10)["value"].sum()
print(f"the best tenth is expected to bring {best / total:.0%} of what all will bring")

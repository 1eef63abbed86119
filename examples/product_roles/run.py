"""What each product is for, what the roles bring, which products moved, and what goes into one parcel."""

import datetime as dt
from pathlib import Path

import polars as pl

import rulecrm
from rulecrm.insight import Shop, bundles, migration, product_role_sums, product_roles
from rulecrm.testing.shops import make_shop_frames

frames = make_shop_frames(customers=1_200, start=dt.date(2025, 1, 1), days=365)
number = pl.col("product").str.slice(1).cast(pl.Int64)
cost = (25 + 30 * (number % 6)).cast(pl.Decimal(18, 2))  # the made-up shop has none: dresses are cheap to make
frames["products"] = frames["products"].with_columns(cost=cost)
with_shoes = frames["orders"].filter(pl.col("product") == "p01").gather_every(3)  # and a third of p01 goes with p03
added = with_shoes.select(
    "order", quantity=pl.lit(1), product=pl.lit("p03"), amount=pl.lit("40").cast(pl.Decimal(18, 2))
)
frames["items"] = pl.concat([frames["items"], added.select(frames["items"].columns)], how="vertical_relaxed")

rules = rulecrm.load(Path(__file__).parent / "product_roles.rules")
shop = Shop.of(rules, rulecrm.Facts.from_frames(**frames), as_of="2026-01-01")

sums = product_role_sums(shop).frame
for row in sums.iter_rows(named=True):
    print(
        "{role:9} {products:2} products, {revenue_share:3.0%} of the revenue, {margin_share:4.0%} of the margin, "
        "{margin_rate:4.0%} margin".format(**row)
    )

print()
titles = dict(frames["products"].select("product", "title").rows())
roles = product_roles(shop).frame.with_columns(title=pl.col("product").replace(titles))
for role in sums["role"]:
    for row in roles.filter(role=role).head(2).iter_rows(named=True):
        print(
            "{role:9} {title:11} {revenue:5.0f} CNY, {margin_rate:4.0%} margin, {growth:+4.0%}, {buyers} buyers, "
            "{new_customers} of them new to the shop".format(**row)
        )

print()
moved = migration(shop, "product_role", before="2025-10-03").frame
for row in moved.filter(pl.col("from") != pl.col("to"), pl.col("customers") > 0).iter_rows(named=True):
    print("{customers} from {from} to {to}".format(**row))
result = rules.evaluate(shop.facts, as_of=shop.as_of)
for name in ("show_it", "let_go"):
    print(f"{name}: {', '.join(titles[one] for one in result.segment(name)['product'])}")

print()
for row in bundles(shop).frame.iter_rows(named=True):
    print(
        f"{titles[row['left']]} with {titles[row['right']]}: together in {row['together']} orders, "
        f"{row['lift']:.1f} times as often as by chance ({row['low']:.1f} to {row['high']:.1f})"
    )

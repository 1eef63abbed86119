"""Who moved where in a quarter: a table of moves, how many up and how many down, and what they paid meanwhile."""

import datetime as dt
from pathlib import Path

import polars as pl

import rulecrm
from rulecrm.insight import Shop, migration, migration_balance
from rulecrm.testing.shops import make_shop

rules = rulecrm.load(Path(__file__).parent / "customer_migration.rules")
facts = make_shop(customers=2_000, start=dt.date(2025, 1, 1), days=365)
shop = Shop.of(rules, facts, as_of="2026-01-01")
STATES = ["active", "silent", "sleeping", "lost"]


def table(frame: pl.DataFrame, names: list[str]) -> None:
    """Who was where, down; who is where, across; of whom there was nothing before, the last line."""
    print(" " * 10 + "".join(f"{name:>10}" for name in names))
    for start in frame["from"].unique(maintain_order=True):
        counts = dict(frame.filter(pl.col("from").eq_missing(start)).select("to", "customers").rows())
        if any(counts.get(name) for name in names):
            print(f"{start or 'new':10}" + "".join(f"{counts.get(name) or '':>10}" for name in names))


print("recency, from 2025-10-01 (down) to 2026-01-01 (across)")
moves = migration(shop, "recency", before="2025-10-01", best_first=STATES).frame
table(moves, STATES)
print()
for row in migration_balance(shop, "recency", before="2025-10-01", best_first=STATES).frame.iter_rows(named=True):
    print("{direction:4} {customers:4} ({share:.0%}), who paid {revenue:6.0f} CNY in the quarter".format(**row))

print()
print("value, from 2025-10-01 (down) to 2026-01-01 (across)")
table(migration(shop, "value", before="2025-10-01").frame, ["premium", "potential", "problem", "pending"])

print()
for name, title, size in rules.evaluate(facts, as_of="2026-01-01").sizes().select("segment", "title", "size").rows():
    if name in ("premium_gone", "awake_again"):
        print(f"{name}: {size} ({title})")

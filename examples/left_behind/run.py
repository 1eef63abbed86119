"""Orders not paid, carts left, customers asleep: three campaigns under one policy, and what collides with what."""

import datetime as dt
from pathlib import Path

import rulecrm
from rulecrm.testing.shops import make_shop

rules = rulecrm.load(Path(__file__).parent / "left_behind.rules")
facts = make_shop(customers=2_000, start=dt.date(2025, 6, 1), days=220)

done = rules.backtest(facts, start="2025-06-01", end="2026-01-01")
for row in done.audiences().iter_rows(named=True):
    print("{campaign}: {entered} entered, {ended} ended".format(**row))
for row in done.outcomes().iter_rows(named=True):
    print("  {messages:4} {campaign} {outcome}".format(**row) + (f" ({row['reason']})" if row["reason"] else ""))

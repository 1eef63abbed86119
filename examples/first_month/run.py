"""The first month after the first purchase, replayed: who is in it, what each wave would have said, at what cost."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import rulecrm
from rulecrm.testing.shops import make_shop

rules = rulecrm.load(Path(__file__).parent / "first_month.rules")
facts = make_shop(customers=2_000, start=dt.date(2025, 6, 1), days=220)

prices = {"sms": Decimal("0.045"), "email": Decimal("0.002")}
done = rules.backtest(facts, start="2025-06-01", end="2026-01-01", prices=prices)

for row in done.audiences().iter_rows(named=True):
    print("{campaign}: {entered} entered, {treated} treated, {control} control, {holdout} holdout".format(**row))
for row in done.waves().iter_rows(named=True):
    print("  wave {wave}: {messages:4} {outcome:10} {channel} {template}".format(**row))
for row in done.cost().iter_rows(named=True):
    print("{messages} by {channel} cost {cost} CNY".format(**row))

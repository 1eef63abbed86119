"""A sale announced in three waves: who hears of it by which way, and who opened the mail and is left alone."""

import datetime as dt
from pathlib import Path

import rulecrm
from rulecrm.testing.shops import make_shop

rules = rulecrm.load(Path(__file__).parent / "sale_announcement.rules")
facts = make_shop(customers=2_000, start=dt.date(2025, 6, 1), days=220)

done = rules.backtest(facts, start="2025-11-01", end="2025-11-30")
print("{campaign}: {entered} entered, {control} of them control".format(**done.audiences().row(0, named=True)))
for day, _, channel, messages in done.days().rows():
    print(f"{day}: {messages} by {channel}")

told_again = done.decisions.filter(done.decisions["template"] == "tomorrow")
print(f"{done.journeys.height - told_again.height} opened the mail, and got no reminder")

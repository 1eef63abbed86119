"""New against returning customers of a sale: two journeys, care by category, a branch drawn by lot."""

import datetime as dt
from pathlib import Path

import rulecrm
from rulecrm.testing.shops import make_shop

rules = rulecrm.load(Path(__file__).parent / "sale_1212.rules")
facts = make_shop(customers=4_000, start=dt.date(2025, 6, 1), days=220)

done = rules.backtest(facts, start="2025-12-01", end="2026-01-15")
for row in done.audiences().iter_rows(named=True):
    print("{campaign}: {entered} entered, {control} control, {ended} ended".format(**row))

sent = done.decisions.filter(done.decisions["outcome"] == "queued")
for campaign, wave, template, messages in (
    sent.group_by("campaign", "wave", "template").len().sort("campaign", "wave").rows()
):
    print(f"  {campaign} {wave} {template}: {messages}")

drawn = done.decisions.filter(done.decisions["action"] == "branch").group_by("text").len().sort("text")
print(", ".join(f"{count} drew {branch}" for branch, count in drawn.rows()))
reasons = done.journeys.group_by("reason").len().sort("reason", nulls_last=True)
print(", ".join(f"{count} {reason or 'under way'}" for reason, count in reasons.rows()))

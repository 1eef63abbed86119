"""A funnel from the first look to the second purchase: where newcomers are lost, and whether those of a sale differ."""

import datetime as dt
from itertools import pairwise
from pathlib import Path

import polars as pl

import rulecrm
from rulecrm.insight.statistics import adjust, compare_proportions, proportion
from rulecrm.testing.shops import make_shop

RULES = Path(__file__).parent / "funnel.rules"
STAGES = ("visit", "view", "cart", "order", "purchase", "repurchase")

facts = make_shop(customers=4_000, start=dt.date(2025, 6, 1), days=220)


def funnel(since: str, until: str) -> list[int]:
    """How many newcomers of these days came at least as far as each stage."""
    rules = rulecrm.load(RULES, params={"since": since, "until": until})
    table = rules.evaluate(facts, as_of="2026-01-01").table().filter("watched")
    furthest = dict(table["reached"].cast(pl.String).value_counts().rows())
    return [sum(furthest.get(stage, 0) for stage in STAGES[place:]) for place in range(len(STAGES))]


ordinary = funnel("2025-10-12T00:00", "2025-11-11T00:00")
sale = funnel("2025-11-11T00:00", "2025-11-12T00:00")

print("newcomers of the 30 days before the sale")
lost = [before - after for before, after in pairwise(ordinary)]
for place, (stage, passed) in enumerate(zip(STAGES, ordinary, strict=True)):
    if place == 0:
        print(f"  {stage:10} {passed:4}")
        continue
    share = proportion(passed, ordinary[place - 1])
    most = "  <- most are lost here" if lost[place - 1] == max(lost) else ""
    print(
        f"  {stage:10} {passed:4}  {passed / ordinary[place - 1]:4.0%} of the stage before "
        f"({share.low:.0%} to {share.high:.0%}), {lost[place - 1]:3} lost{most}"
    )
print(f"  from the first look to a purchase: {ordinary[4] / ordinary[0]:.1%}")

print()
print("newcomers of 11 November against those")
compared = [
    compare_proportions(sale[place], sale[place - 1], ordinary[place], ordinary[place - 1])
    for place in range(1, len(STAGES))
]
for place, (one, p) in enumerate(zip(compared, adjust([one.p for one in compared]), strict=True), 1):
    said = "more than chance" if p is not None and p < 0.05 else "may be chance"
    print(
        f"  {STAGES[place]:10} {sale[place]:4} of {sale[place - 1]:3}, {sale[place] / sale[place - 1]:4.0%}: "
        f"{one.difference:+.1%} ({one.low:+.1%} to {one.high:+.1%}), {said}"
    )

rules = rulecrm.load(RULES)
print()
asked = rules.evaluate(facts, as_of="2025-11-05", only=["ask_again"]).segment("ask_again")
print(f"as of 5 November, {len(asked)} newcomers ordered in the last week and have not paid")

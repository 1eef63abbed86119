"""Active, silent, sleeping, lost: a lifecycle by recency, and what another threshold makes of it."""

import datetime as dt
from pathlib import Path

import rulecrm
from rulecrm.draw import to_mermaid
from rulecrm.testing.shops import make_shop

RULES = Path(__file__).parent / "lifecycle_recency.rules"

facts = make_shop(customers=2_000, start=dt.date(2025, 6, 1), days=220)

for silent_after in ("30d", "50d"):  # one setting, and a month becomes fifty days
    rules = rulecrm.load(RULES, params={"silent_after": silent_after})
    result = rules.evaluate(facts, as_of="2026-01-07")
    states = result.states("relationship")
    print(f"silent after {silent_after}: ", end="")
    print(", ".join(f"{size} {state}" for state, size in states.select("state", "size").rows()))

back = result.segment("came_back")
print(f"came back within the month: {len(back)}")
print()
print(to_mermaid(rules.diagram("relationship", facts=facts, as_of="2026-01-07")), end="")

"""Browsing states: what everybody is doing right now, and how they came there."""

import datetime as dt
from pathlib import Path

import rulecrm
from rulecrm.testing.shops import make_shop

rules = rulecrm.load(Path(__file__).parent / "lifecycle_browsing.rules")
facts = make_shop(customers=2_000, start=dt.date(2025, 6, 1), days=220)

for as_of in ("2025-10-01", "2026-01-01"):
    states = rules.evaluate(facts, as_of=as_of).states("journey")
    print(f"{as_of}: " + ", ".join(f"{size} {state}" for state, size in states.select("state", "size").rows() if size))

members = rules.evaluate(facts, as_of="2026-01-01").segment("needs_help")
print(f"needs_help: {len(members)}")

moves = rules.moves(facts, "journey", until="2026-01-01")
print()
for left, entered, made in moves.group_by("from", "to").len().sort("len", "from", "to", descending=True).head(6).rows():
    print(f"{made:5} {left} -> {entered}")

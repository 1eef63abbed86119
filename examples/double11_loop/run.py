"""The Double-11 loop, run live: a ledger, an advance every few days, and all that was decided about one customer."""

import datetime as dt
from pathlib import Path

import rulecrm
from rulecrm.testing.shops import make_shop

rules = rulecrm.load(Path(__file__).parent / "double11_loop.rules")
facts = make_shop(customers=2_000, start=dt.date(2025, 6, 1), days=320)

with rulecrm.Engine(rules, facts, state="sqlite://", start="2025-11-01") as engine:
    now = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)
    while now < dt.datetime(2026, 4, 15, tzinfo=dt.UTC):
        now += dt.timedelta(days=10)  # a host that runs when it likes; the decisions are the same
        engine.advance(now)

    decisions = engine.decisions()
    rounds = decisions.filter(decisions["action"] == "send").group_by("round", "outcome").len().sort("round", "outcome")
    for number, outcome, messages in rounds.rows():
        print(f"round {number}: {messages:3} {outcome}")

    ended = engine.journeys(live=False)
    print(f"{len(ended)} journeys have ended")
    print()
    print(engine.history(ended["customer"][1]))

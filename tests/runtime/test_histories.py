"""Values over whole histories are kept with the facts; what was asked before, and when, leaves no trace in an answer."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

import rulecrm
from tests.oracle.world import World
from tests.strategies import fewer
from tests.strategies.cases import facts_of
from tests.strategies.clocks import Focus
from tests.strategies.worlds import worlds

NOW = dt.datetime(2025, 3, 31, 12, tzinfo=dt.UTC)
FUNCTIONS = (
    *(f"{name}(purchase.amount)" for name in ("sum", "mean", "min", "max", "median", "stddev", "first", "last", "count")),
    *(f"{name}(purchase.category)" for name in ("mode", "distinct", "min", "first")),
    *(f"{name}(purchase)" for name in ("mean_gap", "median_gap", "max_gap")),
    "share(purchase where amount >= 20 CNY)",
)  # fmt: skip
HEAD = 'timezone "Europe/Berlin"\ncurrency CNY\n'
RULES = rulecrm.loads(HEAD + "\n".join(f"metric m{number} = {one}" for number, one in enumerate(FUNCTIONS)))


@given(
    worlds("Europe/Berlin", NOW, Focus(("1d", "30d"), ("view", "cart")), most=24),
    st.permutations((-400, 0, 1, 2, 9, 40)),
)
@fewer(4)
def test_the_order_of_questions_leaves_no_trace(world: World, days: list[int]) -> None:
    kept = facts_of(world)
    for day in days:
        then = NOW - dt.timedelta(days=day)
        found = RULES.evaluate(kept, as_of=then).table()
        assert found.equals(RULES.evaluate(facts_of(world), as_of=then).table())
        seen = RULES.evaluate_at(kept, found.select("customer").with_columns(at=then)).drop("at")
        assert seen.equals(found)

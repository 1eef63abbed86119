"""The engines that take one customer at a time, handed ready aggregates: zen-engine, rule-engine, plain Python.

In: the setup. Out: a table of seconds for all customers, extrapolated from a sample.
Invariant: the aggregates cost these engines nothing (the hand-written Polars has worked them out before), and their
answers about the sample are those of everybody else.

A missing number is given as -1, which every predicate here reads as it should: none of these three languages has a
comparison that is false of what is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

import polars as pl
from polars import col

import rulecrm
from tests.benchmarks import engine, expert_polars, expert_predicates
from tests.benchmarks.expert_polars import Sources
from tests.benchmarks.setup import Setup, agree, day
from tests.benchmarks.shop import AS_OF, utc
from tests.benchmarks.table import OURS, Table, lines
from tests.benchmarks.timing import Way, alternate

__all__ = ["PREDICATES", "compile_python", "compile_rule_engine", "compile_zen", "ready", "run"]

Row = dict[str, object]
Judge = Callable[[Row], Mapping[str, object]]
"""From ready aggregates to the fifty answers."""

_NAME = re.compile(r"\b(?!and\b|or\b|not\b)[a-z]\w*")
_FLAGS = (
    "placed_three", "favours_dress", "unpaid", "mail_read", "never_opens", "stopped_coming", "cart_left", "researcher",
)  # fmt: skip
_DAY = 86_400_000_000
_PREMIUM = "(rich and often)"
_AT_RISK = "(r >= 1 and r <= 2 and f >= 4 and m >= 4)"
_REFUND_PRONE = "(refund_share >= 0.25 and purchases >= 2)"
_SLEEPING = f"({_PREMIUM} and idle > {365 * _DAY})"
_WIN_BACK = f"(({_SLEEPING} or {_AT_RISK}) and not {_REFUND_PRONE})"

PREDICATES = {
    "bought_in_30d": f"idle >= 0 and idle <= {30 * _DAY}",
    "idle_30_to_90": f"idle > {30 * _DAY} and idle <= {90 * _DAY}",
    "idle_90_to_180": f"idle > {90 * _DAY} and idle <= {180 * _DAY}",
    "idle_180_to_365": f"idle > {180 * _DAY} and idle <= {365 * _DAY}",
    "idle_over_365": f"idle > {365 * _DAY}",
    "never_bought": "purchases == 0",
    "bought_once": "purchases == 1",
    "bought_twice": "purchases == 2",
    "regular": "purchases >= 3 and purchases <= 5",
    "loyal": "purchases >= 6",
    "placed_three": "placed_three",
    "twice_in_30d": "in_30d >= 2",
    "thrice_in_90d": "in_90d >= 3",
    "spent_300_in_30d": "spent_30 >= 30000",
    "spent_800_in_90d": "spent_90 >= 80000",
    "spent_2000_in_year": "spent_365 >= 200000",
    "spent_1000_year_ago": "spent_ago >= 100000",
    "growing": "spent_ago >= 0 and spent_365 > spent_ago",
    "halved": "spent_365 >= 0 and spent_365 * 2 < spent_ago",
    "big_basket": "basket >= 5000000",
    "basket_above_average": "basket > mean_basket",
    "one_dear_order": "dearest >= 150000",
    "champions": "r == 5 and f >= 4 and m >= 4",
    "big_spenders": "m == 5",
    "at_risk": _AT_RISK,
    "hibernating": "r == 1 and m <= 2",
    "rfm_twelve": "r >= 1 and r + f + m >= 12",
    "premium_customers": _PREMIUM,
    "few_but_large": "rich and not often",
    "many_but_small": "not rich and often",
    "dress_never_shoes": "dress and not shoes",
    "favours_dress": "favours_dress",
    "explorer": "categories >= 4",
    "cosmetics_in_90d": "cosmetics > 0",
    "unpaid_for_a_day": "unpaid",
    "came_with_a_sale": "sale",
    "no_second_in_23d": f"first_age >= {23 * _DAY} and (second_gap == -1 or second_gap > {23 * _DAY})",
    "refund_prone": _REFUND_PRONE,
    "evening_buyer": "evening_share >= 0.5",
    "overdue": "mean_gap >= 0 and idle > mean_gap * 2",
    "long_overdue": "median_gap >= 0 and idle > median_gap * 3",
    "reads_not_buys": f"mail_read and (idle == -1 or idle >= {10 * _DAY})",
    "never_opens": "never_opens",
    "stopped_coming": "stopped_coming",
    "keen_viewer": "views >= 5",
    "cart_left": "cart_left",
    "researcher": "researcher",
    "sleeping_premium": _SLEEPING,
    "win_back": _WIN_BACK,
    "care_first": f"{_WIN_BACK} and (favours_dress or evening_share >= 0.5) and not never_opens",
}
"""The fifty in the words that Python, rule-engine and zen-engine share."""


def run(setup: Setup) -> Table:
    """Check on the sample, then measure."""
    shop, rules = setup.shop(), rulecrm.load(engine.FIFTY)
    sources = Sources.of(shop)
    customers = shop.customers.height
    sample = ready(sources).sample(min(setup.sample, customers), seed=1)
    expected = expert_polars.answers(sources, AS_OF).join(sample, on="customer", how="semi")
    rows = sample.drop("customer").to_dicts()
    judges = {"Python": compile_python(), "zen-engine": compile_zen(), "rule-engine": compile_rule_engine()}
    for name, judge in judges.items():
        answers = pl.DataFrame([judge(row) for row in rows]).cast(pl.Boolean).select(*PREDICATES)
        agree(**{"polars": expected, name: sample.select("customer").hstack(answers)})
    per_sample = alternate({name: _way(judge, rows) for name, judge in judges.items()}, max(1, setup.repeat // 2))
    facts = engine.facts_of(shop)
    engine.answers(rules, facts, AS_OF)
    ours = alternate({OURS: lambda turn: engine.answers(rules, facts, day(turn))}, setup.repeat)
    extrapolated = {name: seconds * customers / len(rows) for name, seconds in per_sample.items()}
    case = "all customers, one at a time"
    note = f"from ready aggregates; extrapolated from {len(rows):,}"
    found = (*lines(case, ours, "from the facts"), *lines(case, extrapolated, note))
    return Table("rows", "50 segments by engines that go row by row", found)


def _way(judge: Judge, rows: list[Row]) -> Way:
    return lambda _: [judge(row) for row in rows]


def ready(sources: Sources) -> pl.DataFrame:
    """Aggregates as such an engine would be handed them: cents, microseconds, -1 for what is missing."""
    known = expert_polars.metrics(sources, AS_OF)
    shared = expert_predicates.standings(known)
    now, purchases = pl.lit(utc(AS_OF)), col("purchases")
    numbers = {
        "purchases": purchases,
        "idle": (now - col("last_at")).to_physical(),
        "first_age": (now - col("first_at")).to_physical(),
        **{name: col(name) for name in ("in_30d", "in_90d", "spent_30", "spent_90", "dearest", "cosmetics", "views")},
        "spent_365": pl.when("any_365").then("spent_365"),
        "spent_ago": pl.when("any_ago").then("spent_ago"),
        "basket": shared.basket,
        "mean_basket": pl.lit(shared.mean_basket),
        "r": shared.recency.score(),
        "f": shared.frequency.score(),
        "m": shared.money.score(),
        "categories": col("categories").bitwise_count_ones(),
        "second_gap": col("second_gap"),
        "mean_gap": shared.mean_gap,
        "median_gap": col("median_gap"),
        "refund_share": pl.when(purchases > 0).then(col("refunded") / purchases),
        "evening_share": pl.when(purchases > 0).then(col("evenings") / purchases),
    }
    flags = {
        "rich": shared.rich,
        "often": shared.often,
        "dress": expert_predicates.bought("dress"),
        "shoes": expert_predicates.bought("shoes"),
        "sale": col("sale_at") == col("first_at"),
        **{name: col(name) for name in _FLAGS},
    }
    return known.select(
        "customer",
        **{name: number.fill_null(-1) for name, number in numbers.items()},
        **{name: flag.fill_null(value=False) for name, flag in flags.items()},
    )


def compile_python() -> Judge:
    """One function with the fifty expressions, compiled once."""
    code = ", ".join(f"{name!r}: {_NAME.sub(_read, text)}" for name, text in PREDICATES.items())
    scope: dict[str, Judge] = {}
    exec(f"def judge(row): return {{{code}}}", scope)
    return scope["judge"]


def _read(word: re.Match[str]) -> str:
    return f"row[{word[0]!r}]"


def compile_rule_engine() -> Judge:
    """Fifty rules, compiled once."""
    import rule_engine  # type: ignore[import-untyped]

    rules = {name: rule_engine.Rule(text) for name, text in PREDICATES.items()}
    return lambda row: {name: rule.matches(row) for name, rule in rules.items()}


def compile_zen() -> Judge:
    """One decision with one node of fifty expressions, compiled once."""
    import zen

    expressions = [{"id": name, "key": name, "value": text} for name, text in PREDICATES.items()]
    graph = {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "fifty", "type": "expressionNode", "name": "fifty", "content": {"expressions": expressions}},
            {"id": "out", "type": "outputNode", "name": "out"},
        ],
        "edges": [
            {"id": "1", "type": "edge", "sourceId": "in", "targetId": "fifty"},
            {"id": "2", "type": "edge", "sourceId": "fifty", "targetId": "out"},
        ],
    }
    decision = zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(graph)))
    return lambda row: decision.evaluate(row)["result"]

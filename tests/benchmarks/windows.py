"""Many windows over one field: `count(purchase last N d) >= k`, 10, 50 and 200 of them.

In: the setup. Out: a table of one case for each number of windows.
Invariant: the hand-written ways answer the same questions; one is the grouping anybody would write, the other the
cleverest there is: k purchases in N days means that the k-th latest lies in them.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
from polars import col

import rulecrm
from tests.benchmarks import engine
from tests.benchmarks.expert_polars import in_order
from tests.benchmarks.setup import Setup, agree, day
from tests.benchmarks.shop import AS_OF, Shop, ago
from tests.benchmarks.table import OURS, Line, Table, lines
from tests.benchmarks.timing import alternate

__all__ = ["by_grouping", "by_kth_latest", "questions", "run"]

Questions = tuple[tuple[int, int], ...]
"""(N, k): at least k purchases in the last N days."""

_MOST = 4
"""The greatest k asked for."""


def run(setup: Setup) -> Table:
    """Check, then measure."""
    found: tuple[Line, ...] = ()
    shop = setup.shop()
    facts = engine.facts_of(shop)
    for number in (10, 50, 200):
        asked = questions(number)
        rules = rulecrm.loads(engine.text_of(*_declarations(asked)))
        agree(
            grouping=by_grouping(shop, asked, AS_OF),
            kth_latest=by_kth_latest(shop, asked, AS_OF),
            rulecrm=engine.answers(rules, facts, AS_OF),
        )
        found += lines(f"{number} windows", _measure(setup, shop, rules, facts, asked))
    return Table("windows", "count(purchase last N d) >= k, many N and k", found)


def _measure(
    setup: Setup, shop: Shop, rules: rulecrm.Rules, facts: rulecrm.Facts, asked: Questions
) -> dict[str, float]:
    return alternate(
        {
            OURS: lambda turn: engine.answers(rules, facts, day(turn)),
            "Polars, one group_by": lambda turn: by_grouping(shop, asked, day(turn)),
            "Polars, k-th latest": lambda turn: by_kth_latest(shop, asked, day(turn)),
        },
        setup.repeat,
    )


def questions(number: int) -> Questions:
    """As many different questions, spread over two years."""
    return tuple((3 + index * 720 // number, 1 + index % _MOST) for index in range(number))


def _declarations(asked: Questions) -> list[str]:
    return [f"segment s{index} = count(purchase last {days}d) >= {k}" for index, (days, k) in enumerate(asked)]


def by_grouping(shop: Shop, asked: Questions, as_of: dt.datetime) -> pl.DataFrame:
    """One pass, one sum for each window."""
    sums = {f"s{index}": (col("paid_at") > ago(as_of, days)).sum() >= k for index, (days, k) in enumerate(asked)}
    longest = max(days for days, _ in asked)
    purchases = shop.orders.lazy().filter(col("paid_at") > ago(as_of, longest), col("paid_at") <= ago(as_of, 0))
    return _for_all(shop, purchases.group_by("customer").agg(**sums))


def by_kth_latest(shop: Shop, asked: Questions, as_of: dt.datetime) -> pl.DataFrame:
    """Sort once, take the latest four of each customer, compare."""
    longest = max(days for days, _ in asked)
    purchases = shop.orders.lazy().filter(col("paid_at") > ago(as_of, longest), col("paid_at") <= ago(as_of, 0))
    same = {k: col("customer").shift(k - 1) == col("customer") for k in range(1, _MOST + 1)}
    latest = (
        in_order(purchases.select("customer", at="paid_at"))
        .select(
            "customer",
            *(pl.when(same[k]).then(col("at").shift(k - 1)).alias(f"latest_{k}") for k in range(1, _MOST + 1)),
            last=(col("customer") != col("customer").shift(-1)).fill_null(value=True),
        )
        .filter("last")
    )
    judged = {f"s{index}": col(f"latest_{k}") > ago(as_of, days) for index, (days, k) in enumerate(asked)}
    return _for_all(shop, latest.select("customer", **judged))


def _for_all(shop: Shop, judged: pl.LazyFrame) -> pl.DataFrame:
    everybody = shop.customers.lazy().select("customer").join(judged, on="customer", how="left")
    return everybody.with_columns(pl.exclude("customer").fill_null(value=False)).collect(engine="in-memory")

"""Many windows over one field: `count(purchase last N d) >= k`, 10, 50 and 200 of them; and 10 and 200 sums.

In: the setup. Out: a table of one case for each number of windows.
Invariant: the hand-written ways answer the same questions; one is the grouping anybody would write, the other the
cleverest there is: k purchases in N days means that the k-th latest lies in them.
"""

from __future__ import annotations

import datetime as dt
from functools import partial

import polars as pl
from polars import col

import rulecrm
from tests.benchmarks import engine
from tests.benchmarks.expert_polars import in_order
from tests.benchmarks.setup import Setup, agree, day
from tests.benchmarks.shop import AS_OF, Shop, ago
from tests.benchmarks.table import OURS, Line, Table, lines
from tests.benchmarks.timing import Way, alternate

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
    for number in (10, 200):
        sums = amounts(number)
        rules = rulecrm.loads(engine.text_of(*_sum_declarations(sums)))
        ways: dict[str, Way] = {
            OURS: partial(_ours, rules, facts),
            "Polars, one group_by": partial(_sums, shop, sums),
        }
        agree(polars=_sums(shop, sums, 0), rulecrm=_ours(rules, facts, 0))
        found += lines(f"{number} sums", alternate(ways, setup.repeat))
    return Table("windows", "count(purchase last N d) >= k and sums, many N and k", found)


def _ours(rules: rulecrm.Rules, facts: rulecrm.Facts, turn: int) -> pl.DataFrame:
    return engine.answers(rules, facts, day(turn))


def _sums(shop: Shop, asked: Questions, turn: int) -> pl.DataFrame:
    return sums_by_grouping(shop, asked, day(turn))


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


def amounts(number: int) -> Questions:
    """(N, x): at least x CNY in the last N days; as many different questions."""
    return tuple((days, 50 + index * 7 % 400) for index, (days, _) in enumerate(questions(number)))


def _sum_declarations(asked: Questions) -> list[str]:
    return [
        f"segment s{index} = sum(purchase.amount last {days}d) >= {least} CNY"
        for index, (days, least) in enumerate(asked)
    ]  # fmt: skip


def sums_by_grouping(shop: Shop, asked: Questions, as_of: dt.datetime) -> pl.DataFrame:
    """One pass, one sum for each window."""
    sums = {
        f"s{index}": pl.when(col("paid_at") > ago(as_of, days)).then("cents").sum() >= least * 100
        for index, (days, least) in enumerate(asked)
    }
    longest = max(days for days, _ in asked)
    cents = col("amount").to_physical().cast(pl.Int64)
    purchases = shop.orders.lazy().filter(col("paid_at") > ago(as_of, longest), col("paid_at") <= ago(as_of, 0))
    return _for_all(shop, purchases.with_columns(cents=cents).group_by("customer").agg(**sums))


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

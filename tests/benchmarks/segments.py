"""Thresholds should be free: 50 against 1,000 segments over the same handful of aggregates, and 1,000 nested levels.

In: the setup. Out: two tables.
Invariant: the hand-written way computes each aggregate once and each segment as one expression; nested ones as one
layer of columns a level, for inlined they would grow exponentially.
"""

from __future__ import annotations

import datetime as dt
from functools import partial

import polars as pl
from polars import col

import rulecrm
from tests.benchmarks import engine
from tests.benchmarks.setup import Setup, agree, day
from tests.benchmarks.shop import AS_OF, Shop, ago
from tests.benchmarks.table import OURS, Line, Table, lines
from tests.benchmarks.timing import Way, alternate

__all__ = ["nested", "run_nest", "run_segments", "thresholds"]

_METRICS = (
    "metric purchases = count(purchase)",
    "metric spent = sum(purchase.amount)",
    "metric spent_365d = sum(purchase.amount last 365d)",
    "metric dearest = max(purchase.amount)",
    "metric idle = age(last(purchase).at)",
)


def run_segments(setup: Setup) -> Table:
    """50 and 1,000 segments, each of two or three thresholds."""
    found: tuple[Line, ...] = ()
    shop = setup.shop()
    facts = engine.facts_of(shop)
    for number in (50, 1_000):
        rules = rulecrm.loads(engine.text_of(*_METRICS, *map(_threshold_rule, range(number))))
        ways: dict[str, Way] = {
            OURS: partial(_ours, rules, facts),
            "Polars": partial(_by_hand, shop, number),
        }
        agree(rulecrm=_ours(rules, facts, 0), polars=_by_hand(shop, number, 0))
        found += lines(f"{number:,} segments", alternate(ways, setup.repeat))
    return Table("segments", "segments over the same five aggregates", found)


def run_nest(setup: Setup) -> Table:
    """Each segment speaks of the one before."""
    shop = setup.shop()
    facts = engine.facts_of(shop)
    nest = ("segment s0 = purchases >= 1", *(_nested_rule(level) for level in range(1, setup.levels)))
    rules = rulecrm.loads(engine.text_of(*_METRICS, *nest))
    ways: dict[str, Way] = {
        OURS: partial(_ours, rules, facts),
        "Polars, a layer of columns a level": lambda turn: nested(shop, setup.levels, day(turn)),
    }
    agree(rulecrm=_ours(rules, facts, 0), polars=nested(shop, setup.levels, AS_OF))
    return Table("nest", "segments of segments", lines(f"{setup.levels:,} levels", alternate(ways, setup.repeat)))


def _ours(rules: rulecrm.Rules, facts: rulecrm.Facts, turn: int) -> pl.DataFrame:
    return engine.answers(rules, facts, day(turn))


def _by_hand(shop: Shop, number: int, turn: int) -> pl.DataFrame:
    return thresholds(shop, number, day(turn))


def _threshold_rule(index: int) -> str:
    form, step = index % 4, index // 4
    if form == 0:
        return f"segment s{index} = spent >= {50 + step * 10} CNY and purchases >= {1 + step % 5}"
    if form == 1:
        return f"segment s{index} = idle <= {10 + step * 3}d and dearest >= {100 + step} CNY"
    if form == 2:
        return f"segment s{index} = spent_365d >= {20 + step * 7} CNY and idle > {1 + step}d"
    return f"segment s{index} = purchases <= {1 + step % 9} and spent < {200 + step * 9} CNY and idle <= {700 - step}d"


def _threshold(index: int, as_of: dt.datetime) -> pl.Expr:
    form, step = index % 4, index // 4
    if form == 0:
        return (col("spent") >= (50 + step * 10) * 100) & (col("purchases") >= 1 + step % 5)
    if form == 1:
        return (col("last_at") >= ago(as_of, 10 + step * 3)) & (col("dearest") >= (100 + step) * 100)
    if form == 2:
        return (col("spent_365d") >= (20 + step * 7) * 100) & (col("last_at") < ago(as_of, 1 + step))
    few = (col("purchases") <= 1 + step % 9) & (col("spent") < (200 + step * 9) * 100)
    return few & (col("last_at") >= ago(as_of, 700 - step))


def thresholds(shop: Shop, number: int, as_of: dt.datetime) -> pl.DataFrame:
    """As many segments by hand."""
    judged = {f"s{index}": _threshold(index, as_of).fill_null(value=False) for index in range(number)}
    return _aggregates(shop, as_of).select("customer", **judged)


def _nested_rule(level: int) -> str:
    if level % 2:
        return f"segment s{level} = s{level - 1} and not (purchases == {level % 23} and spent < {level} CNY)"
    return f"segment s{level} = s{level - 1} or (idle <= {level % 90}d and dearest >= {level} CNY)"


def nested(shop: Shop, levels: int, as_of: dt.datetime) -> pl.DataFrame:
    """As many levels by hand."""
    frame = _aggregates(shop, as_of).lazy().with_columns(s0=col("purchases") >= 1)
    for level in range(1, levels):
        before = col(f"s{level - 1}")
        if level % 2:
            cheap = ((col("purchases") == level % 23) & (col("spent") < level * 100)).fill_null(value=False)
            frame = frame.with_columns((before & ~cheap).alias(f"s{level}"))
        else:
            fresh = (col("last_at") >= ago(as_of, level % 90)) & (col("dearest") >= level * 100)
            frame = frame.with_columns((before | fresh.fill_null(value=False)).alias(f"s{level}"))
    return frame.select("customer", *(f"s{level}" for level in range(levels))).collect(engine="in-memory")


def _aggregates(shop: Shop, as_of: dt.datetime) -> pl.DataFrame:
    this_year = col("paid_at") > ago(as_of, 365)
    found = (
        shop.orders.lazy()
        .filter(col("paid_at") <= ago(as_of, 0))
        .select("customer", "paid_at", cents=col("amount").to_physical().cast(pl.Int64))
        .group_by("customer")
        .agg(
            purchases=pl.len(),
            spent=col("cents").sum(),
            spent_365d=pl.when(this_year).then("cents").sum(),
            dearest=col("cents").max(),
            last_at=col("paid_at").max(),
        )
        .collect()
    )
    everybody = shop.customers.lazy().select("customer").join(found.lazy(), on="customer", how="left")
    return everybody.with_columns(col("purchases").fill_null(0)).collect(engine="in-memory")

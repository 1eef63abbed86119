"""rulecrm as a user calls it.

In: the shop, rules. Out: the same frame as the hand-written ways give, customer and one Boolean for each segment.
Invariant: nothing but the public API is used.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

import rulecrm
from tests.benchmarks.shop import Shop

__all__ = ["FIFTY", "answers", "facts_of", "scan", "text_of"]

FIFTY = Path(__file__).with_name("fifty.rules")

_HEAD = 'timezone "Asia/Shanghai"\ncurrency CNY\n\n'


def facts_of(shop: Shop) -> rulecrm.Facts:
    """Facts from the frames in memory."""
    return rulecrm.Facts.from_frames(customers=shop.customers, orders=shop.orders, events=shop.events, currency="CNY")


def scan(folder: Path) -> rulecrm.Facts:
    """Facts from the Parquet files."""
    return rulecrm.Facts.from_parquet(
        customers=folder / "customers.parquet",
        orders=folder / "orders.parquet",
        events=folder / "events.parquet",
        currency="CNY",
    )


def answers(rules: rulecrm.Rules, facts: rulecrm.Facts, as_of: dt.datetime) -> pl.DataFrame:
    """Customer and the segments, in the order of the rules file."""
    result = rules.evaluate(facts, as_of=as_of, only=rules.names("segment"))
    return result.table().select("customer", *result.segments)


def text_of(*declarations: str) -> str:
    """A rules file with these declarations."""
    return _HEAD + "\n".join(declarations) + "\n"

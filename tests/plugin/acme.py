"""A plugin as somebody else would write one: functions, a kind and rules of Acme's loyalty programme."""

from __future__ import annotations

import polars as pl

from rulecrm.plugin import (
    BOOL,
    DURATION,
    INT,
    MONEY,
    NUMBER,
    TEXT,
    Argument,
    Column,
    Function,
    Kind,
    hookimpl,
    list_of,
)

TIERS = """\
param gold_from: money = 100 CNY

segment golden = tier(sum(purchase.amount) ?? 0 CNY, gold_from) == "gold"
"""

LOYALTY = """\
import "tiers.rules"

metric minutes_watched "Minutes watched" = sum(stream.minutes) ?? 0
"""


def tier(spent: pl.Expr, edge: pl.Expr) -> pl.Expr:
    return pl.when(spent >= edge).then(pl.lit("gold")).otherwise(pl.lit("silver"))


FUNCTIONS = (
    Function(
        "tier",
        (Argument("spent", MONEY), Argument("edge", MONEY, constant=True)),
        TEXT,
        tier,
        "gold or silver, gold from so much money on",
        "tier(spent, 100 CNY)",
    ),
    Function("double", (Argument("number", NUMBER),), NUMBER, lambda number: number * 2, "twice the number"),
    Function("one_of", (Argument("word", TEXT), Argument("words", list_of(TEXT))), BOOL,
             lambda word, words: words.list.contains(word), "whether a word is among others"),
    Function("long", (Argument("time", DURATION),), BOOL, lambda time: time > 86_400_000_000, "more than a day"),
    Function("three", (), INT, lambda: pl.lit(3, dtype=pl.Int64), "the number 3"),
)  # fmt: skip

STREAM = Kind(
    "stream", "stream", "at", {"minutes": Column("minutes", INT, "how long")}, doc="a live stream was watched"
)


class Acme:
    @hookimpl
    def rulecrm_functions(self) -> tuple[Function, ...]:
        return FUNCTIONS

    @hookimpl
    def rulecrm_kinds(self) -> tuple[Kind, ...]:
        return (STREAM,)

    @hookimpl
    def rulecrm_standard_rules(self) -> dict[str, str]:
        return {"acme/loyalty.rules": LOYALTY, "acme/tiers.rules": TIERS}

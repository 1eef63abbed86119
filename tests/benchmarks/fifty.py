"""The fifty segments: rulecrm against the best hand-written Polars and DuckDB.

In: the setup. Out: three tables: facts kept in memory (rulecrm with its index, DuckDB with its tables), facts given
cold, by time and in no order (whatever a way wants to build, it builds within its time), and read from Parquet.
Invariant: before anything is timed, all ways have given identical answers.
"""

from __future__ import annotations

from functools import partial

import polars as pl

import rulecrm
from tests.benchmarks import engine, expert_duckdb, expert_polars
from tests.benchmarks.expert_polars import Sources
from tests.benchmarks.setup import Setup, agree, day
from tests.benchmarks.shop import AS_OF, Shop
from tests.benchmarks.table import OURS, Table, lines
from tests.benchmarks.timing import alternate

__all__ = ["run_cold", "run_from_parquet", "run_kept"]


def run_kept(setup: Setup) -> Table:
    """Every way has the facts in memory, in the layout it likes, and is asked about another day each round."""
    shop, rules = setup.shop(), rulecrm.load(engine.FIFTY)
    facts = engine.facts_of(shop)
    plain, by_customer = Sources.of(shop), Sources.of(shop.by_customer(), by_customer=True)
    order = "in no order" if setup.shuffled else "in time order"
    with (
        expert_duckdb.connect(setup.folder) as duckdb,
        expert_duckdb.connect(setup.folder, by_customer=True) as duckdb_by_customer,
    ):
        expert_duckdb.answer(duckdb, AS_OF)
        agree(
            polars=expert_polars.answers(plain, AS_OF),
            duckdb=expert_duckdb.fetch(duckdb),
            polars_by_customer=expert_polars.answers(by_customer, AS_OF),
            rulecrm=engine.answers(rules, facts, AS_OF),  # builds the index that is then kept
        )
        seconds = alternate(
            {
                OURS: lambda turn: engine.answers(rules, facts, day(turn)),
                f"Polars, rows {order}": lambda turn: expert_polars.answers(plain, day(turn)),
                "Polars, rows sorted by customer": lambda turn: expert_polars.answers(by_customer, day(turn)),
                "DuckDB": lambda turn: expert_duckdb.answer(duckdb, day(turn)),
                "DuckDB, rows sorted by customer": lambda turn: expert_duckdb.answer(duckdb_by_customer, day(turn)),
            },
            setup.repeat,
        )
    return Table("fifty", f"50 segments, {_size(setup)}", lines("in memory, kept", seconds))


def run_cold(setup: Setup) -> Table:
    """Checking the frames, and ordering them where a way wants that, is within the time."""
    rules, found = rulecrm.load(engine.FIFTY), []
    for case, shop in (("cold, in time order", setup.shop()), ("cold, in no order", setup.shop().shuffled())):
        plain = Sources.of(shop)
        agree(
            polars=expert_polars.answers(plain, AS_OF),
            rulecrm=engine.answers(rules, engine.facts_of(shop), AS_OF),
        )
        ways = {
            OURS: partial(_cold, rules, shop),
            "Polars": partial(_by_hand, plain),
        }
        found += lines(case, alternate(ways, setup.repeat))
    return Table("cold", "50 segments, nothing built before", tuple(found))


def _cold(rules: rulecrm.Rules, shop: Shop, turn: int) -> pl.DataFrame:
    return engine.answers(rules, engine.facts_of(shop), day(turn))


def _by_hand(sources: Sources, turn: int) -> pl.DataFrame:
    return expert_polars.answers(sources, day(turn))


def run_from_parquet(setup: Setup) -> Table:
    """Reading the files is within the time."""
    folder, rules = setup.folder, rulecrm.load(engine.FIFTY)
    with expert_duckdb.connect(folder, in_memory=False) as duckdb:
        agree(
            polars=expert_polars.answers(Sources.read(folder), AS_OF),
            rulecrm=engine.answers(rules, engine.scan(folder), AS_OF),
        )
        seconds = alternate(
            {
                OURS: lambda turn: engine.answers(rules, engine.scan(folder), day(turn)),
                "Polars": lambda turn: expert_polars.answers(Sources.read(folder), day(turn)),
                "DuckDB": lambda turn: expert_duckdb.answer(duckdb, day(turn)),
            },
            setup.repeat,
        )
    return Table("parquet", "50 segments, read from Parquet", lines("from Parquet", seconds))


def _size(setup: Setup) -> str:
    size = setup.size
    return f"{size.customers:,} customers, {size.orders:,} orders, {size.events:,} events"

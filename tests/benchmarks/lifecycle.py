"""Three years of a lifecycle of six states for every customer, from nothing: plain, and with two guards on sums.

In: the setup. Out: a table of two cases; and peak memory, each case in a process of its own. As a program:
`python -m tests.benchmarks.lifecycle CASE FOLDER` prints JSON.
Invariant: each round begins with facts that nothing was asked of, so that reading and indexing are within its time;
what indexing alone takes is told beside it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl

import rulecrm
from tests.benchmarks import engine
from tests.benchmarks.setup import Setup
from tests.benchmarks.shop import AS_OF, Shop, open_shop
from tests.benchmarks.table import OURS, Line, Table, lines
from tests.benchmarks.timing import Way, alternate, in_child

__all__ = ["CASES", "moves", "run"]

_STATUS = Path("/proc/self/status")

_STATES = """
lifecycle relationship {{
  start prospect
  prospect -> fresh on purchase
  fresh -> regular on purchase
  regular -> fan on purchase{spent}
  fresh, regular -> holding after 60d without purchase{little}
  fan -> holding after 90d without purchase
  holding -> lapsed after 180d without purchase
  holding, lapsed -> regular on purchase
}}
"""

CASES: Mapping[str, str] = {
    "six states": engine.text_of(_STATES.format(spent="", little="")),
    "and two guards": engine.text_of(
        _STATES.format(
            spent=" when sum(purchase.amount last 90d) >= 300 CNY",
            little=" when sum(purchase.amount last 365d) < 2_000 CNY",
        )
    ),
}


def run(setup: Setup) -> Table:
    """Times, then peaks."""
    shop = setup.shop()
    found: tuple[Line, ...] = ()
    for case, text in CASES.items():
        rules = rulecrm.loads(text)
        made = moves(rules, shop).height
        ways: dict[str, Way] = {
            OURS: lambda _, rules=rules: moves(rules, shop),  # type: ignore[misc]
            "of it, reading and indexing": partial(_index, shop),
        }
        found += lines(case, alternate(ways, setup.repeat), f"{made:,} moves of {shop.customers.height:,} customers")
        if _STATUS.exists():
            found += (Line(case, "peak", in_child("lifecycle", case, str(setup.folder))["megabytes"], "MB"),)
    return Table("lifecycle", "three years of a lifecycle, from nothing", found)


def moves(rules: rulecrm.Rules, shop: Shop) -> pl.DataFrame:
    """Every move up to T, of facts that nothing was asked of yet."""
    return rules.moves(_facts(shop), "relationship", until=AS_OF)


def _facts(shop: Shop) -> rulecrm.Facts:
    return rulecrm.Facts.from_frames(customers=shop.customers, orders=shop.orders, currency="CNY")


def _index(shop: Shop, _: int) -> object:
    rules = rulecrm.loads(engine.text_of("metric spent = sum(purchase.amount)"))
    return rules.evaluate(_facts(shop), as_of=AS_OF).table()


def main() -> None:
    """Make the moves of the case named on the command line, and print the peak."""
    moves(rulecrm.loads(CASES[sys.argv[1]]), open_shop(Path(sys.argv[2])))
    line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(json.dumps({"megabytes": int(line.split()[1]) / 1024}) + "\n")


if __name__ == "__main__":
    main()

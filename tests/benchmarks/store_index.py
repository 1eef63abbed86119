"""A fact store with its index: opening it and evaluating the fifty segments, and bringing changed orders in.

In: the setup. Out: a table of CPU seconds. As a program: `python -m tests.benchmarks.store_index WAY STORE` prints JSON.
Invariant: every way is a process of its own, gives the same answers, and is charged for all that it does after the
libraries are loaded; what a store holds is what the frames in memory hold.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

import rulecrm
from rulecrm.lake import FactStore
from tests.benchmarks import engine
from tests.benchmarks.setup import Setup, day
from tests.benchmarks.shop import AS_OF, Shop, open_shop, parquet
from tests.benchmarks.table import Line, Table
from tests.benchmarks.timing import in_child

__all__ = ["run"]

_NOW = dt.datetime(2025, 11, 20, tzinfo=dt.UTC)
_ROWS = 1_000_000
_SHARE = 300
"""One order in so many changes."""


def run(setup: Setup) -> Table:
    """Build a store from the shop's files; everything else is done to a copy of it."""
    folder = parquet(setup.data, setup.size, text_ids=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        store = Path(aside) / "shop"
        _fill(store, open_shop(folder))
        told = {way: in_child("store_index", way, str(store)) for way in _WAYS}
    answers = {way: taken["answers"] for way, taken in told.items() if "answers" in taken}
    before = {way: answers[way] for way in ("in memory", "the store", "the store, keeping an index", "the store, kept")}
    after = {way: answers[way] for way in ("after the change, in memory", "after the change, kept")}
    assert len(set(before.values())) == 1, f"different answers: {before}"
    assert len(set(after.values())) == 1, f"different answers: {after}"
    lines = [
        Line("first evaluation in a fresh process, CPU", way, told[way]["first"], note=_note(told[way]))
        for way in before
    ]
    put, index = told["change"]["put"], told["change"]["index"]
    case = f"{setup.size.orders // _SHARE:,} changed orders, CPU"
    lines += [Line(case, "put", put), Line(case, "index brought up to date", index), Line(case, "both", put + index)]
    size = setup.size
    title = f"a store of {size.orders:,} orders, {size.events:,} events, {size.customers:,} customers"
    return Table("store_index", title, tuple(lines))


def _note(told: Mapping[str, float]) -> str:
    return f"{told['first'] / told['second']:.1f} times the second evaluation"


def _fill(folder: Path, shop: Shop) -> None:
    events = shop.events.with_columns(event=pl.int_range(shop.events.height).cast(pl.String))
    frames = {"customers": shop.customers, "orders": shop.orders, "events": events}
    store = FactStore.open(folder, create=True)
    for name, frame in frames.items():
        for start in range(0, frame.height, _ROWS):
            with store.writer(_NOW) as writer:
                writer.put("shop", name, frame.slice(start, _ROWS))
                writer.commit()


def _evaluate(facts: Callable[[], rulecrm.Facts]) -> dict[str, float]:
    rules = rulecrm.load(engine.FIFTY)
    start = time.process_time()
    opened = facts()
    answers = engine.answers(rules, opened, AS_OF)
    first = time.process_time()
    engine.answers(rules, opened, day(1))
    second = time.process_time()
    digest = hashlib.sha256(answers.sort("customer").write_csv().encode()).hexdigest()
    return {"first": first - start, "second": second - first, "answers": int(digest[:12], 16)}


def _in_memory(folder: Path) -> dict[str, float]:
    store = FactStore.open(folder)
    frames = {}
    for name in store.frames():
        rows = store.scan(name)
        assert rows is not None
        frames[name] = rows.drop("origin", "changed_at", "learnt_at").collect()
    return _evaluate(lambda: rulecrm.Facts.from_frames(**frames, currency="CNY"))


def _opened(folder: Path) -> dict[str, float]:
    return _evaluate(lambda: rulecrm.Facts.open(folder, currency="CNY"))


def _keeping(folder: Path) -> dict[str, float]:
    return _evaluate(lambda: rulecrm.Facts.open(folder, currency="CNY", keep_index=True))


def _change(folder: Path) -> dict[str, float]:
    """Nine of ten are orders that were known, and one is new, half of those of new customers."""
    from rulecrm.runtime import refresh_index

    store = FactStore.open(folder)
    orders = store.scan("orders")
    assert orders is not None
    known = orders.drop("origin", "changed_at", "learnt_at").collect()
    random = np.random.Generator(np.random.PCG64(1))
    changed = known.height // _SHARE
    places = np.sort(random.choice(known.height, changed * 9 // 10, replace=False))
    picked = known.gather(pl.Series(places))
    back = pl.coalesce("refunded_at", pl.lit(_NOW).cast(pl.Datetime("us", "UTC")))
    fresh = picked.head(changed // 10).with_columns(
        order="n" + pl.col("order"),
        customer=pl.when(pl.int_range(pl.len()) % 2 == 0).then("x" + pl.col("customer")).otherwise("customer"),
    )
    rows = pl.concat([picked.with_columns(refunded_at=back), fresh])
    del known
    start = time.process_time()
    with store.writer(_NOW) as writer:
        tally = writer.put("shop", "orders", rows)
        writer.commit()
    put = time.process_time()
    assert refresh_index(folder) == 1
    index = time.process_time()
    assert tally.received == rows.height
    return {"put": put - start, "index": index - put}


_WAYS: dict[str, Callable[[Path], dict[str, float]]] = {
    "in memory": _in_memory,
    "the store": _opened,
    "the store, keeping an index": _keeping,
    "the store, kept": _opened,
    "change": _change,
    "after the change, in memory": _in_memory,
    "after the change, kept": _opened,
}
"""In this order: each finds what those before it have left."""


def main() -> None:
    """Do what the command line names, and print what it took."""
    sys.stdout.write(json.dumps(_WAYS[sys.argv[1]](Path(sys.argv[2]))) + "\n")


if __name__ == "__main__":
    main()

"""Insights: single figures against the same by hand and in the field's packages; the whole report in a process.

In: the setup. Out: two tables. As a program: `python -m tests.benchmarks.insights FOLDER` writes the report, prints JSON.
Invariant: figures have the same numbers all ways before a time is told.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

import rulecrm
from rulecrm import insight
from tests.benchmarks import by_hand, engine, memory
from tests.benchmarks.setup import Setup, day
from tests.benchmarks.shop import AS_OF, Shop, open_shop
from tests.benchmarks.table import OURS, Line, Table, lines
from tests.benchmarks.timing import alternate, in_child

__all__ = ["run_figures", "run_report"]

RULES = engine.text_of(
    'import "std/recency.rules"',
    'import "std/rfm.rules"',
    'import "std/value.rules"',
    "metric purchases = count(purchase)",
    """lifecycle relationship {
  start prospect
  prospect -> new on purchase
  new -> active on purchase
  new, active -> silent after 30d without purchase
  silent -> sleeping after 60d without purchase
  sleeping -> lost after 90d without purchase
  silent, sleeping, lost -> active on purchase
}""",
)
"""What a shop would have in a file for its Mondays."""


def _minor(column: str) -> pl.Expr:
    return (pl.col(column) * 100).cast(pl.Int64)


def _second(shop: insight.Shop) -> pl.DataFrame:
    return insight.second_purchase(shop).frame.filter(pl.col("measure") == "time_over").select("base", "repeated")


def _cohorts(shop: insight.Shop) -> pl.DataFrame:
    frame = insight.cohorts(shop).frame.filter(pl.col("retained") > 0)
    return frame.select("cohort", "period", "retained").sort("cohort", "period")


def _shares(shop: insight.Shop) -> pl.DataFrame:
    frame = insight.order_shares(shop).frame
    return frame.select(pl.col("purchases").str.head(1).cast(pl.Int64), "customers", "orders", _minor("revenue"))


def _grid(shop: insight.Shop) -> pl.DataFrame:
    frame = insight.rfm_grid(shop).frame.filter(pl.col("customers") > 0)
    return frame.select("recency", "frequency", "customers", "orders", _minor("revenue")).sort("recency", "frequency")


_FIGURES: dict[str, tuple[Callable[[insight.Shop], pl.DataFrame], Callable[[Shop, dt.datetime], pl.DataFrame]]] = {
    "second purchase within 45 d": (_second, by_hand.second_purchase),
    "cohorts by month": (_cohorts, by_hand.cohorts),
    "shares of revenue by number of purchases": (_shares, by_hand.order_shares),
    "RFM grid": (_grid, by_hand.rfm_grid),
}


def run_figures(setup: Setup) -> Table:
    """Each figure from facts, its purchases read anew, against the same by hand from the frames."""
    shop = setup.shop()
    rules, facts = rulecrm.loads(RULES), engine.facts_of(shop)

    def asked(turn: int) -> insight.Shop:
        return insight.Shop.of(rules, facts, as_of=day(turn))

    found: list[Line] = []
    for case, (ours, theirs) in _FIGURES.items():
        one, other = ours(asked(0)), theirs(shop, day(0))
        assert one.rows() == other.rows(), f"{case}: other numbers"
        ways: dict[str, Callable[[int], object]] = {
            OURS: lambda turn, ours=ours: ours(asked(turn)),
            "Polars by hand": lambda turn, theirs=theirs: theirs(shop, day(turn)),
        }
        found += lines(case, alternate(ways, setup.repeat))
    read = asked(0)
    read.purchases()
    found += lines("all four, purchases read once", alternate({
        OURS: lambda _: [ours(read) for ours, _ in _FIGURES.values()],
        "Polars by hand": lambda _: [theirs(shop, day(0)) for _, theirs in _FIGURES.values()],
    }, setup.repeat))  # fmt: skip
    return Table(
        "insights",
        f"figures of {setup.size.orders:,} orders, against hand-written Polars and the field's packages",
        (*found, *_curve(setup, shop, asked), *_lifetime(setup, read)),
    )


def _curve(setup: Setup, shop: Shop, asked: Callable[[int], insight.Shop]) -> tuple[Line, ...]:
    case = "repurchase curve"
    if importlib.util.find_spec("lifelines") is None:
        return (Line(case, "lifelines", None, note="not installed"),)
    import lifelines

    def theirs(turn: int) -> pl.Series:
        pauses = by_hand.pauses(shop, day(turn))
        fitter = lifelines.KaplanMeierFitter().fit(pauses["lasted"].to_numpy(), pauses["again"].to_numpy())
        return pl.Series(1 - fitter.survival_function_at_times(range(366)).to_numpy())

    def ours(turn: int) -> pl.Series:
        return insight.repurchase_curve(asked(turn)).frame.get_column("share")

    assert (ours(0) - theirs(0)).abs().max() < 1e-9, f"{case}: other numbers"
    return lines(case, alternate({OURS: ours, "lifelines": theirs}, setup.repeat))


def _lifetime(setup: Setup, shop: insight.Shop) -> tuple[Line, ...]:
    case = "BG/NBD fitted"
    seconds = alternate({OURS: lambda _: insight.fit_lifetime(shop)}, setup.repeat)
    fitted = insight.fit_lifetime(shop)
    if importlib.util.find_spec("lifetimes") is None:
        return (*lines(case, seconds), Line(case, "lifetimes", None, note="not installed"))
    import warnings

    import lifetimes

    counted = fitted.counted
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an old package, on new libraries
        theirs = lifetimes.BetaGeoFitter().fit(counted.repeats, counted.recency, counted.age)
    told = time.perf_counter() - begun
    assert fitted.repeats is not None
    note = ", ".join(f"{name} {value:.3f}" for name, value in theirs.params_.items())
    return (*lines(case, seconds), Line(case, "lifetimes", told, note=f"once; {note}"))


def run_report(setup: Setup) -> Table:
    """The whole report in a fresh process, frames read from Parquet: seconds, CPU, peak memory."""
    told = in_child("insights", str(setup.folder))
    kept = (
        Line("whole report", OURS, told["seconds"]),
        Line("its CPU", OURS, told["cpu"], "s of CPU"),
        Line("peak memory", OURS, told["megabytes"], "MB"),
        Line("the page", OURS, told["page"], "MB", f"{told['figures']:.0f} figures"),
    )
    return Table("report", f"`write_report` of {setup.size.customers:,} customers", kept)


def main() -> None:
    """Write the report of the shop in the folder named on the command line."""
    from rulecrm.report import write_report

    begun, cpu = time.perf_counter(), time.process_time()
    frames = open_shop(Path(sys.argv[1]))
    shop = insight.Shop.of(rulecrm.loads(RULES), engine.facts_of(frames), as_of=AS_OF)
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(shop, Path(folder, "report.html"))
        size, figures = page.stat().st_size, page.read_text("utf-8").count("<figure")
    told = {
        "seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu, "megabytes": memory.peak(),
        "page": size / 1e6, "figures": figures,
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()

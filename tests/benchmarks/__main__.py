"""`python -m tests.benchmarks`: every measure in one run, as a table of ratios.

In: options. Out: tables on the standard output, and as JSON where asked for.
Invariant: a benchmark that compares answers has found them identical before it prints a time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from tests.benchmarks import (
    campaigns,
    fifty,
    importing,
    insights,
    ledger,
    lifecycle,
    memory,
    rows,
    segments,
    sending,
    startup,
    store,
    store_index,
    windows,
)
from tests.benchmarks import compile as compiling
from tests.benchmarks.setup import Setup
from tests.benchmarks.shop import SIZES
from tests.benchmarks.table import Table, draw, to_json

__all__ = ["BENCHMARKS", "main"]

BENCHMARKS: Mapping[str, Callable[[Setup], Table]] = {
    "fifty": fifty.run_kept,
    "cold": fifty.run_cold,
    "parquet": fifty.run_from_parquet,
    "rows": rows.run,
    "windows": windows.run,
    "segments": segments.run_segments,
    "nest": segments.run_nest,
    "lifecycle": lifecycle.run,
    "campaigns": campaigns.run,
    "compile": compiling.run,
    "startup": startup.run,
    "memory": memory.run,
    "ledger": ledger.run,
    "sending": sending.run,
    "store_index": store_index.run,
    "store": store.run,
    "import": importing.run,
    "insights": insights.run_figures,
    "report": insights.run_report,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the options ask for."""
    options = _parser().parse_args(arguments)
    setup = Setup(SIZES[options.size], options.data, options.repeat, options.shuffled, options.text_ids)
    # Where nobody looks (a file, a pipe) rich would assume 80 columns and fold the notes.
    console = Console() if sys.stdout.isatty() else Console(width=120)
    tables: list[Table] = []
    for name in options.only or BENCHMARKS:
        tables.append(BENCHMARKS[name](setup))
        draw(tables[-1], console)
    if options.json is not None:
        report = {"size": options.size, "repeat": options.repeat, "tables": to_json(tables)}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Ratios, measured side by side.")
    add = parser.add_argument
    add("--size", choices=tuple(SIZES), default="S", help="T tiny, S 100 k customers, M 1 M, L 10 M (default S)")
    add("--only", nargs="+", choices=tuple(BENCHMARKS), metavar="NAME", help=f"some of: {', '.join(BENCHMARKS)}")
    add("--repeat", type=int, default=5, metavar="N", help="rounds of each; the median counts (default 5)")
    add("--shuffled", action="store_true", help="rows in no order, instead of by time")
    add("--text-ids", action="store_true", help="customers are named by text, instead of numbers")
    add("--data", type=Path, metavar="DIR", help="where the shop is kept (default: the system's temporary folder)")
    add("--json", type=Path, metavar="FILE", help="write the tables as data, too")
    return parser


if __name__ == "__main__":
    main()

"""A file of ten thousand lines: how long it takes to load, the first time, again, and in a process of its own.

In: the setup (its folder for data is where the file goes). Out: a table.
As a program: `python -m tests.benchmarks.compile FILE FOLDER` prints the seconds of two loads as JSON; the folder is
where models are kept, empty for nowhere.
Invariant: the time is that of `rulecrm.load`, imports left out; what it keeps for the next process goes to a folder of
its own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import rulecrm
from tests.benchmarks.engine import text_of
from tests.benchmarks.setup import Setup
from tests.benchmarks.table import Line, Table
from tests.benchmarks.timing import in_child

__all__ = ["long_file", "run"]


def run(setup: Setup) -> Table:
    """Load in two processes, twice in each."""
    text = long_file(setup.lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.rules"
        path.write_text(text, encoding="utf-8")
        nothing_kept = in_child("compile", str(path), "")
        first, second = (in_child("compile", str(path), str(Path(folder) / "kept")) for _ in range(2))
    count = text.count("\n")
    taken = {
        "new process, nothing kept": nothing_kept["first"],
        "new process, kept for the next": first["first"],
        "unchanged, new process": second["first"],
        "unchanged, same process": second["second"],
    }
    found = (
        Line(f"{count:,} lines", way, value, note=f"{count / value:,.0f} lines a second")
        for way, value in taken.items()
    )
    return Table("compile", "rulecrm.load of a generated file", tuple(found))


def long_file(count: int) -> str:
    """Metrics and segments as people write them, `count` lines in all but the head."""
    parts: list[str] = []
    lines = 0
    number = 0
    while lines < count:
        part = _paragraph(number)
        parts.append(part)
        lines += part.count("\n") + 1
        number += 1
    return text_of(*parts)


def _paragraph(number: int) -> str:
    days = 7 + number % 360
    before = f"quiet_{number - 1}" if number else "purchases >= 2"
    head = "metric purchases = count(purchase)\n\n" if number == 0 else ""
    return f'''{head}# Paragraph {number}.
metric spent_{number} "Spent in {days} days" = sum(purchase.amount last {days}d) ?? 0 CNY
metric baskets_{number} = mean(purchase.amount where category in ["dress", "shoes"] last {days}d)

"""Customers worth a letter."""
segment worthy_{number} = spent_{number} >= {100 + number} CNY and purchases >= {1 + number % 7}
segment quiet_{number} = none(visit last {days}d) and exists(order where not paid last {days + 30}d)
segment asked_{number} = worthy_{number} and not ({before}) or baskets_{number} > {50 + number} CNY
classify group_{number} {{
  good when worthy_{number} and asked_{number}
  fair when quiet_{number} or first(purchase).at on 2025-11-11
  rest otherwise
}}
'''


def main() -> None:
    """Load the file named on the command line, twice."""
    path, os.environ["RULECRM_CACHE_DIR"] = sys.argv[1:]
    rulecrm.load  # noqa: B018  (the import is not what is measured)
    taken = {}
    for name in ("first", "second"):
        start = time.perf_counter()
        rulecrm.load(path)
        taken[name] = time.perf_counter() - start
    sys.stdout.write(json.dumps(taken) + "\n")


if __name__ == "__main__":
    main()

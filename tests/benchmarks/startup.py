"""What somebody waits for who runs `rulecrm check`, and what `import rulecrm` costs a program that has Polars already.

In: the setup. Out: a table of whole processes; a line says whether Polars was imported by the check (it must not be).
Invariant: a process is timed from outside, interpreter included.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.engine import text_of
from tests.benchmarks.setup import Setup
from tests.benchmarks.table import OURS, Line, Table
from tests.benchmarks.timing import ROOT, wall

__all__ = ["imported_by_check", "run"]

_SMALL = text_of("segment loyal = count(purchase) >= 3", "segment quiet = age(last(purchase).at) > 90d")


def run(setup: Setup) -> Table:
    """Alternate the processes."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "small.rules")
        Path(path).write_text(_SMALL, encoding="utf-8")
        commands = {
            OURS: ("-m", "rulecrm", "check", path),
            "python -c pass": ("-c", "pass"),
            "import polars": ("-c", "import polars"),
            "import polars, rulecrm": ("-c", "import polars, rulecrm"),
            "and all rulecrm names": ("-c", "import polars, rulecrm; [getattr(rulecrm, x) for x in rulecrm.__all__]"),
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(setup.repeat + 1):
            for name, command in commands.items():
                taken[name].append(wall(*command))
        heavy = imported_by_check(path) & {"polars", "numpy"}
    note = f"imports {', '.join(sorted(heavy))}" if heavy else "without Polars and NumPy"
    found = tuple(
        Line("whole process", name, statistics.median(times[1:]), note=note if name == OURS else "")
        for name, times in taken.items()  # the first round warms the disk
    )
    return Table("startup", "rulecrm check small.rules", found)


def imported_by_check(path: str) -> set[str]:
    """Top-level packages that `rulecrm check` imports."""
    command = [sys.executable, "-X", "importtime", "-m", "rulecrm", "check", path]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stderr
    names = (line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:"))
    return {name.partition(".")[0] for name in names}

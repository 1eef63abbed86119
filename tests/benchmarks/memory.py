"""Peak memory of the fifty segments, each way in a process of its own, against the size of the facts themselves.

In: the setup. Out: a table in megabytes. As a program: `python -m tests.benchmarks.memory WAY FOLDER` prints JSON.
Invariant: a peak is the kernel's own (VmHWM), interpreter and libraries included; where there is no /proc, no figure.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.setup import Setup
from tests.benchmarks.shop import AS_OF, open_shop
from tests.benchmarks.table import OURS, Line, Table
from tests.benchmarks.timing import in_child

__all__ = ["run"]

_STATUS = Path("/proc/self/status")


def run(setup: Setup) -> Table:
    """One child for each way."""
    size = setup.shop().megabytes
    found = [Line("peak", "facts, as frames", size, "MB")]
    for way in _WAYS:
        if not _STATUS.exists():
            found.append(Line("peak", way, None, "MB", "no /proc on this system"))
            continue
        peak = in_child("memory", way, str(setup.folder))["megabytes"]
        found.append(Line("peak", way, peak, "MB", f"{peak / size:.1f} times the facts"))
    return Table("memory", "peak memory of a process that answers the 50 segments", tuple(found))


def _rulecrm(folder: Path) -> None:
    import rulecrm
    from tests.benchmarks import engine

    engine.answers(rulecrm.load(engine.FIFTY), engine.facts_of(open_shop(folder)), AS_OF)


def _rulecrm_scanned(folder: Path) -> None:
    import rulecrm
    from tests.benchmarks import engine

    engine.answers(rulecrm.load(engine.FIFTY), engine.scan(folder), AS_OF)


def _polars(folder: Path) -> None:
    from tests.benchmarks import expert_polars

    expert_polars.answers(expert_polars.Sources.of(open_shop(folder)), AS_OF)


def _polars_read(folder: Path) -> None:
    from tests.benchmarks import expert_polars

    expert_polars.answers(expert_polars.Sources.read(folder), AS_OF)


def _duckdb(folder: Path) -> None:
    from tests.benchmarks import expert_duckdb

    with expert_duckdb.connect(folder) as connection:
        expert_duckdb.answer(connection, AS_OF)


_WAYS: dict[str, Callable[[Path], None]] = {
    OURS: _rulecrm,
    "rulecrm, from Parquet": _rulecrm_scanned,
    "Polars": _polars,
    "Polars, from Parquet": _polars_read,
    "DuckDB, own tables": _duckdb,
}


def main() -> None:
    """Answer in the way named on the command line, and print the peak."""
    _WAYS[sys.argv[1]](Path(sys.argv[2]))
    line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(json.dumps({"megabytes": int(line.split()[1]) / 1024}) + "\n")


if __name__ == "__main__":
    main()

"""Peak memory of the fifty segments, each way in a process of its own, against the size of the facts themselves.

In: the setup. Out: a table in megabytes. As a program: `python -m tests.benchmarks.memory WAY FOLDER` prints JSON.
Invariant: a peak is the kernel's own (VmHWM) and holds everything: interpreter and libraries (told apart, for they do not
grow with the facts), the frames themselves and what reading them took. Where there is no /proc, there is no figure.
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

__all__ = ["peak", "run"]

_STATUS = Path("/proc/self/status")


def run(setup: Setup) -> Table:
    """One child for each way."""
    size = setup.shop().megabytes
    found = [Line("peak", "facts, as frames", size, "MB")]
    for way in _WAYS:
        if not _STATUS.exists():
            found.append(Line("peak", way, None, "MB", "no /proc on this system"))
            continue
        told = in_child("memory", way, str(setup.folder))
        peak, bare = told["megabytes"], told["bare"]
        note = f"{(peak - bare) / size:.1f} times the facts, and {bare:.0f} MB of interpreter and libraries"
        found.append(Line("peak", way, peak, "MB", note))
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
    """Answer in the way named on the command line, and print the peak, and the one before any fact was read."""
    way = sys.argv[1]
    # What is imported now is there whatever the size of the facts.
    from tests.benchmarks import engine, expert_polars  # noqa: F401

    if way.startswith("DuckDB"):
        from tests.benchmarks import expert_duckdb  # noqa: F401
    bare = peak()
    _WAYS[way](Path(sys.argv[2]))
    sys.stdout.write(json.dumps({"megabytes": peak(), "bare": bare}) + "\n")


def peak() -> float:
    """The most that this process has held at once, in MB."""
    line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()

"""Delta tables in a folder, each read at a version that somebody names.

In: a folder, names of tables, frames. Out: scans, and versions that writing made.
Invariant: this is the one module that speaks to `deltalake`; a table is only ever written through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from attrs import field, frozen

from rulecrm.lake.findings import refusal, translated

if TYPE_CHECKING:
    from deltalake import DeltaTable  # noqa: TC004 - the annotation is never evaluated

__all__ = ["Tables", "require"]


def _silent(step: str) -> None:
    """Nobody wants to know."""


@frozen(eq=False)
class Tables:
    """The tables of a store.

    Attributes:
        path: the folder of the store.
        told: is told of each change of a table right before and right after it is made: `before append orders`.
            Tests end the process there.
    """

    path: Path
    told: Callable[[str], None] = field(default=_silent)
    _held: dict[str, DeltaTable] = field(factory=dict, init=False)
    """Tables at their newest version, while a writer holds the lock: to open one reads its log."""

    def exists(self, name: str) -> bool:
        """Whether there is such a table, of whatever version."""
        return (self.path / name / "_delta_log").is_dir()

    def forget(self) -> None:
        """Look at the disk again: somebody else may have written."""
        self._held.clear()

    def version(self, name: str) -> int:
        """The newest version of a table, committed or not."""
        return self._newest(name).version()

    def identity(self, name: str) -> str:
        """The name that Delta Lake gave to a table when it was made: no other has it, wherever it lies."""
        with translated(self.path):
            return str(self._open(name).metadata().id)

    def scan(self, name: str, version: int) -> pl.LazyFrame:
        """A table as of a version, for good."""
        with translated(self.path):
            return pl.scan_delta(self._open(name, version))

    def peek(self, name: str, version: int) -> pl.LazyFrame:
        """As `scan`, to be collected before the table is written to."""
        return pl.scan_delta(self._at(name, version))

    def layers(self, name: str, version: int) -> Mapping[str, int]:
        """How many rows each layer of a table has, by the log."""
        with translated(self.path):
            files = pl.DataFrame(self._at(name, version).get_add_actions(flatten=True))
        rows = files.group_by("partition.layer").agg(pl.col("num_records").sum())
        return {str(layer): int(count) for layer, count in rows.iter_rows()}

    def count(self, name: str) -> int:
        """How many files the newest version of a table has."""
        return len(self._newest(name).file_uris())

    def files(self, name: str) -> pl.DataFrame:
        """The files of a table as it is on the disk now: `path`, `num_records`, and `max.NAME` where there are any."""
        with translated(self.path):
            return pl.DataFrame(self._open(name).get_add_actions(flatten=True))

    def create(self, name: str, rows: pl.DataFrame, statistics: tuple[str, ...], *, layered: bool = True) -> int:
        """Make a table anew, whatever lies there; its version.

        Statistics of other columns would put their least and greatest values into the log, which outlives the rows.
        """
        from deltalake import write_deltalake

        with self._step(f"create {name}"):
            write_deltalake(
                self.path / name, rows, mode="overwrite", schema_mode="overwrite",
                partition_by=["layer"] if layered else None,
                configuration={
                    "delta.dataSkippingStatsColumns": ",".join(statistics),
                    # What a killed writer has added may not take with it the log of the version that is committed.
                    "delta.enableExpiredLogCleanup": "false",
                    "delta.checkpointInterval": "20",
                },
            )  # fmt: skip
            self._held.pop(name, None)
        return self.version(name)

    def append(self, name: str, rows: pl.DataFrame) -> int:
        """Add rows, and columns that are new; the version."""
        from deltalake import write_deltalake

        with self._step(f"append {name}"):
            write_deltalake(self._newest(name), rows, mode="append", schema_mode="merge")
        return self.version(name)

    def replace(self, name: str, rows: pl.DataFrame, predicate: str) -> int:
        """Put rows in the place of those for which the predicate holds; the version."""
        from deltalake import write_deltalake

        with self._step(f"replace {name}"):
            write_deltalake(self._newest(name), rows, mode="overwrite", predicate=predicate)
        return self.version(name)

    def delete(self, name: str, predicate: str) -> int:
        """Take out the rows for which the predicate holds; the version. Older ones still have them: see `vacuum`."""
        with self._step(f"delete {name}"):
            self._newest(name).delete(predicate)
        return self.version(name)

    def merge_files(self, name: str) -> int:
        """Make few files of many, rows as they were; the version."""
        with self._step(f"merge {name}"):
            self._newest(name).optimize.compact()
        return self.version(name)

    def restore(self, name: str, version: int) -> int:
        """Bring a table back to what it was at a version, if somebody went further; the version it has now."""
        newest = self.version(name)
        if newest == version:
            return version
        with self._step(f"restore {name}"):
            self._newest(name).restore(version)
        return self.version(name)

    def vacuum(self, name: str, hours: int) -> list[str]:
        """Remove files that the newest version does not need, and that are older than so many hours; their names."""
        with self._step(f"vacuum {name}"):
            return self._newest(name).vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)

    def _newest(self, name: str) -> DeltaTable:
        if name not in self._held:
            with translated(self.path):
                self._held[name] = self._open(name)
        return self._held[name]

    def _at(self, name: str, version: int) -> DeltaTable:
        held = self._held.get(name)
        if held is not None and held.version() == version:
            return held
        with translated(self.path):
            return self._open(name, version)

    def _open(self, name: str, version: int | None = None) -> DeltaTable:
        from deltalake import DeltaTable

        return DeltaTable(str(self.path / name), version=version)

    @contextmanager
    def _step(self, words: str) -> Iterator[None]:
        """One change of a table: told of, and its errors translated."""
        self.told(f"before {words}")
        with translated(self.path):
            yield
        self.told(f"after {words}")


def require() -> None:
    """See that `deltalake` and `filelock` are there.

    Raises:
        RulesError: R700.
    """
    try:
        import deltalake  # noqa: F401
        import filelock  # noqa: F401
    except ImportError as error:
        message = f"a fact store needs {error.name}, which is not installed"
        raise refusal("R700", message, fix='pip install "rulecrm[lake]"') from None

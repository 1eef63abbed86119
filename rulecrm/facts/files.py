"""Frames from files.

In: paths. Out: scans of Parquet files, and frames of text of CSV files.
Invariant: what cannot be read is a diagnostic that names the frame and the path; no cell of a CSV file is interpreted.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.facts.findings import finding
from rulecrm.facts.source import first_line
from rulecrm.lake import FactStore
from rulecrm.lake.persons import LINKS

__all__ = ["beside", "find", "is_store", "read_csv", "scan_parquet", "scan_store"]

_PARQUET, _CSV = ".parquet", ".csv"
_SEPARATORS = (";", "\t", ",", "|")


def scan_parquet(path: str | PathLike[str]) -> pl.LazyFrame:
    """A scan of a Parquet file, of the files of a pattern, or of those below a directory."""
    return pl.scan_parquet(os.fspath(path))


def read_csv(frame: str, path: str | PathLike[str], *, separator: str, encoding: str) -> pl.DataFrame:
    """A CSV file, every column text, an empty cell missing.

    Raises:
        RulesError: the file cannot be read.
    """
    try:
        rows = pl.read_csv(os.fspath(path), separator=separator, encoding=encoding, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeError, LookupError) as error:
        why = first_line(error)
        fix = 'say what its text is in, such as `encoding="gb18030"`' if "utf-8" in why else None
        raise RulesError([_unreadable(frame, path, why, fix)]) from error
    other = next((one for one in _SEPARATORS if rows.width == 1 and one in rows.columns[0]), None)
    if other is not None:
        why = f"it has one column, `{rows.columns[0][:60]}`"
        raise RulesError([_unreadable(frame, path, why, f"say what separates its cells: `separator={other!r}`")])
    return rows


def find(directory: str | PathLike[str]) -> tuple[dict[str, Path], dict[str, Path]]:
    """Parquet files (or directories of them) and CSV files of a directory, by the names of their frames.

    Raises:
        RulesError: the directory cannot be read, holds none, or holds a frame twice.
    """
    place = Path(directory)
    try:
        entries = sorted(place.iterdir())
    except OSError as error:
        raise RulesError([_unreadable(place.name, place, error.strerror or first_line(error))]) from error
    scans = {entry.stem: entry for entry in entries if entry.suffix == _PARQUET}
    tables = {entry.stem: entry for entry in entries if entry.suffix == _CSV}
    twice = [
        finding("R430", name, f"both `{name}{_PARQUET}` and `{name}{_CSV}` are in {place}", fix="keep one of them")
        for name in scans
        if name in tables
    ]
    if not scans and not tables:
        fix = f"put `orders{_PARQUET}` or `orders{_CSV}` there, and so on for each frame"
        twice = [finding("R430", place.name, f"no Parquet or CSV file is in {place}", fix=fix)]
    if twice:
        raise RulesError(twice)
    return scans, tables


def is_store(directory: str | PathLike[str]) -> bool:
    """Whether a directory is a fact store."""
    return (Path(directory) / "commits" / "_delta_log").is_dir()


def scan_store(
    directory: str | PathLike[str], known_on: dt.datetime | None
) -> tuple[FactStore, dict[str, pl.LazyFrame]]:
    """A store and scans of its frames, as of its last commit, or as they were known at an instant.

    Raises:
        RulesError: as `FactStore.open`.
    """
    store = FactStore.open(directory)
    scans = {name: store.scan(name, known_on=known_on) for name in store.frames() if name != LINKS}
    persons = store.persons(known_on=known_on)
    return store, {name: _of_persons(scan, persons) for name, scan in scans.items() if scan is not None}


def _of_persons(rows: pl.LazyFrame, persons: pl.DataFrame) -> pl.LazyFrame:
    """Rows with the key `person`, where customers are linked; it is worked out only where it is asked for."""
    names = rows.collect_schema().names()
    if persons.is_empty() or "customer" not in names or "person" in names:
        return rows
    return rows.with_columns(person=pl.col("customer").replace(persons["customer"], persons["person"]))


def beside(directory: str | PathLike[str], taken: Iterable[str]) -> tuple[dict[str, Path], dict[str, Path]]:
    """As `find`, of the files that lie in a store, such as `rates.csv`; there need be none.

    Raises:
        RulesError: a file is of a frame that the store has.
    """
    if not any(entry.suffix in (_PARQUET, _CSV) for entry in Path(directory).iterdir()):
        return {}, {}
    scans, tables = find(directory)
    for name in taken:
        if name in scans or name in tables:
            message = f"it is in the store {directory}, and in a file there"
            raise RulesError([finding("R430", name, message, fix="keep one of them")])
    return scans, tables


def _unreadable(frame: str, path: str | PathLike[str], why: str, fix: str | None = None) -> Diagnostic:
    message = f"{os.fspath(path)} cannot be read: {why}"
    return finding("R430", frame, message, fix=fix, data={"path": os.fspath(path)})

"""Keeping a store quick and small: compaction, merging of files, removal of files that nobody needs.

In: tables as of a commit. Out: the same rows in another layout, and the commit that says so.
Invariant: what any scan gives, now or as known on any day, is the same before and after, row for row.

A table has three layers. `base` has one version of each key, sorted by a compaction; rows of keys that were not known
are added to it as they come, for they supersede nothing. `recent` has versions of keys that are in `base` (or in
`recent`) already, so that a commit only ever adds. `history` has versions that a compaction has found superseded; only
what asks for the past reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl
from attrs import evolve

from rulecrm.lake import commits
from rulecrm.lake.commits import Head
from rulecrm.lake.keeping import COMMITS, QUARANTINE, Keeping, keeping_of
from rulecrm.lake.tables import Tables
from rulecrm.lake.versions import current, winners

__all__ = ["compact", "due", "keep_up", "vacuum"]

SHARE = 0.1
"""Of the rows of the base: with more in `recent`, reading slows down more than a compaction costs in the long run."""
LEAST = 50_000
"""Rows in `recent` that are never worth a compaction."""
FILES = 100
"""More files than this are merged."""
CHUNK = 1_000_000
"""Rows that are sorted in memory at a time."""
_LIVE = "layer = 'base' OR layer = 'recent'"


def keep_up(tables: Tables, head: Head, written: Collection[str]) -> Head:
    """Compact and merge those of the tables that need it; the commit that is the last then."""
    overdue = [name for name in written if due(tables, name, head.tables[name])]
    head = compact(tables, head, overdue) if overdue else head
    many = [name for name in written if tables.count(name) > FILES]
    if tables.count(COMMITS) > FILES:
        tables.merge_files(COMMITS)  # it is read as it is now; no commit has to say so
    if not many:
        return head
    return _merged(tables, head, many)


def _merged(tables: Tables, head: Head, names: Collection[str]) -> Head:
    return _noted(tables, head, "merge", {name: tables.merge_files(name) for name in names})


def due(tables: Tables, name: str, version: int) -> bool:
    """Whether a table is to be compacted."""
    if name == QUARANTINE:
        return False
    rows = tables.layers(name, version)
    return rows.get("recent", 0) > max(LEAST, SHARE * rows.get("base", 0))


def compact(tables: Tables, head: Head, names: Collection[str], *, chunk: int = CHUNK) -> Head:
    """Bring tables into base and history alone, `chunk` rows at a time; the commit that is the last then."""
    versions = {name: _compact(tables, name, head.tables[name], chunk) for name in names}
    return _noted(tables, head, "compact", versions)


def vacuum(tables: Tables, head: Head, names: Collection[str], hours: int) -> Head:
    """Remove files that no commit needs that is younger than so many hours; the commit that is the last then."""
    for name in names:
        tables.vacuum(name, hours)
    return _noted(tables, head, "vacuum", {name: tables.version(name) for name in names})


def _noted(tables: Tables, head: Head, what: str, versions: dict[str, int]) -> Head:
    after = evolve(head, number=head.number + 1, tables={**head.tables, **versions}, what=what)
    commits.note(tables, after, [])
    return after


def _compact(tables: Tables, name: str, version: int, size: int) -> int:
    """Two or more versions of the table; nobody reads one in between, for no commit names it."""
    if "recent" not in tables.layers(name, version):
        return version
    keeping = keeping_of(name)
    rows = tables.scan(name, version)
    superseded = _superseded(rows, keeping).with_columns(pl.lit("history").alias("layer"))
    if superseded.height:
        version = tables.append(name, superseded)
    for number, chunk in enumerate(_chunks(current(rows, keeping, recent=True), keeping, size)):
        based = chunk.with_columns(pl.lit("base").alias("layer"))
        version = tables.append(name, based) if number else tables.replace(name, based, _LIVE)
    return version


def _superseded(rows: pl.LazyFrame, keeping: Keeping) -> pl.DataFrame:
    later = rows.filter(pl.col("layer") == "recent")
    below = rows.filter(pl.col("layer") == "base").join(later, on=keeping.key, how="semi")
    every = pl.concat([below, later])
    last = winners(every, keeping).select(keeping.key, "commit", "turn").unique()
    return every.join(last, on=[keeping.key, "commit", "turn"], how="anti").collect()


def _chunks(rows: pl.LazyFrame, keeping: Keeping, size: int) -> Iterator[pl.DataFrame]:
    """Rows in the order in which they are to lie, as many at a time as fit into memory well."""
    names = rows.collect_schema().names()
    order = [name for name in keeping.order if name in names]
    first = pl.col(order[0]).fill_null("")
    bounds = _bounds(rows.select(first).collect().to_series(), size)
    for low, high in zip(bounds, [*bounds[1:], None], strict=True):
        within = first >= low if high is None else (first >= low) & (first < high)
        part = rows if len(bounds) == 1 else rows.filter(within)
        yield part.collect().sort(order, maintain_order=True)


def _bounds(values: pl.Series, size: int) -> list[str]:
    """Where chunks of about equal size begin; the first at the least text there is."""
    ordered = values.sort()
    places = range(size, len(ordered) - size // 2, size)
    return ["", *dict.fromkeys(str(value) for value in ordered.gather(list(places)) if value)]

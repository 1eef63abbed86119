"""The facts behind an aggregate.

In: an aggregate, and whom and when to ask. Out: `Evidence`.
Invariant: which facts there are is asked of the engine, over the very scan of the aggregate; a natural key is shown
only where the instant leaves no doubt which fact it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl

from rulecrm.explain.asking import Asker
from rulecrm.explain.explanation import Evidence, FactShown, Window
from rulecrm.explain.shown import Door, Shown
from rulecrm.model import ir
from rulecrm.model.types import INSTANT, INT
from rulecrm.planning.walk import walk

__all__ = ["count_of", "evidence_of", "window_of"]

_FIELDS = 4
"""Fields of a fact that are shown."""


def count_of(scan: ir.Scan) -> ir.Aggregate:
    """How many rows a scan has."""
    return ir.Aggregate("count", scan, None, (), INT)


def evidence_of(node: ir.Aggregate, asker: Asker, door: Door, instant: int) -> Evidence:
    """What the aggregate counted, summed or picked, as of an instant."""
    scan = node.scan
    rows = asker.value(count_of(scan), instant)
    assert isinstance(rows, int)
    window = window_of(scan.lower, scan.upper, asker, door, instant)
    return Evidence(node.function, scan.kind, rows, _facts(node, rows, asker, door, instant), window)


def window_of(lower: ir.Bound | None, upper: ir.Bound | None, asker: Asker, door: Door, instant: int) -> Window | None:
    """Where a scan looks; None where it looks at everything up to T."""
    if lower is None and upper is None:
        return None
    ends: list[Shown | None] = [
        None if bound is None else _instant(asker.value(bound.at, instant), door) for bound in (lower, upper)
    ]
    return Window(ends[0], ends[1], lower is None or lower.closed, upper is None or upper.closed)


def _instant(value: object, door: Door) -> Shown:
    return door.instant(value) if isinstance(value, int) else Shown("instant", None, "missing")


def _facts(node: ir.Aggregate, rows: int, asker: Asker, door: Door, instant: int) -> tuple[FactShown, ...]:
    scan = node.scan
    places = list(range(1, rows + 1)) if rows <= 5 else [1, 2, 3, -2, -1]
    at = ir.Column(scan.kind, "at", INSTANT)
    columns = [at, *_columns(node)]
    asked: list[ir.Expr] = [
        ir.Aggregate("nth", scan, column, (ir.Const(place, INT),), column.type)
        for place in places
        for column in columns
    ]
    found = iter(asker.values(asked, instant))
    values = [[next(found) for _ in columns] for _ in places]
    keys = _keys(scan, [row[0] for row in values], asker)
    return tuple(
        FactShown(_instant(at, door), key, tuple(_fields(columns[1:], fields, door, instant)))
        for (at, *fields), key in zip(values, keys, strict=True)
    )


def _fields(columns: list[ir.Column], values: list[object], door: Door, instant: int) -> Iterator[tuple[str, Shown]]:
    for column, value in zip(columns, values, strict=True):
        yield column.name, door.of(value, column.type, instant)


def _columns(node: ir.Aggregate) -> list[ir.Column]:
    """The fields that the aggregate reads, its value first."""
    parts = [*([] if node.value is None else [node.value]), *node.scan.where]
    found: dict[str, ir.Column] = {}
    for part in parts:
        for one in walk(part):
            if isinstance(one, ir.Column) and one.kind == node.scan.kind and one.name != "at":
                found.setdefault(one.name, one)
    return list(found.values())[:_FIELDS]


def _keys(scan: ir.Scan, instants: list[object], asker: Asker) -> list[str | None]:
    kind = asker.run.schema.kinds[scan.kind]
    natural = asker.natural_keys(kind) if instants else None
    if natural is None:
        return [None] * len(instants)
    name, rows = natural
    near = rows.filter(pl.col("at").is_in(pl.Series(instants, dtype=pl.Int64).implode()))
    times = Counter(near.get_column("at").to_list())
    known = dict(zip(near.get_column("at").to_list(), near.get_column(name).to_list(), strict=True))
    return [known[at] if times[at] == 1 else None for at in instants]

"""Files that have a row for each line of an order.

In: a sample and a `Cell` for each column, `order` among them. Out: all rows, the orders of which are whole; the others.
Invariant: of an order either all lines are given, in one part, or none: where one line is refused, or lines disagree on
what an order has but one of, every line of that order is refused, for its sums would be wrong.

The lines of an order need not lie together in the file, so the file is read to its end before any order is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import polars as pl
from attrs import field, frozen

from rulecrm.plugin import Refused, Sample
from rulecrm.sheets.cells import Cell
from rulecrm.sheets.reading import frames
from rulecrm.sheets.records import LINE
from rulecrm.sheets.taking import place_of, take

__all__ = ["Lines", "agreed", "joined", "lines", "together", "total", "whole_orders"]


@frozen(eq=False)
class Lines:
    """The lines of a file.

    Attributes:
        frame: typed, with `original` and `LINE`, in the file's order.
        refused: the rows that were refused.
    """

    frame: pl.DataFrame
    refused: list[Refused] = field(repr=False)


def lines(
    sample: Sample,
    columns: Mapping[str, Cell],
    *,
    wanted: Sequence[str] | None = None,
    trailer: str | None = None,
    one: Sequence[str] = (),
    prepared: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> Lines:
    """Read a file's lines.

    Args:
        sample: of the file.
        columns: by name; `order` is one of them.
        wanted: columns of the file that are read.
        trailer: as for `frames`.
        one: columns of which an order has one value at most; lines that disagree are refused.
        prepared: what is done to typed rows before their orders are looked at, chunk by chunk.
    """
    parts: list[pl.DataFrame] = []
    refused: list[Refused] = []
    lost: set[str] = set()
    for chunk in frames(sample, of="items", wanted=wanted, trailer=trailer):
        rows, wrong = take(chunk.frame, "items", columns, sample)
        if wrong:
            bad = chunk.frame.filter(~pl.col(LINE).is_in(rows.get_column(LINE).implode()))
            lost.update(columns["order"].make(bad).value.drop_nulls().to_list())
        parts.append(rows if prepared is None else prepared(rows))
        refused += [*chunk.refused, *wrong]
    if not parts:
        return Lines(pl.DataFrame(), refused)
    whole = pl.concat(parts)
    whole = _without(whole, lost, "another line of its order is refused", sample, refused)
    for name in one:
        if name in whole.columns:
            several = whole.group_by("order").agg(pl.col(name).drop_nulls().n_unique() > 1).filter(pl.col(name))
            orders = set(several.get_column("order").to_list())
            whole = _without(whole, orders, f"the lines of its order disagree on `{name}`", sample, refused)
    return Lines(whole, refused)


def _without(
    frame: pl.DataFrame, orders: set[str], reason: str, sample: Sample, refused: list[Refused]
) -> pl.DataFrame:
    """The frame without these orders, each line of which is refused."""
    if not orders:
        return frame
    away = pl.col("order").is_in(sorted(orders))
    refused += [
        Refused("items", reason, original, place_of(sample, line))
        for original, line in frame.filter(away).select("original", LINE).iter_rows()
    ]
    return frame.filter(~away)


def whole_orders(frame: pl.DataFrame, rows: int = 100_000) -> Iterator[pl.DataFrame]:
    """The frame in parts of about so many rows, all rows of an `order` in one of them, in the file's order."""
    first = pl.col(_ROW).min().over("order")
    sorted_ = frame.with_row_index(_ROW).with_columns(first.alias(_FIRST)).sort(_FIRST, _ROW)
    begins = sorted_.get_column(_FIRST)
    start = 0
    while start < frame.height:
        last = min(start + rows, frame.height) - 1
        end = int(begins.search_sorted(begins[last], side="right"))
        yield sorted_.slice(start, end - start).drop(_ROW, _FIRST)
        start = end


# --- from lines to orders -----------------------------------------------------------------------------------------


def agreed(*names: str) -> list[pl.Expr]:
    """Within one order: the first value of each of these that is there."""
    return [pl.col(name).drop_nulls().first() for name in names]


def total(name: str) -> pl.Expr:
    """Within one order: the sum, missing where a line has none."""
    return pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()).alias(name)


def together() -> pl.Expr:
    """Within one order: its rows as they came."""
    return pl.col("original").str.join("\n")


def joined(name: str, separator: str = "\n") -> pl.Expr:
    """Within one order: the different texts, in the file's order."""
    return pl.col(name).drop_nulls().unique(maintain_order=True).str.join(separator).replace("", None).alias(name)


_ROW, _FIRST = "#row", "#first"

"""Rows of a canonical frame from rows of text.

In: a chunk, and a `Cell` for each column. Out: a typed frame, and the rows that were refused.
Invariant: every row of the chunk is in exactly one of them; a refused row says the first thing that is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from rulecrm.plugin import Refused, Sample
from rulecrm.sheets.cells import Cell, pick
from rulecrm.sheets.records import LINE, ORIGINAL

__all__ = ["latest", "place_of", "remarks", "take"]


def take(
    frame: pl.DataFrame, of: str, columns: Mapping[str, Cell], sample: Sample
) -> tuple[pl.DataFrame, list[Refused]]:
    """Type the rows of a chunk.

    Args:
        frame: the chunk's.
        of: the canonical frame that the rows belong to.
        columns: by name of the column of that frame.
        sample: of the file, for the places of refused rows.

    Returns:
        The rows that are understood, with the columns asked for and `original`, `LINE`; and the others.
    """
    typed: dict[str, pl.Series] = {}
    first = pl.repeat(None, frame.height, dtype=pl.Int32, eager=True)
    reasons: list[str] = []
    for name, cell in columns.items():
        made = cell.make(frame)
        typed[name] = made.value.alias(name)
        for wrong, reason in made.wrong:
            if wrong.any():
                number = pl.repeat(len(reasons), frame.height, dtype=pl.Int32, eager=True)
                first = pick(first.is_null() & wrong, number, first)
                reasons.append(reason)
    whole = pl.DataFrame(typed).with_columns(frame.get_column(LINE), frame.get_column(ORIGINAL).alias("original"))
    if not reasons:
        return whole, []
    bad = whole.select("original", LINE, first.alias(_WRONG)).filter(first.is_not_null())
    refused = [
        Refused(of, reasons[number], original, place_of(sample, line)) for original, line, number in bad.iter_rows()
    ]
    return whole.filter(first.is_null()), refused


def place_of(sample: Sample, line: int) -> str:
    """Where a row is, for people."""
    return f"{sample.path.name}, {'line' if sample.kind == 'delimited' else 'row'} {line}"


def latest(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The frame with `changed_at`: the latest instant that the row itself tells; nothing in the row is later."""
    there = [name for name in names if name in frame.columns]
    return frame.with_columns(pl.max_horizontal(there).alias("changed_at")) if there else frame


def remarks(frame: pl.DataFrame, known: Iterable[str]) -> Mapping[str, int]:
    """How often each status is in the frame that is not known."""
    if "status" not in frame.columns:
        return {}
    status = pl.col("status")
    strange = frame.filter(status.is_not_null() & ~status.is_in(list(known))).group_by("status").len().sort("status")
    return {f"unknown status {name!r}": number for name, number in strange.iter_rows()}


_WRONG = "#wrong"

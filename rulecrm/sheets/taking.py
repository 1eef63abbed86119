"""Rows of a canonical frame from rows of text.

In: a chunk, and a `Cell` for each column. Out: a typed frame, and the rows that were refused.
Invariant: every row of the chunk is in exactly one of them; a refused row says the first thing that is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from rulecrm.plugin import Refused, Sample
from rulecrm.sheets.cells import Cell
from rulecrm.sheets.records import LINE, ORIGINAL

__all__ = ["latest", "take"]


def take(
    frame: pl.DataFrame, of: str, columns: Mapping[str, Cell], sample: Sample
) -> tuple[pl.DataFrame, Sequence[Refused]]:
    """Type the rows of a chunk.

    Args:
        frame: the chunk's.
        of: the canonical frame that the rows belong to.
        columns: by name of the column of that frame.
        sample: of the file, for the places of refused rows.

    Returns:
        The rows that are understood, with the columns asked for and `original`, `LINE`; and the others.
    """
    problems = [(wrong, reason) for cell in columns.values() for wrong, reason in _problems(cell)]
    reasons = [pl.when(wrong).then(pl.lit(place, dtype=pl.Int32)) for place, (wrong, _) in enumerate(problems)]
    first = pl.min_horizontal(reasons) if reasons else pl.lit(None, dtype=pl.Int32)
    values = [cell.value.alias(name) for name, cell in columns.items()]
    typed = frame.select(*values, pl.col(LINE), pl.col(ORIGINAL).alias("original"), first.alias(_WRONG))
    bad = typed.filter(pl.col(_WRONG).is_not_null())
    word = "line" if sample.kind == "delimited" else "row"
    refused = [
        Refused(of, problems[place][1], original, f"{sample.path.name}, {word} {line}")
        for place, original, line in bad.select(_WRONG, "original", LINE).iter_rows()
    ]
    return (typed.filter(pl.col(_WRONG).is_null()) if bad.height else typed).drop(_WRONG), refused


def latest(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The frame with `changed_at`: the latest instant that the row itself tells; nothing in the row is later."""
    there = [name for name in names if name in frame.columns]
    return frame.with_columns(pl.max_horizontal(there).alias("changed_at")) if there else frame


def _problems(cell: Cell) -> list[tuple[pl.Expr, str]]:
    own = [] if cell.wrong is None else [(cell.wrong, cell.reason)]
    return [*own, *cell.more]


_WRONG = "#wrong"

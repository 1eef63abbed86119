"""Which line of a file is its header, and what stands between its cells.

In: the first lines of a file, or the first rows of a workbook's sheet. Out: the header's cells and place.
Invariant: what is above the header is counted and never read as facts.
"""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from collections.abc import Sequence

__all__ = ["header_row", "names_of", "separator_of", "stripped"]

SEPARATORS = ("\t", ",", ";")
_AROUND = " \t\r\n\u3000\xa0\ufeff\u200b"


def stripped(cell: str) -> str:
    """A cell of a header without what spreadsheets and pages put around it; accents are one letter with theirs."""
    cell = unicodedata.normalize("NFC", cell)
    cell = cell.strip(_AROUND)
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        cell = cell[2:-1]
    return cell.strip(_AROUND)


def separator_of(lines: Sequence[str]) -> str:
    """What stands between cells: of tab, comma and semicolon that by which most lines have one number of cells."""

    def agreement(separator: str) -> tuple[int, int]:
        widths = Counter(width for line in lines if (width := len(cells_of(line, separator))) > 1)
        width, count = max(widths.items(), key=lambda one: (one[1] * one[0], one[0]), default=(0, 0))
        return (count * width, width)

    return max(SEPARATORS, key=agreement)


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a line, as far as it has whole ones."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:  # a cell that is longer than the module's limit, or a NUL
        return line.split(separator)


def header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """Which row is the header: the first as wide as most, whose cells are names; None where there is none.

    Names are not repeated often, and are no numbers; lines of a preamble have fewer cells.
    """
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return None
    usual = max(widths.items(), key=lambda one: (one[1], one[0]))[0]
    best: tuple[int, int] | None = None
    for place, row in enumerate(rows):
        names = [stripped(cell) for cell in row if stripped(cell)]
        words = {name for name in names if not _number(name)}
        if len(row) < min(usual, 3) - 1 or len(words) < 2 or len(words) < 0.9 * len(names):
            continue
        if best is None or len(words) > best[0] * 1.2 + 1:
            best = (len(words), place)
    return None if best is None else best[1]


def _number(cell: str) -> bool:
    return cell.lstrip("'=\"-¥$").replace(",", "")[:1].isdigit()


def names_of(cells: Sequence[str]) -> list[str]:
    """Names of columns from the header's cells: stripped, none twice, none empty; empty ones at the end left out."""
    names = [stripped(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    seen: Counter[str] = Counter()
    unique = []
    for place, cell in enumerate(names, 1):
        name = cell or f"column {place}"
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique

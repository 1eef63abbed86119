"""Which line of a file is its header, and what stands between its cells.

In: the first rows of a file, as each separator gives them, or of a workbook's sheet. Out: the header's cells and place.
Invariant: what is above the header is counted and never read as facts.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

__all__ = ["SEPARATORS", "agreement", "header_row", "names_of", "stripped"]

SEPARATORS = ("\t", ",", ";")
_AROUND = " \t\r\n\u3000\xa0\ufeff\u200b"


def stripped(cell: str) -> str:
    """A cell of a header without what spreadsheets and pages put around it; accents are one letter with theirs."""
    cell = unicodedata.normalize("NFC", cell)
    cell = cell.strip(_AROUND)
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        cell = cell[2:-1]
    return cell.strip(_AROUND)


def agreement(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How surely these are rows of a table: the share of them that have the usual number of cells, and that number."""
    widths = Counter(len(row) for row in rows if any(map(stripped, row)))
    wide = {width: count for width, count in widths.items() if width > 1}
    if not wide:
        return (0.0, 0)
    width = max(wide, key=lambda one: (wide[one] * one, one))
    return (wide[width] / widths.total(), width)


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
        numbers = sum(map(_number, names))
        if len(row) < min(usual, 3) - 1 or len(words) < 2 or numbers > 0.1 * len(names):
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

"""The beginning of a file.

In: a path. Out: `Sample`: what kind of file it is, its header, and the first rows below.
Invariant: what a file is comes from its bytes, never from its name; Polars is loaded for workbooks alone.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from rulecrm.plugin import Sample
from rulecrm.sheets.encodings import encoding_of, kind_of
from rulecrm.sheets.faults import fault
from rulecrm.sheets.headers import SEPARATORS, agreement, header_row, names_of

__all__ = ["ROWS", "sample"]

ROWS = 100
"""How many rows are looked at to find the header, and how many below it are shown to formats."""

_HEAD = 1 << 18
_WRONG = {
    "empty": ("there is nothing in it", "download it again"),
    "page": ("it is a page or a program's answer, no sheet", "download it again, signed in, and do not open it before"),
    "other": ("it is no sheet", "give the file as it was downloaded; unpack archives before"),
}


def sample(path: Path, *, encoding: str | None = None) -> Sample:
    """The beginning of a file.

    Args:
        path: of the file.
        encoding: of a delimited file whose encoding is known; otherwise it is found out.

    Raises:
        RulesError: R720, it is no sheet or cannot be read; R724, its encoding is not known; R725, a workbook without
            the extra `sheets`.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            kind = kind_of(head)
            if kind in _WRONG:
                message, fix = _WRONG[kind]
                raise fault("R720", path, message, fix=fix)
            if kind != "delimited":
                return _of_workbook(path, kind)
            file.seek(0)
            found = encoding or encoding_of(file)
    except OSError as error:
        raise fault("R720", path, f"it cannot be read: {error.strerror or type(error).__name__}") from error
    if found is None:
        fix = "save it as UTF-8, or name its encoding"
        raise fault("R724", path, "its encoding is neither UTF-8, nor UTF-16, nor GB18030", fix=fix)
    return _of_text(path, found, head)


def _of_text(path: Path, encoding: str, head: bytes) -> Sample:
    try:
        text = head.decode(encoding, errors="replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    except LookupError as error:
        raise fault("R724", path, f"`{encoding}` is no encoding", fix="such as utf-8, gb18030, cp1252") from error
    lines = text.split("\n")
    if len(head) == _HEAD:
        lines.pop()  # the last line may be cut
    read = {separator: _records(lines, separator) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda one: agreement(read[one][0]))
    rows, ends = read[separator]
    place = header_row(rows)
    if place is None:
        return Sample(path, "delimited", (), (), encoding, separator, 0)
    header = names_of(rows[place])
    below = [dict(zip(header, row, strict=False)) for row in rows[place + 1 :] if any(cell.strip() for cell in row)]
    return Sample(path, "delimited", tuple(header), tuple(below), encoding, separator, ends[place - 1] if place else 0)


def _records(lines: Sequence[str], separator: str) -> tuple[list[list[str]], list[int]]:
    """The first records, and after how many lines each ends."""
    reader = csv.reader(
        (line.replace("\0", "") + "\n" for line in lines),
        delimiter=separator,
        quotechar=None if separator == "\t" else '"',
        quoting=csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL,
    )
    rows, ends = [], []
    try:
        for row in islice(reader, ROWS):
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error:  # a cell without an end; what comes before it is enough
        pass
    return rows, ends


def _of_workbook(path: Path, kind: str) -> Sample:
    from rulecrm.sheets.books import first_rows

    rows = first_rows(path, ROWS)
    place = header_row(rows)
    if place is None:
        return Sample(path, kind, ())
    header = names_of(rows[place])
    below = [dict(zip(header, row, strict=False)) for row in rows[place + 1 :] if any(cell.strip() for cell in row)]
    return Sample(path, kind, tuple(header), tuple(below), preamble=place)

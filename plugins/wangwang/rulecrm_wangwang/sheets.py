"""A day's tasks as a sheet.

In: tasks and ticks, and a sheet that the staff have written in. Out: a sheet, and what they have written.
Invariant: no cell is a formula, whatever the words; what the staff wrote stays, and a row that they deleted comes back.

A sheet is CSV, in UTF-8 with a byte-order mark, for spreadsheet programs take it for something else without one.
Programs save as they like: GB18030, semicolons and tabs are read too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from attrs import field, frozen

from rulecrm_wangwang.journal import Task, Tick

__all__ = ["Written", "cell", "read", "sheet"]

_NAMES = ("id", "to", "words", "until", "campaign", "done", "note")
_COLUMNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": dict(zip(_NAMES, ("编号", "旺旺", "话术", "截止", "活动", "完成", "备注"), strict=True)),
        "en": dict(zip(_NAMES, _NAMES, strict=True)),
    }
)
"""The head of a sheet, by language."""

_LARGEST = 64 * 1_048_576
_LONGEST = 32_000
"""Characters of a cell; spreadsheet programs take 32,767."""

# What a spreadsheet takes for a formula, wide letters included; a tab or a line break before it does not help.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@frozen
class Written:
    """What the staff wrote beside a task."""

    key: str
    mark: str
    note: str = field(repr=False)


def cell(text: str) -> str:
    """A text that stays a text in a spreadsheet."""
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:_LONGEST]
    return f"'{plain}" if _FORMULA.match(plain) else plain


def sheet(tasks: Iterable[Task], ticks: Mapping[str, Tick], written: Mapping[str, Written], language: str) -> bytes:
    """A sheet.

    Args:
        tasks: its rows.
        ticks: the first of each task, by key.
        written: what the staff have written in it already, by key.
        language: of its head.
    """
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    rows.writerow(_COLUMNS[language].values())
    for task in tasks:
        tick, own = ticks.get(task.key), written.get(task.key)
        mark = own.mark if own and own.mark else tick.what if tick else ""
        note = own.note if own and own.note else tick.note if tick else ""
        until = (task.until or "")[:16].replace("T", " ")
        cells = (task.key, task.to, task.words, until, task.campaign, mark, note)
        rows.writerow([cell(one) for one in cells])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def read(data: bytes) -> list[Written]:
    """What the staff have written in a sheet; nothing, where it is none."""
    if len(data) > _LARGEST:
        return []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", errors="replace")
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=separator))
    except csv.Error:
        return []
    names = [name.strip() for name in rows[0]] if rows else []
    key, mark, note = _place(names, "id"), _place(names, "done"), _place(names, "note")
    if key is None or mark is None:
        return []
    return [
        Written(row[key].strip(), row[mark].strip(), row[note].strip() if note is not None and note < len(row) else "")
        for row in rows[1:]
        if len(row) > max(key, mark)
    ]


def _place(names: list[str], column: str) -> int | None:
    """Where a column stands, in whichever language."""
    known = {columns[column] for columns in _COLUMNS.values()}
    return next((place for place, name in enumerate(names) if name in known), None)

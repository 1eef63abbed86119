"""What `rulecrm eval` prints: how many subjects each segment, each label and each state has.

In: a result. Out: lines, then a table, JSON or CSV.
Invariant: the three forms hold the same lines in the same order.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from attrs import asdict, frozen

from rulecrm.cli.report import in_colour

if TYPE_CHECKING:
    from rulecrm import Result

__all__ = ["Line", "moment", "summarize", "to_csv", "to_json", "to_table"]


@frozen
class Line:
    """A segment, a label of a classification, or a state of a lifecycle.

    Attributes:
        name: symbol of the definition.
        label: the label or state, None for a segment.
        title: title of the segment or label, None where it has none.
        size: how many subjects.
        share: of all subjects of that kind that exist, 0 to 1.
    """

    name: str
    label: str | None
    title: str | None
    size: int
    share: float


def summarize(result: Result) -> tuple[Line, ...]:
    """The segments of the result, its classifications label by label, and its lifecycles state by state, as written."""
    lines = [
        Line(str(row["segment"]), None, row["title"], int(row["size"]), row["share"])
        for row in result.sizes().iter_rows(named=True)
    ]
    for name in result.classifications:
        definition = result.program.definition(name)
        labels = result.classification(name)["label"]
        sizes = {str(label): int(size) for label, size in labels.value_counts().iter_rows()}
        lines += [
            Line(
                name, label, definition.titles.get(label), sizes.get(label, 0), sizes.get(label, 0) / (len(labels) or 1)
            )
            for label, _ in definition.arms
        ]
    for name in result.lifecycles:
        states = result.states(name)
        lines += [Line(name, row["state"], None, row["size"], row["share"]) for row in states.iter_rows(named=True)]
    return tuple(lines)


def moment(instant: dt.datetime, zone: str) -> str:
    """`as of 2025-11-12 00:00 Asia/Shanghai`."""
    return f"as of {instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


def to_json(instant: dt.datetime, lines: Sequence[Line]) -> str:
    """`{"as_of": …, "sizes": [{name, label, title, size, share}, …]}`."""
    sizes = [asdict(line) for line in lines]
    return json.dumps({"as_of": instant.isoformat(), "sizes": sizes}, ensure_ascii=False, indent=2)


def to_csv(lines: Sequence[Line]) -> str:
    """A heading, then a row a line."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["name", "label", "title", "size", "share"])
    rows.writerows([line.name, line.label, line.title, line.size, line.share] for line in lines)
    return text.getvalue()


def to_table(title: str, lines: Sequence[Line]) -> str:
    """A table as wide as the terminal, 80 columns where there is none, in colour where stdout is a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "title", "size", "share", "", box=None, pad_edge=False)
    for heading in ("size", "share"):
        column = next(column for column in table.columns if column.header == heading)
        column.justify = "right"
    for line in lines:
        name = line.name if line.label is None else f"{line.name} is {line.label}"
        table.add_row(
            Text(name), Text(line.title or ""), f"{line.size:,}", f"{line.share:.1%}", Text(_bar(line.share), "cyan")
        )
    drawn = io.StringIO()
    width = shutil.get_terminal_size((80, 24)).columns
    console = Console(file=drawn, width=width, force_terminal=in_colour(sys.stdout), highlight=False)
    console.print(Text(title, "bold"))
    console.print(
        table if lines else "nothing to show: the file defines no segment, no classification and no lifecycle"
    )
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())


def _bar(share: float, *, width: int = 16) -> str:
    eighths = round(share * width * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")

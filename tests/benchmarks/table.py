"""What a benchmark hands back, and how it is drawn.

In: lines, each one way through one case. Out: plain text, or data for JSON.
Invariant: a ratio compares lines of one case only, those of one run; 1.0 is rulecrm where the case has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import asdict, frozen
from rich.console import Console
from rich.table import Table as Grid

__all__ = ["OURS", "Line", "Table", "draw", "lines", "to_json"]

OURS = "rulecrm"


@frozen
class Line:
    """One way through one case. `value` is in `unit`; None says that it could not be taken, `note` why."""

    case: str
    way: str
    value: float | None
    unit: str = "s"
    note: str = ""


@frozen
class Table:
    """The lines of one benchmark."""

    name: str
    title: str
    lines: tuple[Line, ...]

    def ratio(self, line: Line) -> float | None:
        """The line against ours of the same case, or against the first where the case has none of ours."""
        rivals = [one for one in self.lines if one.case == line.case and one.unit == line.unit and one.value]
        base = next((one for one in rivals if one.way == OURS), rivals[0] if rivals else None)
        return line.value / base.value if line.value and base is not None and base.value else None


def lines(case: str, seconds: Mapping[str, float], note: str = "") -> tuple[Line, ...]:
    """Lines of one case from what `timing.alternate` gives."""
    return tuple(Line(case, way, value, note=note) for way, value in seconds.items())


def draw(table: Table, console: Console) -> None:
    """Write the table as plain text."""
    console.print(f"{table.name}: {table.title}", highlight=False)
    grid = Grid(box=None, pad_edge=False)
    for header in ("case", "way"):
        grid.add_column(header, overflow="fold")
    for header in ("ratio", "value"):
        grid.add_column(header, justify="right")
    grid.add_column("", overflow="fold")
    case = ""
    for line in table.lines:
        ratio = table.ratio(line)
        grid.add_row(
            "" if line.case == case else line.case,
            line.way,
            "" if ratio is None else f"{ratio:.2f}",
            "" if line.value is None else f"{line.value:,.4g} {line.unit}",
            line.note,
        )
        case = line.case
    console.print(grid)
    console.print()


def to_json(tables: Iterable[Table]) -> list[dict[str, object]]:
    """The tables as data, ratios included."""
    return [
        {
            "name": table.name,
            "title": table.title,
            "lines": [{**asdict(line), "ratio": table.ratio(line)} for line in table.lines],
        }
        for table in tables
    ]

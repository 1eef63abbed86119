"""What `rulecrm kpi` prints: a table for each kpi, and JSON.

In: the frame of `Rules.kpis`. Out: text.
Invariant: a period that is not over is marked; what is missing is a dash.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import sys
from typing import TYPE_CHECKING

from rulecrm.cli.report import in_colour

if TYPE_CHECKING:
    import polars as pl

    from rulecrm import Rules

__all__ = ["to_json", "to_table"]

_DASH = "–"


def to_json(frame: pl.DataFrame) -> str:
    """A list of rows; dates as text, amounts as text so that no digit of them is lost."""
    return json.dumps(frame.to_dicts(), default=str, ensure_ascii=False, indent=2)


def to_table(frame: pl.DataFrame, rules: Rules, *, title: str) -> str:
    """A table as wide as the terminal, in colour where stdout is a terminal: a heading a kpi, a line a period."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = io.StringIO()
    width = shutil.get_terminal_size((80, 24)).columns
    console = Console(file=drawn, width=width, force_terminal=in_colour(sys.stdout), highlight=False)
    console.print(Text(title, "bold"))
    if frame.is_empty():
        console.print("nothing to show: no kpi, no period that has begun, or no alarm")
    titles = {one.symbol: one.title for one in rules.program.kpis}
    for name in frame.get_column("kpi").unique(maintain_order=True):
        console.print()
        told = titles.get(name)
        console.print(Text(f"{name} — {told}" if told else name, "bold"))
        table = Table("from", "to", "value", "before", "change", "", box=None, pad_edge=False)
        for heading in ("value", "before", "change"):
            next(column for column in table.columns if column.header == heading).justify = "right"
        for row in frame.filter(frame["kpi"] == name).iter_rows(named=True):
            kind = row["type"]
            note = Text("alarm", "red") if row["alert"] else Text("" if row["complete"] else "not over yet", "dim")
            table.add_row(
                str(row["start"]),
                str(row["end"] - dt.timedelta(days=1)),
                _shown(row["value"], kind, rules.program.currency),
                _shown(row["previous"], kind, rules.program.currency),
                _DASH if row["change"] is None else f"{row['change']:+.1%}",
                note,
            )
        console.print(table)
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())


def _shown(value: float | None, kind: str, currency: str) -> str:
    if value is None:
        return _DASH
    match kind:
        case "money":
            return f"{value:,.2f} {currency}"
        case "int":
            return f"{value:,.0f}"
        case "duration":
            return f"{value / 86_400:,.2f} d"
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"

"""What `rulecrm backtest` prints and draws.

In: a backtest. Out: tables, JSON, a picture.
Invariant: every form tells the same numbers.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import sys
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rulecrm.cli.report import in_colour

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from rulecrm import Backtest

__all__ = ["to_json", "to_svg", "to_text"]


def to_json(done: Backtest) -> str:
    """`{start, end, audiences, waves, outcomes, cost, days}`, each a list of rows."""
    tables = {
        "audiences": done.audiences(),
        "waves": done.waves(),
        "outcomes": done.outcomes(),
        "cost": done.cost(),
        "days": done.days(),
    }
    report = {"start": done.start.isoformat(), "end": done.end.isoformat()}
    return json.dumps(
        {**report, **{name: frame.to_dicts() for name, frame in tables.items()}},
        ensure_ascii=False,
        indent=2,
        default=str,
    )


def to_text(done: Backtest, *, title: str) -> str:
    """Who entered, what was sent wave by wave, what collided with what, what it costs."""
    from rich.console import Console
    from rich.text import Text

    drawn = io.StringIO()
    width = max(shutil.get_terminal_size((100, 24)).columns, 60)
    console = Console(file=drawn, width=width, force_terminal=in_colour(sys.stdout), highlight=False)
    days = f"{_local(done, done.start)} to {_local(done, done.end)} {done.zone}"
    console.print(Text(f"{title} from {days}", "bold"))
    if not done.journeys.height:
        console.print("nobody entered any campaign")
        return drawn.getvalue().rstrip()
    for heading, frame in (
        ("Who entered", done.audiences()),
        ("Messages by wave", done.waves()),
        ("What became of them", done.outcomes()),
        ("Cost", done.cost() if done.prices else None),
    ):
        if frame is not None and frame.height:
            console.print()
            console.print(Text(heading, "bold"))
            console.print(_table(frame))
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())


def to_svg(done: Backtest, *, title: str) -> str:
    """Messages by day, a colour for each campaign."""
    from rulecrm.draw import to_bars

    first = done.start.astimezone(ZoneInfo(done.zone)).date()
    last = done.end.astimezone(ZoneInfo(done.zone)).date()
    counts = {name: [0] * ((last - first).days + 1) for name in sorted(done.journeys["campaign"].unique())}
    for row in done.days().iter_rows(named=True):
        counts[row["campaign"]][(row["day"] - first).days] += row["messages"]
    return to_bars(f"{title}: messages by day", first, counts)


def _local(done: Backtest, instant: dt.datetime) -> str:
    return f"{instant.astimezone(ZoneInfo(done.zone)):%Y-%m-%d %H:%M}"


def _table(frame: pl.DataFrame) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name, dtype in frame.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left")
    for row in frame.iter_rows():
        table.add_row(*(Text(_shown(value)) for value in row))
    return table


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)

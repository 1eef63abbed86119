"""What `rulecrm demo` does: evaluate at two instants, show who is who and where everybody went.

In: a folder to write to and a console to write on. Out: tables, a picture, files.
Invariant: nothing printed depends on the machine or on how long it took.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from rulecrm.demo.shop import Shop, open_shop
from rulecrm.demo.terminal import draw_flow
from rulecrm.draw.flow import Flow, flow_of
from rulecrm.draw.sankey import to_sankey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl
    from rich.console import Console

    from rulecrm import Result, Rules
    from rulecrm.runtime import Progress

__all__ = ["BEFORE", "CLASSIFICATION", "NOW", "migration", "segments", "show"]

BEFORE, NOW = "1998-01-01", "1998-07-01"
CLASSIFICATION = "recency"

_COLOURS = {"active": "#2e9e5b", "silent": "#d9a514", "sleeping": "#d9703a", "lost": "#8a94a6"}
_ENDS = ("1 January 1998", "1 July 1998")


def show(folder: Path, *, console: Console, progress: Callable[[], AbstractContextManager[Progress | None]]) -> None:
    """Run the demo.

    Args:
        folder: where rules, facts, result and picture go.
        console: where the words go; its width, 80 at the most, is used.
        progress: gives a bar for the evaluation, or None.

    Raises:
        RulesError: the copy of the rules in `folder` was changed and is wrong.
    """
    import rulecrm

    shop = open_shop(folder)
    rules = rulecrm.load(shop.rules)
    facts = rulecrm.Facts.open(shop.facts)
    with progress() as moved:
        before = rules.evaluate(facts, as_of=BEFORE, progress=moved)
        now = rules.evaluate(facts, as_of=NOW, progress=moved)
    flow = _flow(rules, migration(before, now))
    now.write_parquet(shop.result)
    shop.picture.write_text(to_sankey(flow, _COLOURS, title="CDNOW: where everybody went", ends=_ENDS), "utf-8")
    _say(shop, rules, segments(before, now), flow, console)


def segments(before: Result, now: Result) -> pl.DataFrame:
    """One row a segment of `now`: segment, title, was, size, share, revenue (all a member ever spent), mean."""
    import polars as pl

    spent = now.metric("spent").rename({"value": "spent"})
    rows = []
    for row in now.sizes().iter_rows(named=True):
        name = str(row["segment"])
        members = now.segment(name).join(spent, on="customer")
        rows.append(
            {
                **row,
                "was": before.segment(name).height,
                "revenue": members["spent"].sum(),
                "mean": members["spent"].cast(pl.Float64).mean(),
            }
        )
    return pl.DataFrame(rows).sort("revenue", descending=True)


def migration(before: Result, now: Result) -> Mapping[tuple[str, str], int]:
    """How many customers went from each label of the classification to each."""
    old = before.classification(CLASSIFICATION).rename({"label": "old"})
    pairs = old.join(now.classification(CLASSIFICATION), on="customer")
    return {(old, new): size for old, new, size in pairs.group_by("old", "label").len().iter_rows()}


def _flow(rules: Rules, moved: Mapping[tuple[str, str], int]) -> Flow:
    labels = [label for label, _ in rules.program.definition(CLASSIFICATION).arms]
    return flow_of([label for label in labels if any(label in pair for pair in moved)], moved)


def _say(shop: Shop, rules: Rules, found: pl.DataFrame, flow: Flow, console: Console) -> None:
    from rich.text import Text

    people = sum(node.size for node in flow.right)
    definitions = len(rules.program.exported)
    console.print(Text(f"{shop.rules}: {definitions} definitions over {people:,} customers", "bold"))
    console.print()
    console.print(Text(f"Who is who on {_ENDS[1]}", "bold"))
    console.print()
    _table(found, console)
    console.print()
    console.print(Text(f"Where everybody went, {_ENDS[0]} to {_ENDS[1]}", "bold"))
    console.print()
    coloured = console.color_system is not None
    for line in draw_flow(flow, _COLOURS, width=min(console.width, 80), coloured=coloured):
        console.print(line)
    console.print()
    _matrix(flow, console)
    console.print()
    for path, what in (
        (shop.result, f"customers × metrics, segments and labels on {_ENDS[1]}"),
        (shop.picture, "the picture above"),
        (shop.rules, "the rules: change them and run them again"),
    ):
        console.print(Text.assemble((str(path), "cyan"), f"  {what}"))
    console.print()
    console.print(Text("Try next", "bold"))
    where = f"{shop.rules} --facts {shop.facts} --as-of {NOW}"
    console.print(Text(f"  rulecrm explain {where} --customer 00004 --segment fallen"))
    console.print(Text(f"  rulecrm eval {where} --set quiet=30d"))


def _table(found: pl.DataFrame, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("segment", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("January", "July", "share", "revenue $", "each $"):
        table.add_column(heading, justify="right")
    for row in found.iter_rows(named=True):
        table.add_row(
            Text(row["title"] or row["segment"]),
            f"{row['was']:,}",
            f"{row['size']:,}",
            f"{row['share']:.1%}",
            f"{row['revenue'] or 0:,.0f}",
            "" if row["mean"] is None else f"{row['mean']:,.0f}",
        )
    console.print(table)


def _matrix(flow: Flow, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    sizes = {(ribbon.origin, ribbon.target): ribbon.size for ribbon in flow.ribbons}
    table = Table("January ↓   July →", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for node in flow.right:
        table.add_column(Text(node.label, _COLOURS[node.label]), justify="right")
    for origin in flow.left:
        cells = [sizes.get((origin.label, target.label), 0) for target in flow.right]
        table.add_row(
            Text(f"{origin.label:<9}{origin.size:>7,}", _COLOURS[origin.label]),
            *(f"{cell:,} {cell / origin.size:>4.0%}" if origin.size else "0" for cell in cells),
        )
    console.print(table)

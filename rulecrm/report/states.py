"""Who is in which state of a lifecycle.

In: a shop, the name of a lifecycle. Out: a `Figure`, and the diagram of it.
Invariant: the states add up to all customers.
"""

from __future__ import annotations

import polars as pl

from rulecrm.draw import Diagram, of_lifecycle
from rulecrm.insight import Figure, Shop, Words

__all__ = ["diagram_of", "states"]


def states(shop: Shop, name: str) -> Figure:
    """The customers of each state of a lifecycle.

    Returns:
        The figure `lifecycle`: `state`, `title` String, `customers` Int64, `share` Float64 of all customers.

    Raises:
        RulesError: R120 no lifecycle has the name; facts that cannot be read.
    """
    counted = shop.result([name]).states(name)
    everyone = int(counted.get_column("size").sum() or 0)
    share = (pl.col("size") / everyone).cast(pl.Float64) if everyone else pl.lit(None, pl.Float64)
    titles = ["title"] if "title" in counted.columns else []
    frame = counted.select("state", *titles, pl.col("size").cast(pl.Int64).alias("customers"), share.alias("share"))
    lifecycle = shop.rules.program.lifecycle(name)
    title = lifecycle.title or name
    at = shop.as_of.isoformat(timespec="minutes").replace("+00:00", "Z")
    told = Words(
        f"Every customer is in one state of the lifecycle `{name}` as of {at}: the one that its moves, as the rules "
        "write them, have led to. An arrow shows how many moves were made along it since the first fact.",
        f"截至 {at}，每位顾客处于生命周期 `{name}` 的一个状态，由规则中的流转条件决定。"
        "箭头上的数字为自最早数据以来的流转次数。",
    )
    columns = {
        "state": Words("State", "状态"),
        "title": Words("Title", "名称"),
        "customers": Words("Customers", "顾客数"),
        "share": Words("Share", "占比"),
    }
    origin = shop.origin(name)
    return Figure(
        "lifecycle", Words(title, title), told, frame, columns, (), (origin,) if origin is not None else (), None
    )


def diagram_of(shop: Shop, figure: Figure) -> Diagram:
    """The diagram of a lifecycle of which the counts are known, with the moves that were made."""
    name = figure.origins[0].name
    program = shop.rules.program
    moved = shop.rules.moves(shop.facts, name, until=shop.as_of).group_by("from", "to").len()
    counts: dict[str, int] = dict(figure.frame.select("state", "customers").iter_rows())
    moves = {(left, to): count for left, to, count in moved.iter_rows()}
    return of_lifecycle(program.lifecycle(name), program.sources, counts=counts, moves=moves)

"""Customers won, by source and day, and what it cost to win them.

In: a shop, and a cost per customer or what was spent by period and source. Out: `Won`.
Invariant: the costs of all cells, and those that won nobody, add up to what was given, to the last unit.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import polars as pl
from attrs import frozen

from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.insight.figure import Remark, Words
from rulecrm.insight.repurchase.given import Amount, amount_of, day_of, unusable
from rulecrm.insight.repurchase.spoken import counted
from rulecrm.insight.shop import Shop

__all__ = ["Won", "bought_by_cell", "by_source", "won"]

_COLUMNS = ("start", "end", "cost", "source")

Cell = tuple[str | None, dt.date]
"""A source (None where sources are not told apart) and the day of the first purchase in the zone."""


@frozen(eq=False)
class Won:
    """Who was won, and what for.

    Attributes:
        costs: cell → (customers won, cost in 1/10,000 units).
        wasted: source → cost of what won nobody.
        sources: None alone where sources are not told apart; else None (all) and each source.
        said: how the cost came about.
        remarks: who and what could not be matched.
    """

    costs: dict[Cell, tuple[int, int]]
    wasted: dict[str | None, int]
    sources: tuple[str | None, ...]
    said: Words
    remarks: tuple[Remark, ...]


def won(shop: Shop, cells: dict[Cell, int], *, per_customer: Amount | None, spent: pl.DataFrame | None) -> Won:
    """Match costs with customers.

    Args:
        shop: for its currency.
        cells: customers won, by cell.
        per_customer: what each cost.
        spent: rows of `start` and `end` (days, both included), `cost`, perhaps `source`.

    Raises:
        RulesError: R827 both or neither of the two are given, or they cannot be read.
    """
    if (per_customer is None) == (spent is None):
        raise unusable("costs are given as `per_customer` or as `spent`, one of the two")
    if per_customer is not None:
        cost = amount_of(per_customer, "the cost per customer")
        text = f"{per_customer} {shop.currency}"
        said = Words(f"each customer cost {text} to win", f"每位新客的获客成本为 {text}")
        return Won({cell: (size, size * cost) for cell, size in cells.items()}, {}, (None,), said, ())
    assert spent is not None
    return _spread(cells, spent)


def by_source(spent: pl.DataFrame | None) -> bool:
    """Whether costs are given by source."""
    return spent is not None and "source" in spent.columns


def _spread(cells: dict[Cell, int], spent: pl.DataFrame) -> Won:
    costs: dict[Cell, Fraction] = {}
    wasted: dict[str | None, int] = {}
    idle = 0
    rows = _rows(spent)
    for start, end, cost, source in rows:
        here = {cell: size for cell, size in cells.items() if cell[0] == source and start <= cell[1] <= end}
        if here:
            each = Fraction(cost, sum(here.values()))
            for cell, size in here.items():
                costs[cell] = costs.get(cell, Fraction(0)) + size * each
        else:
            wasted[source] = wasted.get(source, 0) + cost
            idle += 1
    sources: tuple[str | None, ...] = (None, *sorted({source for *_, source in rows if source is not None}))
    said = Words(
        "what was spent in a period is divided equally among the customers whose first purchase lies in it",
        "每个周期的花费由首购落在该周期的客户均摊",
    )
    if by_source(spent):
        said = Words(f"{said.en} and came from that source", f"{said.zh}（按首购来源分别计算）")
    outside = sum(size for cell, size in cells.items() if cell not in costs)
    whole = {cell: (cells[cell], cost) for cell, cost in _whole(costs).items()}
    return Won(whole, wasted, sources, said, _unmatched(outside, idle))


def _whole(costs: dict[Cell, Fraction]) -> dict[Cell, int]:
    """Costs in whole units: what has been lost by rounding down so far is made up for as soon as it is a unit."""
    whole: dict[Cell, int] = {}
    for source in dict.fromkeys(cell[0] for cell in costs):
        exact, given = Fraction(0), 0
        for cell in sorted((cell for cell in costs if cell[0] == source), key=lambda cell: cell[1]):
            exact += costs[cell]
            whole[cell] = int(exact) - given
            given = int(exact)
    return whole


def _rows(spent: pl.DataFrame) -> list[tuple[dt.date, dt.date, int, str | None]]:
    for column in spent.columns:
        if column not in _COLUMNS:
            raise unusable(f"costs have no column `{column}`", near_or_all(column, _COLUMNS))
    for column in _COLUMNS[:3]:
        if column not in spent.columns:
            raise unusable(f"costs lack the column `{column}`", "they have `start`, `end`, `cost`, perhaps `source`")
    rows = []
    for number, row in enumerate(spent.iter_rows(named=True), 1):
        start, end = day_of(row["start"], f"`start` of row {number}"), day_of(row["end"], f"`end` of row {number}")
        if end < start:
            raise unusable(f"row {number} of the costs ends ({end}) before it starts ({start})")
        source = row.get("source")
        if "source" in row and source is None:
            raise unusable(
                f"row {number} of the costs has no source", "leave the column out to look at all sources at once"
            )
        rows.append(
            (start, end, amount_of(row["cost"], f"`cost` of row {number}"), None if source is None else str(source))
        )
    return rows


def _unmatched(outside: int, idle: int) -> tuple[Remark, ...]:
    told = []
    if outside:
        words = Words(
            f"{counted(outside, 'customer was', 'customers were')} won where no cost is given; they are left out.",
            f"{outside:,} 位新客没有对应的成本，未计入。",
        )
        told.append(Remark("R829", words))
    if idle:
        words = Words(
            f"{counted(idle, 'row')} of the costs won nobody; the money is counted, and no orders come of it.",
            f"有 {idle:,} 行成本没有带来新客：成本计入，但没有订单。",
        )
        told.append(Remark("R829", words))
    return tuple(told)


def bought_by_cell(shop: Shop, *, sources: bool) -> pl.LazyFrame:
    """Every purchase with the cell of its customer.

    Returns:
        `source` String, `won` Date, `number` UInt32, `lag` Int64 (calendar days since the day of the first purchase),
        `amount` Int64.

    Raises:
        RulesError: R827 sources are asked for, and the facts have none.
    """
    if sources and not shop.has("purchase", "source"):
        raise unusable("costs are given by source, and the orders have no column `source`")
    bought = shop.purchases()
    first = pl.col("number") == 1
    source = pl.lit(None, pl.String)
    if sources:
        named = shop.rows("purchase", ["order", "source"]).select("order", pl.col("source").cast(pl.String))
        begun = bought.lazy().filter(first).select("order").join(named, on="order", how="left", maintain_order="left")
        # One a customer, in the order of their codes.
        source = pl.lit(begun.collect(engine="in-memory").get_column("source").gather(bought.get_column("code")))
    day = pl.when(first).then("day").forward_fill()
    return bought.lazy().select(
        source.alias("source"),
        day.alias("won"),
        "number",
        (pl.col("day") - day).dt.total_days().alias("lag"),
        "amount",
    )

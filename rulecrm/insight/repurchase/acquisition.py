"""What a customer cost to win, spread over the orders that came of it, and when it is paid back.

In: a shop, costs. Out: `Figure`s with a row for each number of orders, and for each time after the first purchase.
Invariant: costs are divided exactly; every customer counts with the cost of the own source and period.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.repurchase.given import Amount, halves_up, share_of, unusable
from rulecrm.insight.repurchase.spoken import COLUMNS, instant_said, nobody, without_amounts
from rulecrm.insight.repurchase.won import Won, bought_by_cell, by_source, won
from rulecrm.insight.shop import Shop

__all__ = ["acquisition_cost", "payback"]

_STEPS = (0, 30, 60, 90, 180, 365)
_UP_TO = ("1", "2", "3", "4", "all")
_HEADINGS = {
    "source": COLUMNS["source"],
    "customers": COLUMNS["customers"],
    "orders": COLUMNS["orders"],
    "cost": COLUMNS["cost"],
    "revenue": COLUMNS["revenue"],
    "up_to": Words("Orders counted of each", "每人计入订单数"),
    "cost_per_order": Words("Cost per order", "每单分摊成本"),
    "contribution": Words("Contribution", "贡献额"),
    "paid_back": Words("Paid back", "是否回本"),
    "days": COLUMNS["days"],
    "cost_each": Words("Cost per customer", "每客成本"),
    "contribution_each": Words("Contribution per customer", "每客贡献"),
    "return_share": Words("Contribution against cost", "贡献/成本"),
}


def acquisition_cost(
    shop: Shop, *, per_customer: Amount | None = None, spent: pl.DataFrame | None = None, margin: Amount = 1
) -> Figure:
    """The cost of winning customers, spread over their orders: each repurchase makes an order cheaper.

    Args:
        shop: a shop as of T.
        per_customer: what each customer cost, in the reporting currency.
        spent: what was spent, instead: rows of `start` and `end` (Date, both included), `cost`, and perhaps `source`
            (that of the customer's first purchase).
        margin: the share of revenue that is left after all other costs; 1 looks at revenue itself.

    Returns:
        `source` String (missing: all together), `up_to` String (`1` to `4`, `all`): of each customer so many orders are
        counted; `customers` Int64 who made so many (under `all`: all who were won), `orders` Int64 counted, `cost`
        Decimal, `cost_per_order` Decimal, `revenue` Decimal of the orders counted, `contribution` Decimal (revenue
        times margin), `paid_back` Boolean (the contribution has reached the cost).

    Raises:
        RulesError: R827 costs or a margin that cannot be read; costs by source, and orders without one.
    """
    share = share_of(margin, "the margin")
    rows = bought_by_cell(shop, sources=by_source(spent))
    number = pl.col("number").clip(upper_bound=len(_UP_TO)).cast(pl.Int64)
    found = (
        rows.group_by("source", "won", number.alias("number"))
        .agg(pl.len().alias("orders"), pl.col("amount").sum())
        .collect(engine="in-memory")
    )
    matched = won(shop, _sizes(found.filter(pl.col("number") == 1), "orders"), per_customer=per_customer, spent=spent)
    priced = _priced(shop)
    table = []
    for source in matched.sources:
        mine = found.join(_cells(matched, source), on=["source", "won"], how="semi", nulls_equal=True)
        cost = _cost(matched, source)
        orders = revenue = 0
        size = int(mine.filter(pl.col("number") == 1)["orders"].sum())
        for position, up_to in enumerate(_UP_TO, 1):
            step = mine.filter(pl.col("number") == position)
            orders, revenue = orders + int(step["orders"].sum()), revenue + int(step["amount"].sum())
            reached = size if up_to == "all" else int(step["orders"].sum())
            table.append((source, up_to, reached, orders, *_judged(cost, orders, revenue, share, priced=priced)))
    frame = pl.DataFrame(
        table,
        schema={
            "source": pl.String, "up_to": pl.String, "customers": pl.Int64, "orders": pl.Int64, "cost": pl.Int64,
            "cost_per_order": pl.Int64, "revenue": pl.Int64, "contribution": pl.Int64, "paid_back": pl.Boolean,
        },
        orient="row",
    )  # fmt: skip
    frame = frame.with_columns(
        Shop.paid(pl.col(one)).alias(one) for one in ("cost", "cost_per_order", "revenue", "contribution")
    )
    return Figure(
        "acquisition_cost",
        Words("Acquisition cost per order", "获客成本按订单分摊"),
        _spread_definition(shop, matched, margin),
        frame,
        {name: _HEADINGS[name] for name in frame.columns},
        _remarks(shop, matched),
        currency=shop.currency,
    )


def payback(
    shop: Shop,
    *,
    per_customer: Amount | None = None,
    spent: pl.DataFrame | None = None,
    margin: Amount = 1,
    days: Sequence[int] = _STEPS,
) -> Figure:
    """What a customer has brought so many days after the first purchase, against what it cost to win.

    Args:
        shop: a shop as of T.
        per_customer: as in `acquisition_cost`.
        spent: as in `acquisition_cost`.
        margin: as in `acquisition_cost`.
        days: the days after the day of the first purchase that are looked at.

    Returns:
        `source` String (missing: all together), `days` Int64, `customers` Int64 whose days are over, `cost_each`
        Decimal (what these cost), `contribution_each` Decimal (what these brought in that time, times margin),
        `return_share` Float64 (the latter by the former), `paid_back` Boolean. What cannot be said is missing.

    Raises:
        RulesError: as `acquisition_cost`; R827 days that are none.
    """
    share = share_of(margin, "the margin")
    steps = _steps(days)
    lag = pl.col("lag")
    rows = bought_by_cell(shop, sources=by_source(spent))
    found = (
        rows.group_by("source", "won")
        .agg(
            (pl.col("number") == 1).sum().alias("size"),
            *(pl.col("amount").filter(lag <= step).sum().alias(str(step)) for step in steps),
        )
        .collect(engine="in-memory")
    )
    matched = won(shop, _sizes(found, "size"), per_customer=per_customer, spent=spent)
    today = shop.today
    priced = _priced(shop)
    table = []
    for source in matched.sources:
        mine = found.join(_cells(matched, source), on=["source", "won"], how="inner", nulls_equal=True)
        for step in steps:
            # The last of the days is over when T is past it.
            ready = mine.filter(pl.col("won") < today - dt.timedelta(days=step))
            size, cost = int(ready["size"].sum()), int(ready["cost"].sum())
            revenue = int(ready[str(step)].sum())
            table.append((source, step, size, *_each(size, cost, revenue, share, priced=priced)))
    frame = pl.DataFrame(
        table,
        schema={
            "source": pl.String, "days": pl.Int64, "customers": pl.Int64, "cost_each": pl.Int64,
            "contribution_each": pl.Int64, "return_share": pl.Float64, "paid_back": pl.Boolean,
        },
        orient="row",
    ).with_columns(Shop.paid(pl.col(one)).alias(one) for one in ("cost_each", "contribution_each"))  # fmt: skip
    return Figure(
        "payback",
        Words("When a customer has paid back the cost", "获客成本回本时间"),
        _payback_definition(shop, matched, margin),
        frame,
        {name: _HEADINGS[name] for name in frame.columns},
        (*_unripe(frame), *_remarks(shop, matched)),
        currency=shop.currency,
    )


def _steps(days: Sequence[int]) -> tuple[int, ...]:
    for day in days:
        if not 0 <= day <= 36_500 or day != int(day):
            raise unusable(f"`{day}` is no number of days", "give whole numbers from 0 on")
    if not days:
        raise unusable("no days are given to look at")
    return tuple(sorted(set(days)))


def _sizes(found: pl.DataFrame, size: str) -> dict[tuple[str | None, dt.date], int]:
    return {(source, day): int(count) for source, day, count in found.select("source", "won", size).iter_rows()}


def _cells(matched: Won, source: str | None) -> pl.DataFrame:
    """Cells of one source, or of all, and their costs."""
    rows = [(*cell, cost) for cell, (_, cost) in matched.costs.items() if source is None or cell[0] == source]
    return pl.DataFrame(rows, schema={"source": pl.String, "won": pl.Date, "cost": pl.Int64}, orient="row")


def _cost(matched: Won, source: str | None) -> int:
    cells = sum(cost for cell, (_, cost) in matched.costs.items() if source is None or cell[0] == source)
    return cells + sum(cost for one, cost in matched.wasted.items() if source is None or one == source)


def _judged(
    cost: int, orders: int, revenue: int, share: Fraction, *, priced: bool
) -> tuple[int, int | None, int | None, int | None, bool | None]:
    per_order = halves_up(Fraction(cost, orders)) if orders else None
    if not priced:
        return cost, per_order, None, None, None
    return cost, per_order, revenue, halves_up(revenue * share), revenue * share >= cost


def _each(
    size: int, cost: int, revenue: int, share: Fraction, *, priced: bool
) -> tuple[int | None, int | None, float | None, bool | None]:
    if not size:
        return None, None, None, None
    each = halves_up(Fraction(cost, size))
    if not priced:
        return each, None, None, None
    brought = revenue * share
    return each, halves_up(brought / size), float(brought / cost) if cost else None, brought >= cost


def _priced(shop: Shop) -> bool:
    return shop.purchases().get_column("amount").count() > 0


def _remarks(shop: Shop, matched: Won) -> tuple[Remark, ...]:
    bought = shop.purchases()
    if not bought.height:
        return (nobody(instant_said(shop.as_of, shop.zone)), *matched.remarks)
    return (*matched.remarks, *without_amounts(bought.height, bought.get_column("amount").null_count()))


def _unripe(frame: pl.DataFrame) -> tuple[Remark, ...]:
    empty = frame.filter(pl.col("source").is_null() & (pl.col("customers") == 0))["days"].to_list()
    if not empty:
        return ()
    listed = ", ".join(map(str, empty))
    words = Words(
        f"Of nobody have {listed} days passed yet; these rows are blank.", f"还没有客户满 {listed} 天，对应行留空。"
    )
    return (Remark("R821", words),)


def _margin_said(margin: Amount) -> Words:
    if str(margin) == "1":
        return Words("the contribution is the revenue itself", "贡献额即销售额")
    return Words(f"the contribution is revenue times {margin}", f"贡献额为销售额乘以 {margin}")


def _spread_definition(shop: Shop, matched: Won, margin: Amount) -> Words:
    instant, said = instant_said(shop.as_of, shop.zone), _margin_said(margin)
    return Words(
        f"As of {instant.en}; {matched.said.en}. In row n, the first n orders of each of these customers are "
        "counted, in "
        "row `all` every order: `cost_per_order` is the whole cost by the orders counted, and falls with each "
        f"repurchase. `revenue` is what was paid for the orders counted, refunds not taken off; {said.en}; `paid_back` "
        "says whether it has reached the cost. Without orders, or amounts, cells are left blank. The row without a "
        "source is all together.",
        f"截至{instant.zh}；{matched.said.zh}。第 n 行只计每位客户的前 n 单，`all` 行计全部订单："
        "`cost_per_order` 为总成本除以计入的订单数，随复购下降。`revenue` 为计入订单的支付金额（未扣退款）；"
        f"{said.zh}；"
        "`paid_back` 表示是否已覆盖成本。没有订单或金额时留空。来源为空的行为合计。",
    )


def _payback_definition(shop: Shop, matched: Won, margin: Amount) -> Words:
    instant, said = instant_said(shop.as_of, shop.zone), _margin_said(margin)
    return Words(
        f"As of {instant.en}; {matched.said.en}. In row d, only customers count whose d days after the day of the "
        "first "
        "purchase are over: what they cost, and what they brought from the first purchase to the end of the d-th day, "
        f"each by their number. Refunds are not taken off; {said.en}; costs that won nobody are not in it, and "
        "where nothing was spent there is no share. The row "
        "without a source is all together.",
        f"截至{instant.zh}；{matched.said.zh}。第 d 行只计首购后已满 d 天的客户：其人均成本，以及从首购到第 d "
        "天结束的人均贡献。"
        f"未扣退款；{said.zh}；没有带来新客的花费不计入。来源为空的行为合计。",
    )

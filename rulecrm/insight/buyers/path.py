"""Behaviour before buying: what came before purchases, and what came of views, carts and inquiries.

In: a `Shop`. Out: `path_to_purchase`, `orders_after`.
Invariant: each customer counts once in a row; an event counts before a purchase only if it lies before it.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rulecrm.insight.asking import Length
from rulecrm.insight.buyers.reading import Period, followed, instant, period, worded
from rulecrm.insight.buyers.wording import COLUMNS, lacking, nothing
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shares import with_share
from rulecrm.insight.shop import Shop
from rulecrm.model.durations import Duration

__all__ = ["orders_after", "path_to_purchase"]

_STEPS = {
    "visit": Words("visits", "访问"), "view": Words("views", "浏览"), "favourite": Words("favourites", "收藏"),
    "cart": Words("carts", "加购"), "inquiry": Words("inquiries", "咨询"), "checkout": Words("checkouts", "下单页"),
}  # fmt: skip
_STEP = pl.Enum(list(_STEPS))
_HOUR = 3_600_000_000


def path_to_purchase(shop: Shop, *, within: Length = "1y", before: Length = "14d") -> Figure:
    """What customers did in the days before they bought: of each customer the latest purchase in the period.

    Args:
        shop: a shop.
        within: how far back purchases count.
        before: how long before a purchase belongs to it.

    Returns:
        A row for each kind of event (`step`: `visit`, `view`, `favourite`, `cart`, `inquiry`, `checkout`, `any`):
        `customers` (buyers), `preceded` (who had one before), `share` with `low` and `high` (Wilson, 95 %),
        `mean_events` (Float64, for each who had one), `median_hours` (Float64, from the first to the purchase).

    Raises:
        RulesError: R800 a length that is none.
    """
    stretch, back = period(shop, within), period(shop, before)
    # Purchases are in order, so that the last row of a customer is the latest.
    latest = shop.purchases().filter(stretch.rows()).group_by("customer").agg(pl.col("at").last().alias("bought"))
    latest = latest.with_columns(shop.shifted(pl.col("bought"), -back.length).alias("since"))
    there, remarks = _there(shop)
    met = _met(shop, latest, there) if there else None
    parts = [] if met is None else [_before(latest, step, met) for step in (*there, "any")]
    if there and latest.is_empty():
        remarks.append(nothing(Words("nobody bought anything in that time", "该时段内没有人购买")))
    empty = pl.DataFrame(schema=_BEFORE)
    frame = with_share(pl.concat(parts) if parts else empty, "preceded", "customers")
    return Figure(
        "path_to_purchase",
        Words("Before a purchase", "购买前行为"),
        Words(
            f"Of each customer who paid an order in the last {stretch.last.en}, the latest of these orders. The "
            f"share is that of customers with an event of the kind in the {back.words.en} before the payment; the "
            "mean is over those customers, and the hours are the median time from the first such event to the "
            "payment.",
            f"取最近 {stretch.words.zh} 内每位付款客户的最后一笔订单。占比为付款前 {back.words.zh}内有该类行为的客户"
            "占比；平均次数以这些客户计算，小时数为首次该类行为到付款的中位时长。",
        ),
        frame.select("step", "customers", "preceded", "share", "low", "high", "mean_events", "median_hours"),
        {
            **COLUMNS,
            "step": Words("Behaviour", "行为"),
            "customers": Words("Buyers", "购买客户数"),
            "preceded": Words("Buyers with it before", "购买前有该行为的客户数"),
            "mean_events": Words("Events for each of them", "人均次数"),
            "median_hours": Words("Median hours to the purchase", "到购买的中位小时数"),
        },
        tuple(remarks),
    )


def orders_after(shop: Shop, *, within: Length = "90d", waits: Length = "1d") -> Figure:
    """What came of views, favourites, carts and inquiries: ordered in time, or left.

    Args:
        shop: a shop.
        within: how far back events count; the latest, whose time to be followed is not over at T, are left out.
        waits: up to how long after an event an order follows it.

    Returns:
        A row for each kind of event (`step`): `customers` (with such an event), `ordered` (of them, who ordered in
        time after one), `share` with `low` and `high` (Wilson, 95 %), `events`, `left` (events that no order
        followed), `left_value` (Decimal, of carts; missing where the facts do not tell it).

    Raises:
        RulesError: R800 a length that is none.
    """
    stretch, patience = period(shop, within), period(shop, waits)
    there, remarks = _there(shop)
    ordered = shop.has("order")
    if not ordered:
        remarks.append(lacking(Words("what was ordered", "下单情况"), "`placed_at` of `orders`"))
    known, amounts = (there if ordered else []), shop.has("cart", "amount")
    outcomes = _outcomes(shop, known, stretch, patience.length) if known else None
    parts = [] if outcomes is None else [_after(step, outcomes, valued=amounts) for step in known]
    if parts and not sum(int(part.get_column("events")[0]) for part in parts):
        remarks.append(nothing(Words("nothing of this happened in that time", "该时段内没有此类行为")))
    if "cart" in known and not amounts:
        remarks.append(lacking(Words("the value of carts", "购物车金额"), "`amount` of `cart`", about={"step": "cart"}))
    frame = with_share(pl.concat(parts) if parts else pl.DataFrame(schema=_AFTER), "ordered", "customers")
    return Figure(
        "orders_after",
        Words("Orders after views, carts and inquiries", "浏览、加购、咨询后的下单"),
        Words(
            f"Customers with an event of the kind in the last {stretch.last.en} whose {patience.words.en} to be "
            "followed are over, and the share of them who placed an order later than one of these events and at "
            f"most {patience.words.en} after it. An event is left where no order followed it in that time.",
            f"最近 {stretch.words.zh} 内有该类行为且等待期 {patience.words.zh}已满的客户，以及其中在某次行为之后 "
            f"{patience.words.zh}内下单的客户占比。等待期内没有下单的行为记为流失。",
        ),
        frame.select("step", "customers", "ordered", "share", "low", "high", "events", "left", "left_value"),
        {
            **COLUMNS,
            "step": Words("Behaviour", "行为"),
            "ordered": Words("Customers who ordered", "下单客户数"),
            "events": Words("Events", "行为次数"),
            "left": Words("Events without an order", "未下单次数"),
            "left_value": Words("Value without an order", "未下单金额"),
        },
        tuple(remarks),
        (),
        shop.currency,
    )


_BEFORE: Mapping[str, pl.DataType] = {
    "step": pl.String(), "customers": pl.Int64(), "preceded": pl.Int64(), "mean_events": pl.Float64(),
    "median_hours": pl.Float64(),
}  # fmt: skip
_AFTER: Mapping[str, pl.DataType] = {
    "step": pl.String(), "customers": pl.Int64(), "ordered": pl.Int64(), "events": pl.Int64(), "left": pl.Int64(),
    "left_value": pl.Decimal(38, 4),
}  # fmt: skip


def _there(shop: Shop) -> tuple[list[str], list[Remark]]:
    there = [step for step in _STEPS if shop.has(step)]
    return there, [lacking(words, f"rows of `{step}`") for step, words in _STEPS.items() if step not in there]


def _events(shop: Shop, step: str, columns: tuple[str, ...] = ()) -> pl.LazyFrame:
    rows = shop.rows(step, ["customer", *columns]).filter(pl.col("customer").is_not_null())
    return rows.with_columns(pl.lit(step).alias("step"))


def _met(shop: Shop, latest: pl.DataFrame, steps: list[str]) -> pl.DataFrame:
    """Events in the days before their customer's latest purchase: `step`, `customer`, and how long before."""
    events = pl.concat([worded(_events(shop, step)).with_columns(pl.col("step").cast(_STEP)) for step in steps])
    there = pl.col("at").is_between(pl.col("since"), pl.col("bought"), closed="left")
    took = (pl.col("bought") - pl.col("at")).cast(pl.Int64).alias("took")
    return events.join(worded(latest.lazy()), on="customer").filter(there).select("step", "customer", took).collect()


def _before(latest: pl.DataFrame, step: str, met: pl.DataFrame) -> pl.DataFrame:
    own = met if step == "any" else met.filter(pl.col("step") == step)
    each = own.group_by("customer").agg(pl.len().alias("events"), pl.col("took").max())
    return each.select(
        pl.lit(step).alias("step"),
        pl.lit(latest.height, pl.Int64).alias("customers"),
        pl.len().cast(pl.Int64).alias("preceded"),
        pl.col("events").mean().alias("mean_events"),
        (pl.col("took").median() / _HOUR).alias("median_hours"),
    )


def _outcomes(shop: Shop, steps: list[str], stretch: Period, patience: Duration) -> pl.DataFrame:
    """Events of the period whose time is over: `step`, `customer`, `amount` of carts, and when an order followed."""
    over = shop.shifted(pl.col("at"), patience) <= instant(shop.as_of)
    parts = []
    for step in steps:
        valued = step == "cart" and shop.has("cart", "amount")
        rows = _events(shop, step, ("amount",) if valued else ()).filter(stretch.rows() & over)
        amount = pl.col("amount") if valued else pl.lit(None, pl.Int64).alias("amount")
        parts.append(worded(rows).select(pl.col("step").cast(_STEP), "customer", "at", amount))
    # What was ordered before the period follows nothing in it.
    orders = shop.rows("order", ["customer"]).filter(stretch.rows()).collect(engine="in-memory")
    return followed(pl.concat(parts).collect(engine="in-memory"), orders, patience, shop)


def _after(step: str, outcomes: pl.DataFrame, *, valued: bool) -> pl.DataFrame:
    left = pl.col("next").is_null()
    value = Shop.paid(pl.col("amount").filter(left).sum()) if step == "cart" and valued else pl.lit(None)
    return outcomes.filter(pl.col("step") == step).select(
        pl.lit(step).alias("step"),
        pl.col("customer").n_unique().cast(pl.Int64).alias("customers"),
        pl.col("customer").filter(~left).n_unique().cast(pl.Int64).alias("ordered"),
        pl.len().cast(pl.Int64).alias("events"),
        left.sum().cast(pl.Int64).alias("left"),
        value.cast(pl.Decimal(38, 4)).alias("left_value"),
    )

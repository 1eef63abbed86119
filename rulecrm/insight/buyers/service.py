"""What customers cost the service: returns, cancellations, bargaining, low ratings, abuse.

In: a `Shop`. Out: `service_record`.
Invariant: a customer counts once in a share, however often it happened; what happened is counted beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from rulecrm.insight.asking import Length
from rulecrm.insight.buyers.reading import Period, period, worded
from rulecrm.insight.buyers.standard import Standard, standard
from rulecrm.insight.buyers.wording import COLUMNS, lacking, length, nothing
from rulecrm.insight.figure import Figure, Words
from rulecrm.insight.shares import shared, with_share
from rulecrm.insight.shop import Shop
from rulecrm.model.durations import Duration

__all__ = ["service_record"]

_MODULE = "std/service.rules"
_MEASURES: Mapping[str, tuple[str, Words]] = {
    "refunds": ("`refunded_at` of `orders`", Words("refunds", "退款")),
    "cancellations": ("`cancelled_at` of `orders`", Words("cancellations", "取消")),
    "inquiries": ("rows of `inquiry`", Words("questions before orders", "下单前咨询")),
    "bargaining": ("`text` of `inquiry`", Words("bargaining", "议价")),
    "low_ratings": ("`rating` of `review`", Words("low ratings", "低分评价")),
    "abuse": ("`kind_of_abuse` of `review` or `inquiry`", Words("abuse", "滥用行为")),
}


def service_record(shop: Shop, *, within: Length = "1y") -> Figure:
    """How much is returned, cancelled, asked, bargained for, rated low and abused, and by how many customers.

    What a low rating is, which words bargain and how long before an order a question belongs to it are params of
    `std/service.rules`: those of the shop's own import where its rules have one.

    Args:
        shop: a shop.
        within: how far back purchases, orders, inquiries and reviews count.

    Returns:
        A row for each `measure`: `refunds` (of purchases), `cancellations` (of orders), `inquiries` (orders with a
        question before them), `bargaining` (of inquiries), `low_ratings` (of ratings), `abuse` (of reviews and
        inquiries): `base` and `happened` (Int64), `happened_share`, `customers_base` and `customers` (Int64), `share`
        with `low` and `high` (Wilson, 95 %), `amount` (Decimal: paid back in the period; of `refunds` alone).

    Raises:
        RulesError: R800 `within` is no length of time.
    """
    stretch = period(shop, within)
    module = standard(shop, _MODULE, "bargaining_share")
    parts, remarks = [], []
    for measure, (columns, what) in _MEASURES.items():
        rows = _ROWS[measure](shop, module, stretch)
        if rows is None:
            remarks.append(lacking(what, columns, about={"measure": measure}))
        else:
            parts.append(_counted(measure, rows, _paid_back(shop, stretch) if measure == "refunds" else None))
    frame = pl.concat(parts) if parts else pl.DataFrame(schema=_COUNTED)
    if parts and not int(frame.get_column("base").sum()):
        remarks.append(
            nothing(Words("nothing was bought, asked or rated in that time", "该时段内没有购买、咨询或评价"))
        )
    return Figure(
        "service_record",
        Words("Returns, bargaining and complaints", "退货、议价与投诉"),
        _definition(module, stretch),
        with_share(frame, "customers", "customers_base").select(
            "measure", "base", "happened", shared(pl.col("happened"), pl.col("base")).alias("happened_share"),
            "customers_base", "customers", "share", "low", "high", "amount",
        ),
        {
            **COLUMNS,
            "measure": Words("Measure", "指标"),
            "base": Words("Of how many", "总数"),
            "happened": Words("Happened", "发生次数"),
            "happened_share": Words("Share", "发生占比"),
            "customers_base": Words("Customers", "客户总数"),
            "customers": Words("Customers with it", "发生客户数"),
            "share": Words("Share of customers", "发生客户占比"),
            "amount": Words("Paid back", "退款金额"),
        },
        tuple(remarks),
        (),
        shop.currency,
    )  # fmt: skip


_COUNTED: Mapping[str, pl.DataType] = {
    "measure": pl.String(), "base": pl.Int64(), "happened": pl.Int64(), "customers_base": pl.Int64(),
    "customers": pl.Int64(), "amount": pl.Decimal(38, 4),
}  # fmt: skip


def _definition(module: Standard, stretch: Period) -> Words:
    asking, low = module.param("asking_before"), module.param("low_rating")
    assert isinstance(asking, Duration)
    words = length(asking)
    return Words(
        f"Of the last {stretch.last.en}: purchases that were refunded, wholly or in part; orders that were "
        f"cancelled; orders with a question of the customer in the {words.en} before; questions that hold one of the "
        f"words of bargaining of std/service.rules; ratings of at most {low}; reviews and questions that were found "
        "abusive. The share is that of customers with at least one. The amount is what was paid back in that time.",
        f"最近 {stretch.words.zh}：全部或部分退款的购买；取消的订单；下单前 {words.zh}内客户有咨询的订单；含有议价词"
        f"（见 std/service.rules）的咨询；不高于 {low} 分的评价；被判为滥用的评价与咨询。客户占比为至少发生一次的客户"
        "占比。金额为该时段内的退款金额。",
    )


# --- rows: `customer` and `bad` --------------------------------------------------------------------------------------


def _refunds(shop: Shop, _module: Standard, stretch: Period) -> pl.DataFrame | None:
    return _where(shop, "purchase", "refunded", pl.col("refunded"), stretch)


def _cancellations(shop: Shop, _module: Standard, stretch: Period) -> pl.DataFrame | None:
    return _where(shop, "order", "cancelled", pl.col("cancelled"), stretch)


def _inquiries(shop: Shop, module: Standard, stretch: Period) -> pl.DataFrame | None:
    if not (shop.has("inquiry") and shop.has("order")):
        return None
    asking = module.param("asking_before")
    assert isinstance(asking, Duration)
    asked = shop.rows("inquiry", ["customer"]).filter(pl.col("customer").is_not_null()).collect(engine="in-memory")
    asked = worded(asked.select("customer", "at", pl.col("at").alias("asked"))).sort("at")
    orders = shop.rows("order", ["customer"]).filter(stretch.rows() & pl.col("customer").is_not_null())
    found = worded(orders).collect(engine="in-memory").sort("at").join_asof(
        asked, on="at", by="customer", strategy="backward", allow_exact_matches=False, check_sortedness=False
    )  # fmt: skip
    before = pl.col("asked") >= shop.shifted(pl.col("at"), -asking)
    return found.select("customer", before.fill_null(value=False).alias("bad"))


def _bargaining(shop: Shop, module: Standard, stretch: Period) -> pl.DataFrame | None:
    words = module.param("bargaining_words")
    assert isinstance(words, tuple)
    lowered = [str(word).lower() for word in words]
    return _where(shop, "inquiry", "text", pl.col("text").str.to_lowercase().str.contains_any(lowered), stretch)


def _low_ratings(shop: Shop, module: Standard, stretch: Period) -> pl.DataFrame | None:
    rating = pl.col("rating")
    low = module.param("low_rating")
    assert isinstance(low, int)
    return _where(shop, "review", "rating", rating <= low, stretch, of=rating.is_not_null())


def _abuse(shop: Shop, _module: Standard, stretch: Period) -> pl.DataFrame | None:
    abusive = pl.col("kind_of_abuse").is_not_null()
    kinds = [_where(shop, kind, "kind_of_abuse", abusive, stretch) for kind in ("review", "inquiry")]
    there = [rows for rows in kinds if rows is not None]
    return pl.concat(there) if there else None


_ROWS: Mapping[str, Callable[[Shop, Standard, Period], pl.DataFrame | None]] = {
    "refunds": _refunds, "cancellations": _cancellations, "inquiries": _inquiries, "bargaining": _bargaining,
    "low_ratings": _low_ratings, "abuse": _abuse,
}  # fmt: skip


def _where(
    shop: Shop, kind: str, column: str, bad: pl.Expr, stretch: Period, *, of: pl.Expr | None = None
) -> pl.DataFrame | None:
    if not shop.has(kind, column):
        return None
    rows = shop.rows(kind, ["customer", column]).filter(stretch.rows() & pl.col("customer").is_not_null())
    rows = rows if of is None else rows.filter(of)
    return rows.select("customer", bad.fill_null(value=False).alias("bad")).collect(engine="in-memory")


def _counted(measure: str, rows: pl.DataFrame, amount: pl.Expr | None) -> pl.DataFrame:
    return rows.select(
        pl.lit(measure).alias("measure"),
        pl.len().cast(pl.Int64).alias("base"),
        pl.col("bad").sum().cast(pl.Int64).alias("happened"),
        pl.col("customer").n_unique().cast(pl.Int64).alias("customers_base"),
        pl.col("customer").filter("bad").n_unique().cast(pl.Int64).alias("customers"),
        (pl.lit(None) if amount is None else amount).cast(pl.Decimal(38, 4)).alias("amount"),
    )


def _paid_back(shop: Shop, stretch: Period) -> pl.Expr | None:
    if not shop.has("refund", "amount"):
        return None
    rows = shop.rows("refund", ["amount"]).filter(stretch.rows())
    total = rows.select(pl.col("amount").sum()).collect(engine="in-memory").item()
    return Shop.paid(pl.lit(int(total or 0), pl.Int64))

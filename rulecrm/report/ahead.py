"""Value to come, tenth by tenth of the customers: no customer is named in a report.

In: a shop. Out: a `Figure`.
Invariant: the tenths are of one size, give or take one customer; their values add up to that of all.
"""

from __future__ import annotations

import polars as pl

from rulecrm.insight import Figure, Lifetime, Shop, Words, clv

__all__ = ["value_ahead"]


def value_ahead(shop: Shop, model: Lifetime) -> Figure:
    """`clv`, added up by tenths of the customers, those of the highest value first.

    Returns:
        The figure `value_ahead`: `tenth` Int64 1–10, `customers` Int64, `alive` Float64 (mean probability),
        `purchases_expected` Float64 (mean), `value` Decimal(38, 4), `value_share` Float64.

    Raises:
        RulesError: as `clv`.
    """
    whole = clv(shop, model=model)
    known = whole.frame.filter(pl.col("value").is_not_null())
    ranked = known.select(
        "alive",
        "purchases_expected",
        "value",
        ((pl.col("value").rank("ordinal", descending=True) - 1) * 10 // max(known.height, 1) + 1).cast(pl.Int64)
        .alias("tenth"),
    )  # fmt: skip
    total = float(known.get_column("value").sum() or 0)
    share = (pl.col("value").cast(pl.Float64) / total) if total > 0 else pl.lit(None, pl.Float64)
    frame = (
        ranked.group_by("tenth")
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            pl.col("alive").mean(),
            pl.col("purchases_expected").mean(),
            pl.col("value").sum().cast(pl.Decimal(38, 4)),
        )
        .sort("tenth")
        .with_columns(share.alias("value_share"))
    )
    told = Words(
        f"{whole.definition.en} Here customers are parted in ten parts of one size by their value to come, the highest "
        "first, and each part is added up.",
        f"{whole.definition.zh}此处按未来价值从高到低将顾客分为人数相等的十组，并逐组合计。",
    )
    columns = {
        "tenth": Words("Tenth of the customers", "顾客十分位"),
        "customers": Words("Customers", "顾客数"),
        "alive": Words("Probability of being alive", "仍活跃的概率"),
        "purchases_expected": Words("Expected repeats", "预期复购次数"),
        "value": Words("Value to come", "未来价值"),
        "value_share": Words("Share of the value", "占总价值"),
    }
    remarks = tuple(one for one in whole.remarks if "customer" not in one.about)
    return Figure("value_ahead", whole.title, told, frame, columns, remarks, whole.origins, whole.currency)

"""Who buys a product or a category, and who is likely to buy it next.

In: a shop, a product or a category. Out: `Figure`s of labels, and of customers.
Invariant: everybody who is compared has bought something; who has bought it is never named as likely next.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl

from rulecrm.insight.asking import Length, duration_of, known
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.products.association import (
    at_least_so_many,
    at_most_so_many,
    beyond_usual,
    lifts,
    usual_lifts,
)
from rulecrm.insight.products.lines import lines_of, of_which
from rulecrm.insight.shares import with_share
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics import adjust
from rulecrm.insight.statistics.asked import checked_level

__all__ = ["likely_next", "product_audience"]

_AUDIENCE = {
    "definition": Words("Segment or classification", "分群或分类"),
    "label": Words("Label", "标签"),
    "customers": Words("Customers", "顾客数"),
    "buyers": Words("Buyers", "购买者"),
    "share": Words("Of the buyers", "占购买者"),
    "shop_share": Words("Of all customers", "占全部顾客"),
    "lift": Words("Lift", "提升度"),
    "low": Words("Lift, at least", "提升度下限"),
    "high": Words("Lift, at most", "提升度上限"),
    "p": Words("Probability by chance", "偶然概率"),
    "p_adjusted": Words("Corrected for all labels", "校正后的概率"),
}
_NEXT = {
    "customer": Words("Customer", "顾客"),
    "because": Words("Bought", "已购买"),
    "at": Words("Last bought", "最近购买时间"),
    "confidence": Words("Confidence", "置信度"),
    "lift": Words("Lift", "提升度"),
}


def product_audience(
    shop: Shop,
    *,
    product: str | int | None = None,
    category: str | None = None,
    labels: Collection[str] | None = None,
    level: float = 0.95,
) -> Figure:
    """Of what segments and labels the buyers of a product or a category are, against all who ever bought.

    Args:
        shop: the shop.
        product: its key; or
        category: a category.
        labels: segments, classifications and lifecycles of customers; None for all that the rules define.
        level: of the intervals.

    Returns:
        `definition` String, `label` String (of a segment the word `yes`), `customers` Int64 (who ever bought
        anything and have the label), `buyers` Int64 (of these, who bought it), `share` (of the buyers, those with the
        label), `shop_share` (of all, those with the label), `lift` (the one by the other), `low`, `high`, `p`
        (two-sided), `p_adjusted`, by definition in the order of names and then by lift.

    Raises:
        RulesError: R120 no line has such a product or category, or the rules no such name; R819, R850 other
            arguments that cannot be.
    """
    checked_level(level)
    names = _labels(shop, labels)
    title = _of(Words("Who buys", "谁在购买"), product, category)
    definition = _audience_definition(product, category, level)
    origins = tuple(one for one in map(shop.origin, names) if one is not None)
    lines = lines_of(shop, "customer", *(["category"] if category is not None else []))
    if isinstance(lines, Remark) or not names:
        remark = lines if isinstance(lines, Remark) else _NO_LABELS
        return Figure("product_audience", title, definition, _no_audience(), _AUDIENCE, (remark,), origins)
    target = of_which(shop, lines, product, category)
    if isinstance(target, Remark):
        return Figure("product_audience", title, definition, _no_audience(), _AUDIENCE, (target,), origins)
    bought = lines.get_column("customer").unique()
    buyers = lines.filter(target).get_column("customer").unique()
    known_labels = (
        shop.result(names).table().select("customer", *names).filter(pl.col("customer").is_in(bought.implode()))
    )
    counts = pl.concat([_counted(known_labels, name, buyers) for name in names])
    frame = _compared(counts, len(buyers), len(bought), level)
    return Figure("product_audience", title, definition, frame, _AUDIENCE, (), origins)


def _labels(shop: Shop, labels: Collection[str] | None) -> tuple[str, ...]:
    program = shop.rules.program
    there = [
        one.symbol
        for one in program.definitions
        if one.subject == "customer" and one.symbol in program.exported and one.form in ("segment", "classify")
    ]
    there += [one.symbol for one in program.lifecycles if one.symbol in program.exported]
    if labels is None:
        return tuple(sorted(there))
    return tuple(sorted({known(name, there, "segment, classification or lifecycle") for name in labels}))


def _counted(table: pl.DataFrame, name: str, buyers: pl.Series) -> pl.DataFrame:
    """How many customers, and how many buyers, have each label of a definition."""
    labels = pl.col(name).cast(pl.String)
    if table.schema[name] == pl.Boolean:
        labels = pl.when(pl.col(name)).then(pl.lit("yes"))
    own = table.select(labels.alias("label"), pl.col("customer").is_in(buyers.implode()).alias("bought"))
    return (
        own.drop_nulls("label")
        .group_by("label")
        .agg(pl.len().cast(pl.Int64).alias("customers"), pl.col("bought").sum().cast(pl.Int64).alias("buyers"))
        .select(pl.lit(name).alias("definition"), "label", "customers", "buyers")
    )


def _compared(counts: pl.DataFrame, buyers: int, customers: int, level: float) -> pl.DataFrame:
    both = counts.get_column("buyers").to_numpy().astype(np.int64)
    has = counts.get_column("customers").to_numpy().astype(np.int64)
    all_buyers = np.full_like(both, buyers)
    base = has / max(customers, 1)
    either = np.minimum(
        at_least_so_many(both, all_buyers, has, customers), at_most_so_many(both, all_buyers, has, customers)
    )
    p = np.minimum(2 * either, 1.0)
    bought = counts.with_columns(pl.lit(buyers, pl.Int64).alias("all"), pl.Series("shop_share", base, pl.Float64))
    return (
        with_share(bought, "buyers", "all", level=level)
        .select(
            *counts.columns,
            "share",
            "shop_share",
            pl.Series("lift", both / buyers / base, pl.Float64),
            pl.col("low") / pl.col("shop_share"),
            pl.col("high") / pl.col("shop_share"),
            pl.Series("p", p, pl.Float64),
            pl.Series("p_adjusted", adjust(p.tolist()), pl.Float64),
        )
        .sort("definition", "lift", "label", descending=[False, True, False])
    )


def _no_audience() -> pl.DataFrame:
    words = dict.fromkeys(("definition", "label"), pl.String)
    counts = dict.fromkeys(("customers", "buyers"), pl.Int64)
    numbers = dict.fromkeys(("share", "shop_share", "lift", "low", "high", "p", "p_adjusted"), pl.Float64)
    return pl.DataFrame(schema={**words, **counts, **numbers})


def likely_next(
    shop: Shop,
    *,
    product: str | int | None = None,
    category: str | None = None,
    within: Length | None = None,
    at_least: int = 10,
    level: float = 0.95,
) -> Figure:
    """Who has bought what goes with a product or a category, and not it.

    Args:
        shop: the shop.
        product: its key; or
        category: a category; what goes with it are products of others.
        within: only customers who bought the companion so lately; None for all.
        at_least: how many customers must have bought both for a product to be a companion.
        level: 1 − level is the probability that even one companion is mere chance.

    Returns:
        `customer`, `because` (the companion of theirs with the highest confidence), `at` (when they last bought it,
        Datetime in UTC), `confidence` (of the companion's buyers, the share who bought it as well), `lift`; the most
        likely first.

    Raises:
        RulesError: R120 no such product or category; R800, R819, R850 other arguments that cannot be.
    """
    span = None if within is None else duration_of(within)
    checked_level(level)
    title = _of(Words("Likely to buy next", "可能购买"), product, category)
    definition = _next_definition(product, category, within, at_least, level)
    lines = lines_of(shop, "customer", *(["category"] if category is not None else []))
    if isinstance(lines, Remark):
        return Figure("likely_next", title, definition, _nobody(), _NEXT, (lines,))
    target = of_which(shop, lines, product, category)
    if isinstance(target, Remark):
        return Figure("likely_next", title, definition, _nobody(), _NEXT, (target,))
    has_it = lines.filter(target).get_column("customer").unique()
    others = lines.filter(~target).group_by("customer", "product").agg(pl.col("at").max())
    companions = _companions(others, has_it, lines.get_column("customer").n_unique(), at_least, level)
    if companions.is_empty():
        return Figure("likely_next", title, definition, _nobody(others), _NEXT, (_nothing_goes(at_least),))
    open_to = others.filter(~pl.col("customer").is_in(has_it.implode()))
    if span is not None:
        open_to = open_to.filter(pl.col("at") > shop.before(span))
    ranked = (
        open_to.join(companions, on="product")
        .sort("confidence", "at", "product", descending=[True, True, False])
        .unique("customer", keep="first", maintain_order=True)
        .select("customer", pl.col("product").alias("because"), "at", "confidence", "lift")
    )
    frame = ranked.sort("confidence", "at", "customer", descending=[True, True, False])
    return Figure("likely_next", title, definition, frame, _NEXT)


def _companions(bought: pl.DataFrame, has_it: pl.Series, customers: int, at_least: int, level: float) -> pl.DataFrame:
    """Products that go with it: `product`, `confidence`, `lift`."""
    counts = (
        bought.group_by("product")
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("customer").is_in(has_it.implode()).sum().cast(pl.Int64).alias("both"),
        )
        .filter(pl.col("n") >= at_least)
    )
    tested = counts.filter(pl.col("both") >= max(at_least, 1))
    both, n = (tested.get_column(name).to_numpy().astype(np.int64) for name in ("both", "n"))
    it = np.full_like(n, len(has_it))
    at_all = len(has_it) / max(customers, 1)
    expected = (n * at_all).astype(np.float64)
    all_both, all_n = int(counts.get_column("both").sum()), int(counts.get_column("n").sum())
    usual = usual_lifts(both, expected, all_both=all_both, all_expected=all_n * at_all)
    p = adjust(beyond_usual(both, n, it, customers, usual).tolist(), tests=counts.height)
    return tested.select(
        "product",
        (pl.col("both") / pl.col("n")).alias("confidence"),
        pl.Series("lift", lifts(both, n, it, customers, level=level).lift, pl.Float64),
    ).filter(pl.Series(p, dtype=pl.Float64) <= 1 - level)


def _nobody(others: pl.DataFrame | None = None) -> pl.DataFrame:
    types = {"customer": pl.String, "product": pl.String} if others is None else others.schema
    instant = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        schema={
            "customer": types["customer"],
            "because": types["product"],
            "at": instant,
            "confidence": pl.Float64,
            "lift": pl.Float64,
        }
    )


_NO_LABELS = Remark(
    "R846",
    Words(
        "The rules define no segment, classification or lifecycle of customers, so that nobody can be told apart.",
        "规则中没有定义顾客的分群、分类或生命周期，无法区分顾客。",
    ),
)


def _nothing_goes(at_least: int) -> Remark:
    return Remark(
        "R846",
        Words(
            f"Nothing goes with it: no other product has {at_least} buyers or more in common with it, and more of them "
            "than chance would give.",
            f"没有搭配商品：没有其他商品与其有 {at_least} 个以上的共同购买者且多于偶然水平。",
        ),
    )


def _of(words: Words, product: object, category: str | None) -> Words:
    what = f"{product}" if category is None else category
    return Words(f"{words.en}: {what}", f"{words.zh}：{what}")


def _audience_definition(product: object, category: str | None, level: float) -> Words:
    what, zh = (f"`{product}`", f"“{product}”") if category is None else (f"category `{category}`", f"品类“{category}”")
    return Words(
        f"Of the customers who ever bought {what}, the share with each label of the rules as of now, against the share "
        "with it of all customers who ever bought anything; lift is the one by the other. The interval is Wilson's of "
        f"the buyers' share at {level:.4g}, by the share of all. The probability by chance is Fisher's exact test, "
        "twice the smaller side, corrected by Holm for all labels told.",
        f"购买过{zh}的顾客中，当前具有规则各标签的比例，与全部购买过任何商品的顾客中的比例相比；两者之比为提升度。"
        f"区间为购买者比例的 {level:.4g} 威尔逊区间除以全部比例。偶然概率为费舍尔精确检验（取较小一侧的两倍），"
        "并按霍尔姆法对所列全部标签校正。",
    )


def _next_definition(
    product: object, category: str | None, within: Length | None, at_least: int, level: float
) -> Words:
    what, zh = (f"`{product}`", f"“{product}”") if category is None else (f"category `{category}`", f"品类“{category}”")
    lately, zh_lately = ("", "") if within is None else (f" in the last {within}", f"最近 {within} 内")
    return Words(
        f"A product goes with {what} where {at_least} customers or more bought both, ever, and more than chance "
        "would give: were the two independent (Fisher's exact test), or were the product like all others, where who "
        f"buys much buys more of everything (Poisson); corrected by Holm for all products with {at_least} buyers, at "
        f"{1 - level:.4g}. Likely next is who bought such a companion{lately} and never bought {what}. Confidence is "
        "the share of the companion's buyers who bought it as well; of several companions the one with the highest "
        "confidence is told.",
        f"若至少 {at_least} 位顾客两者都买过，且多于偶然水平"
        "（相互独立时用费舍尔精确检验；买得多的人什么都多买时，与其他商品相比，用泊松分布；"
        f"按霍尔姆法对至少有 {at_least} 位购买者的全部商品校正，水平 {1 - level:.4g}），"
        f"则该商品与{zh}搭配。{zh_lately}买过搭配商品而从未购买{zh}的顾客"
        "可能购买。置信度为搭配商品购买者中也买过它的比例；有多个搭配商品时列出置信度最高的一个。",
    )

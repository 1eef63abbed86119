"""Recency, frequency and money: the grid of fifths, and the named groups.

In: a `Shop`. Out: `rfm_grid`, `rfm_groups`.
Invariant: the scores are those of `std/rfm.rules`, worked out by the rules' own engine.
"""

from __future__ import annotations

import polars as pl

from rulecrm.insight.asking import Length, duration_of
from rulecrm.insight.buyers.reading import instant, per, priced
from rulecrm.insight.buyers.standard import Standard, standard
from rulecrm.insight.buyers.wording import COLUMNS, lacking, length, nothing, weak
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shares import shared
from rulecrm.insight.shop import Shop
from rulecrm.model.durations import Duration

__all__ = ["rfm_grid", "rfm_groups"]

_MODULE = "std/rfm.rules"
_CHINESE = {
    "prospect": "期内未购买", "champions": "冠军客户", "loyal": "忠诚客户", "potential_loyalist": "潜在忠诚客户",
    "new": "新客户", "promising": "有潜力", "needs_attention": "需要关注", "about_to_sleep": "即将沉睡",
    "cannot_lose": "不能失去", "at_risk": "有流失风险", "hibernating": "休眠", "lost": "已流失",
}  # fmt: skip


def rfm_grid(shop: Shop, *, within: Length | None = None) -> Figure:
    """How many buyers there are in each pair of a recency and a frequency score, and what they paid.

    Args:
        shop: a shop.
        within: how far back purchases count; left out, what the shop's own import of `std/rfm.rules` says, or two
            years.

    Returns:
        25 rows: `recency`, `frequency` (Int64, 1 to 5, 5 is best), `customers`, `share` (of the buyers), `revenue`
        (Decimal, in the window), `orders`, `order_value` (Decimal; missing in an empty cell).

    Raises:
        RulesError: R800 `within` is no length of time; facts that cannot be read.
    """
    module, window = _scored(shop, within)
    names = [module.symbol(name) for name in ("recency_score", "frequency_score")]
    people = _people(shop, module, window, names).rename(dict(zip(names, ("recency", "frequency"), strict=True)))
    scored = people.filter(pl.col("recency").is_not_null())
    cells = pl.DataFrame(
        [(recency, frequency) for recency in range(1, 6) for frequency in range(1, 6)],
        schema={"recency": pl.Int64, "frequency": pl.Int64},
        orient="row",
    )
    sums = _sums(scored.with_columns(pl.col("recency", "frequency").cast(pl.Int64)), ["recency", "frequency"])
    frame = _shown(
        cells.join(sums, on=["recency", "frequency"], how="left", maintain_order="left"), scored.height, shop
    )
    words = length(window)
    return Figure(
        "rfm_grid",
        Words("Recency and frequency", "最近购买与购买频率"),
        Words(
            f"Customers who paid an order in the last {words.en.removeprefix('1 ')}, by fifths. Recency 5 is the "
            "fifth that paid last most recently, frequency 5 the fifth that paid most orders; customers with equal "
            "figures have equal scores. Revenue and orders are those of the same time.",
            f"最近 {words.zh} 内有付款订单的客户，按五等分评分。最近购买 5 分为最近付款的五分之一客户，频率 5 分为订"
            "单最多的五分之一客户；数值相同的客户得分相同。销售额与订单数取自同一时段。",
        ),
        frame,
        {
            **COLUMNS,
            "recency": Words("Recency", "最近购买得分"),
            "frequency": Words("Frequency", "购买频率得分"),
            "share": Words("Share of buyers", "购买客户占比"),
        },
        tuple(_remarks(shop, scored)),
        module.origins("recency_score", "frequency_score"),
        shop.currency,
    )


def rfm_groups(shop: Shop, *, within: Length | None = None) -> Figure:
    """The eleven named groups of `std/rfm.rules`, and those who bought nothing in the window.

    Args:
        shop: a shop.
        within: how far back purchases count; left out, what the shop's own import of `std/rfm.rules` says, or two
            years.

    Returns:
        A row for each group, in the order of the rule: `group` String (the label), `title`, `title_zh`, `customers`,
        `share` (of all customers), `orders`, `revenue`, `order_value`, `revenue_share`.

    Raises:
        RulesError: R800 `within` is no length of time; facts that cannot be read, such as orders without amounts.
    """
    module, window = _scored(shop, within)
    symbol = module.symbol("rfm_group")
    titles = module.shop.rules.program.definition(symbol).titles
    words = length(window)
    title = Words("Groups by recency, frequency and money", "RFM 客户分组")
    definition = Words(
        "Scores of recency, frequency and money are fifths of the customers who paid an order in the last "
        f"{words.en.removeprefix('1 ')}; the group is that of the recency score and the mean of the other two, as "
        "std/rfm.rules names it. Whoever paid nothing in that time is in the group of prospects.",
        f"最近购买、频率、金额得分为最近 {words.zh} 内有付款订单客户的五等分；按最近购买得分与另外两项的平均分归组（"
        "见 std/rfm.rules）。该时段内没有付款的客户归入未购买组。",
    )
    labels = module.shop.rules.program.definition(symbol).type.names
    if not priced(shop):
        told = lacking(title, "`amount` of `orders`")
        empty = _shown(_titled(labels, titles).join(_no_sums(), on="group", how="left"), 0, shop)
        return Figure(
            "rfm_groups", title, definition, _with_share(empty).clear(), _GROUPED, (told,), module.origins("rfm_group"),
            shop.currency,
        )  # fmt: skip
    people = (
        _people(shop, module, window, [symbol]).rename({symbol: "group"}).with_columns(pl.col("group").cast(pl.String))
    )
    sums = _titled(labels, titles).join(_sums(people, ["group"]), on="group", how="left", maintain_order="left")
    remarks = [] if people.height else [nothing(Words("the facts have no customers up to then", "该时点之前没有客户"))]
    return Figure(
        "rfm_groups", title, definition, _with_share(_shown(sums, people.height, shop)), _GROUPED, tuple(remarks),
        module.origins("rfm_group"), shop.currency,
    )  # fmt: skip


_GROUPED = {
    **COLUMNS,
    "group": Words("Group", "分组"),
    "title": Words("Name", "名称（英文）"),
    "title_zh": Words("Name in Chinese", "名称"),
    "share": Words("Share of customers", "客户占比"),
}


def _scored(shop: Shop, within: Length | None) -> tuple[Standard, Duration]:
    params = None if within is None else {"rfm_window": duration_of(within).written()}
    module = standard(shop, _MODULE, "recency_score", params=params)
    window = module.param("rfm_window")
    assert isinstance(window, Duration)
    return module, window


def _people(shop: Shop, module: Standard, window: Duration, names: list[str]) -> pl.DataFrame:
    """Every customer, what the rules say of him or her, and `orders` and `amount` of the window."""
    table = module.shop.result(names).table()
    bought = shop.purchases().filter(pl.col("at") > instant(shop.before(window)))
    paid = bought.group_by("customer").agg(pl.len().cast(pl.Int64).alias("orders"), pl.col("amount").sum())
    return table.join(paid.with_columns(pl.col("customer").cast(table.schema["customer"])), on="customer", how="left")


def _sums(people: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return people.group_by(by).agg(
        pl.len().cast(pl.Int64).alias("customers"), pl.col("orders").sum(), pl.col("amount").sum()
    )


def _shown(sums: pl.DataFrame, customers: int, shop: Shop) -> pl.DataFrame:
    """Counts as they are shown; amounts that the facts do not have are missing."""
    counts = sums.with_columns(pl.col("customers", "orders", "amount").fill_null(0))
    amount = pl.col("amount") if priced(shop) else pl.lit(None, pl.Int64)
    keys = [name for name in counts.columns if name not in ("customers", "orders", "amount")]
    return counts.select(
        *keys,
        "customers",
        shared(pl.col("customers"), pl.lit(customers)).alias("share"),
        "orders",
        Shop.paid(amount).alias("revenue"),
        per(amount, pl.col("orders")).alias("order_value"),
    )


def _with_share(frame: pl.DataFrame) -> pl.DataFrame:
    revenue = pl.col("revenue").cast(pl.Float64)
    return frame.with_columns(shared(revenue, revenue.sum()).alias("revenue_share"))


def _titled(labels: tuple[str, ...], titles: object) -> pl.DataFrame:
    named = titles if isinstance(titles, dict) else {}
    return pl.DataFrame(
        {
            "group": labels,
            "title": [named.get(label, label) for label in labels],
            "title_zh": [_CHINESE.get(label, label) for label in labels],
        },
        schema={"group": pl.String, "title": pl.String, "title_zh": pl.String},
    )


def _no_sums() -> pl.DataFrame:
    return pl.DataFrame(schema={"group": pl.String, "customers": pl.Int64, "orders": pl.Int64, "amount": pl.Int64})


def _remarks(shop: Shop, scored: pl.DataFrame) -> list[Remark]:
    found: list[Remark] = []
    if not scored.height:
        return [nothing(Words("nobody paid an order in that time", "该时段内没有付款订单"))]
    if not priced(shop):
        found.append(lacking(Words("revenue", "销售额"), "`amount` of `orders`"))
    for name, words in (("recency", Words("recency", "最近购买")), ("frequency", Words("frequency", "购买频率"))):
        there = set(scored.get_column(name).cast(pl.Int64).to_list())
        empty = [score for score in range(1, 6) if score not in there]
        if empty:
            told = ", ".join(map(str, empty))
            found.append(
                weak(
                    Words(
                        f"No customer has a score of {words.en} of {told}: customers whose figures are equal share "
                        "the lower score, so that the groups are no fifths.",
                        f"没有客户的{words.zh}得分为 {told}：数值相同的客户取较低的同一得分，因此各组并非五等分。",
                    )
                )
            )
    return found

"""Products that are bought together more often than chance would have it.

In: a shop. Out: `Figure` of pairs.
Invariant: every pair that is told is in enough baskets, and stands a test corrected for all that there could be.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, duration_of, known, whole
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.products.association import beyond_usual, lifts, usual_lifts
from rulecrm.insight.products.lines import lines_of
from rulecrm.insight.products.pairs import Counted, count_pairs
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics import adjust
from rulecrm.insight.statistics.asked import checked_level

__all__ = ["bundles"]

_TITLE = Words("Bought together", "一起购买的商品")
_COLUMNS = {
    "left": Words("Who buys", "购买"),
    "right": Words("also buys", "也购买"),
    "together": Words("Together", "同时出现"),
    "support": Words("Support", "支持度"),
    "confidence": Words("Confidence", "置信度"),
    "confidence_back": Words("Confidence, other way round", "反向置信度"),
    "lift": Words("Lift", "提升度"),
    "low": Words("Lift, at least", "提升度下限"),
    "high": Words("Lift, at most", "提升度上限"),
    "usual": Words("Lift of other pairs", "其他组合的提升度"),
    "p": Words("Probability by chance", "偶然概率"),
    "p_adjusted": Words("Corrected for all pairs", "校正后的概率"),
}
_COUNTS = ("together", "n_left", "n_right")


def bundles(
    shop: Shop,
    *,
    of: Literal["product", "category"] = "product",
    within: Length | None = None,
    at_least: int = 10,
    level: float = 0.95,
    chance: bool = False,
) -> Figure:
    """Pairs of products (or categories) that are bought together more often than chance would have it.

    Args:
        shop: the shop; its facts need items, or orders that name a product.
        of: what pairs are made of; categories need the column `category`.
        within: None counts orders that hold both; a length of time counts customers who bought both so close together.
        at_least: how many orders (customers) a pair must be in; 1 or more.
        level: of the intervals; 1 − level is the probability that even one pair is told that is mere chance.
        chance: also tell pairs that may be chance.

    Returns:
        `left`, `right` (keys as given), `together` Int64, `support`, `confidence` (of those with left, the share with
        right), `confidence_back`, `lift`, `low`, `high`, `usual` (the lift that all other pairs have
        together), `p`, `p_adjusted`, all Float64. The pair with the highest
        lower bound of lift comes first; left is the one whose confidence is higher.

    Raises:
        RulesError: R800 a length that is none; R120, R819, R850 another argument that cannot be.
    """
    span = None if within is None else duration_of(within)
    known(of, ("product", "category"), "thing that goes together")
    checked_level(level)
    if not whole(at_least, 1):
        raise RulesError([Diagnostic("R850", f"a pair is asked to occur {at_least} times", help="ask for 1 or more")])
    definition = _definition(of, within, at_least, level, chance=chance)
    basket = "order" if span is None else "customer"
    lines = lines_of(shop, basket, *(["category"] if of == "category" else []))
    if isinstance(lines, Remark):
        return Figure("bundles", _TITLE, definition, _table(_NOTHING, level), _COLUMNS, (lines,))
    rows = lines.select(pl.col(basket).alias("basket"), pl.col(of).alias("thing"), "at").drop_nulls()
    rows = rows.drop("at") if span is None else rows.with_columns(shop.shifted(pl.col("at"), span).alias("until"))
    counted = count_pairs(rows, at_least=at_least)
    table = _table(counted, level)
    told = table if chance else table.filter(pl.col("p_adjusted") <= 1 - level)
    return Figure("bundles", _TITLE, definition, told, _COLUMNS, _remarks(counted, table, told, at_least))


_NOTHING = Counted(
    pl.DataFrame(schema={"left": pl.String, "right": pl.String, **dict.fromkeys(_COUNTS, pl.Int64)}), 0, 0, 0, 0.0
)


def _table(counted: Counted, level: float) -> pl.DataFrame:
    # A pair has two readings; the one told is that which says more.
    turned = pl.col("n_left") > pl.col("n_right")
    pairs = counted.pairs.with_columns(
        pl.when(turned).then(pl.col(other)).otherwise(pl.col(name)).alias(name)
        for name, other in (("left", "right"), ("right", "left"), ("n_left", "n_right"), ("n_right", "n_left"))
    )
    both, left, right = (pairs.get_column(name).to_numpy().astype(np.int64) for name in _COUNTS)
    found = lifts(both, left, right, counted.baskets, level=level)
    expected = left.astype(np.float64) * right / max(counted.baskets, 1)
    usual = usual_lifts(both, expected, all_both=counted.together, all_expected=counted.expected)
    p = beyond_usual(both, left, right, counted.baskets, usual)
    asked = counted.frequent * (counted.frequent - 1) // 2
    return pairs.select(
        "left",
        "right",
        "together",
        (pl.col("together") / max(counted.baskets, 1)).alias("support"),
        (pl.col("together") / pl.col("n_left")).alias("confidence"),
        (pl.col("together") / pl.col("n_right")).alias("confidence_back"),
        pl.Series("lift", found.lift),
        pl.Series("low", found.low),
        pl.Series("high", found.high),
        pl.Series("usual", usual),
        pl.Series("p", p),
        pl.Series("p_adjusted", adjust(p.tolist(), tests=asked), pl.Float64),
    ).sort("low", "left", "right", descending=[True, False, False])


def _remarks(counted: Counted, table: pl.DataFrame, told: pl.DataFrame, at_least: int) -> tuple[Remark, ...]:
    if table.is_empty():
        return (
            Remark(
                "R846",
                Words(
                    f"No pair is in {at_least} baskets or more; baskets: {counted.baskets}, things that are in so many "
                    f"of them: {counted.frequent}.",
                    f"没有任何组合同时出现 {at_least} 次以上：共 {counted.baskets} 个购物篮，"
                    f"其中达到该次数的商品有 {counted.frequent} 个。",
                ),
            ),
        )
    chance = table.height - told.height
    if not chance:
        return ()
    return (
        Remark(
            "R846",
            Words(
                f"{chance} of {table.height} pairs that are together {at_least} times or more are left out, because "
                "they may be chance.",
                f"同时出现 {at_least} 次以上的 {table.height} 个组合中，有 {chance} 个可能出于偶然，未列出。",
            ),
        ),
    )


def _definition(of: str, within: Length | None, at_least: int, level: float, *, chance: bool) -> Words:
    things, zh_things = ("products", "商品") if of == "product" else ("categories", "品类")
    if within is None:
        where, basket, zh_where, zh_basket = "in one order", "orders", "同一订单中", "订单"
    else:
        where, basket = f"by one customer at most {within} apart", "customers"
        zh_where, zh_basket = f"同一顾客在 {within} 内", "顾客"
    test = f"Only pairs that stand it at {1 - level:.4g} are told." if not chance else "All such pairs are told."
    zh_test = f"仅列出校正后概率不超过 {1 - level:.4g} 的组合。" if not chance else "列出全部组合。"
    return Words(
        f"Two {things} are together where both were bought {where}. Support is the share of all {basket} with such a "
        f"pair, confidence the share of the {basket} with the left that have the pair, and lift how many times as many "
        f"there are as if the two had nothing to do with each other, with its {level:.4g} interval. A pair is in "
        f"{at_least} {basket} or more. The probability by chance is that of so many or more, were the two independent "
        "(Fisher's exact test), or, where other pairs taken together have a lift above 1, because who buys much buys "
        "more of everything, were the pair like these (Poisson); it is corrected by Holm for all pairs of "
        f"{things} that are in {at_least} {basket} or more. {test}",
        f"两个{zh_things}在{zh_where}都被购买，即为一起购买。支持度为含该组合的{zh_basket}占全部{zh_basket}的比例，"
        f"置信度为含左项的{zh_basket}中含该组合的比例，提升度为实际数与两者互不相关时预期数之比，"
        f"并附 {level:.4g} 区间。组合至少出现在 {at_least} 个{zh_basket}中。"
        "偶然概率指两者相互独立时达到该次数的概率（费舍尔精确检验）；若其他组合合计的提升度大于 1"
        "（买得多的人什么都多买），则指与其他组合相同时的概率（泊松）。"
        f"并按霍尔姆法对所有至少出现 {at_least} 次的{zh_things}的全部组合校正。{zh_test}",
    )

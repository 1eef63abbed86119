"""What customers are worth, and how sure the models behind it are.

In: a shop. Out: `clv`, a row a customer; `clv_fit`, a row a parameter.
Invariant: the same arguments and facts give the same numbers.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, duration_of
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.lifetime.fitting import Fitted
from rulecrm.insight.lifetime.model import Lifetime, days_of, fit_lifetime, money_of
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics.asked import checked_level

__all__ = ["COUNTING", "beyond", "clv", "clv_fit"]

COUNTING = Words(
    "A purchase day is a day of the shop's zone on which a customer bought, however often; the first one makes the "
    "customer, each later one is a repeat. Refunds are not taken off. ",
    "购买日是顾客（在店铺时区内）有购买的一天，无论当天购买几次；第一个购买日使其成为顾客，之后的每个购买日为一次复购。不扣除退款。",
)

_COLUMNS = {
    "customer": Words("Customer", "顾客"),
    "repeats": Words("Repeats", "复购次数"),
    "recency": Words("Days from first to last purchase", "首末次购买间隔天数"),
    "age": Words("Days since the first purchase", "距首次购买天数"),
    "alive": Words("Probability of being alive", "仍活跃的概率"),
    "purchases_expected": Words("Expected repeats", "预期复购次数"),
    "order_value": Words("Value of a purchase day", "购买日价值"),
    "value": Words("Value to come", "未来价值"),
}


_UNKNOWN = {
    "alive": pl.Float64(),
    "purchases_expected": pl.Float64(),
    "order_value": pl.Decimal(38, 4),
    "value": pl.Decimal(38, 4),
}


def clv(shop: Shop, *, horizon: Length = "365d", discount: float = 0.1, model: Lifetime | None = None) -> Figure:
    """What every customer will still bring, by BG/NBD and Gamma-Gamma.

    Args:
        shop: the shop.
        horizon: how far is looked ahead.
        discount: yearly, 0.1 for 10 %; 0 for none.
        model: fitted before on the same shop as of the same T.

    Returns:
        A row for each customer who bought up to T, by key: `customer`, `repeats`, `recency` and `age` (days), `alive`
        (0..1), `purchases_expected` (not discounted), `order_value`, `value` (discounted).

    Raises:
        RulesError: R800 no length of time, R842 a discount below 0.
    """
    days, rate = days_of(shop, horizon), _discount_of(discount)
    fitted = model or fit_lifetime(shop)
    counted, place = fitted.counted, fitted.histories.place
    frame = pl.DataFrame(
        {"customer": counted.customer, "repeats": counted.repeats, "recency": counted.recency, "age": counted.age}
    )
    if fitted.repeats is None:
        frame = frame.hstack(pl.DataFrame(schema=_UNKNOWN).clear(counted.size))
    else:
        each = fitted.value()
        frame = frame.with_columns(
            pl.Series("alive", fitted.alive()[place]),
            pl.Series("purchases_expected", fitted.expected(days)[place]),
            money_of(each).alias("order_value"),
            money_of(each * fitted.expected(days, rate)[place]).alias("value"),
        )
    return Figure(
        "clv",
        Words("Customer lifetime value", "顾客终身价值"),
        _definition(duration_of(horizon).written(" "), rate),
        frame,
        _COLUMNS,
        (*fitted.remarks, *beyond(fitted, days)),
        currency=shop.currency,
    )


def _definition(horizon: str, rate: float) -> Words:
    en = (
        f"{COUNTING.en}How often customers buy and when they stop is the BG/NBD model (Fader, Hardie and Lee "
        "2005), what "
        "a repeat day brings the Gamma-Gamma model (Fader and Hardie 2013), both fitted by greatest likelihood on "
        "every "
        "customer who bought up to T. Alive is the probability that a customer has not stopped; it is 1 before the "
        "first "
        f"repeat, since in this model customers stop only after one. Expected repeats are those of the next {horizon}. "
        f"The value is what they bring, one that comes t days from now counting 1 / (1 + {rate:g})^(t / 365)."
    )
    zh = (
        f"{COUNTING.zh}购买频率与流失采用 BG/NBD 模型（Fader、Hardie、Lee 2005），复购日金额采用 Gamma-Gamma "
        "模型（Fader、Hardie "
        "2013），均以最大似然法在截至 T 有购买的全部顾客上拟合。活跃概率是顾客尚未流失的概率；在首次复购之前为 1，"
        f"因为该模型中顾客只会在复购之后流失。预期复购次数指今后 {horizon} 内的次数。价值是这些复购带来的金额，"
        f"t 天后的一次按 1 / (1 + {rate:g})^(t / 365) 折现。"
    )
    return Words(en, zh)


def beyond(fitted: Lifetime, days: float) -> list[Remark]:
    """A remark where the figure looks further ahead than the shop has been watched."""
    seen = int(fitted.counted.age.max(initial=0))
    if days <= seen or fitted.repeats is None:
        return []
    text = f"The figure looks {days:.0f} days ahead, on {seen} days of history: it leans on the form of the model."
    zh = f"该图表向前看 {days:.0f} 天，而历史只有 {seen} 天：结果依赖于模型的形式。"
    return [Remark("R840", Words(text, zh))]


def clv_fit(shop: Shop, *, level: float = 0.95, model: Lifetime | None = None) -> Figure:
    """The parameters behind `clv`, with standard errors and intervals.

    Args:
        shop: the shop.
        level: confidence of the intervals.
        model: fitted before on the same shop as of the same T.

    Returns:
        A row for each parameter: `model` (`bg_nbd`, `gamma_gamma`), `parameter`, `value`, `standard_error`, `low`,
        `high`, `at_bound`, `customers` (on whom it was fitted), `log_likelihood` (of the model).

    Raises:
        RulesError: R819 a confidence that is none.
    """
    sure = checked_level(level)
    fitted = model or fit_lifetime(shop)
    named = (("bg_nbd", fitted.repeats), ("gamma_gamma", fitted.spending))
    rows = [row for name, one in named if one is not None for row in _rows(name, one, sure)]
    schema = {
        "model": pl.String, "parameter": pl.String, "value": pl.Float64, "standard_error": pl.Float64,
        "low": pl.Float64, "high": pl.Float64, "at_bound": pl.Boolean, "customers": pl.Int64,
        "log_likelihood": pl.Float64,
    }  # fmt: skip
    en = (
        f"{COUNTING.en}Parameters of greatest likelihood, time in weeks, amounts in {shop.currency}: bg_nbd (rates of "
        "buying are Gamma(r, alpha), probabilities of stopping after a repeat Beta(a, b)) and gamma_gamma (amounts "
        "of a "
        "customer are Gamma(p, v), v is Gamma(q, gamma)). Standard errors come from the observed information; "
        "intervals "
        f"({sure:.0%}) are Wald's, on the logarithm of a parameter."
    )
    zh = (
        f"{COUNTING.zh}最大似然参数，时间单位为周，金额单位为 {shop.currency}：bg_nbd（购买速率服从 Gamma(r, alpha)，"
        "复购后流失的概率服从 Beta(a, b)）与 gamma_gamma（顾客的金额服从 Gamma(p, v)，v 服从 Gamma(q, gamma)）。"
        f"标准误来自观测信息；区间（{sure:.0%}）为参数对数上的 Wald 区间。"
    )
    columns = {
        "model": Words("Model", "模型"),
        "parameter": Words("Parameter", "参数"),
        "value": Words("Value", "值"),
        "standard_error": Words("Standard error", "标准误"),
        "low": Words("Low", "下限"),
        "high": Words("High", "上限"),
        "at_bound": Words("At the edge", "在边界"),
        "customers": Words("Customers", "顾客数"),
        "log_likelihood": Words("Log-likelihood", "对数似然"),
    }
    title = Words("Models of lifetime value: parameters", "终身价值模型：参数")
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return Figure("clv_fit", title, Words(en, zh), frame, columns, fitted.remarks)


def _rows(name: str, one: Fitted, level: float) -> list[tuple[object, ...]]:
    return [
        (name, parameter, float(value), error, low, high, parameter in one.at_bound, one.size, one.log_likelihood)
        for parameter, value, error, (low, high) in zip(
            one.names, one.values, one.standard_errors(), one.intervals(level), strict=True
        )
    ]


def _discount_of(discount: float) -> float:
    if not 0 <= discount < np.inf:
        raise RulesError([Diagnostic("R842", f"{discount} is no yearly discount", help="write 0.1 for 10 %")])
    return float(discount)

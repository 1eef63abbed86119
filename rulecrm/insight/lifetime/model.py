"""The fitted models of a shop: who is alive, what he will buy, what it is worth.

In: a shop. Out: `Lifetime`, and in words why there is none.
Invariant: what cannot be fitted is None with a remark; no number stands for it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, duration_of
from rulecrm.insight.extras import need
from rulecrm.insight.figure import Remark, Words
from rulecrm.insight.lifetime import ahead, repeats, spending
from rulecrm.insight.lifetime.counted import Collapsed, Counted, Ints, collapse, count_customers
from rulecrm.insight.lifetime.fitting import Fitted, Floats
from rulecrm.insight.shop import Shop
from rulecrm.model.instants import from_microseconds, to_microseconds
from rulecrm.model.types import MONEY_SCALE
from rulecrm.runtime import calendar

__all__ = ["Lifetime", "Pairs", "amount_of", "days_of", "fit_lifetime", "money_of"]

_FEW = 30
"""Fewer repeat customers than this, and a remark says that the parameters are hardly known."""


@frozen(eq=False)
class Pairs:
    """Distinct (x, T): what is expected ahead of a customer who is alive depends on nothing else.

    Attributes:
        repeats, age: of the pairs.
        place: of each history, its pair.
    """

    repeats: Ints
    age: Ints
    place: Ints

    @classmethod
    def of(cls, histories: Collapsed) -> Pairs:
        """The pairs of histories."""
        stride = int(histories.age.max(initial=0)) + 1
        keys, place = np.unique(histories.repeats * stride + histories.age, return_inverse=True)
        return cls(keys // stride, keys % stride, place.astype(np.int64))


@frozen(eq=False, repr=False)
class Lifetime:
    """What was fitted on a shop's purchases up to T; every figure of this package takes it as `model=`.

    Attributes:
        counted: the customers.
        histories: their distinct histories.
        pairs: the distinct (x, T) of these.
        repeats: BG/NBD; None where it cannot be fitted.
        spending: Gamma-Gamma; None where it cannot be fitted.
        flat: what every repeat day brought, where all brought the same; else None.
        remarks: what could not be concluded.
    """

    counted: Counted
    histories: Collapsed
    pairs: Pairs
    repeats: Fitted | None
    spending: Fitted | None
    flat: float | None = None
    remarks: tuple[Remark, ...] = field(default=())

    def __repr__(self) -> str:
        fitted = [name for name, one in (("repeats", self.repeats), ("spending", self.spending)) if one]
        return f"<Lifetime of {self.counted.size} customers: {', '.join(fitted) or 'nothing'} fitted>"

    def alive(self, values: Floats | None = None) -> Floats:
        """The probability of being alive at T, of each history."""
        assert self.repeats is not None
        own, one = self.repeats.values if values is None else values, self.histories
        return repeats.alive(own, one.repeats, one.recency, one.age)

    def expected(self, days: float, rate: float = 0.0) -> Floats:
        """Expected days with a purchase within so many days, discounted by a yearly rate, of each history."""
        assert self.repeats is not None
        own = self.repeats.values
        return self.alive() * ahead.discounted(own, self.pairs.repeats, self.pairs.age, days, rate)[self.pairs.place]

    def value(self, values: Floats | None = None) -> Floats:
        """The expected value of a day with a purchase, of each customer; NaN where it cannot be said.

        Customers whose amounts are not known are given the mean of all, as those without a repeat are.
        """
        if self.flat is not None:
            return np.full(self.counted.size, self.flat)
        if self.spending is None:
            return np.full(self.counted.size, np.nan)
        own = self.spending.values if values is None else values
        return spending.value_of(own, self.counted.priced_repeats, self.counted.average)


def fit_lifetime(shop: Shop) -> Lifetime:
    """Fit BG/NBD and Gamma-Gamma on all purchases up to T.

    A million customers take some seconds. Whoever draws several figures fits once and passes `model=`.

    Raises:
        RulesError: facts that cannot be read; R842 scipy is not installed.
    """
    need("scipy", "insight")
    counted = count_customers(shop)
    histories = collapse(counted)
    remarks: list[Remark] = []
    bought = _fit_repeats(counted, histories, remarks)
    spent, flat = _fit_spending(counted, remarks)
    return Lifetime(counted, histories, Pairs.of(histories), bought, spent, flat, tuple(remarks))


def _fit_repeats(counted: Counted, histories: Collapsed, remarks: list[Remark]) -> Fitted | None:
    again = int((counted.repeats > 0).sum())
    why = _why_not(counted, again)
    if why is not None:
        remarks.append(Remark("R830", why))
        return None
    fitted = repeats.fit_repeats(histories)
    remarks.extend(_doubts(fitted, Words("repeat purchases", "复购")))
    if again < _FEW:
        text = f"Customers who bought on more than one day: only {again}; the parameters are hardly known."
        remarks.append(Remark("R832", Words(text, f"在一天以上有购买的顾客只有 {again} 位：参数几乎无法确定。")))
    return fitted


def _why_not(counted: Counted, again: int) -> Words | None:
    if counted.size == 0:
        return Words("Nobody has bought yet: there is nothing to learn from.", "还没有人购买：没有可供学习的数据。")
    if counted.size == 1:
        text = "There is one customer: how customers differ cannot be learnt from one."
        return Words(text, "只有一位顾客：无法从一位顾客了解顾客之间的差异。")
    if again == 0:
        text = "Nobody has bought on a second day: nothing can be said about repeat purchases."
        return Words(text, "没有人在第二天再次购买：无法对复购作出判断。")
    return None


def _doubts(fitted: Fitted, what: Words) -> list[Remark]:
    found = []
    if fitted.at_bound:
        names = ", ".join(fitted.at_bound)
        text = (
            f"In the model of {what.en} the likelihood grows up to the edge of what was searched ({names}): customers "
            "differ less than the model allows for. Means can be used, intervals are not given."
        )
        zh = (
            f"在{what.zh}模型中，似然在搜索范围的边界处仍在增大（{names}）：顾客之间的差异小于模型所设。"
            "均值可用，不给出区间。"
        )
        found.append(Remark("R831", Words(text, zh)))
    elif fitted.covariance is None or not fitted.converged:
        text = f"The likelihood of the model of {what.en} is too flat to say how sure its parameters are."
        found.append(Remark("R832", Words(text, f"{what.zh}模型的似然过于平坦，无法说明参数的可靠程度。")))
    return found


def _fit_spending(counted: Counted, remarks: list[Remark]) -> tuple[Fitted | None, float | None]:
    if not counted.priced:
        text = "The facts have no amounts of purchases: nothing can be said about their value."
        remarks.append(Remark("R833", Words(text, "数据中没有购买金额：无法判断价值。")))
        return None, None
    with np.errstate(invalid="ignore"):
        used = (counted.repeats > 0) & (counted.average > 0)
    x, average = counted.repeats[used].astype(np.float64), counted.average[used]
    left_out = int((counted.repeats > 0).sum()) - len(x)
    if left_out:
        text = f"Repeat customers without an amount above 0 were left out of the model of values: {left_out}."
        remarks.append(Remark("R833", Words(text, f"没有大于 0 的金额的复购顾客未计入价值模型：{left_out} 位。")))
    if len(x) < 2:
        text = "Fewer than two customers have repeat purchases with an amount: what these are worth cannot be learnt."
        remarks.append(Remark("R833", Words(text, "有金额的复购顾客不足两位：无法了解复购的价值。")))
        return None, None
    if float(average.max() - average.min()) <= 1e-9 * float(average.max()):
        text = "All repeat customers paid the same on average: that amount is taken for everybody."
        remarks.append(Remark("R833", Words(text, "所有复购顾客的平均金额相同：对所有人都采用该金额。")))
        return None, float(average[0])
    fitted = spending.fit_spending(x, average)
    remarks.extend(_doubts(fitted, Words("values", "价值")))
    if spending.mean_of_all(fitted.values) is None:
        text = (
            "Values are so uneven (q at most 1) that the model has no mean: where p x + q is at most 1, there is none."
        )
        remarks.append(
            Remark("R833", Words(text, "价值过于悬殊（q 不大于 1），模型没有均值：p x + q 不大于 1 的顾客无法估值。"))
        )
    remarks.extend(_together(x, average))
    return fitted, None


def _together(x: Floats, average: Floats) -> list[Remark]:
    """The model takes how often and how much for independent; where they are not, a reader must know."""
    if len(x) < _FEW or float(np.ptp(x)) == 0:
        return []
    found = float(np.corrcoef(x, average)[0, 1])
    if abs(found) < 0.3:
        return []
    text = (
        f"How often and how much customers buy go together (correlation {found:.2f}), which the model takes for "
        "independent: the value of frequent customers is off."
    )
    zh = f"购买频率与金额相关（相关系数 {found:.2f}），而模型假定两者独立：高频顾客的价值会有偏差。"
    return [Remark("R834", Words(text, zh))]


# --- what is asked ----------------------------------------------------------------------------------------------------


def days_of(shop: Shop, length: Length) -> float:
    """Days from T to a length after it by the clocks of the zone, as ages are counted: no day has 23 hours.

    Raises:
        RulesError: R800 it is no length, R842 it is longer than a hundred years.
    """
    zone = ZoneInfo(shop.zone)
    end = calendar.shift_scalar(to_microseconds(shop.as_of), duration_of(length), shop.zone)
    now, then = (one.astimezone(zone).replace(tzinfo=None) for one in (shop.as_of, from_microseconds(end)))
    return (then - now) / dt.timedelta(days=1)


def money_of(amounts: Floats) -> pl.Series:
    """Amounts as Decimal(38, 4), halves to even; NaN is missing."""
    units = pl.Series("amount", np.round(amounts * 10**MONEY_SCALE)).fill_nan(None).cast(pl.Int64)
    return pl.DataFrame({"amount": units}).select(Shop.paid(pl.col("amount"))).to_series()


def amount_of(amount: Decimal | int | str) -> Decimal:
    """An amount of money as somebody writes it.

    Raises:
        RulesError: R842 it is a float, no number, or below 0.
    """
    try:
        found = None if isinstance(amount, float | bool) else Decimal(amount)
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or found < 0 or found >= 10**14:
        help_ = 'give a Decimal, whole units or text, such as Decimal("1999.90")'
        raise RulesError([Diagnostic("R842", f"`{amount}` is no amount of money", help=help_)])
    return found

"""Words that the figures about buyers share.

In: durations, names of columns. Out: `Words`, `Remark`.
Invariant: what a figure lacks is said by name, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping

from rulecrm.insight.figure import Remark, Words
from rulecrm.model.durations import Duration

__all__ = ["COLUMNS", "lacking", "length", "nothing", "weak"]

_UNITS = {
    "mo": ("month", "个月"), "d": ("day", "天"), "h": ("hour", "小时"), "m": ("minute", "分钟"), "s": ("second", "秒"),
    "us": ("microsecond", "微秒"),
}  # fmt: skip

COLUMNS: Mapping[str, Words] = {
    "customers": Words("Customers", "客户数"),
    "share": Words("Share", "占比"),
    "low": Words("Share, at least", "占比下限"),
    "high": Words("Share, at most", "占比上限"),
    "orders": Words("Paid orders", "付款订单数"),
    "purchases": Words("Purchases", "购买次数"),
    "buyers": Words("Buyers", "购买客户数"),
    "revenue": Words("Revenue", "销售额"),
    "revenue_share": Words("Share of revenue", "销售额占比"),
    "order_value": Words("Average order value", "平均订单金额"),
    "refund_share": Words("Share of purchases refunded", "退款订单占比"),
}
"""Titles of columns that several of the figures have."""


def length(duration: Duration) -> Words:
    """A duration in words: `45 days`, `45 天`."""
    english, chinese = [], []
    for number, unit in duration.parts:
        in_years = unit == "mo" and number % 12 == 0
        name, sign = ("year", "年") if in_years else _UNITS[unit]
        count = number // 12 if in_years else number
        english.append(f"{count} {name}{'' if count == 1 else 's'}")
        chinese.append(f"{count} {sign}")
    return Words(" ".join(english), " ".join(chinese))


def lacking(what: Words, columns: str, *, about: Mapping[str, object] | None = None) -> Remark:
    """R836: the facts lack columns or rows, so that a part of the figure is left out."""
    return Remark(
        "R836",
        Words(
            f"The facts do not have {columns}: {what.en} cannot be told.", f"数据中没有 {columns}，无法得出{what.zh}。"
        ),
        about or {},
    )


def nothing(what: Words) -> Remark:
    """R837: there is nobody, or nothing, to make the figure of."""
    return Remark("R837", Words(f"There is nothing to show: {what.en}.", f"没有可显示的内容：{what.zh}。"))


def weak(what: Words, *, about: Mapping[str, object] | None = None) -> Remark:
    """R838: there is a figure, and little can be concluded from it."""
    return Remark("R838", what, about or {})
